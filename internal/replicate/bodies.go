package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"catchment/internal/body"
	"catchment/internal/control"
	"catchment/internal/control/files"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/replicate/fetch"
	"catchment/internal/replicate/limits"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

// A call of the step begins bodies for so long; the lease is renewed before each.
const roundTime = 30 * time.Second

// How often in a row a call may come to nothing before the run leaves the rest to the next
// one, and the pause between two.
const (
	troublesAtMost = 3
	troublePause   = 30 * time.Second
)

// wantedBodies is where an attempt of a flow begins with bodies, nil where it copies none.
func wantedBodies(fl flow.Flow) *files.Reading {
	if fl.Bodies == "" {
		return nil
	}
	return &files.Reading{Which: string(fl.Bodies)}
}

// bodies reads bodies of a flow's files, as many as the time of a call allows. The flow's rows
// are in their table already, and its watermark says so: whatever becomes of bodies fails no
// flow, and what is left waits for the next run.
func (r *Replicator) bodies(ctx context.Context, t plan.Task) (plan.Task, error) {
	a, err := r.Control.Attempt(ctx, t.Attempt)
	if err != nil {
		return t, err
	}
	t.Done = a.Bodies == nil || a.Bodies.Done || a.State != control.Consolidated
	if t.Done {
		return t, nil
	}
	if err := r.holder(t.Run).Resume(t.Flow, t.Fence).Renew(ctx); err != nil {
		return t, err
	}
	ctx, calls := counted(ctx)
	a.Bodies.Begun = true
	b := &bodyStep{attemptStep: &attemptStep{Replicator: r, attempt: a}, calls: calls}
	if b.source, err = r.sources.of(ctx, a.Flow); err == nil {
		err = r.budget.Calls(ctx)
	}
	if err == nil {
		err = b.round(ctx)
	}
	b.attempt.Calls += calls.Load()
	return b.settle(ctx, t, err)
}

// A bodyStep is one call of the step.
type bodyStep struct {
	*attemptStep
	calls *atomic.Int64
	idle  bool // nothing could be begun, though something waits
}

// query asks for the files that the flow copies the bodies of.
func (b *bodyStep) query() (bodies.Query, error) {
	fields, ok := body.Of(b.attempt.Flow)
	if !ok || len(b.source.Table.Key) != 1 {
		return bodies.Query{}, plan.Failf(plan.Bug, "", "the records of %s are no files", b.attempt.Flow)
	}
	return bodies.Query{Table: b.source.Table, Fields: fields, Which: body.Which(b.attempt.Bodies.Which),
		Now: b.Options.Now()}, nil
}

// round reads bodies for a while.
func (b *bodyStep) round(ctx context.Context) error {
	query, err := b.query()
	if err != nil {
		return err
	}
	register, ok := bodies.Of(b.Warehouse)
	if !ok {
		return plan.Fixf("leave bodies out of the flow", "%s keeps no register of files", b.Warehouse.Name())
	}
	if err := b.bodyBudget.Enter(func() (int64, error) { return b.callsToday(ctx) }); err != nil {
		return err
	}
	defer b.bodyBudget.Leave()
	folder := b.Options.Folder
	if folder == "" {
		if folder, err = os.MkdirTemp("", "catchment-bodies-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	found, err := b.found()
	if err != nil {
		return err
	}
	ends := b.Options.Now().Add(roundTime)
	r := &fetch.Round{
		Reader: &fetch.Reader{Org: b.Org, Store: b.Stage, Fields: query.Fields, Folder: filepath.Clean(folder),
			Most: b.Options.StageLimit, Now: b.Options.Now},
		Register: register, Fence: b.fence(), Query: query, Slots: b.slots,
		Take: b.bodyBudget.Take,
		Ends: func() bool {
			return b.stopping() || !b.Options.Now().Before(ends) || b.Org.Usage().UsedUp(b.Options.Reserve)
		},
		Heard: func(t fetch.Tally) {
			t.Add(found)
			b.progress(Progress{Flow: b.attempt.Flow, Step: Bodies, Records: t.Read + t.Resumed, Bytes: t.Bytes})
		},
	}
	t, end, err := r.Run(ctx)
	found.Add(t)
	b.idle = end == fetch.Later && t.Files() == 0
	if text, merr := json.Marshal(found); merr == nil {
		b.attempt.Bodies.Found = text
	}
	if uerr := b.count(ctx); uerr != nil {
		return errors.Join(err, uerr)
	}
	switch {
	case err != nil:
		return err
	case end == fetch.All:
		return b.end(ctx, register, query, "")
	case end == fetch.Spent:
		return b.end(ctx, register, query, "limits.bodies allows "+plural.Of(b.Options.BodyCalls, "call")+" a day")
	}
	return nil
}

// found is what became of files so far.
func (b *bodyStep) found() (t fetch.Tally, err error) {
	if text := b.attempt.Bodies.Found; len(text) > 0 {
		err = json.Unmarshal(text, &t)
	}
	return t, err
}

// callsToday is how many calls for bodies there were today, over all flows.
func (b *bodyStep) callsToday(ctx context.Context) (calls int64, err error) {
	rows, err := b.Control.Flows(ctx)
	for _, row := range rows {
		calls += row.BodyCalls.On(b.Options.Now())
	}
	return calls, err
}

// count adds the calls of this one to those of the day.
func (b *bodyStep) count(ctx context.Context) error {
	_, err := b.Control.UpdateFlow(context.WithoutCancel(ctx), b.attempt.Flow, func(f *control.FlowRow) {
		f.BodyCalls = f.BodyCalls.Plus(b.calls.Load(), b.Options.Now())
	})
	return err
}

// end ends what the run does for the flow's bodies, and says how far they are. why is why
// some are left, "" where none is.
func (b *bodyStep) end(ctx context.Context, register bodies.Register, q bodies.Query, why string) error {
	known, err := register.Tally(ctx, q)
	if err != nil {
		return err
	}
	if known.Waiting == 0 {
		why = ""
	}
	_, err = b.Control.UpdateFlow(ctx, b.attempt.Flow, func(f *control.FlowRow) {
		f.Files = &files.Known{Copied: known.Copied, Bytes: known.Bytes, Nothing: known.Nothing, Aside: known.Aside,
			Waiting: known.Waiting, Why: why, At: b.Options.Now().UTC()}
	})
	if err != nil {
		return err
	}
	found, err := b.found()
	if note := found.Note(known, why); note != "" {
		b.note("%s", note)
	}
	b.attempt.Bodies.Done = true
	return err
}

// settle writes down how far a call came. What can't be helped now is left to the next run.
func (b *bodyStep) settle(ctx context.Context, t plan.Task, why error) (plan.Task, error) {
	a, now := &b.attempt, b.Options.Now()
	switch {
	case errors.Is(why, warehouse.ErrFenced), errors.Is(why, control.ErrLost):
		return t, superseded(why)
	case why != nil && context.Cause(ctx) != nil:
		return t, errors.Join(why, b.save(context.WithoutCancel(ctx)))
	case errors.Is(why, plan.ErrStopped):
		return t, b.save(ctx)
	case plan.ClassOf(why) == plan.Wait:
		if _, worth := limits.Until(why, waitedSince(*a, now), now); worth {
			return b.waits(ctx, t, why)
		}
	case why == nil:
		a.Bodies.Troubles = 0
		if b.idle && !b.stopping() {
			t.NotBefore = now.Add(troublePause)
		}
		a.Waiting, a.Until, a.Error, a.ErrorClass, a.Hint = time.Time{}, time.Time{}, "", "", ""
	case plan.ClassOf(why) == plan.Retry && a.Bodies.Troubles < troublesAtMost:
		a.Bodies.Troubles++
		t.NotBefore = now.Add(troublePause)
		return t, b.save(ctx)
	}
	if why != nil {
		b.leave(ctx, why)
	}
	if t.Done = a.Bodies.Done; t.Done {
		b.ended(*a, t.Run)
	}
	return t, b.save(ctx)
}

// waitedSince is when an attempt began to wait.
func waitedSince(a control.Attempt, now time.Time) time.Time {
	if a.Waiting.IsZero() {
		return now
	}
	return a.Waiting
}

// leave leaves what waits to the next run, and says why.
func (b *bodyStep) leave(ctx context.Context, why error) {
	a := &b.attempt
	a.Waiting, a.Until, a.Error, a.ErrorClass, a.Hint = time.Time{}, time.Time{}, "", "", ""
	text := why.Error() + " (" + plan.AdviceOf(why) + ")"
	if register, ok := bodies.Of(b.Warehouse); ok && b.source != nil {
		if q, err := b.query(); err == nil && b.end(ctx, register, q, text) == nil {
			return
		}
	}
	b.note("bodies of files: %s", text)
	a.Bodies.Done = true
}
