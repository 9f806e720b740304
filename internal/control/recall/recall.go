// Package recall is what has to be known of a flow's table beside its mark: how it was
// read, what is to be doubted of it, and who wrote it last. The control table has it,
// and the warehouse keeps a copy with the mark: a lost control table costs nothing.
//
// It is words: what raises a doubt, and what settles it, is left to replicate and
// verify; where the two copies meet, to lease.
package recall

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Memory is what is known of a flow's table beside its mark. The warehouse keeps
// a copy of it with the mark, so that who has lost the control table reads nothing
// twice.
type Memory struct {
	// of its table; counts up when Fingerprint changes or the table is rebuilt
	Generation  int64  `json:"generation"`
	Fingerprint string `json:"fingerprint"` // of what the generation was read with
	// the one that the object turned out to need; "" where any will do
	Mover     string `json:"mover,omitzero"`
	Label     string `json:"label,omitzero"`      // of the object, and the prefix of its Ids: a renamed one
	KeyPrefix string `json:"key_prefix,omitzero"` // is known by them, and one that was made anew
	Deletes   string `json:"deletes,omitzero"`    // the policy that the last consolidation went by
	// the generation whose mask or drop came last: pages of older ones go at once
	ClearFrom int64 `json:"clear_from,omitzero"`
	// columns that some rows have no value for, or an old one: their field is new, gone or hidden
	Unfilled    []string  `json:"hidden,omitempty"`
	RefreshedAt time.Time `json:"refreshed_at,omitzero"` // when all fields that change without a stamp were last read
	SweptAt     time.Time `json:"swept_at,omitzero"`     // when every row was last held against all Ids of the object
	Proof       string    `json:"proof,omitzero"`        // the watermark's grade by its window
	Doubts      []Doubt   `json:"doubts,omitempty"`      // why it can't be claimed all the same
	Looked      time.Time `json:"looked,omitzero"`       // by the org's clock: no row was read later
	PressedAt   time.Time `json:"pressed_at,omitzero"`   // when a log that refused to tell last made a run sweep
	Writer      Writer    `json:"writer,omitzero"`       // of this memory, with the last consolidation
	// columns that hold old values, as long as they are there
	Retired  []RetiredColumn `json:"retired,omitempty"`
	Rejected Rejected        `json:"rejected,omitzero"`
	// what the warehouse was told of the object, its fields and their columns, in short
	Described string `json:"described,omitzero"`
	// fields that describe shows, and that Salesforce refuses to read
	Withheld []Withheld `json:"withheld,omitempty"`
	FailedAt time.Time  `json:"failed_at,omitzero"` // when jobs last came to nothing, and REST read in their place
}

// A Withheld is a field that isn't read, since Salesforce refuses it.
type Withheld struct {
	Field string    `json:"field"`
	At    time.Time `json:"at"` // when it was last asked for, by the org's clock
}

// askAgain is how long what an org refused isn't asked for again: a day, but for what a
// nightly run may begin earlier than the one before.
const askAgain = 24*time.Hour - time.Hour

// Withhold notes that a field was refused.
func (m *Memory) Withhold(field string, at time.Time) {
	m.Release(field)
	m.Withheld = append(m.Withheld, Withheld{Field: field, At: at})
}

// Release forgets that some fields were refused.
func (m *Memory) Release(fields ...string) {
	m.Withheld = slices.DeleteFunc(slices.Clone(m.Withheld), func(w Withheld) bool {
		return slices.Contains(fields, w.Field)
	})
	if len(m.Withheld) == 0 {
		m.Withheld = nil
	}
}

// WithheldFields names the fields that aren't read, and those of them that are to be
// asked for again.
func (m Memory) WithheldFields(now time.Time) (all, due []string) {
	for _, w := range m.Withheld {
		all = append(all, w.Field)
		if !now.Before(w.At.Add(askAgain)) {
			due = append(due, w.Field)
		}
	}
	return all, due
}

// FailedLately tells whether jobs have come to nothing so lately that no other is made
// where REST does as well.
func (m Memory) FailedLately(now time.Time) bool {
	return !m.FailedAt.IsZero() && now.Before(m.FailedAt.Add(askAgain))
}

// Rejected is what is kept out of a flow's table, since it breaks the flow's rules or
// fits no column: how much, and when it was last read again.
type Rejected struct {
	Records int64 `json:"records"`
	Rows    int64 `json:"rows,omitzero"` // of those, they have a row of an older version
	// when all of them were last read, by the org's clock, and as what
	ReadAt  time.Time `json:"read_at,omitzero"`
	Shape   string    `json:"shape,omitzero"`   // of the columns
	Version string    `json:"version,omitzero"` // of Catchment
	After   string    `json:"after,omitzero"`   // they are being read again, and those behind this Id are left
}

// readAgain is how old a reading of what is kept out may be: a week, but for what a
// nightly run may begin earlier than the one of a week ago ended.
const readAgain = 7*24*time.Hour - time.Hour

// Due tells whether what is kept out is to be read again, whatever its stamps say: by
// other columns or another version of Catchment it may be taken, and after a week it is
// looked whether the org says something else of it.
func (r Rejected) Due(shape, version string, now time.Time) bool {
	if r.Records == 0 {
		return false
	}
	return r.After != "" || r.Shape != shape || r.Version != version || !now.Before(r.ReadAt.Add(readAgain))
}

// Behind is the Id behind which a reading goes on; "" where it begins anew.
func (r Rejected) Behind(shape, version string) string {
	if r.Shape != shape || r.Version != version {
		return ""
	}
	return r.After
}

// A RejectedReading is what an attempt read of what is kept out.
type RejectedReading struct {
	At             time.Time // when it read, by the org's clock
	Whole          bool      // every record of the object
	Again          bool      // those that were kept out, as far as Last; Done says that these are all
	Done           bool
	Last           string
	Shape, Version string
}

// Next is what is known after a reading that leaves so many records out, of which so
// many have a row. What is kept out for the first time was read just now.
func (r Rejected) Next(records, rows int64, by RejectedReading) Rejected {
	switch {
	case records == 0:
		return Rejected{}
	case by.Whole || r.Records == 0 || by.Again && by.Done:
		return Rejected{Records: records, Rows: rows, ReadAt: by.At, Shape: by.Shape, Version: by.Version}
	case by.Again:
		r.Shape, r.Version, r.After = by.Shape, by.Version, by.Last
	}
	r.Records, r.Rows = records, rows
	return r
}

// A Writer is who consolidated a flow last.
type Writer struct {
	Control string    `json:"control"` // the id of its control table
	Name    string    `json:"name"`    // of its configuration, in words for people
	Attempt string    `json:"attempt"`
	At      time.Time `json:"at"`
}

// A RetiredColumn is one that a field left behind when it became one of another type,
// which that column can't take. Rows that were read since have nothing there.
type RetiredColumn struct {
	Column string    `json:"column"`
	Field  string    `json:"field"`
	By     string    `json:"by"`    // the column that the field has now
	Since  time.Time `json:"since"` // when it was found, by the org's clock
}

// A Doubt is something that is known to be wrong in a table, or may be, until it is
// settled.
type Doubt struct {
	Kind  DoubtKind `json:"kind"`
	Since time.Time `json:"since"` // when it was found, by the org's clock
	Why   string    `json:"why"`   // in words
	Hint  string    `json:"hint,omitzero"`
	// the attempt that raised it after it had read; "" where it was there before
	Attempt string `json:"attempt,omitzero"`
}

// A DoubtKind says what settles a doubt. All of them are settled by a reading of
// everything, and all but the last two by a verify that finds no difference, or leaves
// none.
type DoubtKind string

// The kinds of doubts.
const (
	// DeletesUnseen: the delete log didn't tell of all that was deleted. A sweep
	// settles it.
	DeletesUnseen DoubtKind = "deletes unseen"
	// RecordsUnread: more records are to be read by their Ids than a run reads. A
	// sweep settles it.
	RecordsUnread DoubtKind = "records unread"
	// RowsWrong: somebody else's hand was in the table. A verify that finds no
	// difference settles it, and a repair that leaves none.
	RowsWrong DoubtKind = "rows wrong"
	// ColumnsUnfilled: rows lack the values of a field that can be read. Who fills the
	// column settles it.
	ColumnsUnfilled DoubtKind = "columns unfilled"
	// ValuesWrong: a verify of all values found some that differ. Only another one
	// settles it, and a reading of everything.
	ValuesWrong DoubtKind = "values wrong"
)

// Unproven is the grade of a watermark that there are doubts about.
const Unproven = "unproven"

// Grade is what may be claimed of the watermark. What is kept out is named, and the
// claim holds for all the others; a doubt is about these.
func (m Memory) Grade() string {
	switch {
	case m.Proof != "" && len(m.Doubts) > 0:
		return Unproven
	case m.Proof != "" && m.Rejected.Records > 0:
		return fmt.Sprintf("%s except %d", m.Proof, m.Rejected.Records)
	}
	return m.Proof
}

// Doubt adds a doubt. The first of its kind stays: it says since when. What an attempt
// doubts anew it can't have settled.
func (m *Memory) Doubt(d Doubt) {
	m.Doubts = slices.Clone(m.Doubts)
	i := slices.IndexFunc(m.Doubts, func(old Doubt) bool { return old.Kind == d.Kind })
	if i < 0 {
		m.Doubts = append(m.Doubts, d)
		return
	}
	if d.Attempt != "" {
		m.Doubts[i].Attempt = d.Attempt
	}
}

// Doubted tells whether there is a doubt of one of some kinds.
func (m Memory) Doubted(kinds ...DoubtKind) bool {
	return slices.ContainsFunc(m.Doubts, func(d Doubt) bool { return slices.Contains(kinds, d.Kind) })
}

// Settle removes the doubts of some kinds, but for those that the attempt itself has
// raised which settles them.
func (m *Memory) Settle(attempt string, kinds ...DoubtKind) {
	m.Doubts = slices.DeleteFunc(slices.Clone(m.Doubts), func(d Doubt) bool {
		return slices.Contains(kinds, d.Kind) && (attempt == "" || d.Attempt != attempt)
	})
	if len(m.Doubts) == 0 {
		m.Doubts = nil
	}
}

// SettleAll removes the doubts of all kinds.
func (m *Memory) SettleAll(attempt string) {
	m.Settle(attempt, DeletesUnseen, RecordsUnread, RowsWrong, ColumnsUnfilled, ValuesWrong)
}

// Text is the memory as a warehouse keeps it.
func (m Memory) Text() (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write down what is remembered of a flow: %w", err)
	}
	return string(text), nil
}

// Parse reads what Text has written.
func Parse(text string) (m Memory, err error) {
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("read what is remembered of a flow: %w", err)
	}
	return m, nil
}
