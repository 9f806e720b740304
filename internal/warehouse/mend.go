package warehouse

import "catchment/internal/warehouse/gone"

// A Mending is what was read anew of records whose rows were found wrong.
type Mending struct {
	Batches      []Batch // of one attempt: Put the records, Delete those that are gone
	Policy       gone.Policy
	AbsentReason gone.Reason // of Delete versions; "" is Purged
	AllowDeletes bool        // past the stop before a mass delete
}
