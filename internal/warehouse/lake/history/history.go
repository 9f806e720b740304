// Package history lets versions go from the stage tables of a lake that were merged, once they have stayed as long as
// they were to. It says what goes; whoever ends an attempt commits it.
package history

import (
	"context"
	"slices"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/tables"
)

// looked is the property of a stage table that says before which day it was last looked for versions to go.
const looked = "catchment.history"

// An End is that of an attempt, which is merged: its ledger goes from the stage table.
type End struct {
	Stage   *table.Table
	Attempt string
	Now     time.Time
}

// Trim adds to the change of an end what isn't to stay. What other attempts have under way stays, however old it is. A
// day is looked at once, by whoever ends an attempt first after it is over.
func Trim(ctx context.Context, h upkeep.History, e End, c *tables.Change) error {
	properties := e.Stage.Properties()
	which := removal.Where{}
	switch {
	case h.Off:
		which.In = map[string][]string{columns.Attempt: {e.Attempt}}
	case h.Keep > 0:
		day := e.Now.Add(-h.Keep).UTC().Truncate(24 * time.Hour)
		text := day.Format(time.DateOnly)
		if properties[looked] >= text {
			return nil
		}
		if c.Properties == nil {
			c.Properties = iceberg.Properties{}
		}
		c.Properties[looked] = text
		which.Before = map[string]time.Time{columns.ReadAt: day}
		which.NotIn = map[string][]string{columns.Attempt: Others(ledger.Attempts(properties), e.Attempt)}
	default:
		return nil
	}
	_, err := removal.Of(ctx, e.Stage, which, c)
	return err
}

// Others are names without one.
func Others(names []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == one })
}
