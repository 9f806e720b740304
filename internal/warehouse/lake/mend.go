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
	"catchment/internal/warehouse/lake/archives"
	"catchment/internal/warehouse/lake/intake"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/lost"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// Mend merges at once what was read anew of records. Its versions are merged before the stage has them: who fails
// leaves nothing there, and a repeat has the pages. They follow as history.
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
	l, stands, err := s.holding(ctx, f, m.Table)
	if err != nil {
		return warehouse.Counts{}, err
	}
	counts, done := stands.counts(m.Attempt)
	if !done {
		if counts, done, err = s.logged(ctx, m.Attempt); err != nil {
			return counts, err
		}
	}
	if done { // a try before may have died before all was said of it, or before the stage had it
		c := &consolidation{merger: s, fence: f, Merge: m, line: l, repeat: true, counts: counts}
		if final, err := s.Find(ctx, s.final(m.Table)); err == nil {
			_ = c.finish(ctx, final)
		}
		if has, err := s.staged(ctx, m); has || err != nil {
			return counts, err
		}
	}
	a, err := s.brought(ctx, f, in.Batches, !done)
	if err != nil {
		return counts, err
	}
	if done {
		return counts, s.keep(ctx, m.Table, a.files)
	}
	m.Pages, m.Rows = a.ledger.Count()
	return s.consolidate(ctx, f, m, a)
}

// staged tells whether the stage has versions of an attempt.
func (s merger) staged(ctx context.Context, m warehouse.Merge) (has bool, err error) {
	t, err := s.stageOf(ctx, m.Table)
	if err != nil || t == nil {
		return false, err
	}
	err = s.each(ctx, t, rows.Query{Key: m.Table.Key, Columns: m.Table.Key, Where: ofAttempt(m.Attempt)},
		func(rows.Batch) error { has = true; return nil })
	return has, err
}

// brought writes the files of batches, and their ledger, which nobody else sees; and what was kept out of them, unless
// that was written down before.
func (s merger) brought(
	ctx context.Context, f warehouse.Fence, batches []warehouse.Batch, notes bool,
) (a apart, err error) {
	to := loader(s)
	for _, b := range batches {
		b.Op, b.Override = cmp.Or(b.Op, warehouse.Put), true
		fresh, err := a.ledger.Lacking(b)
		if err != nil {
			return a, err
		}
		if len(fresh) == 0 {
			continue
		}
		if _, err := to.makeRoom(ctx, f, b.Table, fresh); err != nil {
			return a, err
		}
		t, err := s.Find(ctx, s.stage(b.Table))
		if err != nil {
			return a, err
		}
		names, err := filled(b.Table, fresh, t.Schema())
		if err != nil {
			return a, err
		}
		written, err := intake.Write(ctx, t, b, fresh)
		if err != nil {
			return a, err
		}
		if notes {
			if err := to.keepOut(ctx, b, fresh); err != nil {
				return a, err
			}
		}
		for _, p := range fresh {
			a.files = append(a.files, written[p.Key]...)
		}
		a.ledger = a.ledger.With(b, names, fresh)
	}
	return a, nil
}

// apart is what is merged before the stage has it: its ledger and its files.
type apart struct {
	ledger ledger.Ledger
	files  []iceberg.DataFile
}

// over is a stage table as it would be with the files, which nobody else sees.
func (a apart) over(ctx context.Context, stage *table.Table) (*table.Table, error) {
	if len(a.files) == 0 {
		return stage, nil
	}
	tx := stage.NewTransaction()
	if err := tx.AddDataFiles(ctx, a.files, nil); err != nil {
		return nil, err
	}
	staged, err := tx.StagedTable()
	if err != nil {
		return nil, err
	}
	return staged.Table, nil
}

// keep has the stage keep files as history.
func (s merger) keep(ctx context.Context, t shape.Table, files []iceberg.DataFile) error {
	if len(files) == 0 {
		return nil
	}
	_, err := s.Commit(ctx, s.stage(t), func(context.Context, *table.Table) (*tables.Change, error) {
		return &tables.Change{Rows: files}, nil
	})
	return err
}

// despite does something with the final table, and leaves out what turns out to be lost of it.
func (r *reading) despite(ctx context.Context, do func() error) error {
	_, err := lost.Despite(ctx, r.s.finder(r.c.Table), r.lost, func(without lost.Files) error {
		r.lost = without
		return do()
	})
	return err
}

// LetGo takes what is lost out of the final table. It is a commit of its own: a mending reads the table, and it can be
// read only then. Who dies behind it leaves fewer rows than the mark knows of, which Inspect tells.
func (r *reading) LetGo(ctx context.Context) error {
	err := merger{r.s}.drop(ctx, r.f, r.c.Table, r.lost)
	if err == nil {
		r.lost = nil
	}
	return named("let go what is lost of "+r.c.Table.Name, err)
}

// drop takes lost files out of a final table, those among them that it still has.
func (s merger) drop(ctx context.Context, f warehouse.Fence, t shape.Table, files lost.Files) error {
	return s.amend(ctx, f, t, func(ctx context.Context, final *table.Table) (*tables.Change, error) {
		still, err := lost.In(ctx, final, files)
		if err != nil || len(still) == 0 {
			return nil, err
		}
		return still.Out(), nil
	})
}

// finder looks a final table up.
func (s *site) finder(t shape.Table) lost.Finder {
	return func(ctx context.Context) (*table.Table, error) { return s.Find(ctx, s.final(t)) }
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
	_, err := s.amendMarked(ctx, f, t, func(
		ctx context.Context, final *table.Table, _ *standing,
	) (*tables.Change, error) {
		if final.CurrentSnapshot() == nil {
			return nil, nil
		}
		return build(ctx, final)
	})
	return err
}

// amendMarked changes rows of a final table for who holds its flow, and what its mark says of them.
func (s merger) amendMarked(
	ctx context.Context, f warehouse.Fence, t shape.Table,
	build func(context.Context, *table.Table, *standing) (*tables.Change, error),
) (*table.Table, error) {
	l, _, err := s.holding(ctx, f, t)
	if err != nil {
		return nil, err
	}
	after, err := s.Commit(ctx, s.final(t), func(ctx context.Context, final *table.Table) (*tables.Change, error) {
		stands, is, err := standingOf(final)
		if err != nil {
			return nil, err
		}
		if !is {
			return nil, s.notOurs(t)
		}
		stands.Mark, _ = l.over(stands)
		if err := stands.holds(f); err != nil {
			return nil, err
		}
		change, err := build(ctx, final, &stands)
		if err != nil || change == nil {
			return nil, err
		}
		return change, stands.carry(change)
	})
	if errors.Is(err, tables.ErrNone) {
		return nil, s.notOurs(t)
	}
	return after, err
}

// archives is what became of records that were to leave Salesforce.
func (s merger) archives() *archives.Ledger {
	return archives.New(archives.Place{Lake: s.Lake, Schema: s.Schema, Scratch: s.scratch, Now: s.Now,
		Fenced: s.fenced, Amend: s.amendArchived, Tidy: s.tidy})
}

// amendArchived changes rows for an archive, and has their mark say when they were written and read.
func (s merger) amendArchived(
	ctx context.Context, f warehouse.Fence, t shape.Table, build archives.Amender,
) (*table.Table, error) {
	return s.amendMarked(ctx, f, t, func(
		ctx context.Context, final *table.Table, to *standing,
	) (*tables.Change, error) {
		if err := to.watch(final); err != nil {
			return nil, err
		}
		a, err := build(ctx, final)
		if err != nil || a == nil {
			return nil, err
		}
		m := &to.Mark
		m.Newest, m.SyncedAt = a.Written, later(later(m.SyncedAt, a.Written), a.Read)
		return &a.Change, nil
	})
}
