// Package many is what a warehouse may do for many flows at once. The common org has hundreds of objects, most of
// which have nothing new when a run comes by: what is asked of each of them alone takes longer than all that is done.
//
// Nothing of it is needed. What it leaves undone of a flow the roles of package warehouse do, one by one, and they tell
// why it can't be done.
package many

import (
	"context"

	"catchment/internal/warehouse"
)

// Flows is a warehouse that has a way to do things for many flows in one transaction. Each keeps its own fence: whose
// fence has moved is left out, and the others go on.
type Flows interface {
	// ClaimEach is Claim of many flows of an org. It gives the marks of those that it has claimed, by flow: flows that
	// have a mark, with an older fence.
	ClaimEach(ctx context.Context, org string, claims []Claim) (map[string]warehouse.Mark, error)
	// MoveEach is Consolidate of attempts that have nothing to merge, one of each flow. It gives the counts of those
	// that it has consolidated, by attempt. What is in staging, was merged before, or keeps records out is left alone.
	MoveEach(ctx context.Context, moves []Move) (map[string]warehouse.Counts, error)
}

// A Claim is for a flow and its table.
type Claim struct {
	Fence warehouse.Fence
	Table string
}

// A Move is the consolidation of an attempt that is Quiet.
type Move struct {
	Fence warehouse.Fence
	Merge warehouse.Merge
}

// Of asks a warehouse whether it has such a way; nil says that it doesn't.
func Of(w warehouse.Warehouse) Flows {
	if has, ok := w.(interface{ Many() Flows }); ok {
		return has.Many()
	}
	return nil
}
