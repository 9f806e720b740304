package archives

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/writing"
)

// Write puts lines into the ledger.
func (l *Ledger) Write(ctx context.Context, f warehouse.Fence, lines []archived.Line) error {
	return named("write down what becomes of records of "+f.Flow, l.put(ctx, f, settledOn(lines)))
}

// put has the table hold lines in the place of those of the same plans and records.
func (l *Ledger) put(ctx context.Context, f warehouse.Fence, lines []archived.Line) error {
	if len(lines) == 0 {
		return nil
	}
	after, err := l.at.Lake.Commit(ctx, l.name(), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		fresh, dead, err := l.differing(ctx, t, lines)
		if err == nil {
			err = l.at.Fenced(ctx, f)
		}
		if err != nil || len(fresh) == 0 && len(dead) == 0 {
			return nil, err
		}
		c := &tables.Change{}
		if c.Rows, err = files(ctx, t, fresh); err == nil && len(dead) > 0 {
			c.Deletes, err = writing.Positions(ctx, t, dead)
		}
		return c, err
	})
	if err == nil && crowded(after) {
		_ = l.at.Tidy(ctx, f, own.Archive) // the lines are there; whoever writes next tries again
	}
	return err
}

// differing are those of some lines that the table doesn't have so, and where the ones are that they replace.
func (l *Ledger) differing(
	ctx context.Context, t *table.Table, lines []archived.Line,
) (fresh []archived.Line, dead map[string][]int64, err error) {
	wanted, same := map[key]archived.Line{}, map[key]bool{}
	for _, line := range lines {
		wanted[keyOf(line)] = line
	}
	dead = map[string][]int64{}
	q := linesOf(lines)
	q.Positions = true
	err = l.each(ctx, t, q, func(b rows.Batch) error {
		for i := range b.Keys {
			has := lineAt(b.Record, i)
			want, is := wanted[keyOf(has)]
			switch {
			case !is:
			case has == want && !same[keyOf(has)]:
				same[keyOf(has)] = true
			default:
				dead[b.File[i]] = append(dead[b.File[i]], b.Position[i])
			}
		}
		return nil
	})
	for _, line := range lines {
		if !same[keyOf(line)] {
			fresh = append(fresh, line)
		}
	}
	return fresh, dead, err
}

// linesOf asks for the lines that the table has of the plans and records of some.
func linesOf(lines []archived.Line) rows.Query {
	plans := distinct(lines, func(l archived.Line) string { return l.Plan })
	objects := distinct(lines, func(l archived.Line) string { return l.Object })
	return rows.Query{Key: []string{"record_id"}, Keys: idsOf(lines), Columns: names(), AnyOrder: true,
		Where: iceberg.NewAnd(iceberg.IsIn(iceberg.Reference("plan"), plans...),
			iceberg.IsIn(iceberg.Reference("object"), objects...))}
}

// files writes lines, which are in order, into files of the table.
func files(ctx context.Context, t *table.Table, lines []archived.Line) ([]iceberg.DataFile, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	schema, err := writing.Schema(t)
	if err != nil {
		return nil, err
	}
	return writing.Rows(ctx, t, schema, own.Batches(schema, rowsOf(lines)))
}

// rowsOf are lines as the table has them.
func rowsOf(lines []archived.Line) iter.Seq[own.Row] {
	return func(yield func(own.Row) bool) {
		for line := range slices.Values(lines) {
			if !yield(rowOf(line)) {
				return
			}
		}
	}
}

// many is how many files of a kind make a table slow to look things up in.
const many = 16

// crowded tells whether a table has so many, as its newest snapshot counts them.
func crowded(t *table.Table) bool {
	s := t.CurrentSnapshot()
	if s == nil || s.Summary == nil {
		return false
	}
	for _, total := range []string{"total-data-files", "total-delete-files"} {
		if n, err := strconv.Atoi(s.Summary.Properties[total]); err == nil && n >= many {
			return true
		}
	}
	return false
}
