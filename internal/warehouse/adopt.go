package warehouse

import "catchment/internal/warehouse/adoption"

// An Adoption says what is in the tables that are to be taken over, and what
// was made of it.
type Adoption struct {
	Table   string
	Sources []adoption.Table
	Rows    int64  // in all of them
	Keys    int64  // different records
	Short   int64  // rows whose Id has 15 characters
	After   int64  // rows of the final table once it was adopted
	Counts  Counts // of that consolidation
}
