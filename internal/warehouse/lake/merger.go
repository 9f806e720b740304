package lake

import (
	"context"
	"errors"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/lost"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/tombs"
	"catchment/internal/warehouse/shape"
)

// merger is the role of that name.
type merger struct{ *site }

// Seal proves that an attempt is in staging as a whole. Nobody here but Consolidate goes on with it, so there is
// nothing to write down.
func (s merger) Seal(ctx context.Context, f warehouse.Fence, m warehouse.Merge) error {
	return named("count attempt "+m.Attempt, s.seal(ctx, f, m))
}

func (s merger) seal(ctx context.Context, f warehouse.Fence, m warehouse.Merge) error {
	_, stands, err := s.holding(ctx, f, m.Table)
	if err != nil || len(m.Forget) > 0 {
		return err
	}
	if _, done := stands.counts(m.Attempt); done {
		return nil
	}
	l, err := s.ledgerOf(ctx, m.Table, m.Attempt)
	if err != nil {
		return err
	}
	lacks := complete(m, l)
	if lacks == nil {
		return nil
	}
	if _, done, err := s.logged(ctx, m.Attempt); done || err != nil {
		return err
	}
	return lacks
}

// holding proves that a runner holds its flow, and tells what the registry and the final table say of it.
func (s merger) holding(ctx context.Context, f warehouse.Fence, t shape.Table) (line, standing, error) {
	all, err := s.registered(ctx)
	if err != nil {
		return line{}, standing{}, err
	}
	l, known := all[f.Flow]
	if !known || l.Mark.Fence > f.Number {
		return line{}, standing{}, warehouse.ErrFenced
	}
	stands, has, err := s.stands(ctx, t.Name)
	if err == nil && has {
		stands.Mark, _ = l.over(stands)
		err = stands.holds(f)
	}
	return l, stands, err
}

// complete tells what an attempt's ledger lacks (invariant 6).
func complete(m warehouse.Merge, l ledger.Ledger) error {
	pages, rows := l.Count()
	if pages != m.Pages || rows != m.Rows {
		return plan.Failf(plan.Bug, "run it again; what was loaded is not consolidated before it is whole",
			"attempt %s should have %d pages with %d rows, the ledger holds %d with %d", m.Attempt, m.Pages, m.Rows,
			pages, rows)
	}
	return nil
}

// Consolidate merges the staged versions of an attempt into the final table, by one snapshot of that.
func (s merger) Consolidate(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge,
) (warehouse.Counts, error) {
	c, err := s.consolidate(ctx, f, m, apart{})
	return c, named("consolidate "+m.Table.Name, err)
}

// consolidate merges what an attempt has staged, or what it has apart from the stage.
func (s merger) consolidate(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge, a apart,
) (warehouse.Counts, error) {
	l, _, err := s.holding(ctx, f, m.Table)
	if err != nil {
		return warehouse.Counts{}, err
	}
	if m.Attempt == "" {
		return warehouse.Counts{}, plan.Failf(plan.Bug, "", "only what an attempt has staged is merged into a lake")
	}
	c := &consolidation{merger: s, fence: f, Merge: m, line: l, apart: a}
	final, err := c.commit(ctx)
	if errors.Is(err, tables.ErrNone) {
		return warehouse.Counts{}, s.notOurs(m.Table)
	}
	if err != nil {
		return warehouse.Counts{}, err
	}
	// The rows are there, and the mark says so: most of what follows is done by whoever comes next. But a run says how
	// many records are kept out, so it isn't done while the table of them says otherwise.
	if err := c.finish(ctx, final); err != nil && c.owes {
		return warehouse.Counts{}, err
	}
	return c.counts, nil
}

// commit makes the snapshot. A rebuild reads all records anew, and isn't stopped by what the table has lost: that is
// taken out of it first.
func (c *consolidation) commit(ctx context.Context) (final *table.Table, err error) {
	if !c.Override || !c.Complete {
		return c.Commit(ctx, c.final(c.Table), c.build)
	}
	_, err = lost.Despite(ctx, c.finder(c.Table), nil, func(files lost.Files) error {
		if len(files) > 0 {
			if err := c.drop(ctx, c.fence, c.Table, files); err != nil {
				return err
			}
		}
		var err error
		final, err = c.Commit(ctx, c.final(c.Table), c.build)
		return err
	})
	return final, err
}

// notOurs is the error of a final table that isn't there as Catchment has made it.
func (s merger) notOurs(t shape.Table) error {
	return plan.Fixf("run `catchment check`; to copy the object again: `catchment run "+t.Object+" --full`",
		"table %s.%s is gone, or was not made by Catchment", s.Schema, t.Name)
}

// Consolidated tells whether an attempt was consolidated before.
func (s merger) Consolidated(ctx context.Context, attempt string) (bool, error) {
	_, done, err := s.done(ctx, attempt)
	return done, named("look for attempt "+attempt, err)
}

// done finds the counts of an attempt that was consolidated before: in the log, or where that was not written any
// more, or where it has lost a file, in what final tables say.
func (s merger) done(ctx context.Context, attempt string) (warehouse.Counts, bool, error) {
	c, is, unread := s.logged(ctx, attempt)
	if is || unread != nil && plan.ClassOf(unread) != plan.Fix {
		return c, is, unread
	}
	all, err := s.registered(ctx)
	if err != nil {
		return warehouse.Counts{}, false, err
	}
	for _, m := range marksOf(all) {
		stands, _, err := s.stands(ctx, m.Table)
		if err != nil {
			return warehouse.Counts{}, false, err
		}
		if c, is := stands.counts(attempt); is {
			return c, true, nil
		}
	}
	return warehouse.Counts{}, false, unread
}

// counts finds what an attempt did that was consolidated lately.
func (s standing) counts(attempt string) (warehouse.Counts, bool) {
	for _, d := range s.Done {
		if d.Attempt == attempt && attempt != "" {
			return d.Counts, true
		}
	}
	return warehouse.Counts{}, false
}

// lately is how many attempts a standing remembers.
const lately = 64

// remember adds an attempt to those that were consolidated lately.
func (s *standing) remember(attempt string, c warehouse.Counts) {
	s.Done = append(s.Done, done{Attempt: attempt, Counts: c})
	s.Done = s.Done[max(0, len(s.Done)-lately):]
}

// logged finds an attempt in the log.
func (s merger) logged(ctx context.Context, attempt string) (warehouse.Counts, bool, error) {
	t, err := s.found(ctx, s.own(own.Log))
	if err != nil || t == nil || t.CurrentSnapshot() == nil {
		return warehouse.Counts{}, false, err
	}
	for row, err := range own.Read(ctx, t, own.Is("attempt", attempt)) {
		if err != nil {
			return warehouse.Counts{}, false, err
		}
		return countsOf(row), true, nil
	}
	return warehouse.Counts{}, false, nil
}

// stageOf is the stage table of t, nil where there is none.
func (s merger) stageOf(ctx context.Context, t shape.Table) (*table.Table, error) {
	return s.found(ctx, s.stage(t))
}

// ledgerOf is the ledger of an attempt.
func (s merger) ledgerOf(ctx context.Context, t shape.Table, attempt string) (ledger.Ledger, error) {
	stage, err := s.stageOf(ctx, t)
	if err != nil || stage == nil {
		return ledger.Ledger{}, err
	}
	return ledger.Read(stage.Properties(), attempt)
}

// yard is the tombstones of a final table.
func (s merger) yard(t shape.Table) tombs.Yard {
	return tombs.Yard{Lake: s.Lake, Name: s.own(own.Tombstone), Of: t.Name, Scratch: s.scratch}
}
