package page

import (
	"fmt"

	"catchment/internal/plan"
)

// An Error says where a page stops being one. It names places, never values
// (invariant 9).
type Error struct {
	Record  int64  // 0 is the header
	Field   string // the column's name, "" where there is none
	Offset  int64  // in bytes of the text
	Problem string
}

func (e *Error) Error() string {
	where := "header"
	if e.Record > 0 {
		where = fmt.Sprintf("record %d", e.Record)
	}
	if e.Field != "" {
		where += ", field " + e.Field
	}
	return fmt.Sprintf("page: %s, byte %d: %s", where, e.Offset, e.Problem)
}

// cutHint is what to do about a page that isn't the one that was sent.
const cutHint = "the page was cut or changed on its way: the next run downloads it again; " +
	"if it goes on, look for a proxy between"

// cut classes e as a page that lacks its end. Stored pages of a job don't
// change, so the next download may well be whole.
func cut(e *Error) error {
	return &plan.Failure{
		Class: plan.Retry,
		Hint:  cutHint,
		Err:   e,
	}
}

// malformed classes e as a page that no documented server writes.
func malformed(e *Error) error {
	return plan.Strangef("%w", e)
}

// oversize classes e as a page that holds more in one place than a record can.
func oversize(e *Error) error {
	return &plan.Failure{Class: plan.Fix, Hint: plan.NoOrg, Err: e}
}
