package warehouse

import (
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Procedure is the consolidation of one table as a procedure.
type Procedure struct {
	Table   shape.Table
	Policy  gone.Policy
	Patched []string // columns that whole records don't carry: patches bring them
	Merge   Merge    // of the attempt that a Detacher is to consolidate; a warehouse knows it by Seal as well
}
