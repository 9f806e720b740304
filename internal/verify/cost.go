package verify

import (
	"context"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// A Cost is about what a comparison takes of an org's limits.
type Cost struct {
	Records int64 // read
	Jobs    int64 // Bulk query jobs
	Calls   int64 // API calls
}

// recordsPerPage is about what Salesforce puts into one page of a Bulk result.
const recordsPerPage = 100_000

// CostByParents is what a comparison takes of records that are read by so many lists of their
// parents: describe, a probe, and a call for each list. They can't be counted.
func CostByParents(records, lists int64, m Method) Cost {
	if m == Counts {
		return Cost{}
	}
	return Cost{Records: records, Calls: 2 + lists}
}

// CostOf is what a comparison of an object with so many records takes. What
// differs comes on top: a call for each 2,000 records, twice more where they are
// mended.
func CostOf(records int64, m Method) Cost {
	if m == Counts { // describe, two counts, and a span of 1,000 days each
		return Cost{Calls: 6}
	}
	pages := records/recordsPerPage + 1
	// Describe, create, about three polls, lists of five pages, pages, delete.
	return Cost{Records: records, Jobs: 1, Calls: 6 + pages/5 + 1 + pages}
}

// spare stops before a comparison where the org has no API calls left but those
// that are set aside for people (invariant 10). A run waits then; who verifies can
// do it later.
func spare(ctx context.Context, org *salesforce.Client, reserve int) error {
	if !org.Usage().UsedUp(reserve) {
		return nil
	}
	limits, err := org.Limits(ctx) // since that answer may be old
	if l := limits["DailyApiRequests"]; err == nil && l.UsedUp(reserve) {
		err = plan.Failf(plan.Wait, "try again later; org.reserve in catchment.yaml says how much is left to people",
			"%d of the org's %d API calls of 24 hours are used, and %d%% are left to people",
			l.Max-l.Remaining, l.Max, reserve)
	}
	return err
}
