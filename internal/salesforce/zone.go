package salesforce

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/plan"
)

// Zone gives the org's default time zone, by whose calendar its days begin.
func (c *Client) Zone(ctx context.Context) (*time.Location, error) {
	for r, err := range c.Query(ctx, "SELECT TimeZoneSidKey FROM Organization", false) {
		if err != nil {
			return nil, fmt.Errorf("ask for the org's time zone: %w", err)
		}
		name, err := r.Text("TimeZoneSidKey")
		if err != nil {
			return nil, err
		}
		zone, err := time.LoadLocation(name)
		if err != nil || name == "" {
			return nil, plan.Fixf("name one in the flow, as in window: {last: 1d, zone: Europe/Berlin}",
				"this machine doesn't know the org's time zone %q", name)
		}
		return zone, nil
	}
	return nil, plan.Strangef("the org has no Organization record")
}
