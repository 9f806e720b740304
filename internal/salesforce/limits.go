package salesforce

import (
	"context"
	"fmt"
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
	return limits, nil
}

// Usage gives the limit of API calls in 24 hours, as the newest answer told it. It
// is zero before the first answer.
func (c *Client) Usage() Limit {
	used, most := c.http.Usage()
	return Limit{Max: most, Remaining: most - used}
}
