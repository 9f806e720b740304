package replicate

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/lease"
)

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
