package replicate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"catchment/internal/control"
	"catchment/internal/control/versioned"
	"catchment/internal/flow"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/replicate/limits"
	"catchment/internal/salesforce"
	"catchment/internal/stage"
	"catchment/internal/storage"
)

// list takes the lease of each flow, fixes its window and makes one item per
// flow. A flow that can't be listed is recorded in the run and left out.
func (r *Replicator) list(ctx context.Context, t plan.Task) (plan.Task, error) {
	run, err := r.beginRun(ctx, t.Run)
	if err != nil {
		return t, err
	}
	before := r.Org.Calls()
	items, objects, err := (&listing{Replicator: r, run: t.Run}).flows(ctx)
	run.Calls += r.Org.Calls() - before
	if plan.ClassOf(err) == plan.Wait {
		if t, waits, err := r.listWaits(ctx, t, run, err); waits || err != nil {
			return t, err
		}
	}
	run.Objects, run.Error, run.Hint, run.Until = objects, "", "", time.Time{}
	if err != nil {
		run.Error, run.Hint = err.Error(), plan.AdviceOf(err)
	}
	// A cancelled run still says why it ended.
	if _, serr := r.Control.SaveRun(context.WithoutCancel(ctx), run); err == nil {
		err = serr
	}
	if err != nil {
		return t, err
	}
	t.Items, t.Done = items, true
	return t, nil
}

// A listing opens the flows of one run.
type listing struct {
	*Replicator
	run string
	org string // its Id

	mu    sync.Mutex
	still []still // the flows that have nothing new
}

func (l *listing) addStill(s still) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.still = append(l.still, s)
}

// prepare looks whether the run has to do with the org, the control table and the
// warehouse of the runs before it.
func (l *listing) prepare(ctx context.Context) (err error) {
	if l.org, err = l.Org.Org(ctx); err != nil {
		return err
	}
	if err := l.place().Enter(ctx, l.org); err != nil {
		return err
	}
	if err := l.Warehouse.Grant(ctx, false); err != nil {
		return err
	}
	if err := l.introduce(ctx); err != nil {
		return err
	}
	return l.fillQuota(ctx)
}

// flows makes the items of the run, and says of every flow how its part began.
func (l *listing) flows(ctx context.Context) ([]plan.Task, []control.RunObject, error) {
	if err := l.prepare(ctx); err != nil {
		return nil, nil, err
	}
	flows, err := l.Flows(ctx)
	if err != nil {
		return nil, nil, err
	}
	before, err := l.Control.Leases(ctx)
	if err != nil {
		return nil, nil, err
	}
	right := slices.DeleteFunc(slices.Clone(flows), func(fl flow.Flow) bool { return fl.Wrong != nil })
	if err := l.prefetch.Ask(ctx, right); err != nil {
		return nil, nil, err
	}
	items, objects := make([]plan.Task, len(flows)), make([]control.RunObject, len(flows))
	opened := make([]opening, len(flows))
	_ = each(flows, func(i int, fl flow.Flow) error {
		ctx, calls := counted(ctx)
		opened[i] = l.hold(ctx, fl)
		objects[i].Calls = calls.Load()
		return nil
	})
	claimEach(ctx, l, opened)
	err = each(opened, func(i int, o opening) (err error) {
		ctx, calls := counted(ctx)
		before := objects[i].Calls
		items[i], objects[i], err = l.flow(ctx, o)
		objects[i].Calls = before + calls.Load()
		return err
	})
	if err != nil {
		return nil, objects, err
	}
	items = slices.DeleteFunc(items, func(item plan.Task) bool { return item.Attempt == "" })
	if err := l.noteHeld(ctx, items); err != nil {
		return nil, objects, err
	}
	if err := l.supersede(ctx, before, items); err != nil {
		return nil, objects, err
	}
	return parents.Last(items), objects, settle(ctx, l)
}

// listedAtOnce is how many flows list works on at once: most of that is to wait until something is on the disk.
const listedAtOnce = 8

// each does something for all items, some of them at once, and gives the first error once all are done.
func each[T any](items []T, do func(i int, item T) error) error {
	var g errgroup.Group
	g.SetLimit(listedAtOnce)
	for i, item := range items {
		g.Go(func() error { return do(i, item) })
	}
	return g.Wait()
}

// noteHeld asks the org once a day how many records it holds of the objects that are
// copied: status says how much storage they take. An org that doesn't answer that is
// asked again tomorrow, and what it said before stays.
func (l *listing) noteHeld(ctx context.Context, items []plan.Task) error {
	now, err := l.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	var due []string
	for _, item := range items {
		f, err := l.Control.Flow(ctx, item.Flow)
		if err != nil {
			return err
		}
		if storage.Due(f, now) {
			due = append(due, item.Flow)
		}
	}
	if len(due) == 0 {
		return nil
	}
	held, err := storage.Ask(ctx, l.Org, due)
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, salesforce.ErrStopped) {
		return err
	}
	return each(due, func(_ int, object string) error {
		h, answered := held[object]
		_, err := l.Control.UpdateFlow(ctx, object, func(f *control.FlowRow) {
			if f.AskedAt = now; answered {
				f.Held, f.HeldAt = h.Records, h.At
			}
		})
		return err
	})
}

// flow says how a flow's part in a run begins. A failure of its own stands in
// its RunObject; the error is one that holds for all flows: the org's limits are
// used up, or the user wanted an end while Salesforce was waited for.
func (l *listing) flow(ctx context.Context, begun opening) (plan.Task, control.RunObject, error) {
	o := control.RunObject{Object: begun.flow.Object, State: control.FlowOpen}
	item, err := l.open(ctx, begun)
	switch {
	case errors.Is(err, salesforce.ErrStopped):
		return item, o, err
	case errors.Is(err, errPaused):
		o.State = control.FlowPaused
	case err != nil:
		o.State, o.Error, o.Hint, o.Class = control.FlowFailed, err.Error(), plan.AdviceOf(err), plan.ClassOf(err)
		l.progress(Progress{Flow: o.Object, Step: List, Ended: o.State})
	default:
		o.Attempt = item.Attempt
	}
	_, held := errors.AsType[*control.Held](err) // which is one flow's trouble
	if plan.ClassOf(err) == plan.Wait && !held {
		return item, o, err
	}
	return item, o, nil
}

// beginRun finds the row of a run, or makes it.
func (r *Replicator) beginRun(ctx context.Context, id string) (control.RunRow, error) {
	run, err := r.Control.Run(ctx, id)
	if errors.Is(err, versioned.ErrNotFound) {
		run = control.RunRow{ID: id, State: control.Running, Holder: r.Options.Holder, Started: r.Options.Now().UTC()}
		return r.Control.SaveRun(ctx, run)
	}
	return run, err
}

// supersede ends the runs whose leases this run took: their processes died, or
// waited too long.
func (l *listing) supersede(ctx context.Context, before []control.Lease, items []plan.Task) error {
	for _, lease := range before {
		taken := slices.ContainsFunc(items, func(item plan.Task) bool { return item.Flow == lease.Flow })
		if !taken || lease.Run == "" || lease.Run == l.run {
			continue
		}
		run, err := l.Control.Run(ctx, lease.Run)
		if errors.Is(err, versioned.ErrNotFound) || err == nil && run.State != control.Running {
			continue
		}
		if err == nil {
			run.State, run.Ended = control.Superseded, l.Options.Now().UTC()
			run.Error = "run " + l.run + " took its leases"
			run.Hint = "nothing has to be done: that run went on with what this one had begun"
			_, err = l.Control.SaveRun(ctx, run)
		}
		if err != nil && !errors.Is(err, versioned.ErrConflict) { // it has just ended by itself
			return err
		}
	}
	return nil
}

// listWaits lets list wait where one of its flows has to.
func (r *Replicator) listWaits(
	ctx context.Context, t plan.Task, run control.RunRow, err error,
) (plan.Task, bool, error) {
	at, worth := limits.Until(err, run.Started, r.Options.Now())
	if !worth {
		return t, false, nil
	}
	run.Error, run.Hint, run.Until = err.Error(), plan.AdviceOf(err), at.UTC()
	if _, err := r.Control.SaveRun(ctx, run); err != nil {
		return t, false, err
	}
	r.progress(Progress{Step: "wait", Why: err.Error(), Until: at})
	t.Done, t.NotBefore = false, at
	return t, true, nil
}

// fillQuota counts the pages that earlier runs left in the blob store. Those of
// ended attempts may go; what isn't an attempt's is left to drop.
func (l *listing) fillQuota(ctx context.Context) error {
	ended := map[string]bool{}
	return l.quota.Fill(ctx, func(key string) (bool, error) {
		id := stage.OwnerOf(key)
		if known, ok := ended[id]; ok {
			return known, nil
		}
		a, err := l.Control.Attempt(ctx, id)
		if err != nil && !errors.Is(err, versioned.ErrNotFound) {
			return false, err
		}
		ended[id] = err == nil && !a.State.Open()
		return ended[id], nil
	})
}
