package salesforce

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/platform"
)

// A Limit is one of the org's allowances.
type Limit struct {
	Max       int64
	Remaining int64
}

// UsedUp tells whether nothing is left of a limit but the share, in hundredths,
// that was set aside. Of none, nobody says so but Salesforce.
func (l Limit) UsedUp(reserve int) bool {
	return reserve > 0 && l.Max > 0 && (l.Max-l.Remaining)*100 >= l.Max*int64(100-reserve)
}

// Limits gives the org's limits by name, as DailyApiRequests.
func (c *Client) Limits(ctx context.Context) (map[string]Limit, error) {
	var limits map[string]Limit
	if _, err := c.api.Get(ctx, c.api.Path("limits"), &limits); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if limits == nil {
		return nil, fmt.Errorf("limits: %w", plan.Strangef("the answer names none"))
	}
	return limits, nil
}

// Usage gives the limit of API calls in 24 hours, as the newest answer told it. It
// is zero before the first answer.
func (c *Client) Usage() Limit {
	used, most := c.http.Usage()
	return Limit{Max: most, Remaining: most - used}
}

// namesAtMost is how many names a question about record counts carries: more of them
// would not fit into a URI, and without any it is about all objects.
const namesAtMost = 200

// RecordCounts tells how many records objects have by Salesforce's own count, which
// stands in the org's Storage Usage too. It is some time old, and lacks what is in the
// recycle bin and what is archived; of an object that it doesn't know it says nothing
// (REST API guide, "Record Count"), nor of any where the version has no such counts. It
// needs View Setup and Configuration.
func (c *Client) RecordCounts(ctx context.Context, objects []string) (map[string]int64, error) {
	var answer struct {
		Objects []struct {
			Name  string `json:"name"`
			Count int64  `json:"count"`
		} `json:"sObjects"`
	}
	if !c.Has(platform.RecordCount) {
		return map[string]int64{}, nil
	}
	path := c.api.Path("limits", "recordCount")
	if len(objects) <= namesAtMost {
		path += "?sObjects=" + strings.Join(objects, ",")
	}
	if _, err := c.api.Get(ctx, path, &answer); err != nil {
		return nil, fmt.Errorf("record counts: %w", err)
	}
	counts := map[string]int64{}
	for _, o := range answer.Objects {
		counts[o.Name] = o.Count
	}
	return counts, nil
}
