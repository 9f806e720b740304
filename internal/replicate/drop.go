package replicate

import (
	"context"
	"errors"
	"sync/atomic"

	"catchment/internal/control"
	"catchment/internal/lease"
	"catchment/internal/maintain"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/stage"
	"catchment/internal/warehouse/maintained"
)

// drop clears away what the flow's ended attempts left behind: jobs in
// Salesforce, and stored pages past their time. Open attempts keep theirs, but for
// flows of AppFlow that nothing runs in.
// What can't be cleared now is left to the next run, and the rest goes on.
func (r *Replicator) drop(ctx context.Context, t plan.Task) (plan.Task, error) {
	ctx, calls := counted(ctx)
	if err := r.holder(t.Run).Resume(t.Flow, t.Fence).Renew(ctx); errors.Is(err, control.ErrLost) {
		return t, nil // the run that has the flow now does it
	} else if err != nil {
		return t, err
	}
	attempts, err := r.Control.Attempts(ctx, t.Flow)
	if err != nil {
		return t, err
	}
	row, err := r.Control.Flow(ctx, t.Flow)
	if err != nil {
		return t, err
	}
	open, errs := map[string]bool{}, []error(nil)
	clear := map[string]bool{}
	for _, a := range attempts {
		open[a.ID] = a.State.Open()
		clear[a.ID] = a.Generation < row.ClearFrom
		if a.State == control.Consolidated || a.State == control.Abandoned {
			// the run's own comes last: what all of them cost stands there
			errs = append(errs, r.dropAttempt(ctx, a, calls))
		}
		if a.State.Open() && a.FailedRun == t.Run {
			errs = append(errs, r.dropIdle(ctx, a))
		}
	}
	return t, errors.Join(append(errs, r.dropPages(ctx, t.Flow, open, clear))...)
}

// maintain looks after the tables of a flow, or after those that are none's. A flow whose attempt isn't merged is left
// alone. Its rows are where they belong, so that nothing that this comes to fails it: the next run tries again.
func (r *Replicator) maintain(ctx context.Context, t plan.Task) (plan.Task, error) {
	keeper := maintain.Keeper{Warehouse: r.Warehouse, Control: r.Control}
	if t.Flow == "" {
		_, err := keeper.Own(ctx, maintained.Due)
		if err == nil || context.Cause(ctx) != nil || len(t.Items) == 0 {
			return t, err
		}
		why := "tables that are no flow's were not looked after: " + err.Error()
		return t, tell(ctx, r.Control, t.Items[0].Attempt, why)
	}
	a, err := r.Control.Attempt(ctx, t.Attempt)
	if err != nil {
		return t, err
	}
	if t.Done = a.State != control.Consolidated || r.stopping(); t.Done {
		return t, nil
	}
	held := r.holder(t.Run).Resume(t.Flow, t.Fence)
	if err := held.Renew(ctx); errors.Is(err, control.ErrLost) {
		t.Done = true // the run that has the flow now does it
		return t, nil
	} else if err != nil {
		return t, err
	}
	w, err := keeper.Flow(ctx, held.Fence(), maintained.Due)
	if cause := context.Cause(ctx); cause != nil {
		return t, errors.Join(cause, err)
	}
	t.Done = err != nil || !w.More
	why := maintain.Left(w)
	if err != nil {
		why = err.Error()
	}
	if why == "" {
		return t, nil
	}
	return t, tell(ctx, r.Control, t.Attempt, "its tables were not looked after: "+why)
}

// tell notes something of an attempt that is merged.
func tell(ctx context.Context, c *control.Control, attempt, text string) error {
	a, err := c.Attempt(ctx, attempt)
	if err != nil {
		return err
	}
	a.Notes = noted(a.Notes, text)
	_, err = c.SaveAttempt(ctx, a)
	return err
}

// dropIdle takes away the flows of an attempt that failed in this run and that have
// nothing under way: an account has room for so many, and nobody else would delete
// them until the flow can be read. The next run makes its own.
func (r *Replicator) dropIdle(ctx context.Context, a control.Attempt) error {
	dropped := false
	for _, p := range a.Parts {
		lander := r.lander(p)
		if lander == nil || len(p.Job) == 0 {
			continue
		}
		at, err := landingOf(p)
		if err != nil {
			return err
		}
		if at.Done || !at.Started.IsZero() {
			continue
		}
		if err := lander.Drop(ctx, at); err != nil {
			return err
		}
		p.Job, dropped = nil, true
	}
	if !dropped {
		return nil
	}
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}

// dropAttempt deletes an attempt's jobs and forgets its pages. calls counts what
// that costs.
func (r *Replicator) dropAttempt(ctx context.Context, a control.Attempt, calls *atomic.Int64) error {
	if err := r.dropJobs(ctx, a); err != nil {
		return err
	}
	if err := r.Control.DropPages(ctx, a.ID); err != nil {
		return err
	}
	a.State, a.Calls = control.Dropped, a.Calls+calls.Load()
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}

// dropJobs deletes what an attempt's parts left with Salesforce or AWS.
func (r *Replicator) dropJobs(ctx context.Context, a control.Attempt) error {
	s := &attemptStep{Replicator: r, attempt: a}
	for _, p := range a.Parts {
		if len(p.Job) == 0 {
			continue
		}
		var err error
		if lander := s.lander(p); lander != nil {
			err = dropLanding(ctx, lander, p)
		} else {
			err = s.paging(p).drop(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropLanding deletes the flow of a part. The warehouse isn't asked: what has landed stays.
func dropLanding(ctx context.Context, lander mover.Lander, p *control.Part) error {
	at, err := landingOf(p)
	if err != nil {
		return err
	}
	return lander.Drop(ctx, at)
}

// dropPages deletes the flow's stored pages that have been kept long enough.
// Those that are no attempt's were read by verify. What is in clear that the
// flow masks since goes at once.
func (r *Replicator) dropPages(ctx context.Context, flow string, open, clear map[string]bool) error {
	now := r.Options.Now()
	for info, err := range r.Stage.List(ctx, flow+"/") {
		if err != nil {
			return err
		}
		id := stage.OwnerOf(info.Key)
		if open[id] || !clear[id] && now.Sub(info.Written) < r.Options.Keep {
			continue
		}
		if err := r.Stage.Delete(ctx, info.Key); err != nil {
			return err
		}
	}
	return nil
}

// GiveUp abandons the open attempt of a flow that somebody holds, and drops the
// jobs of all that have ended, so that nothing is left of what they have read.
func (r *Replicator) GiveUp(ctx context.Context, held *lease.Lease, why string) error {
	a, open, err := r.Control.Open(ctx, held.Flow())
	if err != nil {
		return err
	}
	if open {
		if err := r.abandon(ctx, held, a, why); err != nil {
			return err
		}
	}
	attempts, err := r.Control.Attempts(ctx, held.Flow())
	if err != nil {
		return err
	}
	ctx, calls := counted(ctx)
	for _, a := range attempts {
		if a.State == control.Consolidated || a.State == control.Abandoned {
			if err := r.dropAttempt(ctx, a, calls); err != nil {
				return err
			}
		}
	}
	return nil
}

// abandon gives an attempt up: what it staged goes, and drop will take its job
// and its pages.
func (r *Replicator) abandon(ctx context.Context, held *lease.Lease, a control.Attempt, why string) error {
	if err := r.Warehouse.Discard(ctx, held.Fence(), a.ID); err != nil {
		return err
	}
	// What still lands must not land among the rows of the next attempt. Where
	// that can't be done now, drop does it.
	s := &attemptStep{Replicator: r, attempt: a}
	_ = s.eachLanding(func(l *landing) error { return l.drop(ctx) })
	a.State, a.Fence = control.Abandoned, held.Fence().Number
	a.Notes = append(a.Notes, "given up: "+why)
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}
