// Package gone is about records that are deleted: why one is gone, and what becomes
// of its row.
//
// Files, from the top: reason.go, policy.go.
package gone

import "fmt"

// A Policy says what becomes of a row whose record was deleted.
type Policy string

// The deletes policies.
const (
	Flag   Policy = "flag"   // the row stays, with _catchment_deleted_at and a reason
	Remove Policy = "remove" // the row goes, and leaves a tombstone
	Ignore Policy = "ignore" // the row stays as it was
)

// A MassDelete is the stop before a consolidation that would delete more than
// 5 % and more than 100 of a table's rows.
type MassDelete struct {
	Table         string
	Deletes, Rows int64
}

func (e *MassDelete) Error() string {
	return fmt.Sprintf("%s: %d of %d rows would be deleted", e.Table, e.Deletes, e.Rows)
}
