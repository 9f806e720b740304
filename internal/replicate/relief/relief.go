// Package relief decides how to go on with a part of an attempt that nobody could read: its
// query was more than Salesforce can answer, or its job came to nothing.
//
// Everything here is a pure function. What makes a part smaller is reading's; what is asked,
// and what becomes of a job, is left to replicate. Start at For.
package relief

import (
	"errors"
	"slices"

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

// A Way is how to go on with a part whose query was too much.
type Way string

// The ways.
const (
	None     Way = ""        // it can't become smaller: the user has to act
	ToJob    Way = "job"     // a job that outlives us has more time, such as one of Bulk
	AtOnce   Way = "at once" // a query that is answered at once, such as one of REST: it is small
	ByIDs    Way = "ranges"  // of Ids
	ByFields Way = "columns" // in groups
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

// A Trouble is a part whose query was too much, and what has to be known to help it.
type Trouble struct {
	Part    control.Part
	By      mover.Traits // of the mover that read it
	Why     error
	MayBulk bool // the flow leaves the mover open
	Keyed   bool // its records have an Id
	Small   bool // what it was planned to read takes few calls of REST
}

// For decides how to go on. What is small goes to the mover that hasn't tried it
// yet, and isn't split: many jobs would cost more than all of its records do.
func For(t Trouble) Way {
	p := t.Part
	switch {
	case len(p.IDs) > 0: // a few records by their Ids, and the names of the fields in the body
		return None
	case errors.Is(t.Why, mover.ErrTooWide):
		if len(p.Fields) < columnsAtLeast {
			return None
		}
		return ByFields
	case p.Limit > 0:
		return None
	case !t.By.Outlives && t.MayBulk && !tried(p):
		return ToJob
	case t.By.Outlives && t.Small && !tried(p):
		return AtOnce
	case t.Small || !t.Keyed || p.Splits >= splitsAtMost:
		return None
	}
	return ByIDs
}

// tried tells whether another mover than a part's own has tried it.
func tried(p control.Part) bool {
	return slices.ContainsFunc(p.Failed, func(name string) bool { return name != p.Mover })
}

// A Fallback is how to go on with a part whose job came to nothing without a reason.
type Fallback string

// The fallbacks.
const (
	Again    Fallback = "again"    // the same once more
	ByOther  Fallback = "other"    // by the mover that reads everything, which gives the records or the reason
	NoResort Fallback = "no other" // nobody brings it, and nobody says why
)

// FallbackFor decides about a part whose last job is the newest of those that failed;
// other names the mover that reads everything. Where other jobs of the object have come
// to nothing lately, one is enough.
func FallbackFor(p control.Part, other string, lately bool) Fallback {
	own := 0
	for _, name := range p.Failed {
		if name == p.Mover {
			own++
		}
	}
	switch left := other != p.Mover && !tried(p); {
	case left && (lately || own >= enoughJobs):
		return ByOther
	case own < enoughJobs:
		return Again
	}
	return NoResort
}

// enoughJobs is how many jobs of one mover have to come to nothing before it is another's
// turn.
const enoughJobs = 2
