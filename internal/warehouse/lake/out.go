package lake

import (
	"context"
	"errors"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// keptOut adds what was kept out of a flow, in order of the records' keys. A line counts once its page is loaded.
func (s *site) keptOut(ctx context.Context, t shape.Table, to *compare.Sides) error {
	q := rows.Query{Key: []string{"record_key"}, Columns: compare.KeptColumns(), Where: own.Is("flow", t.Object)}
	kept, err := s.stream(ctx, s.own(own.Rejected), q)
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	to.Kept = kept
	stage, err := s.found(ctx, s.stage(t))
	if err != nil {
		return err
	}
	open := map[string]ledger.Ledger{}
	to.Counts = func(k compare.Row) (bool, error) {
		attempt := k.Text(columns.Attempt)
		has, known := open[attempt]
		if !known && stage != nil {
			var err error
			if has, err = ledger.Read(stage.Properties(), attempt); err != nil {
				return false, err
			}
			open[attempt] = has
		}
		return len(has.Jobs) == 0 || has.Has(k.Text(columns.Job), k.Number(columns.Seq)), nil
	}
	return nil
}
