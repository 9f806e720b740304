package reading

import (
	"slices"

	"catchment/internal/control"
	"catchment/internal/warehouse/evidence"
)

// A Doubling is what becomes of a job that brought keys more than once.
type Doubling string

// The Doublings.
const (
	ReadAnew Doubling = "read anew" // pages were mixed up, or nobody has seen it twice yet
	Refused  Doubling = "refused"   // which of the records is the one, nobody can tell
	OneEach  Doubling = "one each"  // the object is so: records that are alike are one
)

// JudgeDoubles decides about a job with so many rows more than keys. One page that
// holds a record twice, in two jobs alike, is a property of the object; a record in
// two pages may be a page that came in the place of another, whose records lack.
func JudgeDoubles(found evidence.Repeats, extra int64, job string, before *control.Doubles) Doubling {
	switch {
	case found.Apart > 0, found.Rows != extra:
		return ReadAnew
	case before == nil, before.Job == job, before.Rows != found.Rows, !slices.Equal(before.Keys, found.Keys):
		return ReadAnew
	case found.Differing > 0:
		return Refused
	}
	return OneEach
}
