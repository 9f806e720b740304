package cli

import (
	"context"
	"fmt"

	"catchment/internal/status"
)

// checkLimits tells what is left of the two limits of the org that a run takes from.
func (c *checkup) checkLimits(ctx context.Context) {
	limits, err := c.Org.Limits(ctx)
	if err != nil {
		c.found("limits", "", err)
		return
	}
	for _, name := range []string{"DailyApiRequests", "DailyBulkV2QueryJobs"} {
		l, told := limits[name]
		if !told {
			c.found("limit "+name, "the org tells none", nil)
			continue
		}
		detail := fmt.Sprintf("%s of %s left", status.Count(l.Remaining), status.Count(l.Max))
		if reserve := l.Max * int64(c.File.Org.Reserve) / 100; l.Remaining < reserve {
			c.warn("limit "+name, detail,
				fmt.Sprintf("%s are set aside for people by org.reserve", status.Count(reserve)))
			continue
		}
		c.found("limit "+name, detail, nil)
	}
}
