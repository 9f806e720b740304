package schema

import (
	"slices"
	"strings"
)

// A Cursor is how an object tells which of its records changed.
type Cursor struct {
	Field string // the field that is asked; "" where there is none, and all records have to be read each time

	// Birth says that the field only tells when a record was made. It is asked
	// where records never change afterwards.
	Birth bool
}

// Cursor picks the field, of those that describe calls filterable, in this
// order:
//
//   - SystemModstamp, which every change moves (help 000387261);
//   - LastModifiedDate, which a change by a user moves;
//   - CreatedDate, then LoginTime, where describe has neither of the two and says
//     that the object can't be updated: histories and logs only grow. Where a
//     record may change without a trace, no field helps.
func (o *Object) Cursor() Cursor {
	for _, name := range []string{"SystemModstamp", "LastModifiedDate"} {
		if f, ok := o.Field(name); ok && f.Filterable {
			return Cursor{Field: f.Name}
		}
	}
	_, stamped := o.Field("SystemModstamp")
	_, modified := o.Field("LastModifiedDate")
	if o.Updateable || stamped || modified {
		return Cursor{}
	}
	for _, name := range births() {
		if f, ok := o.Field(name); ok && f.Filterable {
			return Cursor{Field: f.Name, Birth: true}
		}
	}
	return Cursor{}
}

// Born names the field that tells when a record was made, or "".
func (o *Object) Born() string {
	for _, name := range births() {
		if f, ok := o.Field(name); ok {
			return f.Name
		}
	}
	return ""
}

func births() []string { return []string{"CreatedDate", "LoginTime"} }

// Big tells whether an object is a big object (Big Objects Implementation
// Guide): its records are told apart by an index that describe doesn't show. Some of
// Salesforce's own are, by the Object Reference's pages about them.
func (o *Object) Big() bool {
	return strings.HasSuffix(strings.ToLower(o.Name), "__b") ||
		slices.Contains([]string{"ActivityFieldHistory", "FieldHistoryArchive", "RecordActionHistory"}, o.Name)
}
