package archives

import (
	"context"
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// Lines lists lines of those that follow one.
func (l *Ledger) Lines(
	ctx context.Context, q archived.Query, after archived.Line, most int,
) ([]archived.Line, error) {
	var all []archived.Line
	where := following(after)
	for column, text := range map[string]string{"plan": q.Plan, "object": q.Object, "state": string(q.State)} {
		if text != "" {
			where = iceberg.NewAnd(where, says(column, text))
		}
	}
	if q.Batch != 0 {
		where = iceberg.NewAnd(where, iceberg.EqualTo(iceberg.Reference("batch"), q.Batch))
	}
	err := l.read(ctx, rows.Query{Key: own.ArchiveOrder(), Columns: names(), Where: where}, func(b rows.Batch) error {
		for i := range b.Keys {
			if len(all) == most {
				return rows.ErrEnough
			}
			all = append(all, lineAt(b.Record, i))
		}
		return nil
	})
	return all, named("read the ledger of archives", err)
}

// is tells of the lines whose column has a text.
func says(column, text string) iceberg.BooleanExpression {
	return iceberg.EqualTo(iceberg.Reference(column), text)
}

// following tells of the lines that follow one, in the order of lines.
func following(after archived.Line) iceberg.BooleanExpression {
	follows := iceberg.BooleanExpression(iceberg.AlwaysFalse{})
	same := iceberg.BooleanExpression(iceberg.AlwaysTrue{})
	for i, text := range []string{after.Object, after.ID, after.Plan} {
		column := iceberg.Reference(own.ArchiveOrder()[i])
		follows = iceberg.NewOr(follows, iceberg.NewAnd(same, iceberg.GreaterThan(column, text)))
		same = iceberg.NewAnd(same, iceberg.EqualTo(column, text))
	}
	if after == (archived.Line{}) {
		return iceberg.AlwaysTrue{}
	}
	return follows
}

// read goes through lines, a batch at a time.
func (l *Ledger) read(ctx context.Context, q rows.Query, look func(rows.Batch) error) error {
	t, err := l.at.Lake.Find(ctx, l.name())
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.each(ctx, t, q, look)
}

// Lookup finds the lines of some records of a plan.
func (l *Ledger) Lookup(ctx context.Context, plan, object string, ids []string) ([]archived.Line, error) {
	var all []archived.Line
	q := rows.Query{Key: []string{"record_id"}, Keys: slices.Compact(slices.Sorted(slices.Values(ids))),
		Columns: names(), Where: iceberg.NewAnd(says("plan", plan), says("object", object)), AnyOrder: true}
	if len(ids) == 0 {
		return nil, nil
	}
	err := l.read(ctx, q, func(b rows.Batch) error {
		for i := range b.Keys {
			all = append(all, lineAt(b.Record, i))
		}
		return nil
	})
	slices.SortFunc(all, compare)
	return all, named("read the ledger of archives", err)
}

// Plans lists the plans that have lines.
func (l *Ledger) Plans(ctx context.Context) ([]string, error) {
	met := map[string]bool{}
	var all []string
	err := l.read(ctx, rows.Query{Columns: []string{"plan"}, AnyOrder: true}, func(b rows.Batch) error {
		column, is := b.Record.Column(0).(*array.String)
		for i := range int(b.Record.NumRows()) {
			if is && !met[column.Value(i)] {
				name := textAt(b.Record, 0, i)
				met[name] = true
				all = append(all, name)
			}
		}
		return nil
	})
	slices.Sort(all)
	return all, named("list the archives", err)
}

// Leaving are the records of an object that an archive has sent the delete of, and hasn't settled yet: as many as
// the batches have that are under way, a few thousand.
func (l *Ledger) Leaving(ctx context.Context, object string) (map[string]bool, error) {
	leaving := map[string]bool{}
	q := rows.Query{Columns: []string{"record_id"}, AnyOrder: true,
		Where: iceberg.NewAnd(says("object", object), says("state", string(archived.Posted)))}
	err := l.read(ctx, q, func(b rows.Batch) error {
		for i := range int(b.Record.NumRows()) {
			leaving[textAt(b.Record, 0, i)] = true
		}
		return nil
	})
	return leaving, named("read the ledger of archives", err)
}
