package warehouse

import "catchment/internal/warehouse/shape"

// An Erasure names the records that are to leave no trace in a flow's tables:
// those that have one of Values in Column, which is the key, or a lookup where
// the rows tell the history of other records.
type Erasure struct {
	Table  shape.Table
	Column string
	Values []string
	Pages  int64 // stored pages that were deleted because of it, for the log
}

// Erased is what an erasure removed.
type Erased struct {
	Rows   int64 // of the final table
	Staged int64 // versions in staging, and rejected records
}
