package reading

import "catchment/internal/control"

// A Kind is of parts that no mover reads: its word stands where the mover's name
// would.
type Kind string

// The kinds.
const (
	Nothing  Kind = "none"    // there is nothing to read
	Findings Kind = "finding" // Ids that replicate itself found out to be gone
	// ByParents is of records that the org gives only by naming their parents.
	ByParents Kind = "by-parents"
)

// Is tells whether a part is of the kind.
func (k Kind) Is(p control.Part) bool { return p.Mover == string(k) }
