package reading

import (
	"errors"

	"catchment/internal/control"
	"catchment/internal/mover"
)

// A query that is more than Salesforce can answer is asked again in smaller parts:
// in ranges of Ids where it takes too long, in groups of columns where it names too
// much. A record never moves from one range to another, as it would between two
// halves of a window when it changes, and the outermost ranges have no ends: together
// they read what the one query would have.

// TooMuch tells whether Salesforce refused a query as more than it can answer.
func TooMuch(err error) bool {
	return errors.Is(err, mover.ErrTooLong) || errors.Is(err, mover.ErrTooWide)
}

// A Relief is how to go on with a part whose query was too much.
type Relief string

// The reliefs.
const (
	NoRelief Relief = ""        // it can't become smaller: the user has to act
	ToJob    Relief = "job"     // a job that outlives us has more time, such as one of Bulk
	ByIDs    Relief = "ranges"  // of Ids
	ByFields Relief = "columns" // in groups
)

// RangesAtOnce and splitsAtMost say into how many ranges a part is split, and how
// often: the smallest ranges have about a 64th of the Ids, and 84 further jobs are
// the most that a query costs which can't be answered at all.
const (
	RangesAtOnce = 4
	splitsAtMost = 3
)

// columnsAtLeast is how many columns a group must have to be halved.
const columnsAtLeast = 8

// ReliefFor decides about a part that a mover with such traits reads. mayBulk says that the flow leaves the mover open,
// keyed that its
// records have an Id.
func ReliefFor(p control.Part, by mover.Traits, why error, mayBulk, keyed bool) Relief {
	switch {
	case len(p.IDs) > 0: // a few records by their Ids, and the names of the fields in the body
		return NoRelief
	case errors.Is(why, mover.ErrTooWide):
		if len(p.Fields) < columnsAtLeast {
			return NoRelief
		}
		return ByFields
	case p.Limit > 0:
		return NoRelief
	case !by.Outlives && mayBulk:
		return ToJob
	case !keyed:
		return NoRelief
	case p.Splits >= splitsAtMost:
		return NoRelief
	}
	return ByIDs
}
