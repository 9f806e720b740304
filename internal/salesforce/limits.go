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

// Limits gives the org's limits by name, as DailyApiRequests.
func (c *Client) Limits(ctx context.Context) (map[string]Limit, error) {
	var limits map[string]Limit
	if _, err := c.get(ctx, c.data("limits"), &limits); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	return limits, nil
}

// Usage gives the API calls of the org in 24 hours, as the newest answer told
// them. Both are 0 before the first answer.
func (c *Client) Usage() (used, most int64) {
	if u := c.wire.usage.Load(); u != nil {
		return u.used, u.max
	}
	return 0, 0
}
