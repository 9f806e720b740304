package rehydrate_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/rig"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/shape"
)

// A ledger stands for that of a warehouse, and reads the rows by SQL of its own.
type ledger struct {
	lines map[string]archived.Line // by Id
	p     *rig.Process
}

func newLedger() *ledger { return &ledger{lines: map[string]archived.Line{}} }

type withLedger struct {
	warehouse.Warehouse
	ledger *ledger
}

func (w withLedger) Archived() archived.Ledger { return w.ledger }

func (w withLedger) Bodies() bodies.Register {
	register, _ := bodies.Of(w.Warehouse)
	return register
}

func (l *ledger) on(p *rig.Process) warehouse.Warehouse {
	l.p = p
	return withLedger{p.Warehouse, l}
}

func (l *ledger) Write(ctx context.Context, _ warehouse.Fence, lines []archived.Line) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, line := range lines {
		l.lines[line.ID] = line
	}
	return nil
}

func (l *ledger) Settle(context.Context, warehouse.Fence, shape.Table, []archived.Line) error {
	return nil
}

func (l *ledger) Lines(_ context.Context, q archived.Query, after archived.Line, most int) ([]archived.Line, error) {
	var all []archived.Line
	for _, line := range l.lines {
		if (q.Plan == "" || q.Plan == line.Plan) && strings.EqualFold(q.Object, line.Object) && line.ID > after.ID {
			all = append(all, line)
		}
	}
	slices.SortFunc(all, func(a, b archived.Line) int { return strings.Compare(a.ID, b.ID) })
	return all[:min(most, len(all))], nil
}

func (l *ledger) Lookup(_ context.Context, plan, object string, ids []string) ([]archived.Line, error) {
	var all []archived.Line
	for _, id := range ids {
		if line, ok := l.lines[id]; ok && line.Plan == plan && line.Object == object {
			all = append(all, line)
		}
	}
	return all, nil
}

func (l *ledger) Tally(context.Context, string) ([]archived.Count, error) { return nil, nil }

func (l *ledger) Plans(context.Context) ([]string, error) {
	var names []string
	for _, line := range l.lines {
		if !slices.Contains(names, line.Plan) {
			names = append(names, line.Plan)
		}
	}
	return names, nil
}

func (l *ledger) Rows(ctx context.Context, t shape.Table, ids []string) ([]archived.Row, error) {
	if err := context.Cause(ctx); err != nil || len(ids) == 0 {
		return nil, err
	}
	casts := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		casts[i] = `CAST("` + c.Name + `" AS VARCHAR)`
	}
	got, err := rig.Query(l.p.Driver, "SELECT "+strings.Join(casts, ", ")+" FROM salesforce."+t.Name+
		" WHERE id IN ('"+strings.Join(ids, "','")+"')")
	if err != nil {
		return nil, err
	}
	var rows []archived.Row
	for _, values := range got {
		row := archived.Row{Values: values, Reason: "archived"}
		for i, c := range t.Columns {
			if values[i] == nil {
				continue
			}
			if c.Field == "Id" {
				row.ID = *values[i]
			}
			if c.Kind == shape.Timestamp {
				if at, err := time.Parse("2006-01-02 15:04:05.999999Z07", *values[i]); err == nil {
					text := at.UTC().Format("2006-01-02T15:04:05.000Z")
					values[i] = &text
				}
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}
