package standing

import (
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/process"
	"catchment/internal/status"
)

// The states of a flow, and of a run, that aren't written down anywhere: they follow from
// what is. All others are the control table's words.
const (
	Idle        = "idle"        // nothing is under way, and the last run brought it as far as it should
	New         = "new"         // no run has copied it yet
	Busy        = "running"     // a run is at it
	Waiting     = "waiting"     // a run is, and waits for the org's limits
	Failed      = "failed"      // in its last run
	Stopped     = "stopped"     // the user wanted an end; the next run goes on
	Interrupted = "interrupted" // the process of its run is gone without a word
	Paused      = "paused"      // it is taken out of runs
	NotCopied   = status.NotCopied
)

// troubles tells whether somebody has to look at what is in a state.
func troubles(state string) bool {
	return slices.Contains([]string{Failed, Interrupted, string(control.Partial)}, state)
}

// stateOfRun is how a run stands. Who has no end, and no process or no flow any more, was
// interrupted.
func stateOfRun(run control.RunRow, its process.Life, held bool, now time.Time) string {
	switch {
	case run.State != control.Running:
		return string(run.State)
	case its == process.Dead, its == process.Elsewhere && !held:
		return Interrupted
	case now.Before(run.Until):
		return Waiting
	}
	return Busy
}

// A situation is what is known of a flow.
type situation struct {
	row            control.FlowRow
	attempt        *control.Attempt // the open one, nil where none is
	lease          control.Lease
	holder         string // the state of the run that has the lease; "" where none has
	wanted, paused bool
}

// tell puts the state of the flow into its report, and why it is so.
func (s situation) tell(f *status.Flow) {
	row := s.row
	failed := s.attempt != nil && s.attempt.FailedRun != "" && s.attempt.FailedRun == s.lease.Run
	// a run keeps the lease of a flow that it is done with until its end
	finished := s.attempt == nil && s.row.LastRun == s.lease.Run
	going := (s.holder == Busy || s.holder == Waiting) && !failed && !finished
	if s.attempt != nil && s.wanted {
		f.Step = string(s.attempt.State)
	}
	switch a := s.attempt; {
	case !s.wanted:
		f.State = NotCopied
	case row.Paused || s.paused:
		f.State = Paused
	case going && a != nil && !a.Waiting.IsZero():
		f.State, f.Error, f.Hint, f.Class = Waiting, a.Error, a.Hint, string(a.ErrorClass)
		f.WaitingUntil = &a.Until
	case going:
		f.State = Busy
	case s.holder == Interrupted:
		f.State = Interrupted
		f.Error = "the process of run " + s.lease.Run + " is gone"
		f.Hint = "the next run goes on from where it was: catchment run"
	case failed: // the run that it failed in has not ended yet
		f.State, f.Error, f.Hint, f.Class = Failed, a.Error, a.Hint, string(a.ErrorClass)
		f.FailedAt = new(status.Moment(a.Updated))
	case row.LastError != "":
		f.State, f.Error, f.Hint, f.Class = Failed, row.LastError, row.LastHint, string(row.LastClass)
		if !row.LastFailed.IsZero() { // an older version wrote none down
			f.FailedAt = new(status.Moment(row.LastFailed))
		}
	case a != nil:
		f.State = Stopped
	case row.LastRun == "" && row.Watermark.IsZero():
		f.State = New
	default:
		f.State = Idle
	}
}
