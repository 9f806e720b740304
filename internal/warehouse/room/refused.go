package room

import (
	"errors"
	"fmt"
	"strings"
)

// A Refused says where a warehouse has refused a value of a page, as far as it
// tells. It names places, never values (invariant 9).
type Refused struct {
	Page   string // the key of the page, "" where several were loaded at once and nobody tells which
	Line   int64  // of the page's own text, 1 is the header: where the record ends; 0 for unknown
	Record int64  // 1 is the first after the header; 0 for unknown
	ID     string // the record's Id, "" for unknown: the warehouse doesn't know, who has the page does
	Column string // of the table, "" for unknown
	Why    string // in words, as "a value is out of range (22003)"
}

func (r *Refused) Error() string {
	var where []string
	if r.Column != "" {
		where = append(where, "column "+r.Column)
	}
	if r.ID != "" {
		where = append(where, "record "+r.ID)
	} else if r.Record > 0 {
		where = append(where, fmt.Sprintf("record %d", r.Record))
	}
	if r.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", r.Line))
	}
	if r.Page != "" {
		where = append(where, "page "+r.Page)
	}
	if len(where) == 0 {
		return r.Why
	}
	return r.Why + " in " + strings.Join(where, " of ")
}

// RefusedBy finds the Refused in err, nil where there is none.
func RefusedBy(err error) *Refused {
	r, _ := errors.AsType[*Refused](err)
	return r
}
