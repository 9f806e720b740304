package deletes

import (
	"time"

	"catchment/internal/lookup"
	"catchment/internal/warehouse/gone"
)

// A suspect is a record that ought to have come, or that a reading of all Ids
// lacks, and what was found out about it.
type suspect struct {
	id     string
	held   bool // the final table has a live row of it
	logged bool // the delete log names it
	found  bool // queryAll still has it
	inside bool // it meets the flow's where

	lookup.State // where it was found
}

// A verdict is what becomes of a suspect: nothing, the loss that fails the run,
// or the reason for which its row is deleted.
type verdict string

// The verdicts that are no reasons, and the reasons that judge finds.
const (
	settled verdict = ""
	lost    verdict = "lost"

	soft        = verdict(gone.Soft)
	merged      = verdict(gone.Merged)
	purged      = verdict(gone.Purged)
	hidden      = verdict(gone.Hidden)
	outOfFilter = verdict(gone.OutOfFilter)
)

// judge decides on a suspect. What is not found is gone only where the final
// table still holds it. The delete log is a hint, not proof: it may name a
// record that is still there, and only where it reaches back far enough does
// its silence mean that a record went out of the user's sight instead.
//
// A record that is there, belongs to the flow, and carries a stamp of the
// window must have come: the watermark is about to pass it (invariant 6). A
// later stamp is the next window's; an earlier one was an earlier window's, and
// is named only since the logs cut seconds off.
func judge(s suspect, from, to time.Time, reaches bool) verdict {
	switch {
	case !s.found && !s.held:
		return settled
	case !s.found && (s.logged || !reaches):
		return purged
	case !s.found:
		return hidden
	case s.Deleted && s.held && s.Merged:
		return merged
	case s.Deleted && s.held:
		return soft
	case s.Deleted:
		return settled
	case !s.inside && s.held:
		return outOfFilter
	case !s.inside:
		return settled
	case !s.At.Before(from) && s.At.Before(to):
		return lost
	}
	return settled
}

// outOfSight tells whether so many of a table's live rows went out of the
// user's sight that it must be the user who changed, not the records.
func outOfSight(hidden, live int) bool { return hidden > 10 && hidden*20 > live }
