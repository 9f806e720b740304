package replicate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/mover"
	"catchment/internal/parents"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/window"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/handed"
)

// A Forecast is what a run would do with one flow.
type Forecast struct {
	Object  string
	Window  window.Window
	Why     string // first, incremental, relative, rebuild or snapshot
	Mover   string
	Records int64    // that the run would read
	Total   int64    // that the org holds, those in the recycle bin included; or the copy, where the user can't count
	Calls   int64    // API calls, about
	Jobs    int64    // Bulk query jobs
	Parents bool     // it is read by its parents, as many at a time as one of the calls names
	Lists   int64    // of parents, by now
	Extra   []Extra  // beside the window; their calls and jobs are in the sums above
	ByREST  []string // fields that Bulk can't carry, and that REST reads beside it
	Skipped []flow.Skipped
	AsOf    []source.AsOf       // what changes without a stamp
	Retyped []string            // columns that get another type where they are, for which the table is rewritten
	Held    map[string][]string // columns that would, if these views didn't use them
	Paused  bool
	Merges  string // who would merge what is read, and why; "" where there is no choice
}

// An Extra is what a run would read of a flow beside its window: the fields that
// are new (backfill), those that change without a stamp (refresh, sample), the
// Ids of all records (sweep), what was kept out before (again).
type Extra struct {
	Name    string
	Mover   string
	Records int64
	Calls   int64
	Jobs    int64
}

// Forecast looks at a flow as list would, and changes nothing: no lease, no
// attempt, no table.
func (r *Replicator) Forecast(ctx context.Context, fl flow.Flow) (Forecast, error) {
	f := Forecast{Object: fl.Object}
	if fl.Wrong != nil {
		return f, fl.Wrong
	}
	find := source.Finder{
		Describe: r.Org.Describe, Columns: r.Warehouse.Adapt, Refuses: parents.Refuses(r.Org),
	}
	src, err := find.Source(ctx, fl)
	if err != nil {
		return f, err
	}
	f.Skipped, f.Retyped, f.Held = src.Skipped, src.Past.Retyped, src.Past.Held
	row, err := r.Control.Flow(ctx, fl.Object)
	if err != nil {
		return f, err
	}
	f.Paused = row.Paused || fl.Paused
	mark, row, way, err := r.foresee(ctx, src, row, nil)
	f.AsOf = src.AsOf(row.SweptAt, row.RefreshedAt)
	if err != nil {
		return f, err
	}
	var changed window.Changes
	if f.Window, changed, err = r.windows.Next(ctx, src, mark, way.from); err != nil {
		return f, err
	}
	if way.sweep, err = r.sweepIsDue(ctx, src, row, way, changed); err != nil {
		return f, err
	}
	count := func(from window.Window) (int64, error) { return countOf(ctx, r, src, row, from.From) }
	if f.Total, err = count(window.Window{}); err != nil {
		return f, err
	}
	f.Records, f.Why = f.Total, "first"
	switch {
	case way.rebuild:
		f.Why = "rebuild"
	case src.Cursor == "":
		f.Why = "snapshot"
	case !way.from.IsZero():
		f.Why = "incremental"
		if fl.Window.Last > 0 {
			f.Why = "relative"
		}
		if f.Records, err = count(f.Window); err != nil {
			return f, err
		}
	}
	if teller, has := handed.Of(r.Warehouse); has && f.Records > 0 {
		if f.Merges, err = teller.WhoMerges(ctx, src.Table, gone.Policy(fl.Deletes), f.Records); err != nil {
			return f, err
		}
	}
	f.cost(r.Movers, fl, src, row)
	if err := costOfParents(ctx, r, &f, src); err != nil {
		return f, err
	}
	return f, r.extras(ctx, &f, src, row, way)
}

// countOf asks how many records there are to read. Who may not read all of them may not count them
// either: then it is as many as the table has rows.
func countOf(
	ctx context.Context, r *Replicator, src *source.Source, row control.FlowRow, from time.Time,
) (int64, error) {
	if src.Parent != "" {
		return row.Rows, nil
	}
	return r.Org.Count(ctx, reading.Count(src.Object.Name, src.Flow.Where, src.Cursor, from), true)
}

// costOfParents adds the calls that it takes to read by parents.
func costOfParents(ctx context.Context, r *Replicator, f *Forecast, src *source.Source) error {
	if src.Parent == "" {
		return nil
	}
	lists, err := r.parents.Calls(ctx)
	f.Parents, f.Lists = true, lists
	f.Calls += lists
	return err
}

// extras adds what a run would read beside the window.
func (r *Replicator) extras(
	ctx context.Context, f *Forecast, src *source.Source, row control.FlowRow, way readPlan,
) error {
	incremental := f.Why == "incremental" || f.Why == "relative"
	drift := driftFrom(src, row.Unfilled, incremental)
	u, err := r.unstamped(ctx, src, row, drift.fill)
	if err != nil {
		return err
	}
	a := control.Attempt{Full: way.rebuild, Complete: way.rebuild || src.Cursor == "", From: f.Window.From}
	if src.Cursor == "" {
		a.From = time.Time{}
	}
	parts := planParts(r.Movers, src, u, a.From)[1:]
	if way.sweep && sweeps(src, a) {
		parts = append(parts, sweepOf(src))
	}
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	if r.readsAgain(src, row.Memory, a, server) {
		parts = append(parts, againOf(src, nil, r.Movers.ByIDs()))
	}
	for _, p := range parts {
		e := Extra{Name: p.Name, Mover: p.Mover, Records: f.Total}
		if p.Name == samplePart {
			e.Records = min(sampleSize, f.Total)
		}
		if p.Name == againPart {
			e.Records = min(againAtMost, row.Rejected.Records)
		}
		if e.Mover == "" {
			e.Mover = moverFor(r.Movers, setting(src, row), mover.Amount{Records: max(row.Rows, 1)}, p.Query)
		}
		e.Calls, e.Jobs = r.Movers.Traits(e.Mover).Price(mover.Amount{Records: e.Records})
		f.Calls, f.Jobs = f.Calls+e.Calls, f.Jobs+e.Jobs
		f.Extra = append(f.Extra, e)
	}
	return nil
}

// An Admission tells of one flow of a run after the other why the run would refuse it.
// It changes nothing, and remembers which tables the flows before would have taken.
type Admission struct {
	of      *Replicator
	claimed []warehouse.Mark
}

// Admission begins with the run's first flow.
func (r *Replicator) Admission() *Admission { return &Admission{of: r} }

// Admit tells why the run would refuse the flow, nil where it wouldn't.
func (a *Admission) Admit(ctx context.Context, src *source.Source) error {
	row, err := a.of.Control.Flow(ctx, src.Flow.Object)
	if err != nil {
		return err
	}
	mark, _, _, err := a.of.foresee(ctx, src, row, a.claimed)
	if err != nil {
		return err
	}
	if mark.Org, err = a.of.Org.Org(ctx); err != nil {
		return err
	}
	a.claimed = append(a.claimed, mark)
	return a.of.Warehouse.Admits(ctx, src.Table)
}

// foresee is how a run would read a flow, or why it would refuse it. claimed are the
// tables that other flows of the run would have taken before.
func (r *Replicator) foresee(
	ctx context.Context, src *source.Source, row control.FlowRow, claimed []warehouse.Mark,
) (warehouse.Mark, control.FlowRow, readPlan, error) {
	mark := warehouse.Mark{Flow: src.Flow.Object, Table: src.Table.Name} // as a claim would make it where it is new
	org, err := r.Org.Org(ctx)
	if err != nil {
		return mark, row, readPlan{}, err
	}
	marks, err := r.Warehouse.Marks(ctx)
	if err != nil {
		return mark, row, readPlan{}, err
	}
	if err := claim.Take(append(marks, claimed...), src.Flow.Object, src.Table.Name, org); err != nil {
		return mark, row, readPlan{}, fmt.Errorf("claim %s: %w", src.Flow.Object, err)
	}
	if i := slices.IndexFunc(marks, func(m warehouse.Mark) bool { return m.Flow == src.Flow.Object }); i >= 0 {
		mark = marks[i]
	}
	if row, _, err = lease.Newer(row, mark); err != nil {
		return mark, row, readPlan{}, err
	}
	old, open, err := r.Control.Open(ctx, src.Flow.Object)
	if err != nil {
		return mark, row, readPlan{}, err
	}
	way, err := r.readPlan(ctx, src, facts{row: row, mark: mark, pending: open && old.Full})
	return mark, row, way, err
}

// sweepIsDue tells whether a run would sweep, by the flow's schedule or since a log
// doesn't tell what was deleted.
func (r *Replicator) sweepIsDue(
	ctx context.Context, src *source.Source, row control.FlowRow, way readPlan, changed window.Changes,
) (bool, error) {
	server, err := r.Org.ServerTime(ctx)
	if err != nil || way.sweep || changed.Unseen == "" {
		return way.sweep, err
	}
	row.Doubt(unseen(src, server, changed.Unseen))
	return presses(src, row.Memory, server), nil
}

// cost estimates the API calls: describe, getDeleted and a count for a flow
// that has run before, getUpdated where something changed, then what its mover
// needs.
func (f *Forecast) cost(movers mover.Set, fl flow.Flow, src *source.Source, row control.FlowRow) {
	much := mover.Amount{Records: mover.Uncounted, Answer: row.Answer}
	f.Calls = 2
	if f.Why == "incremental" || f.Why == "relative" {
		much.Records = f.Records
		f.Calls += 1 + min(f.Records, 1)
	}
	f.Mover = moverFor(movers, setting(src, row), much,
		reading.Query(fl.Object, src.Names(), fl.Where, src.Cursor, f.Window.From))
	if movers.Traits(f.Mover).Plain && !inBulk(src, src.Names()) {
		f.Mover = movers.Everything()
	}
	by := movers.Traits(f.Mover)
	much.Records = f.Records
	calls, jobs := by.Price(much)
	f.Calls, f.Jobs = f.Calls+calls, f.Jobs+jobs
	if by.Plain && !by.Lands {
		f.ByREST = slices.DeleteFunc(src.Names(), func(name string) bool { return !src.ByREST(name) })
	}
	if len(f.ByREST) > 0 {
		calls, _ := movers.Traits(movers.Everything()).Price(much)
		f.Calls += calls
	}
}
