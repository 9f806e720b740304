// Package warehouse is the contract with a warehouse: the words (a page, a batch, a
// merge, a mark) and the roles that make one up. Each has Marks, a Shaper, a Loader,
// a Merger and Evidence; RolesOf tells what it has beside them. A verb takes the
// roles that it uses.
//
// A warehouse keeps staging tables that take every version as it came, final tables
// with one row per key, and a few tables of its own that say how far each flow is.
// Tables are shaped first and written then: what shapes them may be repeated and
// commits by itself; what writes is seen all at once, and a repeat changes nothing.
//
// No kind of warehouse is named here. Those that speak SQL share warehouse/sql;
// warehousetest holds every one to this contract. What is read from Salesforce, and
// when, is left to replicate. Start at Loader.Load and Merger.Consolidate: they are
// the way of a record.
//
// Files, from the top: scripter.go, roles.go, adopt.go, mend.go, procedure.go,
// erase.go, landed.go, rejected.go, warehouse.go.
package warehouse

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"catchment/internal/merger"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// ErrFenced says that a newer run holds the flow, or that none does: whatever
// this one wanted to write is refused (invariant 7).
var ErrFenced = errors.New("the flow's lease was lost to another run")

// A Fence is the right to write for one flow. Every transaction that loads or
// consolidates first updates the flow's mark with Number where the stored one
// is not newer; no row updated means ErrFenced.
type Fence struct {
	Flow   string
	Number int64
}

// A Mark is what the warehouse itself knows of a flow, and the truth about its
// watermark: the control table only caches it.
type Mark struct {
	Flow       string
	Table      string
	Fence      int64
	Org        string // 18-character org Id; another org is refused (invariant 13)
	Generation int64  // the table generation that Watermark is valid for (invariant 12)
	Watermark  time.Time
	Grade      string    // "proven" or "lagged"; "" before the first consolidation
	Rows       int64     // of the final table, as the last consolidation left it
	SyncedAt   time.Time // of that consolidation
	Newest     time.Time // the newest _catchment_synced_at that it left in the table
	Attempt    string    // the last one that was consolidated
	Memory     string    // what its runs remember beside it, as they wrote it; the warehouse only keeps it
}

// Latest is how late a row of the flow's table may be stamped, by the org's clock:
// the last look at the org was then, or after it rows were merged that others had
// staged. Where nobody remembers that look, it is now.
func (m Mark) Latest(looked, now time.Time) time.Time {
	switch {
	case looked.IsZero():
		return now
	case m.SyncedAt.After(looked):
		return m.SyncedAt
	}
	return looked
}

// A Page is one stored page as a warehouse takes it: by Open, by Path (or a copy
// where that is ""), or by URL.
type Page struct {
	Key    string // of the blob; names the page in the ledger
	Seq    int64  // order within the attempt, and in it unique
	Header []string
	Rows   int64
	Digest string
	Digits []room.Digits // of numbers; one for each Decimal in Header: without, it could be rounded, and is refused
	Gzip   bool
	Path   string
	URL    string
	Open   func(context.Context) (io.ReadCloser, error) // the bytes as stored

	Rejected *Page // what was kept out of this page, under RejectedHeader; nil for nothing
}

// Read opens the page as it is stored, where that is.
func (p Page) Read(ctx context.Context) (io.ReadCloser, error) {
	if p.Path != "" {
		return os.Open(p.Path)
	}
	return p.Open(ctx)
}

// An Op says what a staged version does to the row of its key.
type Op string

// The operations.
const (
	Put    Op = "put"    // the whole record, deleted or not
	Patch  Op = "patch"  // some columns of a record: changes a row of that key, and only where they differ
	Seen   Op = "seen"   // the record exists; all of a reading together say that what they lack is gone
	Delete Op = "delete" // the record is gone, and nothing else is known of it
)

// A Batch is the pages of one attempt that go into staging in one transaction.
type Batch struct {
	Table   shape.Table
	Attempt string
	Job     string    // all pages of a job have the same header, operation, reason and override
	Op      Op        // "" is Put
	ReadAt  time.Time // becomes _catchment_read_at
	Pages   []Page    // all with the same header

	Reason   gone.Reason // of what a Delete or Seen reading takes away; "" is the merge's AbsentReason
	Override bool        // a repair: these versions win over rows of any stamp
}

// A Merge is the consolidation of one attempt.
type Merge struct {
	Table shape.Table
	// "" for rows that no attempt loaded, but a user or AppFlow; they are never Complete, and move no watermark
	Attempt      string
	Policy       gone.Policy
	Pages, Rows  int64       // what the ledger must hold, or nothing is merged (invariant 6)
	Complete     bool        // the attempt read everything: rows it lacks are gone from the flow
	AbsentReason gone.Reason // for what is gone, where its batch gave no reason; "" is Purged
	Override     bool        // a rebuild: staged versions win over final ones of any stamp
	AllowDeletes bool        // past the stop before a mass delete
	Unproven     []string    // jobs whose keys nobody has counted: one that came twice is ErrUncounted
	Forget       []string    // columns that keep no value but those of this attempt: they are masked or dropped since
	Generation   int64
	Watermark    time.Time // moves with the rows, in the same transaction (invariant 1)
	Grade        string
	Memory       string // is written with the mark; "" leaves what is there
}

// Quiet tells whether there is nothing to merge: the attempt has read nothing, and says
// nothing of the rows that it lacks. Only the mark moves.
func (m Merge) Quiet() bool {
	return m.Attempt != "" && m.Pages == 0 && m.Rows == 0 && !m.Complete && !m.Override && len(m.Forget) == 0
}

// Counts is what a consolidation did. A repeat reads them from the log.
type Counts struct {
	Staged   int64 // versions in staging
	Inserted int64 // keys that the final table had no row of
	Updated  int64 // rows that took a newer version, undeleted ones among them, and rows that a patch changed
	Patched  int64 // those of Updated that a patch changed
	Deleted  int64 // live rows that were flagged or removed
	// staged versions that changed nothing: older than the row, a tombstone or another version, or a patch that says
	// the same
	Unchanged int64
	Rows      int64 // of the final table afterwards
}

// An Agreement is what a connection has agreed on, as the connection itself tells.
type Agreement struct {
	What      string // in words, "" where there is no connection to speak of
	Encrypted bool
	Verified  bool // the server has shown a certificate for its host, from a root that is trusted
	Near      bool // it doesn't leave this machine
}

// Options say where a Warehouse keeps its tables.
type Options struct {
	Schema  string   // of the final tables
	Staging string   // of the staging tables and of what we remember
	GrantTo []string // roles that may read the final tables
	Pages   []string // the folders of this machine that pages lie in, for a warehouse that reads them there
	Now     func() time.Time
	// Pause waits before a transaction is tried again that others were in the way of; nil does.
	Pause func(context.Context, time.Duration) error
	Wait  Patience // for a warehouse that one program at a time can write

	History  upkeep.History  // how long versions stay, for a warehouse that keeps them
	Maintain upkeep.Maintain // who keeps its files few, for one whose tables are files
	Merge    merger.Merger   // who merges, for one whose tables are files
}

// A Patience is how long it is waited for other programs that have the warehouse open.
type Patience struct {
	AtMost time.Duration                     // 0: not at all
	Stop   <-chan struct{}                   // closed: the user wants an end
	Tell   func(until time.Time, why string) // once for each program that is waited for; nil tells nobody
}
