package replicate

import (
	"context"
	"sync"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// lookAgain is how long a flow waits before it looks at the org's limits again:
// they are of the last 24 hours, so nobody can say when there is room. It is
// well within a lease.
const lookAgain = 15 * time.Minute

// waitAtMost is how long a flow waits in one run: a limit of 24 hours has room
// by then, or somebody else uses it up.
const waitAtMost = 25 * time.Hour

// A budget remembers what the org last said of its limits.
type budget struct {
	mu     sync.Mutex
	at     time.Time
	limits map[string]salesforce.Limit
}

// spare tells, before a step, whether the org has API calls to spare, or only
// the share that was set aside for people (invariant 10). The newest answer says
// how many are used; where that is too many, the org is asked, since the answer
// may be old.
func (r *Replicator) spare(ctx context.Context) error {
	if !r.Org.Usage().UsedUp(r.Options.Reserve) {
		return nil
	}
	return r.spareOf(ctx, "DailyApiRequests", "API calls")
}

// spareJobs tells whether the org has Bulk jobs to spare, of which a day has
// 10,000 (estuary/connectors#3318).
func (r *Replicator) spareJobs(ctx context.Context) error {
	if r.Options.Reserve == 0 {
		return nil
	}
	return r.spareOf(ctx, "DailyBulkV2QueryJobs", "Bulk query jobs")
}

func (r *Replicator) spareOf(ctx context.Context, name, what string) error {
	limits, err := r.limits(ctx)
	if err != nil {
		return err
	}
	l := limits[name]
	if !l.UsedUp(r.Options.Reserve) {
		return nil
	}
	return plan.Failf(plan.Wait, "nothing to do: the run goes on by itself; org.reserve in catchment.yaml says how much is left to people",
		"%d of the org's %d %s of 24 hours are used, and %d%% are left to people", l.Max-l.Remaining, l.Max, what, r.Options.Reserve)
}

// limits asks the org for its limits, at most every few minutes.
func (r *Replicator) limits(ctx context.Context) (map[string]salesforce.Limit, error) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	now := r.Options.Now()
	if r.budget.limits != nil && now.Sub(r.budget.at) < lookAgain/2 {
		return r.budget.limits, nil
	}
	limits, err := r.Org.Limits(ctx)
	if err == nil {
		r.budget.limits, r.budget.at = limits, now
	}
	return limits, err
}

// until is when to try again after a failure of class Wait, and whether it is
// worth the wait for who began to wait at a moment.
func until(err error, since, now time.Time) (time.Time, bool) {
	at := now.Add(lookAgain)
	if said := plan.UntilOf(err); !said.IsZero() && said.Before(at) {
		at = said
	}
	return at, now.Sub(since) < waitAtMost
}

// waits lets a task wait: its flow has not failed, and goes on by itself.
func (r *Replicator) waits(ctx context.Context, v *visit, t plan.Task, err error) (plan.Task, error) {
	a, now := v.attempt, r.Options.Now()
	if a.Waiting.IsZero() {
		a.Waiting = now.UTC()
	}
	at, worth := until(err, a.Waiting, now)
	if !worth {
		a.Waiting = time.Time{}
		return t, r.failed(ctx, a, t.Run, err)
	}
	a.Error, a.ErrorClass, a.Hint = err.Error(), plan.Wait, plan.HintOf(err)
	if _, err := r.Control.SaveAttempt(ctx, a); err != nil {
		return t, err
	}
	r.progress(Progress{Flow: a.Flow, Step: "wait", Mover: a.Mover(), Why: err.Error(), Until: at})
	t.Done, t.NotBefore = false, at
	return t, nil
}

// listWaits lets list wait where one of its flows has to.
func (r *Replicator) listWaits(ctx context.Context, t plan.Task, run control.RunRow, err error) (plan.Task, bool, error) {
	at, worth := until(err, run.Started, r.Options.Now())
	if !worth {
		return t, false, nil
	}
	run.Error, run.Hint = err.Error(), plan.HintOf(err)
	if _, err := r.Control.SaveRun(ctx, run); err != nil {
		return t, false, err
	}
	r.progress(Progress{Step: "wait", Why: err.Error(), Until: at})
	t.Done, t.NotBefore = false, at
	return t, true, nil
}
