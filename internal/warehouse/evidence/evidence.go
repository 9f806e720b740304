// Package evidence is what can be asked about a fresh reading of an object and the
// final table that it is held against, and what is answered.
package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Comparison says what a reading is held against.
//
// Whether a record is pending is decided by the org's stamp of it. The row's may be
// anything: a hand, an adopted table, or a server's clock may have put it ahead, and
// a row that is pending by its own stamp would be so for ever. So
//
//   - a record that the org has stamped at or after Before is pending: the next run
//     reads it;
//   - one stamped before it is stale where its row has any other stamp;
//   - one that the org doesn't have, but whose row is stamped at or after Before, was
//     there when the last window was read, and went since: it is pending too, and
//     the log of deletes tells the next run;
//   - a row that is ahead of Clock is none of these. Nobody can have read it so, and
//     no run would write over it. It is extra where the org doesn't have the record,
//     and stale where it does.
//
// Ahead is a row that was read later than Clock, or is stamped later with a stamp
// that the org doesn't have; clocks have Leeway.
type Comparison struct {
	Table    shape.Table // its columns are what is compared: the key, SystemModstamp, IsDeleted, and values
	Policy   gone.Policy
	Before   time.Time // what the org has stamped at or after it is pending
	Clock    time.Time // the org's when the rows were written, or later; zero for any time
	Formulas []string  // columns whose values move without a stamp: they are told apart
	Stamp    string    // the column that tells when a record changed; "" is that of SystemModstamp
	Snapshot *Snapshot // nil where records have a stamp
	Retired  []Retired
	Part     bool // the reading is of some records only: no row of another one is judged
	Deleted  bool // rows of deleted records are judged as those of live ones: what was deleted is held against them
}

// A Retired is a column that a field left behind. A row that was read since holds
// nothing there: what it holds is wrong.
type Retired struct {
	Column string
	Since  time.Time
}

// Leeway is how far two clocks may be apart before a stamp by one of them is ahead
// of the other.
const Leeway = time.Minute

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
	Stale      int64 // in both, stamped differently, or in a row that is ahead
	Wrong      int64 // in both under one stamp, with other values, IsDeleted among them where the row is gone too
	Formulas   int64 // the same, in columns that move without a stamp only
	Duplicates int64 // rows beyond one for each key
	Pending    int64 // differing, and changed or gone since Before
	Rejected   int64 // live in the org in a version that was kept out, and without a row
	Outdated   int64 // of Stale: rows whose record has a version that was kept out
	Unjudged   int64 // differing, and nothing tells when: the record may have changed since it was read
	Archived   int64 // rows whose records an archive took out of the org, on purpose
	Alone      int64 // rows that are gone otherwise, and no record in the reading to hold them against

	MissingIDs, ExtraIDs, StaleIDs, WrongIDs, FormulaIDs, DuplicateIDs, RejectedIDs []string
	OutdatedIDs                                                                     []string // of StaleIDs
	// of each of WrongIDs and FormulaIDs
	WrongColumns, FormulaColumns [][]string

	Lost []LostFile // what they held is counted as if the table didn't have it
}

// CountOutdated counts the outdated rows, which were counted apart, among the stale ones,
// and names as many of both.
func (d *Difference) CountOutdated(sample int) {
	d.Stale += d.Outdated
	ids := slices.Sorted(slices.Values(slices.Concat(d.StaleIDs, d.OutdatedIDs)))
	d.StaleIDs = ids[:min(len(ids), max(sample, 0))]
	if len(d.StaleIDs) == 0 {
		d.StaleIDs = nil
	}
}

// A Reject is a record that was kept out, and why.
type Reject struct{ ID, Field, Rule string }

// Out is what is kept out of a table.
type Out struct {
	Records int64
	Rows    int64 // of those, they have a live row of an older version
	First   []Reject
}

// Named names records that were kept out, the first of so many, and why.
func Named(first []Reject, of int64) string {
	texts := make([]string, len(first))
	for i, r := range first {
		texts[i] = fmt.Sprintf("%s (%s: %s)", r.ID, r.Field, r.Rule)
	}
	text := strings.Join(texts, ", ")
	if more := of - int64(len(first)); more > 0 && text != "" {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
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
