package archives

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// Settle marks the rows of the records that are out of Salesforce, and then writes the lines, by a snapshot each. A
// record that has no line yet gets one before, which says that its delete was sent.
func (l *Ledger) Settle(ctx context.Context, f warehouse.Fence, t shape.Table, lines []archived.Line) error {
	if len(lines) == 0 {
		return nil
	}
	return named("settle an archive of "+t.Name, l.settle(ctx, f, t, settledOn(lines)))
}

func (l *Ledger) settle(ctx context.Context, f warehouse.Fence, t shape.Table, lines []archived.Line) error {
	var out []archived.Line
	for _, line := range lines {
		if line.State == archived.Deleted {
			out = append(out, line)
		}
	}
	if err := l.announce(ctx, f, t, out); err != nil {
		return err
	}
	if err := l.mark(ctx, f, t, out); err != nil {
		return err
	}
	return l.put(ctx, f, lines)
}

// announce writes a line of each record that has none: as it is before it is known what became of it. No row says that
// it is archived without a line that says in which plan.
func (l *Ledger) announce(ctx context.Context, f warehouse.Fence, t shape.Table, out []archived.Line) error {
	if len(out) == 0 {
		return nil
	}
	has, err := l.ofTheSame(ctx, out)
	if err != nil {
		return err
	}
	var lacking []archived.Line
	for _, line := range out {
		if !has[keyOf(line)] {
			line.State, line.Reason, line.EndedAt = archived.Posted, "", time.Time{}
			lacking = append(lacking, line)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	if err := l.allThere(ctx, t, idsOf(out)); err != nil {
		return err
	}
	return l.put(ctx, f, lacking)
}

// ofTheSame tells which of some lines' plans and records have a line.
func (l *Ledger) ofTheSame(ctx context.Context, lines []archived.Line) (map[key]bool, error) {
	t, err := l.at.Lake.Find(ctx, l.name())
	if err != nil {
		return nil, err
	}
	has := map[key]bool{}
	err = l.each(ctx, t, linesOf(lines), func(b rows.Batch) error {
		for i := range b.Keys {
			has[keyOf(lineAt(b.Record, i))] = true
		}
		return nil
	})
	return has, err
}

// allThere fails where records have no row.
func (l *Ledger) allThere(ctx context.Context, t shape.Table, ids []string) error {
	final, err := l.marked(ctx, t)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	err = l.each(ctx, final, rows.Query{Key: t.Key, Keys: ids, AnyOrder: true}, func(b rows.Batch) error {
		for _, id := range b.Keys {
			there[id] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	return missing(t, ids, there)
}

// missing is the error of records without a row, nil where all have one.
func missing(t shape.Table, ids []string, there map[string]bool) error {
	left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return there[id] })
	if len(left) == 0 {
		return nil
	}
	return archived.Missing(t.Name, left)
}

// marked is the final table of records with an Id, as it is now.
func (l *Ledger) marked(ctx context.Context, t shape.Table) (*table.Table, error) {
	final, err := l.final(ctx, t.Name)
	if errors.Is(err, tables.ErrNone) {
		return nil, notOfRecords(t)
	}
	if err != nil {
		return nil, err
	}
	return final, fits(t, final)
}

// fits refuses a table whose rows can't be marked.
func fits(t shape.Table, final *table.Table) error {
	_, ours := final.Schema().FindFieldByName(columns.Reason)
	if !ours || len(t.Key) != 1 {
		return notOfRecords(t)
	}
	return nil
}

func notOfRecords(t shape.Table) error {
	return plan.Failf(plan.Bug, "run it again", "table %s isn't one of records with an Id", t.Name)
}
