package reading

import (
	"time"

	"catchment/internal/control"
)

// A job is asked how far it is for the first time when such a job had its result the last
// time, then at short intervals that grow. One that nobody knows is asked at once.

const (
	shortestPoll = 200 * time.Millisecond
	longestPoll  = 30 * time.Second
)

// PollWait is how long to wait before a job of this age is asked again.
func PollWait(age time.Duration) time.Duration {
	return min(max(age/4, shortestPoll), longestPoll)
}

// FirstPoll is how long to leave a job alone that is so old: a tenth less than the last one
// took, so that jobs that become faster are found out. It is 0 where that isn't worth a
// wait. A job that is much smaller than the last one waits for longestPoll at most.
func FirstPoll(last, age time.Duration) time.Duration {
	wait := min(last-last/10-age, longestPoll)
	if wait < shortestPoll/4 {
		return 0
	}
	return wait
}

// KindOfJob names the readings whose jobs take about as long as that of a part: those of
// everything apart from those of what has changed.
func KindOfJob(a control.Attempt, p control.Part) string {
	if p.Planned() == control.Main && !a.From.IsZero() {
		return "changes"
	}
	return p.Planned()
}

// Remember notes in the row of a flow how long the jobs of an attempt took. What was
// split says nothing of a job that wasn't.
func Remember(f *control.FlowRow, a control.Attempt) {
	for _, p := range a.Parts {
		if p.Took == 0 || p.Splits > 0 || p.Of != "" {
			continue
		}
		if f.Took == nil {
			f.Took = map[string]time.Duration{}
		}
		f.Took[KindOfJob(a, *p)] = p.Took
	}
}
