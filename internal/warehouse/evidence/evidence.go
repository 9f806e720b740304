// Package evidence is what can be asked about a fresh reading of an object and the
// final table that it is held against, and what is answered.
package evidence

import (
	"time"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Comparison says what a reading is held against.
type Comparison struct {
	Table    shape.Table // its columns are what is compared: the key, SystemModstamp, IsDeleted, and values
	Policy   gone.Policy
	Before   time.Time // differences of records stamped at or after it are pending
	Formulas []string  // columns whose values move without a stamp: they are told apart
	Rules    bool      // the flow has rules, which keep records out: these are told apart
	Stamp    string    // the column that tells when a record changed; "" is that of SystemModstamp
	Snapshot *Snapshot // nil where records have a stamp
	Retired  []Retired
}

// A Retired is a column that a field left behind. A row that was read since holds
// nothing there: what it holds is wrong.
type Retired struct {
	Column string
	Since  time.Time
}

// A Snapshot is how the table of an object without stamps came about: it was
// last read whole by a job made then. What that reading had and the org hasn't
// any more went since, and is pending. Of the rest only so much can be judged as
// there is proof for.
type Snapshot struct {
	ReadAt time.Time // zero where nobody remembers
	Born   string    // the column that tells when a record was made; "" where there is none
}

// A Difference is what a comparison found.
type Difference struct {
	Source     int64 // live records in the reading
	Warehouse  int64 // live rows in the final table
	Missing    int64 // live in the org, not in the warehouse
	Extra      int64 // live in the warehouse, not in the org
	Stale      int64 // in both, stamped differently
	Wrong      int64 // in both under one stamp, with other values
	Formulas   int64 // the same, in columns that move without a stamp only
	Duplicates int64 // rows beyond one for each key
	Pending    int64 // differing, and stamped at or after Before on either side
	Rejected   int64 // live in the org in a version that the flow's rules kept out
	Unjudged   int64 // differing, and nothing tells when: the record may have changed since it was read

	MissingIDs, ExtraIDs, StaleIDs, WrongIDs, FormulaIDs, DuplicateIDs, RejectedIDs []string
	// of each of WrongIDs and FormulaIDs
	WrongColumns, FormulaColumns [][]string
}

// A Suspect is a record that was judged to differ, and how: missing, extra,
// stale, wrong, formula or duplicate.
type Suspect struct {
	ID  string
	How string
}

// A Set is the records of one side of a comparison, as a digest: sha256, in
// hex, of one line "Id,SystemModstamp" for each live record that isn't pending,
// in the order of the Ids' bytes. The stamp is UTC with milliseconds, as in
// 2026-01-02T03:04:05.000Z, and empty where there is none; each line ends in LF.
type Set struct {
	Records int64
	Digest  string
}
