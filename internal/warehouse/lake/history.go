package lake

import (
	"context"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/tables"
)

// History is how long versions stay in the stage tables that were consolidated. Without either, all stay.
type History struct {
	Off  bool          // they go as soon as they were
	Keep time.Duration // they go, by the days on which they were read, once these are so long over
}

// keyHistory is the property of a stage table that says before which day it was last looked for versions to go.
const keyHistory = "catchment.history"

// trim adds to a change of a stage table, which ends an attempt, what isn't to stay. What other attempts have under way
// stays, however old it is. A day is looked at once, by whoever ends an attempt first after it is over.
func (h History) trim(ctx context.Context, t *table.Table, attempt string, now time.Time, c *tables.Change) error {
	which := removal.Where{}
	switch {
	case h.Off:
		which.In = map[string][]string{columns.Attempt: {attempt}}
	case h.Keep > 0:
		day := now.Add(-h.Keep).UTC().Truncate(24 * time.Hour)
		text := day.Format(time.DateOnly)
		if t.Properties()[keyHistory] >= text {
			return nil
		}
		if c.Properties == nil {
			c.Properties = iceberg.Properties{}
		}
		c.Properties[keyHistory] = text
		which.Before = map[string]time.Time{columns.ReadAt: day}
		which.NotIn = map[string][]string{columns.Attempt: others(ledger.Attempts(t.Properties()), attempt)}
	default:
		return nil
	}
	_, err := removal.Of(ctx, t, which, c)
	return err
}

// others is names without one.
func others(names []string, one string) []string {
	var all []string
	for _, name := range names {
		if name != one {
			all = append(all, name)
		}
	}
	return all
}
