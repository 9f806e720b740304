package control

import (
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
	Doubts      []Doubt   `json:"doubts,omitempty"`      // why the watermark isn't proven, whatever its window was
	// columns that hold old values, as long as they are there
	Retired []RetiredColumn `json:"retired,omitempty"`
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
}

// A DoubtKind says what settles a doubt.
type DoubtKind string

// The kinds of doubts.
const (
	// DeletesUnseen: the delete log didn't tell of all that was deleted. A sweep
	// settles it.
	DeletesUnseen DoubtKind = "deletes unseen"
	// RowsWrong: somebody else's hand was in the table. A verify that finds no
	// difference settles it, and a repair that leaves none.
	RowsWrong DoubtKind = "rows wrong"
)

// Unproven is the grade of a watermark that there are doubts about.
const Unproven = "unproven"

// Graded is the grade that may be claimed where the window had one.
func (m Memory) Graded(window string) string {
	if window != "" && len(m.Doubts) > 0 {
		return Unproven
	}
	return window
}

// Doubt adds a doubt. An older one of its kind that says the same stays.
func (m *Memory) Doubt(d Doubt) {
	same := func(old Doubt) bool { return old.Kind == d.Kind && old.Why == d.Why }
	if !slices.ContainsFunc(m.Doubts, same) {
		m.Doubts = append(slices.Clone(m.Doubts), d)
	}
}

// Settle removes the doubts of some kinds.
func (m *Memory) Settle(kinds ...DoubtKind) {
	m.Doubts = slices.DeleteFunc(slices.Clone(m.Doubts), func(d Doubt) bool { return slices.Contains(kinds, d.Kind) })
	if len(m.Doubts) == 0 {
		m.Doubts = nil
	}
}
