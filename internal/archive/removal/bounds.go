package removal

import (
	"context"
	"strings"
	"time"

	"catchment/internal/archive/removal/journal"
	"catchment/internal/plan"
	"catchment/internal/salesforce/soql"
)

const dataLimit = "DataStorageMB"

// binnedPerMB is how many records the recycle bin holds for each megabyte of data storage
// ("Recycle Bin", Salesforce Help). Beyond it the oldest go after two hours.
const binnedPerMB = 25

// spare stops where the org has no API calls left but those that are set aside for people
// (invariant 10).
func (r *run) spare(ctx context.Context) error {
	if !r.Org.Usage().UsedUp(r.Reserve) {
		return nil
	}
	limits, err := r.Org.Limits(ctx) // since that answer may be old
	if l := limits["DailyApiRequests"]; err == nil && l.UsedUp(r.Reserve) {
		err = plan.Failf(plan.Wait, "run it again later, it goes on from here; org.reserve in catchment.yaml says how "+
			"much is left to people", "%d of the org's %d API calls of 24 hours are used, and %d%% are left to people",
			l.Max-l.Remaining, l.Max, r.Reserve)
	}
	return err
}

// today is how many more records may leave today: the org's day, in UTC. What a batch was to
// delete counts, whatever came of it, and so does that of the policy's other plans.
func (r *run) today(ctx context.Context) (left int64, tomorrow time.Time, err error) {
	most := r.policy.Cap.PerDay
	if planned := r.paper.head.Policy.PerDay; most == 0 || planned > 0 && planned < most {
		most = planned
	}
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	day := now.UTC().Truncate(24 * time.Hour)
	tomorrow = day.Add(24 * time.Hour)
	used := int64(0)
	plans, err := r.ledger.Plans(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	for _, name := range plans {
		if !isOf(name, r.policy.Name) {
			continue
		}
		err := (journal.Journal{Store: r.Store, Plan: name}).Each(ctx, func(b journal.Batch) error {
			if !b.Begun.Before(day) {
				used += b.Records
			}
			return nil
		})
		if err != nil {
			return 0, time.Time{}, err
		}
	}
	if most <= 0 {
		return 1 << 40, tomorrow, nil
	}
	return most - used, tomorrow, nil
}

// isOf tells whether a plan is of a policy, by its name.
func isOf(name, policy string) bool {
	const tail = len("-20260102-0123abcd")
	return len(name) == len(policy)+tail && strings.HasPrefix(name, policy+"-")
}

// room stops before a batch after which the recycle bin would hold more than it may:
// Salesforce would then remove the oldest, and with them the way back. It can count only what
// this plan knows of.
func (b *batch) room(ctx context.Context) error {
	limits, err := b.Org.Limits(ctx)
	if err != nil {
		return err
	}
	most := limits[dataLimit].Max * binnedPerMB
	if most == 0 {
		return nil
	}
	var counts []string
	for _, object := range b.paper.going(-1) {
		counts = append(counts, soql.Select{Fields: []string{"COUNT()"}, From: object,
			Where: []soql.Condition{"IsDeleted = true"}}.String())
	}
	all, err := b.Org.CountEach(ctx, counts, true)
	if err != nil {
		return err
	}
	binned := int64(0)
	for _, c := range all {
		if c.Err == nil {
			binned += c.Records
		}
	}
	if binned+int64(len(b.entries)) <= most {
		return nil
	}
	return plan.Failf(plan.Wait, "records leave it by themselves after 15 days; run it again then, or make room in "+
		"it: what is emptied can't be brought back",
		"the recycle bin has room for %d records, and holds %d of this plan's objects", most, binned)
}
