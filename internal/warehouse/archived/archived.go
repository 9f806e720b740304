// Package archived is the part that a warehouse may have in archives: a Ledger of what
// became of each record that was to leave Salesforce, beside the rows of the records.
//
// The ledger is the table _catchment_archive beside the final tables, for whoever reads
// those: a line for each plan and record. A line and the mark on the record's row are
// written in one transaction, or the row first where there is none over two tables; so no row
// says archived without a line of its plan.
//
// Who decides what leaves, proves it and deletes it, is left to the archive. Start at Ledger.
package archived

import (
	"context"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// A State says how far a record is on its way out of Salesforce.
type State string

// The states of a line. A record begins at Proven or at one of the ends, and every
// record of a plan comes to one end.
const (
	Proven State = "proven" // its copy was equal at ProvenAt
	Posted State = "posted" // it is about to be deleted, or its delete was sent: what became of it has to be looked up

	Deleted  State = "deleted"  // it is out of Salesforce, and its copy was proven before and after
	Changed  State = "changed"  // it, or what would go with it, is another one than the plan saw: kept
	Held     State = "held"     // a hold keeps it
	Blocked  State = "blocked"  // Salesforce, or the plan's own rules, wouldn't let it go
	Vanished State = "vanished" // somebody else had deleted it
	Failed   State = "failed"   // its delete was refused, or its copy couldn't be proven: kept
)

// Ended tells whether nothing more becomes of a record in this plan.
func (s State) Ended() bool {
	switch s {
	case Deleted, Changed, Held, Blocked, Vanished, Failed:
		return true
	}
	return false
}

// A Line is what became of one record of a plan.
type Line struct {
	Plan     string
	Object   string
	ID       string
	Level    int // 0 is the root; what goes with it lies deeper
	State    State
	Reason   string    // why it wasn't deleted: a word of ours and names of columns, never a value
	Stamp    time.Time // of the record when it was proven
	Digest   string    // of the row when it was proven: SHA-256 in hex
	Batch    int64     // that it was deleted in; 0 before
	ProvenAt time.Time
	EndedAt  time.Time
	NewID    string // of the record that took its place in the org, once it was brought back as a new one
}

// A Count is how many lines of a plan say the same.
type Count struct {
	Object  string
	Level   int
	State   State
	Records int64
	Back    int64 // of those that were deleted: the record lives in the org again, under its Id or a new one
}

// A Query asks for lines.
type Query struct {
	Plan   string // "" for all plans
	Object string // "" for all objects
	State  State  // "" for all states
	Batch  int64  // 0 for all batches
}

// A Row is the row of a final table as text, for who brings a record back, or digests it: one
// text for each value, whatever warehouse it lies in.
type Row struct {
	ID     string
	Values []*string // in the order of the table's columns; nil for NULL
	Reason string    // why it is gone; "" for a live row
}

// A Ledger is a warehouse that knows what was archived.
type Ledger interface {
	// Write puts lines of one flow's object into the ledger, each in the place of that of its
	// plan and record, all of them or none. A repeat changes nothing.
	Write(ctx context.Context, f warehouse.Fence, lines []Line) error
	// Settle writes lines as Write does, and in the same transaction marks the rows of those
	// that are Deleted: they are gone at their EndedAt, for gone.Archived, under any policy.
	// Where there is no transaction over two tables the rows are marked first. Who dies in
	// between leaves lines that aren't ended: merges leave their rows alone, and a repeat settles them.
	Settle(ctx context.Context, f warehouse.Fence, t shape.Table, lines []Line) error
	// Lines lists so many lines, in order of object, Id and plan, of those that follow one.
	Lines(ctx context.Context, q Query, after Line, most int) ([]Line, error)
	// Lookup finds the lines of some records of a plan.
	Lookup(ctx context.Context, plan, object string, ids []string) ([]Line, error)
	// Tally counts the lines of a plan, by object, level and state.
	Tally(ctx context.Context, plan string) ([]Count, error)
	// Plans lists the plans that have lines, in order of their names.
	Plans(ctx context.Context) ([]string, error)
	// Rows reads the rows of some records, in the order of the Ids, deleted ones included. Those that there are
	// none of are left out.
	Rows(ctx context.Context, t shape.Table, ids []string) ([]Row, error)
}

// Of finds the ledger of a warehouse, and tells whether it has one.
func Of(w warehouse.Warehouse) (Ledger, bool) {
	has, ok := w.(interface{ Archived() Ledger })
	if !ok {
		return nil, false
	}
	return has.Archived(), true
}
