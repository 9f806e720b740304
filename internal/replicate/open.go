package replicate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/source"
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
	held, err := r.holder(run).Hold(ctx, fl.Object)
	if err != nil {
		return plan.Task{}, err
	}
	a, err := r.attempt(ctx, held, org, row, fl)
	if err != nil {
		return plan.Task{}, errors.Join(err, held.Close(ctx))
	}
	return plan.Task{Run: run, Flow: fl.Object, Attempt: a.ID, Fence: held.Fence().Number}, nil
}

// attempt goes on with a flow's open attempt where it still fits the flow, and
// begins a new one where it doesn't or where there is none.
func (r *Replicator) attempt(ctx context.Context, held *lease.Lease, org string, row control.FlowRow, fl flow.Flow) (control.Attempt, error) {
	src, err := r.sources.describe(ctx, fl)
	if err != nil {
		return control.Attempt{}, err
	}
	mark, known, err := held.Claim(ctx, src.Table.Name, org)
	if err != nil {
		return control.Attempt{}, err
	}
	drift := driftOf(src.Table, src.Past, row.Unfilled, !mark.Watermark.IsZero())
	if row, err = r.notice(ctx, drift, row); err != nil {
		return control.Attempt{}, err
	}
	u, err := r.unstamped(ctx, src, row, drift.fill)
	if err != nil {
		return control.Attempt{}, err
	}
	old, open, err := r.Control.Open(ctx, fl.Object)
	if err != nil {
		return old, err
	}
	way, err := r.readPlan(ctx, src, facts{row: row, mark: mark, pending: open && old.Full})
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
			old.Fence = held.Fence().Number
			old.FailedRun, old.Error, old.ErrorClass, old.Hint, old.Calls = "", "", "", "", 0
			return r.Control.SaveAttempt(ctx, old)
		}
		if err := r.abandon(ctx, held, old, why); err != nil {
			return old, err
		}
	}
	return r.begin(ctx, held, start{src, drift, u, mark, way})
}

// readPlan looks at the table and decides how to read the flow.
func (r *Replicator) readPlan(ctx context.Context, src *source.Source, f facts) (readPlan, error) {
	var err error
	if f.condition, err = r.Warehouse.Inspect(ctx, src.Table, f.mark); err != nil {
		return readPlan{}, err
	}
	if f.relative, err = r.windows.Relative(ctx, src); err != nil {
		return readPlan{}, err
	}
	f.fingerprint, f.full = flow.Fingerprint(src.Flow), r.Options.Full
	c, err := decide(f)
	if err != nil {
		return c, err
	}
	server, err := r.Org.ServerTime(ctx) // as the last sweep was stamped
	if err != nil {
		return c, err
	}
	zone, err := r.zones.Of(ctx, src.Flow.Sweep.At)
	c.sweep = src.Flow.Sweep.Due(f.row.SweptAt, server, zone)
	return c, err
}

// standing gathers what unfit has to know of an open attempt.
func (r *Replicator) standing(ctx context.Context, src *source.Source, a control.Attempt) (standing, error) {
	s := standing{attempt: a, carried: true}
	for _, p := range a.Parts {
		s.carried = s.carried && src.Carries(p.Fields)
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
	for _, p := range a.Parts {
		if r.lander(p) != nil && p.Loaded {
			s.loaded += p.Pages
		}
	}
	s.ledger, _, err = r.Warehouse.Staged(ctx, a.ID, "")
	return s, err
}

// A start is what a new attempt is made of.
type start struct {
	source    *source.Source
	drift     schemaDrift
	unstamped unstamped
	mark      warehouse.Mark
	way       readPlan
}

// begin fixes the window of a flow and records its intent.
func (r *Replicator) begin(ctx context.Context, held *lease.Lease, s start) (control.Attempt, error) {
	src, mark, way := s.source, s.mark, s.way
	w, changed, err := r.windows.Next(ctx, src, mark, way.from)
	if err != nil {
		return control.Attempt{}, err
	}
	row, err := r.Control.Flow(ctx, src.Flow.Object)
	if err != nil {
		return control.Attempt{}, err
	}
	clear := clearFrom(src, row, way)
	a := control.Attempt{
		Flow: src.Flow.Object, Run: held.Run(), Fence: held.Fence().Number, Generation: way.generation,
		Full: way.rebuild, Complete: way.rebuild || src.Cursor == "",
		Forget: clear > mark.Generation && way.rebuild,
		From:   w.From, To: w.To, Grade: w.Grade,
	}
	if src.Cursor == "" {
		a.From = time.Time{}
	}
	a.Add(planParts(src, s.unstamped, a.From)...)
	if way.sweep && sweeps(src, a) {
		a.Add(sweepOf(src))
	}
	a.Notes = append(a.Notes, s.drift.notes(src, a.Parts)...)
	if way.warning != "" {
		a.Notes = append(a.Notes, way.warning)
	}
	if a.From.IsZero() { // once per reading of everything; check and plan tell it at any time
		for _, skip := range src.Skipped {
			a.Notes = append(a.Notes, fmt.Sprintf("field %s is not copied: %s", skip.Field, skip.Reason))
		}
		if src.Unsalted() {
			a.Notes = append(a.Notes, "sha256 without a salt hides little: who has a list of the values can find them by trying; give the flow a `salt`")
		}
	}
	if !changed.Pinned().IsZero() {
		a.Notes = append(a.Notes, changed.PinnedNote())
	}
	if a, err = r.Control.Begin(ctx, a); err != nil {
		return a, err
	}
	r.windows.Remember(a.ID, changed)
	_, err = r.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
		f.Generation, f.Fingerprint, f.ClearFrom = way.generation, flow.Fingerprint(src.Flow), clear
		f.Label, f.KeyPrefix = src.Object.Label, src.Object.KeyPrefix
		f.LastRun, f.DescribedAt = held.Run(), r.Options.Now().UTC()
		f.PinnedSince = changed.Pinned()
	})
	return a, err
}
