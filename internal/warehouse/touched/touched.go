// Package touched is the condition of a final table that somebody else has written to, where the warehouse itself tells
// what he did, and when. That stops the table's flow until somebody has looked at the rows, or loads them anew.
package touched

import (
	"strings"
	"time"

	"catchment/internal/warehouse/shape"
)

// by begins such a condition.
const by = "changed by "

// By is the condition of a table on which somebody has done an operation.
func By(operation string, at time.Time) shape.Condition {
	return shape.Condition(by + operation + " at " + at.UTC().Format(time.RFC3339))
}

// Is tells whether a condition is one of these.
func Is(c shape.Condition) bool { return strings.HasPrefix(string(c), by) }
