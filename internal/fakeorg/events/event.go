package events

import "time"

// A Type is what happened to a record.
type Type int

// The types of changes, in the order of the enum of the schema.
const (
	Create Type = iota
	Update
	Delete
	Undelete
	GapCreate
	GapUpdate
	GapDelete
	GapUndelete
	GapOverflow
)

// changeTypes are the symbols of the enum. SNAPSHOT is reserved: no event has it.
func changeTypes() []string {
	return []string{"CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE",
		"GAP_OVERFLOW", "SNAPSHOT"}
}

// String implements fmt.Stringer.
func (t Type) String() string { return changeTypes()[t] }

// gap is the event that stands for one that can't be written.
func (t Type) gap() Type { return t + GapCreate - Create }

// A Header is what an event says of a change.
type Header struct {
	Entity          string
	RecordIDs       []string
	Type            Type
	Origin          string
	TransactionKey  string
	SequenceNumber  int
	CommitTimestamp int64 // milliseconds since 1970: when the record was written, not when it became visible
	CommitNumber    int64
	CommitUser      string

	nulled, diffs, changed []place
}

// An Event is one change of one record, or of several that changed alike.
type Event struct {
	Header
	ID     string // a UUID
	Number uint64 // its position, in the order of the commits
	At     time.Time
	Schema *Schema
	First  bool // of its transaction

	values []value // in the order of the schema; what isn't among them is null
}

// A value stands at its place, as the org stores it.
type value struct {
	place
	text string
}

// noRecord is the Id of overflow events, which are about too many.
const noRecord = "000000000000000AAA"

// AllRecords is the Id of a gap event about all records of an object, of which this is the key prefix.
func AllRecords(prefix string) string { return prefix + "*" }

// ParseGap reads the name of a type that has no values: GAP_UPDATE and its like.
func ParseGap(name string) (Type, bool) {
	for t := GapCreate; t <= GapOverflow; t++ {
		if t.String() == name {
			return t, true
		}
	}
	return 0, false
}
