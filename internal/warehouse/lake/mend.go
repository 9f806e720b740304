package lake

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/amending"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// Mend merges at once what was read anew of records. Its versions go into the stage as any others, but into no ledger:
// they are of no attempt that could go on. What a try that failed has left there the next one takes away.
func (s merger) Mend(ctx context.Context, f warehouse.Fence, m warehouse.Mending) (warehouse.Counts, error) {
	if len(m.Batches) == 0 {
		return warehouse.Counts{}, nil
	}
	c, err := s.mend(ctx, f, m)
	return c, named("mend "+m.Batches[0].Table.Name, err)
}

func (s merger) mend(ctx context.Context, f warehouse.Fence, in warehouse.Mending) (warehouse.Counts, error) {
	m := warehouse.Merge{Table: in.Batches[0].Table, Attempt: in.Batches[0].Attempt, Policy: in.Policy, Override: true,
		AbsentReason: in.AbsentReason, AllowDeletes: in.AllowDeletes}
	_, stands, err := s.holding(ctx, f, m.Table)
	if err != nil {
		return warehouse.Counts{}, err
	}
	if counts, done := stands.counts(m.Attempt); done {
		return counts, nil
	}
	if counts, done, err := s.logged(ctx, m.Attempt); done || err != nil {
		return counts, err
	}
	var l ledger.Ledger
	var files []iceberg.DataFile
	for _, b := range in.Batches {
		b.Op, b.Override = cmp.Or(b.Op, warehouse.Put), true
		var some []iceberg.DataFile
		if l, some, err = (loader{s.site}).brought(ctx, f, l, b); err != nil {
			return warehouse.Counts{}, err
		}
		files = append(files, some...)
	}
	m.Pages, m.Rows = l.Count()
	if err := s.restage(ctx, m, files); err != nil {
		return warehouse.Counts{}, err
	}
	return s.consolidate(ctx, f, m, l)
}

// brought writes the files of a batch, and adds its pages to a ledger that nobody else sees.
func (s loader) brought(
	ctx context.Context, f warehouse.Fence, l ledger.Ledger, b warehouse.Batch,
) (ledger.Ledger, []iceberg.DataFile, error) {
	fresh, err := l.Lacking(b)
	if err != nil || len(fresh) == 0 {
		return l, nil, err
	}
	if _, err := s.makeRoom(ctx, f, b.Table, fresh); err != nil {
		return l, nil, err
	}
	t, err := s.Find(ctx, s.stage(b.Table))
	if err != nil {
		return l, nil, err
	}
	names, err := filled(b.Table, fresh, t.Schema())
	if err != nil {
		return l, nil, err
	}
	written, err := writePages(ctx, t, b, fresh)
	if err != nil {
		return l, nil, err
	}
	if err := s.keepOut(ctx, b, fresh); err != nil {
		return l, nil, err
	}
	var files []iceberg.DataFile
	for _, p := range fresh {
		files = append(files, written[p.Key]...)
	}
	return l.With(b, names, fresh), files, nil
}

// restage puts files into the stage in the place of all others of their attempt.
func (s merger) restage(ctx context.Context, m warehouse.Merge, files []iceberg.DataFile) error {
	before := removal.Where{In: map[string][]string{columns.Attempt: {m.Attempt}}}
	_, err := s.Commit(ctx, s.stage(m.Table), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		c := &tables.Change{}
		had, err := removal.Of(ctx, t, before, c)
		c.Rows = append(c.Rows, files...)
		if err != nil || !had && len(files) == 0 {
			return nil, err
		}
		return c, nil
	})
	return err
}

// Distinct leaves one row of each key.
func (s merger) Distinct(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	err := s.amend(ctx, f, t, func(ctx context.Context, final *table.Table) (*tables.Change, error) {
		deletes, err := amending.Doubles(ctx, final, t.Key, s.scratch)
		if err != nil || len(deletes) == 0 {
			return nil, err
		}
		return &tables.Change{Deletes: deletes}, nil
	})
	return named("one row of each key of "+t.Name, err)
}

// Unstamp forgets stamps that are ahead, of rows and of tombstones.
func (s merger) Unstamp(ctx context.Context, f warehouse.Fence, t shape.Table, latest time.Time) error {
	end := latest.Add(evidence.Leeway)
	err := s.amend(ctx, f, t, func(ctx context.Context, final *table.Table) (*tables.Change, error) {
		files, deletes, err := amending.Unstamped(ctx, final, t.Key, end, s.scratch)
		if err != nil || len(files) == 0 {
			return nil, err
		}
		return &tables.Change{Rows: files, Deletes: deletes}, nil
	})
	if err == nil {
		err = s.yard(t).Unstamp(ctx, end)
	}
	return named("stamps that are ahead in "+t.Name, err)
}

// amend changes rows of a final table for who holds its flow, and nothing of what its mark says.
func (s merger) amend(ctx context.Context, f warehouse.Fence, t shape.Table, build tables.Builder) error {
	l, _, err := s.holding(ctx, f, t)
	if err != nil {
		return err
	}
	_, err = s.Commit(ctx, s.final(t), func(ctx context.Context, final *table.Table) (*tables.Change, error) {
		stands, is, err := standingOf(final)
		if err != nil {
			return nil, err
		}
		if !is {
			return nil, s.notOurs(t)
		}
		stands.Mark, _ = l.over(stands)
		if err := stands.holds(f); err != nil || final.CurrentSnapshot() == nil {
			return nil, err
		}
		change, err := build(ctx, final)
		if err != nil || change == nil {
			return nil, err
		}
		return change, stands.carry(change)
	})
	if errors.Is(err, tables.ErrNone) {
		return s.notOurs(t)
	}
	return err
}
