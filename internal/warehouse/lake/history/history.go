// Package history lets versions go from the stage tables of a lake that were merged, once they have stayed as long as
// they were to. It says what goes; whoever ends an attempt commits it.
package history

import (
	"context"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/tables"
)

// looked is the property of a stage table that says before which day it was last looked for versions to go.
const looked = "catchment.history"

// An End is that of attempts, which are merged: their ledgers go from the stage table. Open are those that stay.
type End struct {
	Stage        *table.Table
	Merged, Open []string
	Now          time.Time
}

// Trim adds to the change of an end what isn't to stay. What other attempts have under way stays, however old it is. A
// day is looked at once, by whoever ends an attempt first after it is over.
func Trim(ctx context.Context, h upkeep.History, e End, c *tables.Change) error {
	properties := e.Stage.Properties()
	which := removal.Where{}
	switch {
	case h.Off:
		which.In = map[string][]string{columns.Attempt: e.Merged}
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
		which.NotIn = map[string][]string{columns.Attempt: e.Open}
	default:
		return nil
	}
	_, err := removal.Of(ctx, e.Stage, which, c)
	return err
}
