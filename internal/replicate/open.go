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
	"catchment/internal/warehouse/shape"
)

// errPaused says that a flow was taken out of runs.
var errPaused = errors.New("paused")

// open takes a flow's lease and finds its open attempt, or begins one.
func (l *listing) open(ctx context.Context, fl flow.Flow) (plan.Task, error) {
	row, err := l.Control.Flow(ctx, fl.Object)
	if err != nil {
		return plan.Task{}, err
	}
	if row.Paused || fl.Paused {
		return plan.Task{}, errPaused
	}
	if fl.Vanished != nil {
		return plan.Task{}, fl.Vanished
	}
	held, err := l.holder(l.run).Hold(ctx, fl.Object)
	if err != nil {
		return plan.Task{}, err
	}
	a, err := l.attempt(ctx, held, row, fl)
	if err != nil {
		return plan.Task{}, errors.Join(err, held.Close(ctx))
	}
	return plan.Task{Run: l.run, Flow: fl.Object, Attempt: a.ID, Fence: held.Fence().Number}, nil
}

// attempt goes on with a flow's open attempt where it still fits the flow, and
// begins a new one where it doesn't or where there is none.
func (l *listing) attempt(
	ctx context.Context, held *lease.Lease, row control.FlowRow, fl flow.Flow,
) (control.Attempt, error) {
	src, err := l.sources.describe(ctx, fl)
	if err != nil {
		return control.Attempt{}, err
	}
	mark, known, err := held.Claim(ctx, src.Table.Name, l.org)
	if err != nil {
		return control.Attempt{}, err
	}
	drift := driftOf(src.Table, src.Past, row.Unfilled, !mark.Watermark.IsZero())
	if row, err = l.notice(ctx, drift, row); err != nil {
		return control.Attempt{}, err
	}
	u, err := l.unstamped(ctx, src, row, drift.fill)
	if err != nil {
		return control.Attempt{}, err
	}
	old, open, err := l.Control.Open(ctx, fl.Object)
	if err != nil {
		return old, err
	}
	way, err := l.readPlan(ctx, src, facts{row: row, mark: mark, pending: open && old.Full})
	if err := errors.Join(err, l.distrust(ctx, held, src, way)); err != nil {
		return old, err
	}
	if open {
		s, err := l.standing(ctx, src, old)
		if err != nil {
			return old, err
		}
		s.mark, s.known, s.way = mark, known, way
		why := unfit(s)
		if why == "" {
			old.Fence = held.Fence().Number
			old.FailedRun, old.Error, old.ErrorClass, old.Hint, old.Calls = "", "", "", "", 0
			return l.Control.SaveAttempt(ctx, old)
		}
		if err := l.abandon(ctx, held, old, why); err != nil {
			return old, err
		}
	}
	return l.begin(ctx, held, start{src, drift, u, mark, way})
}

// readPlan looks at the table and decides how to read the flow.
func (r *Replicator) readPlan(ctx context.Context, src *source.Source, f facts) (readPlan, error) {
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return readPlan{}, err
	}
	latest := f.mark.Latest(f.row.Looked, server)
	if f.condition, err = r.Warehouse.Inspect(ctx, src.Table, f.mark, latest); err != nil {
		return readPlan{}, err
	}
	if f.relative, err = r.windows.Relative(ctx, src); err != nil {
		return readPlan{}, err
	}
	f.fingerprint, f.full = flow.Fingerprint(src.Flow), r.Options.Full
	c, err := decide(f)
	if c.doubt.Why != "" {
		c.doubt.Since = server
	}
	if err != nil {
		return c, err
	}
	if f.condition == shape.Ahead {
		c.latest = latest
	}
	zone, err := r.zones.Of(ctx, src.Flow.Sweep.At)
	c.sweep = src.Flow.Sweep.Due(f.row.SweptAt, server, zone)
	return c, err
}

// distrust writes down what is wrong with a table, and takes back what would keep
// changes from its rows: stamps that are later than anybody has read them.
func (l *listing) distrust(ctx context.Context, held *lease.Lease, src *source.Source, way readPlan) error {
	if way.doubt.Why == "" {
		return nil
	}
	_, err := l.Control.UpdateFlow(ctx, held.Flow(), func(f *control.FlowRow) { f.Doubt(way.doubt) })
	if err != nil || way.latest.IsZero() {
		return err
	}
	return l.Warehouse.Unstamp(ctx, held.Fence(), src.Table, way.latest)
}

// standing gathers what unfit has to know of an open attempt.
func (l *listing) standing(ctx context.Context, src *source.Source, a control.Attempt) (standing, error) {
	s := standing{attempt: a, carried: true}
	for _, p := range a.Parts {
		s.carried = s.carried && src.Carries(p.Fields)
	}
	pages, err := l.Control.Pages(ctx, a.ID)
	if err != nil {
		return s, err
	}
	for _, p := range pages {
		if p.Loaded {
			s.loaded++
		}
	}
	for _, p := range a.Parts {
		if l.lander(p) != nil && p.Loaded {
			s.loaded += p.Pages
		}
	}
	s.ledger, _, err = l.Warehouse.Staged(ctx, a.ID, "")
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

// notes is what the user should know of the attempt that begins.
func (s start) notes(a control.Attempt) []string {
	notes := s.drift.notes(s.source, a.Parts)
	if s.way.warning != "" {
		notes = append(notes, s.way.warning)
	}
	if !a.From.IsZero() {
		return notes
	}
	// Once per reading of everything; check and plan tell it at any time.
	for _, skip := range s.source.Skipped {
		notes = append(notes, fmt.Sprintf("field %s is not copied: %s", skip.Field, skip.Reason))
	}
	if s.source.Unsalted() {
		notes = append(notes,
			"sha256 without a salt hides little: who has a list of the values can find them by trying; "+
				"give the flow a `salt`")
	}
	return notes
}

// begin fixes the window of a flow and records its intent.
func (l *listing) begin(ctx context.Context, held *lease.Lease, s start) (control.Attempt, error) {
	src, mark, way := s.source, s.mark, s.way
	w, changed, err := l.windows.Next(ctx, src, mark, way.from)
	if err != nil {
		return control.Attempt{}, err
	}
	row, err := l.Control.Flow(ctx, src.Flow.Object)
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
	a.Add(planParts(l.Movers, src, s.unstamped, a.From)...)
	if way.sweep && sweeps(src, a) {
		a.Add(sweepOf(src))
	}
	a.Notes = s.notes(a)
	if !changed.Pinned().IsZero() {
		a.Notes = append(a.Notes, changed.PinnedNote())
	}
	if a, err = l.Control.Begin(ctx, a); err != nil {
		return a, err
	}
	l.windows.Remember(a.ID, changed)
	_, err = l.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
		f.Generation, f.Fingerprint, f.ClearFrom = way.generation, flow.Fingerprint(src.Flow), clear
		f.Label, f.KeyPrefix = src.Object.Label, src.Object.KeyPrefix
		f.LastRun, f.DescribedAt = held.Run(), l.Options.Now().UTC()
		f.PinnedSince = changed.Pinned()
	})
	return a, err
}
