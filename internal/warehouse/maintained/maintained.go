// Package maintained is the role of a warehouse whose tables are made of files and snapshots, as those of a lake are:
// they have to be kept few, or reading becomes slow. A database does that by itself, and hasn't the role.
//
// Which rows a table has never changes by it. When it is due is decided by the warehouse; who asks, and when, is left
// to replicate and to package maintain. Start at Keeper.
package maintained

import (
	"context"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
)

// A How says how much is done.
type How string

// How much is done.
const (
	Count How = "count"  // tables are counted, nothing else
	Look  How = "look"   // and what could be done is found
	Due   How = "due"    // done is what is worth it, in pieces, where it is for us to do
	All   How = "all"    // and what isn't worth it yet, as one who asks for it by hand wants it
	LetGo How = "let go" // files that are lost go out of the tables that are no flow's, and nothing else is done
)

// Changes tells whether something is done.
func (h How) Changes() bool { return h == Due || h == All || h == LetGo }

// A Report is what became of one table.
type Report struct {
	Table         string // with its schema
	Before, After upkeep.Census
	Small         int    // files that could become one, where nothing is done
	Old           int    // snapshots that could go, where nothing is done
	Orphans       int    // files that no snapshot names: those that went, or could
	Freed         int64  // their bytes
	Left          string // why the table was left as it is; "" where it wasn't

	// Lost are the files that the table has lost: those that went, or could. Only who asks by hand is told.
	Lost []evidence.LostFile
}

// Work is what became of some tables.
type Work struct {
	Tables []Report
	More   bool // something is left to do, for another call
}

// A Keeper is a warehouse that has the role. Each call may be repeated, and stopped at any moment.
type Keeper interface {
	// Maintain looks after the tables of a flow, which f holds where something is done. It leaves a table alone of
	// which an attempt is under way, and one that others have written to: a snapshot of ours on top would hide theirs.
	Maintain(ctx context.Context, f warehouse.Fence, table string, how How) (Work, error)
	// MaintainOwn looks after the tables that are no flow's.
	MaintainOwn(ctx context.Context, how How) (Work, error)
}

// Of asks a warehouse whether it has the role.
func Of(w warehouse.Warehouse) (Keeper, bool) {
	k, ok := w.(Keeper)
	return k, ok
}
