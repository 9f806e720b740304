// Package change decodes the events of Change Data Capture: what Salesforce says that became of a record.
//
// It is pure: of the bytes of an event, the schema that they were written by, and what describe says of the
// object, it makes a Delta. What an event can't say for certain, it says to read: a diff in the place of a long
// text, a number whose digits a double can't hold, a field that describe doesn't know. So a value of a Delta is
// the text that REST and Bulk have for it (schema.Type.Canonical), or none.
//
// Nothing that comes is trusted: schemas are bounded before they are parsed (schema.go), bitmaps may name nothing
// that the schema lacks (bitmap.go), and no error repeats a value. The package leaves to others where events
// come from, and what is done about them. Start at Schema.Decode.
//
// The facts are those of the guides "Pub/Sub API" (Event Deserialization Considerations) and "Change Data Capture".
package change

import (
	"slices"
	"time"
)

// A Kind is what befell the records of an event.
type Kind string

// The kinds of events.
const (
	Create   Kind = "create"
	Update   Kind = "update"
	Delete   Kind = "delete"
	Undelete Kind = "undelete"
	// Gap: the records changed, and the event doesn't say how. Header.Type says what it was, as GAP_UPDATE.
	Gap Kind = "gap"
	// Wild: records of the object changed, and the event doesn't say which.
	Wild Kind = "wild"
	// Overflow: one transaction changed more than events tell of: this event stands for the rest of them.
	Overflow Kind = "overflow"
)

// A Header is what an event says beside the fields.
type Header struct {
	Entity      string    // the object
	Type        string    // as Salesforce calls it: CREATE, GAP_UPDATE
	Origin      string    // which API made the change, and the name that its client gave itself
	Transaction string    // equal in all events of one; it has no order
	Sequence    int       // within the transaction
	At          time.Time // of the change, as LastModifiedDate has it: not the moment of the commit
	Commit      int64     // for people who look for it in Salesforce's logs: not unique
	User        string    // whose change it was
}

// A Delta is what an event says.
type Delta struct {
	Header
	Kind Kind
	IDs  []string // of the records, 18 characters each; none where Kind is Wild or Overflow
	// Fields are those that the event speaks of, in the order of its schema: of an update those that changed,
	// of a creation those that aren't empty, of what came back all. Of the other kinds there are none.
	Fields []Field
}

// HasUnknown tells whether the event speaks of a field that describe doesn't know: it may be newer than that.
func (d Delta) HasUnknown() bool {
	return slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Why == Unknown })
}

// A State says what an event knows of a field.
type State string

// The states of a field.
const (
	Set  State = "set"  // it has the Value
	Null State = "null" // it is empty
	Read State = "read" // it changed, and only the record itself says to what
)

// A Why is the reason for which a field has to be read.
type Why string

// The reasons.
const (
	Diff     Why = "diff"     // the event has only what is different in a long text
	Digits   Why = "digits"   // the number may have more digits than a double holds
	Compound Why = "compound" // it is put together from others, of which one changed
	Unknown  Why = "unknown"  // describe doesn't know it: it is newer than that, or hidden from the user
	Mismatch Why = "mismatch" // the event has a value of another type than the field
	Unclear  Why = "unclear"  // the event contradicts itself
)

// A Field is what an event says of one field.
type Field struct {
	Name  string // as describe has it; of what describe doesn't know, as the event has it
	State State
	Value string // of Set: its canonical text
	Why   Why    // of Read
}
