package replicate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// errPaused says that a flow was taken out of runs.
var errPaused = errors.New("paused")

// open takes a flow's lease and finds its open attempt, or begins one.
func (r *Replicator) open(ctx context.Context, run, org string, fl flow.Flow) (plan.Task, error) {
	row, err := r.Control.Flow(ctx, fl.Object)
	if err != nil {
		return plan.Task{}, err
	}
	if row.Paused || fl.Paused {
		return plan.Task{}, errPaused
	}
	if fl.Vanished != nil {
		return plan.Task{}, fl.Vanished
	}
	dead := r.Options.Dead
	if r.Options.Alone {
		dead = func(string) bool { return true }
	}
	lease, err := r.Control.Acquire(ctx, fl.Object, run, r.Options.Holder, dead)
	if err != nil {
		return plan.Task{}, err
	}
	a, err := r.attempt(ctx, &lease, org, row, fl)
	if err != nil {
		return plan.Task{}, errors.Join(err, r.Control.Release(context.WithoutCancel(ctx), lease))
	}
	return plan.Task{Run: run, Flow: fl.Object, Attempt: a.ID, Fence: lease.Fence}, nil
}

// attempt goes on with a flow's open attempt where it still fits the flow, and
// begins a new one where it doesn't or where there is none.
func (r *Replicator) attempt(ctx context.Context, lease *control.Lease, org string, row control.FlowRow, fl flow.Flow) (control.Attempt, error) {
	src, err := r.describe(ctx, fl)
	if err != nil {
		return control.Attempt{}, err
	}
	mark, known, err := r.claim(ctx, lease, src, org)
	if err != nil {
		return control.Attempt{}, err
	}
	if row, err = r.notice(ctx, src, row, !mark.Watermark.IsZero()); err != nil {
		return control.Attempt{}, err
	}
	if err := r.staleness(ctx, src, row); err != nil {
		return control.Attempt{}, err
	}
	old, open, err := r.Control.Open(ctx, fl.Object)
	if err != nil {
		return old, err
	}
	way, err := r.course(ctx, src, facts{row: row, mark: mark, pending: open && old.Full})
	if err != nil {
		return old, err
	}
	if open {
		s, err := r.standing(ctx, src, old)
		if err != nil {
			return old, err
		}
		s.mark, s.known, s.way = mark, known, way
		why := unfit(s)
		if why == "" {
			old.Fence = lease.Fence
			old.FailedRun, old.Error, old.ErrorClass, old.Hint, old.Calls = "", "", "", "", 0
			return r.Control.SaveAttempt(ctx, old)
		}
		if err := r.abandon(ctx, lease, old, why); err != nil {
			return old, err
		}
	}
	return r.begin(ctx, lease, src, mark, way)
}

// course looks at the table and decides how to read the flow.
func (r *Replicator) course(ctx context.Context, src *source, f facts) (course, error) {
	var err error
	if f.condition, err = r.Warehouse.Inspect(ctx, src.table, f.mark); err != nil {
		return course{}, err
	}
	if f.relative, err = r.relative(ctx, src); err != nil {
		return course{}, err
	}
	f.fingerprint, f.full = flow.Fingerprint(src.flow), r.Options.Full
	c, err := decide(f)
	if err != nil {
		return c, err
	}
	server, err := r.Org.ServerTime(ctx) // as the last sweep was stamped
	if err != nil {
		return c, err
	}
	zone, err := r.zoneOf(ctx, src.flow.Sweep.At)
	c.sweep = src.flow.Sweep.Due(f.row.SweptAt, server, zone)
	return c, err
}

// claim puts the lease's fence into the warehouse, and tells whether the
// warehouse knew the flow before. A control table made anew counts from 1
// again, below what the warehouse remembers: the lease is raised above that,
// since it was taken rightfully.
func (r *Replicator) claim(ctx context.Context, lease *control.Lease, src *source, org string) (warehouse.Mark, bool, error) {
	mark, known, err := r.Warehouse.Mark(ctx, lease.Flow)
	if err != nil {
		return mark, known, err
	}
	if mark.Fence >= lease.Fence {
		raised, err := r.Control.Raise(ctx, *lease, mark.Fence)
		if err != nil {
			return mark, known, err
		}
		*lease = raised
	}
	mark, err = r.Warehouse.Claim(ctx, warehouse.Fence{Flow: lease.Flow, Number: lease.Fence}, src.table.Name, org)
	return mark, known, err
}

// standing gathers what unfit has to know of an open attempt.
func (r *Replicator) standing(ctx context.Context, src *source, a control.Attempt) (standing, error) {
	s := standing{attempt: a, carried: true}
	for _, p := range a.Parts {
		s.carried = s.carried && src.carries(p.Columns)
	}
	pages, err := r.Control.Pages(ctx, a.ID)
	if err != nil {
		return s, err
	}
	for _, p := range pages {
		if p.Loaded {
			s.loaded++
		}
	}
	for i := range a.Parts {
		if p := &a.Parts[i]; r.lander(p) != nil && p.Loaded {
			s.loaded += p.Pages
		}
	}
	s.ledger, _, err = r.Warehouse.Staged(ctx, a.ID, "")
	return s, err
}

// begin fixes the window of a flow and records its intent.
func (r *Replicator) begin(ctx context.Context, lease *control.Lease, src *source, mark warehouse.Mark, way course) (control.Attempt, error) {
	w, changed, err := r.window(ctx, src, mark, way.from)
	if err != nil {
		return control.Attempt{}, err
	}
	row, err := r.Control.Flow(ctx, src.flow.Object)
	if err != nil {
		return control.Attempt{}, err
	}
	clear := clearFrom(src, row, way)
	a := control.Attempt{
		Flow: src.flow.Object, Run: lease.Run, Fence: lease.Fence, Generation: way.generation,
		Full: way.rebuild, Complete: way.rebuild || src.cursor == "",
		Forget: clear > mark.Generation && way.rebuild,
		From:   w.From, To: w.To, Grade: w.Grade,
	}
	if src.cursor == "" {
		a.From = time.Time{}
	}
	a.Parts = readings(src, a)
	if way.sweep && sweeps(src, a) {
		a.Parts = append(a.Parts, sweepOf(src))
	}
	a.Notes = append(a.Notes, motionNotes(src, a.Parts)...)
	if way.warning != "" {
		a.Notes = append(a.Notes, way.warning)
	}
	if a.From.IsZero() { // once per reading of everything; check and plan tell it at any time
		for _, s := range src.skipped {
			a.Notes = append(a.Notes, fmt.Sprintf("field %s is not copied: %s", s.Field, s.Reason))
		}
		if src.unsalted() {
			a.Notes = append(a.Notes, "sha256 without a salt hides little: who has a list of the values can find them by trying; give the flow a `salt`")
		}
	}
	if since := changed.pinned(); !since.IsZero() {
		a.Notes = append(a.Notes, pinnedNote(since))
	}
	if a, err = r.Control.Begin(ctx, a); err != nil {
		return a, err
	}
	r.remember(a.ID, changed)
	_, err = r.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
		f.Generation, f.Fingerprint, f.ClearFrom = way.generation, flow.Fingerprint(src.flow), clear
		f.Label, f.KeyPrefix = src.object.Label, src.object.KeyPrefix
		f.LastRun, f.DescribedAt = lease.Run, r.Options.Now().UTC()
		f.PinnedSince = changed.pinned()
	})
	return a, err
}

// window asks Salesforce how far the object is complete, and what changed in
// the window.
func (r *Replicator) window(ctx context.Context, src *source, mark warehouse.Mark, from time.Time) (Window, changes, error) {
	c, err := r.askChanges(ctx, src, from)
	if err != nil {
		return Window{}, c, err
	}
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return Window{}, c, err
	}
	lag := cmp.Or(r.Options.Lag, 15*time.Minute)
	if src.replicates() { // it should have been said: somebody's transaction may be older than any usual lag
		lag = max(lag, silentLag)
	}
	return nextWindow(mark, from, c.end, c.covered, server.Add(-lag)), c, nil
}

// silentLag is how far behind the server's time a window stays of an object
// whose logs should tell how far it is complete, and don't: longer than a
// transaction lives. What it reads again is little; what it would miss is lost.
const silentLag = 24 * time.Hour

// abandon gives an attempt up: what it staged goes, and drop will take its job
// and its pages.
func (r *Replicator) abandon(ctx context.Context, lease *control.Lease, a control.Attempt, why string) error {
	if err := r.Warehouse.Discard(ctx, warehouse.Fence{Flow: a.Flow, Number: lease.Fence}, a.ID); err != nil {
		return err
	}
	// What still lands must not land among the rows of the next attempt. Where
	// that can't be done now, drop does it.
	_ = r.eachLanding(&visit{attempt: a}, func(l *landing) error { return l.Drop(ctx, l.now) })
	a.State, a.Fence = control.Abandoned, lease.Fence
	a.Notes = append(a.Notes, "given up: "+why)
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}
