// Package limits bounds what a run uses up: the org's API calls and jobs, of which a
// share is left to people (budget.go), and the bytes of pages in the blob store
// (stage.go).
//
// It says whether there is room, and until when to wait for it. Who waits, and how a
// user hears of it, is left to replicate.
package limits

import (
	"context"
	"sync"
	"time"

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

// An OrgBudget remembers what the org last said of its limits.
type OrgBudget struct {
	org     *salesforce.Client
	reserve int // hundredths that are left to people
	now     func() time.Time

	mu     sync.Mutex
	at     time.Time
	limits map[string]salesforce.Limit
}

// NewOrgBudget makes the budget of one process. reserve is how many hundredths of the
// org's daily limits are left to people.
func NewOrgBudget(org *salesforce.Client, reserve int, now func() time.Time) *OrgBudget {
	return &OrgBudget{org: org, reserve: reserve, now: now}
}

// Calls tells, before a step, whether the org has API calls to spare, or only
// the share that was set aside for people (invariant 10). The newest answer says
// how many are used; where that is too many, the org is asked, since the answer
// may be old.
func (b *OrgBudget) Calls(ctx context.Context) error {
	if !b.org.Usage().UsedUp(b.reserve) {
		return nil
	}
	return b.spare(ctx, "DailyApiRequests", "API calls")
}

// Jobs tells whether the org has Bulk jobs to spare, of which a day has
// 10,000 (estuary/connectors#3318).
func (b *OrgBudget) Jobs(ctx context.Context) error {
	if b.reserve == 0 {
		return nil
	}
	return b.spare(ctx, "DailyBulkV2QueryJobs", "Bulk query jobs")
}

func (b *OrgBudget) spare(ctx context.Context, name, what string) error {
	limits, err := b.ask(ctx)
	if err != nil {
		return err
	}
	l := limits[name]
	if !l.UsedUp(b.reserve) {
		return nil
	}
	return plan.Failf(plan.Wait,
		"nothing to do: the run goes on by itself; org.reserve in catchment.yaml says how much is left to people",
		"%d of the org's %d %s of 24 hours are used, and %d%% are left to people", l.Max-l.Remaining, l.Max,
		what, b.reserve)
}

// ask asks the org for its limits, at most every few minutes.
func (b *OrgBudget) ask(ctx context.Context) (map[string]salesforce.Limit, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.limits != nil && now.Sub(b.at) < lookAgain/2 {
		return b.limits, nil
	}
	limits, err := b.org.Limits(ctx)
	if err == nil {
		b.limits, b.at = limits, now
	}
	return limits, err
}

// Until is when to try again after a failure of class Wait, and whether it is
// worth the wait for who began to wait at a moment.
func Until(err error, since, now time.Time) (time.Time, bool) {
	at := now.Add(lookAgain)
	if said := plan.UntilOf(err); !said.IsZero() && said.Before(at) {
		at = said
	}
	return at, now.Sub(since) < waitAtMost
}
