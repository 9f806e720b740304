package replicate

import (
	"context"
	"time"

	"catchment/internal/control"
)

// A job is asked how far it is for the first time when such a job had its result the last
// time, then at short intervals that grow. One that nobody knows is asked at once.

const (
	shortestPoll = 200 * time.Millisecond
	longestPoll  = 30 * time.Second
)

// pollWait is how long to wait before a job of this age is asked again.
func pollWait(age time.Duration) time.Duration {
	return min(max(age/4, shortestPoll), longestPoll)
}

// firstPoll is how long to leave a job alone that is so old: a tenth less than the last one
// took, so that jobs that become faster are found out. It is 0 where that isn't worth a
// wait. A job that is much smaller than the last one waits for longestPoll at most.
func firstPoll(last, age time.Duration) time.Duration {
	wait := min(last-last/10-age, longestPoll)
	if wait < shortestPoll/4 {
		return 0
	}
	return wait
}

// kindOfReading names the readings whose jobs take about as long: those of one part, with
// those of everything apart from those of what has changed.
func kindOfReading(a control.Attempt, p control.Part) string {
	if p.Planned() == control.Main && !a.From.IsZero() {
		return "changes"
	}
	return p.Planned()
}

// age is how long ago the part's job was made, by our clock.
func (j *paging) age() time.Duration {
	return max(j.Options.Now().Sub(j.part.Posted), 0)
}

// leaveAlone tells how long the part's job is to be left alone before it is asked for the
// first time: once for each job, whatever the clocks say by then.
func (j *paging) leaveAlone(ctx context.Context) (time.Duration, error) {
	p := j.part
	if p.Left || p.Posted.IsZero() {
		return 0, nil
	}
	row, err := j.Control.Flow(ctx, j.attempt.Flow)
	if err != nil {
		return 0, err
	}
	p.Left = true
	return firstPoll(row.Took[kindOfReading(j.attempt, *p)], j.age()), nil
}

// rememberTook notes in the row of a flow how long the jobs of an attempt took. What was
// split says nothing of a job that wasn't.
func rememberTook(f *control.FlowRow, a control.Attempt) {
	for _, p := range a.Parts {
		if p.Took == 0 || p.Splits > 0 || p.Of != "" {
			continue
		}
		if f.Took == nil {
			f.Took = map[string]time.Duration{}
		}
		f.Took[kindOfReading(a, *p)] = p.Took
	}
}

// soon lets the next call come after a while, or before, as another part wants it.
func (j *paging) soon(wait time.Duration) {
	if j.wait == 0 || wait < j.wait {
		j.wait = wait
	}
}
