// Package streamed is the part that a warehouse may have in streams of change events: a Stream, which writes
// what events say into rows, and knows how far each flow has followed.
//
// Events make rows fresh, and windows make them proven. So a delta never moves a watermark, nor the stamp of a
// row's version: the row is marked as touched (_catchment_event_at), and a whole version of it takes the mark
// away. That is safe since nothing is touched while an attempt of the flow is on its way: whatever is merged
// later was read later, and no clocks are compared. What an event can't say is left to be read: the record's Id is
// dirty until somebody has read it whole.
//
// Who subscribes, folds events and reads dirty records is left to the follower. Start at Stream.
package streamed

import (
	"context"
	"errors"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// ErrUnsettled says that an attempt of the flow has versions in staging, which were read before these events came:
// the attempt has to be consolidated, or given up, first.
var ErrUnsettled = errors.New("an attempt of the flow is on its way into the table")

// A Position is how far a flow has followed its stream. It moves in the transaction of the rows.
type Position struct {
	Replay string    // where to go on, as Salesforce names it, in hex
	Event  string    // the UUID of the last event; "" where the position moved without one
	At     time.Time // when the position moved, by the org's clock
	// Seam is the moment before which the stream saw nothing: a window has to reach beyond it before the two are
	// without a gap. Zero, once one has.
	Seam time.Time
}

// An Act is what events did to a record, all of them together.
type Act string

// The acts.
const (
	Set  Act = "set"  // some columns of a record have other values
	Make Act = "make" // the record is new
	Gone Act = "gone" // it is in the recycle bin
	Read Act = "read" // it changed, and only the record itself says how
)

// A Row is what events say of one record.
type Row struct {
	ID      string
	Act     Act
	At      time.Time // the stamp of the newest event
	Columns []string  // that it sets, by their names in the table
	Values  []*string // their canonical texts; nil for NULL
}

// A Delta is what events of one flow say, each record once.
type Delta struct {
	Table    shape.Table
	Policy   gone.Policy // what becomes of rows whose records are gone; under Remove these are read first
	Rows     []Row
	Position Position
	// Deleted is how many rows events have deleted since the last window: more than a mass of them are refused.
	Deleted      int64
	AllowDeletes bool
}

// Counts is what a delta did.
type Counts struct {
	Updated  int64
	Inserted int64
	Deleted  int64
	Dirty    int64 // records that have to be read, and weren't dirty before
}

// A Standing is what is unproven of a table.
type Standing struct {
	Touched int64 // rows that an event touched, and no whole version has replaced yet
	Dirty   int64 // records that have to be read
}

// A Stream is a warehouse that takes deltas. A table's key must be one column.
type Stream interface {
	// Open makes the tables and the column that a stream needs, where they lack. It is shape: it may be repeated, and
	// adds only.
	Open(ctx context.Context, f warehouse.Fence, t shape.Table) error
	// Position tells how far a flow has followed the org that its mark is of, and whether it has.
	Position(ctx context.Context, flow string) (Position, bool, error)
	// Apply writes a delta, and moves the position, in one transaction. A row whose version is stamped later than
	// the delta stays as it is. It fails with ErrUnsettled while an attempt of the flow has versions in staging, and
	// with a *gone.MassDelete before it deletes a mass of rows.
	Apply(ctx context.Context, f warehouse.Fence, d Delta) (Counts, error)
	// Unproven lists so many Ids, in their order, of those that follow one: of records that are dirty, and of rows
	// that are touched where that is asked for.
	Unproven(ctx context.Context, t shape.Table, touched bool, after string, most int) ([]string, error)
	// Proven forgets that records are dirty and rows touched: they were read whole since, and merged.
	Proven(ctx context.Context, f warehouse.Fence, t shape.Table, ids []string) error
	// Standing counts what is unproven.
	Standing(ctx context.Context, t shape.Table) (Standing, error)
}

// Of finds the stream of a warehouse, and tells whether it has one.
func Of(w warehouse.Warehouse) (Stream, bool) {
	has, ok := w.(interface{ Stream() Stream })
	if !ok {
		return nil, false
	}
	s := has.Stream()
	return s, s != nil
}
