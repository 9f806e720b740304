package lake

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/merging"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/tombs"
	"catchment/internal/warehouse/lake/versions"
)

// A consolidation is one attempt that is being merged.
type consolidation struct {
	merger
	warehouse.Merge
	fence warehouse.Fence
	line  line
	apart apart

	repeat  bool // the attempt was merged before
	counts  warehouse.Counts
	now     time.Time
	past    []exclusion // that are to be forgotten
	owes    bool        // they aren't forgotten yet
	settles bool        // there are tombstones to settle
}

// build decides what the snapshot is that merges the attempt, by the final table as it is.
func (c *consolidation) build(ctx context.Context, final *table.Table) (*tables.Change, error) {
	stands, is, err := standingOf(final)
	if err != nil {
		return nil, err
	}
	if !is || shaping.Lacks(final.Schema(), columns.Final()) != "" { // somebody may have dropped one meanwhile
		return nil, c.notOurs(c.Table)
	}
	stands.Mark, _ = c.line.over(stands)
	if err := stands.holds(c.fence); err != nil {
		return nil, err
	}
	if c.counts, c.repeat = stands.counts(c.Attempt); c.repeat {
		return c.remembering(stands)
	}
	if err := c.untouched(final, &stands); err != nil {
		return nil, err
	}
	stage, jobs, err := c.staged(ctx)
	if err != nil || c.repeat {
		return nil, err
	}
	if made, err := c.onBranch(ctx, final, stage, jobs, stands); made != nil || err != nil {
		return made, err
	}
	return c.merge(ctx, final, stage, jobs, stands)
}

// remembering writes nothing but what a repeat brings for the mark.
func (c *consolidation) remembering(stands standing) (*tables.Change, error) {
	m := &stands.Mark
	if c.Memory == "" || m.Attempt != c.Attempt || m.Memory == c.Memory && m.Grade == c.Grade {
		return nil, nil
	}
	m.Memory, m.Grade = c.Memory, c.Grade
	change := &tables.Change{}
	return change, stands.carry(change)
}

// untouched refuses a final table that others have written to since we did. A rebuild takes it as it is, and so does a
// repair: somebody has looked at its rows.
func (c *consolidation) untouched(final *table.Table, stands *standing) error {
	if c.Override && c.Complete { // all rows are read anew
		stands.look(final)
		stands.Back = false
		return nil
	}
	if err := stands.watch(final); err != nil {
		return err
	}
	f, is := changed(final, *stands)
	if !is || c.Override {
		return nil
	}
	return plan.Fixf("look at what it did; to copy the object again: `catchment run "+c.Table.Object+" --full`",
		"somebody else has written to table %s.%s: %s at %s", c.Schema, c.Table.Name, f.Operation,
		f.At.Format(time.DateTime))
}

// staged finds the stage table and the jobs of the attempt, which must be there as a whole. An attempt of which the
// log knows is a repeat, however long ago that was.
func (c *consolidation) staged(ctx context.Context) (*table.Table, []versions.Job, error) {
	stage, err := c.stageOf(ctx, c.Table)
	if err != nil {
		return nil, nil, err
	}
	l := c.apart.ledger
	if stage != nil && len(l.Jobs) > 0 {
		if stage, err = c.apart.over(ctx, stage); err != nil {
			return nil, nil, err
		}
	}
	if stage != nil && len(l.Jobs) == 0 {
		if l, err = ledger.Read(stage.Properties(), c.Attempt); err != nil {
			return nil, nil, err
		}
	}
	if lacks := complete(c.Merge, l); lacks != nil {
		if c.counts, c.repeat, err = c.logged(ctx, c.Attempt); c.repeat || err != nil {
			return nil, nil, err
		}
		return nil, nil, lacks
	}
	return stage, c.jobsOf(l), nil
}

// jobsOf is the jobs of a ledger, as the rules see them.
func (c *consolidation) jobsOf(l ledger.Ledger) []versions.Job {
	var jobs []versions.Job
	for _, j := range l.Jobs {
		job := versions.Job{Name: j.Name, Op: j.Op, Columns: j.Columns, ReadAt: j.ReadAt, Reason: j.Reason,
			Override: j.Override}
		for _, name := range j.Columns {
			if column, is := c.Table.Named(name); is {
				job.Fields = append(job.Fields, strings.ToLower(column.Field))
			}
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// merge decides what becomes of all records, and writes the files of the snapshot that says so.
func (c *consolidation) merge(
	ctx context.Context, final, stage *table.Table, jobs []versions.Job, stands standing,
) (*tables.Change, error) {
	c.now = c.Now().UTC().Truncate(time.Microsecond)
	rules := c.rules(jobs)
	r, err := c.pass(ctx, merging.Task{Final: final, Stage: stage, Rules: rules}, stands)
	if err != nil {
		return nil, err
	}
	if err := c.mayDelete(ctx, final, rules); err != nil {
		return nil, err
	}
	c.counts = rules.Counts
	c.counts.Unchanged = c.counts.Staged - rules.Applied
	change := &tables.Change{Rows: r.Rows, Deletes: r.Deletes, Gone: r.Gone, Left: r.Left, Settled: r.Settled}
	if err := c.left(ctx, leaving{final, change, rules}, &stands); err != nil {
		return nil, err
	}
	if len(r.Burials) > 0 {
		if err := c.bury(ctx, r.Burials, &stands); err != nil {
			return nil, err
		}
	}
	c.advance(&stands)
	return change, stands.carry(change)
}

// rules are what the attempt does to records.
func (c *consolidation) rules(jobs []versions.Job) *versions.Rules {
	deleted, tells := c.Table.Column("IsDeleted")
	return &versions.Rules{Parts: versions.PartsOf(jobs, c.Merge, deleted.Name), Policy: c.Policy,
		Complete: c.Complete, Override: c.Override, Absent: cmp.Or(c.AbsentReason, gone.Purged),
		ReadAt: versions.ReadAt(jobs, c.now), Now: versions.At(c.now), Tells: tells}
}

// pass has the staged versions and the rows go past each other, and notes which exclusions are past.
func (c *consolidation) pass(ctx context.Context, t merging.Task, stands standing) (*merging.Result, error) {
	kept, err := c.kept(ctx, t.Stage)
	if err != nil {
		return nil, err
	}
	c.past = nil
	t.Table, t.Attempt, t.Forget, t.Scratch = c.Table, c.Attempt, c.Forget, c.scratch
	for _, p := range t.Rules.Parts {
		if p.Op != warehouse.Seen {
			t.Rows = c.Rows
		}
	}
	if t.Rows == 0 && len(kept) == 0 && !t.Rules.Sweeps() && len(c.Forget) == 0 {
		return &merging.Result{}, nil
	}
	t.Rejections = map[string][]versions.Rejection{}
	for key, all := range kept {
		for _, r := range all {
			t.Rejections[key] = append(t.Rejections[key], r.Rejection)
		}
	}
	if t.Leaving, err = c.archives().Leaving(ctx, c.Table.Object); err != nil {
		return nil, err
	}
	t.Tombs = func(ctx context.Context, keys []string) (merging.Tombs, error) {
		return c.yard(c.Table).Open(ctx, stands.Buried, keys)
	}
	r, err := merging.Do(ctx, t)
	if err != nil {
		return nil, err
	}
	for key, places := range r.Past {
		for _, place := range places {
			c.past = append(c.past, kept[key][place])
		}
	}
	return r, nil
}

// mayDelete stops a merge that takes away too much of what was live.
func (c *consolidation) mayDelete(ctx context.Context, final *table.Table, rules *versions.Rules) error {
	if c.AllowDeletes || rules.Sudden <= versions.FewDeletes {
		return nil
	}
	live, err := liveIn(ctx, final)
	if err != nil {
		return err
	}
	return rules.MayDelete(c.Merge, live)
}

// A leaving is a final table, what is done to it, and by which rules.
type leaving struct {
	*table.Table
	change *tables.Change
	rules  *versions.Rules
}

// left has the mark say how many rows the merge leaves, and when the newest of them was written. It is counted on from
// the mark where that holds: what somebody else took away stays missing there, so that Inspect tells of it until a
// complete reading has brought it back. Where rows only go, the newest may be one of these: all others are looked at.
func (c *consolidation) left(ctx context.Context, l leaving, stands *standing) error {
	m := &stands.Mark
	switch onlyGo := l.rules.Written == 0 && l.rules.Grown != 0; {
	case onlyGo:
		then, err := c.Would(ctx, l.Table, *l.change)
		if err != nil {
			return err
		}
		e, err := extentOf(ctx, then, nil)
		if err != nil {
			return err
		}
		m.Rows, m.Newest = e.rows, e.newest
	case c.Complete || c.Override || m.SyncedAt.IsZero():
		e, err := extentOf(ctx, l.Table, nil)
		if err != nil {
			return err
		}
		m.Rows, m.Newest = e.rows+l.rules.Grown, e.newest
	default:
		m.Rows += l.rules.Grown
	}
	if l.rules.Written > 0 {
		m.Newest = c.now
	}
	c.counts.Rows = m.Rows
	return nil
}

// bury writes down what becomes of tombstones. It counts once the standing is there.
func (c *consolidation) bury(ctx context.Context, burials []merging.Burial, stands *standing) error {
	if len(stands.Buried) > 0 {
		if err := c.yard(c.Table).Settle(ctx, c.fence, stands.Buried); err != nil {
			return err
		}
	}
	lines := make([]tombs.Line, len(burials))
	for i, b := range burials {
		lines[i] = tombs.Line{Key: b.Key, Tomb: b.Tomb}
	}
	try, err := c.yard(c.Table).Bury(ctx, c.fence, lines, c.now)
	stands.Buried, c.settles = []int64{try}, true
	return err
}

// advance has a standing say that the attempt was merged. A watermark goes back only with a new generation
// (invariants 1, 12).
func (c *consolidation) advance(stands *standing) {
	m := &stands.Mark
	if !c.Watermark.IsZero() && !(c.Generation == m.Generation && c.Watermark.Before(m.Watermark)) {
		m.Watermark, m.Grade, m.Generation = c.Watermark.UTC().Truncate(time.Microsecond), c.Grade, c.Generation
	}
	m.Fence, m.Attempt, m.SyncedAt = max(m.Fence, c.fence.Number), c.Attempt, c.now
	m.Memory = cmp.Or(c.Memory, m.Memory)
	stands.Number++
	stands.remember(c.Attempt, c.counts)
}
