package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/many"
	"catchment/internal/warehouse/shape"
)

// errPaused says that a flow was taken out of runs.
var errPaused = errors.New("paused")

// An opening is a flow that list has begun to open.
type opening struct {
	flow   flow.Flow
	held   *lease.Lease
	source *source.Source
	err    error // why it can't be opened
}

// hold takes a flow's lease, and looks at its object.
func (l *listing) hold(ctx context.Context, fl flow.Flow) opening {
	o := opening{flow: fl}
	row, err := l.Control.Flow(ctx, fl.Object)
	switch {
	case err != nil:
		o.err = err
		return o
	case row.Paused || fl.Paused:
		o.err = errPaused
		return o
	case fl.Wrong != nil:
		o.err = fl.Wrong
		return o
	}
	if o.held, o.err = l.holder(l.run).Hold(ctx, fl.Object); o.err != nil {
		return o
	}
	if o.err = l.askWithheld(ctx, fl.Object); o.err == nil {
		o.source, o.err = l.sources.describe(ctx, fl)
	}
	return o
}

// claimEach claims all flows in one go that can be. What of it fails, fails again where each is claimed alone, and says
// why there.
func claimEach(ctx context.Context, l *listing, all []opening) {
	in := many.Of(l.Warehouse)
	if in == nil {
		return
	}
	var wanted []lease.Wanted
	for _, o := range all {
		if o.err == nil {
			wanted = append(wanted, lease.Wanted{Lease: o.held, Table: o.source.Table.Name})
		}
	}
	_ = lease.ClaimEach(ctx, in, l.org, wanted)
}

// open finds the open attempt of a flow that is held, or begins one.
func (l *listing) open(ctx context.Context, o opening) (plan.Task, error) {
	if o.err != nil {
		return plan.Task{}, closed(ctx, o)
	}
	a, err := l.attempt(ctx, o.held, o.source)
	if err != nil {
		o.err = err
		return plan.Task{}, closed(ctx, o)
	}
	return plan.Task{Run: l.run, Flow: o.flow.Object, Attempt: a.ID, Fence: o.held.Fence().Number}, nil
}

// closed gives the lease of a flow back that can't be opened, and says why.
func closed(ctx context.Context, o opening) error {
	if o.held == nil {
		return o.err
	}
	return errors.Join(o.err, o.held.Close(ctx))
}

// attempt goes on with a flow's open attempt where it still fits the flow, and
// begins a new one where it doesn't or where there is none.
func (l *listing) attempt(
	ctx context.Context, held *lease.Lease, src *source.Source,
) (control.Attempt, error) {
	mark, known, err := held.Claim(ctx, src.Table.Name, l.org)
	if err != nil {
		return control.Attempt{}, err
	}
	recalled, err := l.Options.archived(ctx, held.Fence(), src.Table)
	if err != nil {
		return control.Attempt{}, err
	}
	row, news, err := held.Recall(ctx, mark)
	if err != nil {
		return control.Attempt{}, err
	}
	if row.Proof != "" {
		mark.Grade = row.Proof // which goes on where a watermark stays where it was
	}
	drift := driftFrom(src, row.Unfilled, !mark.Watermark.IsZero())
	if row, err = l.notice(ctx, held, drift, src, row); err != nil {
		return control.Attempt{}, err
	}
	u, err := l.unstamped(ctx, src, row, drift.fill)
	if err != nil {
		return control.Attempt{}, err
	}
	old, open, err := l.Control.Open(ctx, held.Flow())
	if err != nil {
		return old, err
	}
	way, err := l.readPlan(ctx, src, facts{row: row, mark: mark, pending: open && old.Full})
	row, doubted := l.distrust(ctx, held, src, row, way)
	if err := errors.Join(err, doubted); err != nil {
		return old, err
	}
	if open {
		s, err := l.standing(ctx, src, old)
		if err != nil {
			return old, err
		}
		s.mark, s.known, s.way, s.remade = mark, known, way, drift.reads(src, old)
		why := unfit(s)
		if why == "" {
			if recalled != "" {
				old.Notes = append(old.Notes, recalled)
			}
			old.Fence, old.Bodies = held.Fence().Number, wantedBodies(src.Flow)
			old.FailedRun, old.Error, old.ErrorClass, old.Hint, old.Calls, old.Jobs = "", "", "", "", 0, 0
			return l.Control.SaveAttempt(ctx, old)
		}
		if err := l.abandon(ctx, held, old, why); err != nil {
			return old, err
		}
	}
	return l.begin(ctx, held, start{src, drift, u, mark, way, news, recalled})
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
	f.fingerprint, f.full = fingerprint(src), r.Options.Full
	f.was, f.prefix = f.row.KeyPrefix, src.Object.KeyPrefix
	if f.was == "" && !f.mark.Watermark.IsZero() { // an older version has written the row
		f.was = src.Past.KeyPrefix
	}
	c, err := decide(f)
	for i := range c.doubts {
		c.doubts[i].Since = server
	}
	if err != nil {
		return c, err
	}
	if f.condition == shape.Ahead {
		c.latest = latest
	}
	zone, err := r.zones.Of(ctx, src.Flow.Sweep.At)
	c.sweep = src.Flow.Sweep.Due(f.row.SweptAt, server, zone) || presses(src, f.row.Memory, server)
	if !c.from.IsZero() {
		c.doubts = append(c.doubts, changedPolicy(src, f.row, server)...)
		c.from = unignored(src, f.row, c.from, server)
	}
	return c, err
}

// distrust writes down what is wrong with a table, and takes back what would keep
// changes from its rows: stamps that are later than anybody has read them.
func (l *listing) distrust(
	ctx context.Context, held *lease.Lease, src *source.Source, row control.FlowRow, way readPlan,
) (control.FlowRow, error) {
	row, err := l.hear(ctx, held, row, way.doubts)
	if err != nil || way.latest.IsZero() {
		return row, err
	}
	return row, l.Warehouse.Unstamp(ctx, held.Fence(), src.Table, way.latest)
}

// hear takes what there is to doubt about a table into what is remembered of the flow.
// The warehouse is told at once: what its watermark claims was true of other rows.
func (l *listing) hear(
	ctx context.Context, held *lease.Lease, row control.FlowRow, doubts []recall.Doubt,
) (control.FlowRow, error) {
	fresh := slices.DeleteFunc(slices.Clone(doubts), func(d recall.Doubt) bool { return row.Doubted(d.Kind) })
	if len(fresh) == 0 {
		return row, nil
	}
	return held.Remember(ctx, func(m *recall.Memory) {
		for _, d := range fresh {
			m.Doubt(d)
		}
	})
}

// standing gathers what unfit has to know of an open attempt.
func (l *listing) standing(ctx context.Context, src *source.Source, a control.Attempt) (standing, error) {
	s := standing{attempt: a, carried: true}
	stored := src.Table
	if a.State.Past(control.Planned) { // its tables were made as its fields were then
		var err error
		if stored, err = l.Warehouse.Stored(ctx, src.Table); err != nil {
			return s, err
		}
	}
	for _, p := range a.Parts {
		s.carried = s.carried && src.Carries(p.Fields)
		s.moved = s.moved || !src.StoredIn(stored, p.Fields)
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
	news      string // of who else writes the table
	recalled  string // what the warehouse had forgotten of archives
}

// notes is what the user should know of the attempt that begins.
func (s start) notes(a control.Attempt) []string {
	notes := s.drift.notes(s.source, a.Parts)
	for _, note := range []string{s.news, s.recalled, s.way.warning} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	if !a.From.IsZero() {
		return notes
	}
	// Once per reading of everything; check and plan tell it at any time.
	for _, skip := range s.source.Skipped {
		notes = append(notes, fmt.Sprintf("field %s is not copied: %s", skip.Field, skip.Reason))
	}
	for _, way := range flow.SilentWays(s.source.Flow, s.source.Object) {
		notes = append(notes, "its where "+way+": records enter and leave it without a stamp, "+
			"and only a sweep finds out")
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
		Bodies: wantedBodies(src.Flow), Full: way.rebuild, Complete: way.rebuild || src.Cursor == "",
		Forget: clear > mark.Generation && way.rebuild, Remade: way.remade,
		From: w.From, To: w.To, Grade: w.Grade,
	}
	if src.Cursor == "" {
		a.From = time.Time{}
	}
	server, err := l.Org.ServerTime(ctx)
	if err != nil {
		return a, err
	}
	if changed.Unseen != "" {
		a.Doubts = append(a.Doubts, unseen(src, server, changed.Unseen))
	}
	a.Add(planParts(l.Movers, src, s.unstamped, a.From)...)
	pressed := presses(src, doubted(row.Memory, a), server)
	if (way.sweep || pressed) && sweeps(src, a) {
		a.Add(sweepOf(src))
	}
	if err := l.again(ctx, src, row.Memory, &a, server); err != nil {
		return a, err
	}
	a.Folded = src.Past.Folded
	pressing := slices.Concat(way.doubts, a.Doubts)
	a.Notes = slices.Concat(s.notes(a), policyNotes(src, row), changed.Notes(), pressedNotes(a, pressing))
	if a, err = l.Control.Begin(ctx, a); err != nil {
		return a, err
	}
	l.windows.Remember(a.ID, changed)
	_, err = l.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
		f.Generation, f.Fingerprint, f.ClearFrom = way.generation, fingerprint(src), clear
		f.Label, f.KeyPrefix = src.Object.Label, src.Object.KeyPrefix
		f.LastRun, f.DescribedAt = held.Run(), l.Options.Now().UTC()
		f.PinnedSince = changed.Pinned()
		if pressed {
			f.PressedAt = server
		}
	})
	if err == nil && isStill(a, changed) {
		l.addStill(still{a, src})
	}
	return a, err
}
