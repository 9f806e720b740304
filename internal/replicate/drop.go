package replicate

import (
	"context"
	"errors"

	"catchment/internal/control"
	"catchment/internal/plan"
)

// drop clears away what the flow's ended attempts left behind: jobs in
// Salesforce, and stored pages past their time. Open attempts keep theirs.
// What can't be cleared now is left to the next run, and the rest goes on.
func (r *Replicator) drop(ctx context.Context, t plan.Task) (plan.Task, error) {
	ctx = r.counted(ctx, t.Flow)
	if _, err := r.Control.Renew(ctx, leaseOf(t)); errors.Is(err, control.ErrLost) {
		return t, nil // the run that has the flow now does it
	} else if err != nil {
		return t, err
	}
	attempts, err := r.Control.Attempts(ctx, t.Flow)
	if err != nil {
		return t, err
	}
	open, errs := map[string]bool{}, []error(nil)
	for _, a := range attempts {
		open[a.ID] = a.State.Open()
		if a.State == control.Consolidated || a.State == control.Abandoned {
			errs = append(errs, r.dropAttempt(ctx, a))
		}
	}
	return t, errors.Join(append(errs, r.dropPages(ctx, t.Flow, open))...)
}

// dropAttempt deletes an attempt's jobs and forgets its pages.
func (r *Replicator) dropAttempt(ctx context.Context, a control.Attempt) error {
	for i := range a.Parts {
		if len(a.Parts[i].Job) == 0 {
			continue
		}
		pager, job, err := r.job(&a.Parts[i])
		if err != nil {
			return err
		}
		if err := pager.Drop(ctx, job); err != nil {
			return err
		}
	}
	if err := r.Control.DropPages(ctx, a.ID); err != nil {
		return err
	}
	a.State = control.Dropped
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}

// dropPages deletes the flow's stored pages that have been kept long enough.
// Those that are no attempt's were read by verify.
func (r *Replicator) dropPages(ctx context.Context, flow string, open map[string]bool) error {
	now := r.Options.Now()
	for info, err := range r.Stage.List(ctx, flow+"/") {
		if err != nil {
			return err
		}
		if open[attemptOf(info.Key)] || now.Sub(info.Written) < r.Options.Keep {
			continue
		}
		if err := r.Stage.Delete(ctx, info.Key); err != nil {
			return err
		}
	}
	return nil
}
