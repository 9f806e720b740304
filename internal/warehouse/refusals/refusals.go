// Package refusals is what a warehouse says of a value that it has refused, so that
// who has the page can name the record, and go on without it.
//
// Drivers return a Value within their errors; stage adds the record's Id. What
// becomes of the record is left to the verbs. Start at Of.
package refusals

import (
	"errors"
	"fmt"
)

// A Value says where a warehouse has refused a value of a page, as far as it
// tells. It names places, never values (invariant 9).
type Value struct {
	Page   string // the key of the page, "" where several were loaded at once and nobody tells which
	Line   int64  // of the page's own text, 1 is the header: where the record ends; 0 for unknown
	Record int64  // 1 is the first after the header; 0 for unknown
	ID     string // the record's Id, "" for unknown: the warehouse doesn't know, who has the page does
	Column string // of the table, "" for unknown
	Why    string // in words, as "a value is out of range (22003)"
}

func (r *Value) Error() string {
	text := r.Why
	if r.Column != "" {
		text += " in column " + r.Column
	}
	switch {
	case r.Line > 0:
		text += fmt.Sprintf(" on line %d", r.Line)
	case r.Record > 0:
		text += fmt.Sprintf(" of record %d", r.Record)
	}
	return text
}

// Of finds the refused value in err, nil where there is none.
func Of(err error) *Value {
	r, _ := errors.AsType[*Value](err)
	return r
}
