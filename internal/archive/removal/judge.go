package removal

import (
	"time"

	"catchment/internal/archive"
	"catchment/internal/salesforce/write"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/warehouse/archived"
)

// A fate is what is known of a record of a batch.
type fate string

// The fates.
const (
	fateOpen     fate = "open"     // it was posted, or is about to be, and nobody knows more
	fateAgain    fate = "again"    // it lives, and what refused it may pass
	fateGone     fate = "gone"     // it is deleted; its proof from the bin is due
	fateEnded    fate = "ended"    // state and reason say how
	fateRefused  fate = "refused"  // the user may not: where that holds for all, the run stops
	fateDeferred fate = "deferred" // it waits for others of the plan that refer to it
	fateDoubt    fate = "doubt"    // it was posted, and no answer came
)

// A ruling is what follows from an outcome or a finding.
type ruling struct {
	fate   fate
	state  archived.State // of fateEnded; of fateAgain and fateRefused what it ends as once there are no more tries
	reason string
}

// ruleOutcome decides what follows from the outcome of a delete.
func ruleOutcome(o write.Outcome) ruling {
	switch o.State {
	case write.Done:
		return ruling{fate: fateGone}
	case write.Unknown:
		return ruling{fate: fateDoubt}
	}
	if o.Refusal == nil {
		return ruling{fateAgain, archived.Failed, "it wasn't deleted, and nobody says why"}
	}
	why := o.Refusal.Error()
	switch o.Refusal.Reason {
	case refusal.Gone, refusal.Missing:
		return ruling{fateEnded, archived.Vanished, why}
	case refusal.Restricted:
		return ruling{fateEnded, archived.Blocked, why}
	case refusal.TooLarge:
		return ruling{fateAgain, archived.Blocked, why}
	case refusal.Locked, refusal.RolledBack, refusal.Unprocessed, refusal.Untold, refusal.Trouble:
		return ruling{fateAgain, archived.Failed, why}
	case refusal.Forbidden:
		return ruling{fateRefused, archived.Failed, why}
	}
	return ruling{fateEnded, archived.Failed, why}
}

// What a line says of its record, beside what a proof or a refusal says.
const (
	whyStamp   = "it was changed since the plan was made"
	whyBinned  = "it is in the recycle bin: somebody else had deleted it"
	whyAbsent  = "the org doesn't have it any more, or this user doesn't see it"
	whyRevived = "it was deleted, and somebody brought it back at once"
	whyUnbound = "it was deleted for good: it wasn't in the recycle bin, so that nothing could be proven there"
	whyRoot    = "the record that it goes with was changed since the plan was made"
	whyKept    = "the record that it goes with is kept"
	whyHold    = "a hold keeps it"
	whyTwice   = "the archive had deleted it, somebody brought it back, and "
)

// ruleLive decides on a record that is about to go by what a proof found among the living.
// planned is its stamp in the plan; ours tells whether a later one comes from our own deletes.
func ruleLive(v archive.Verdict, planned time.Time, ours bool) ruling {
	switch {
	case v.Finding == archive.Binned:
		return ruling{fateEnded, archived.Vanished, whyBinned}
	case v.Finding == archive.Absent:
		return ruling{fateEnded, archived.Vanished, whyAbsent}
	case !v.Stamp.Equal(planned) && !ours:
		return ruling{fateEnded, archived.Changed, whyStamp}
	case v.Finding == archive.Equal:
		return ruling{fate: fateOpen}
	case !v.Stamp.Equal(planned):
		return ruling{fateEnded, archived.Changed, v.Reason}
	}
	return ruling{fateEnded, archived.Failed, v.Reason}
}

// ruleBin decides on a record that was deleted by what a proof found in the bin. One that
// ends as changed is to be brought back.
func ruleBin(v archive.Verdict) ruling {
	switch v.Finding {
	case archive.Equal:
		return ruling{fateEnded, archived.Deleted, ""}
	case archive.Living:
		return ruling{fateEnded, archived.Changed, whyRevived}
	case archive.Absent:
		return ruling{fateEnded, archived.Deleted, whyUnbound}
	}
	return ruling{fateEnded, archived.Changed, "it was changed before it was deleted: " + v.Reason}
}

// ruleOthers decides on a record that is gone, and that this plan has no part in.
func ruleOthers(v archive.Verdict) ruling {
	if v.Finding == archive.Absent {
		return ruling{fateEnded, archived.Vanished, whyAbsent}
	}
	return ruling{fateEnded, archived.Vanished, whyBinned}
}
