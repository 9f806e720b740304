package reading

import (
	"encoding/json"
	"errors"
	"fmt"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
)

// ErrUnsound says that what a job brought doesn't add up. Another job reads the
// same again: the pages of this one are stored, and stay what they are.
var ErrUnsound = errors.New("the result doesn't add up")

// A state says where a part stands. It isn't stored: it follows from what is.
type state string

// The states of a part.
const (
	idle    state = "idle"    // there is nothing to read
	planned state = "planned" // it has no job: the last one came to nothing, or there was none yet
	running state = "running" // its job has no result yet
	read    state = "read"    // its job has its result
	loaded  state = "loaded"  // all its pages are in staging, and counted
)

// An Event is what befalls a part.
type Event string

// The events of a part. Those that others tell of let it be read anew.
const (
	made     Event = "made"     // a job was made for it
	ended    Event = "ended"    // the job has its result
	counted  Event = "counted"  // the result is loaded, and adds up
	shrunk   Event = "shrunk"   // the query was too much: it reads less now
	Replaced Event = "replaced" // the job is gone: another one reads the same
	GivenUp  Event = "given up" // the result is no good: the next call makes another job
	Outdated Event = "outdated" // what it completes is read anew, so it has to be as well
)

// moves is the one table of what an event makes of a part. A job of REST has its
// result as soon as it is made.
var moves = map[state]map[Event]state{
	idle:    {},
	planned: {made: running, shrunk: planned},
	running: {ended: read, Replaced: planned, GivenUp: planned, shrunk: planned, Outdated: planned},
	read:    {counted: loaded, Replaced: planned, GivenUp: planned, shrunk: planned, Outdated: planned},
	loaded:  {GivenUp: planned, shrunk: planned, Outdated: planned},
}

// stateOf tells where a part stands.
func stateOf(p control.Part) (state, error) {
	switch {
	case Nothing.Is(p):
		return idle, nil
	case p.Loaded:
		return loaded, nil
	case len(p.Job) == 0:
		return planned, nil
	}
	job, err := JobOf(p)
	if err == nil && job.Done {
		return read, nil
	}
	return running, err
}

// move tells what an event makes of a part, and refuses what can't befall it.
func move(p control.Part, event Event) (state, error) {
	from, err := stateOf(p)
	if err != nil {
		return from, err
	}
	to, ok := moves[from][event]
	if !ok {
		return from, plan.Failf(plan.Bug, "", "part %s is %s: its job can't be %s", p.Name, from, event)
	}
	return to, nil
}

// Restart lets a part be read anew, since event has befallen it: what its job has
// brought is forgotten. Who asks for it drops the job.
func Restart(p *control.Part, event Event) error {
	to, err := move(*p, event)
	if err == nil && to != planned {
		err = plan.Failf(plan.Bug, "", "part %s isn't read anew since its job was %s", p.Name, event)
	}
	if err != nil {
		return err
	}
	p.Job, p.Loaded, p.Unproven = nil, false, false
	p.Pages, p.Records, p.Rejected, p.Bytes = 0, 0, 0, 0
	return nil
}

// MoveTo lets another mover read a part anew that was too much for its own.
func MoveTo(p *control.Part, mover string) error {
	if err := Restart(p, shrunk); err != nil {
		return err
	}
	p.Mover = mover
	return nil
}

// A Result is what a job has brought, as it was counted.
type Result struct{ Pages, Records, Rejected, Bytes int64 }

// Finish notes that the result of a part's job is loaded, and adds up.
func Finish(p *control.Part, r Result) error {
	if _, err := move(*p, counted); err != nil {
		return err
	}
	p.Loaded = true
	p.Pages, p.Records, p.Rejected, p.Bytes = r.Pages, r.Records, r.Rejected, r.Bytes
	return nil
}

// JobOf reads what all notes of movers have: the job's id, and when it read.
func JobOf(p control.Part) (mover.Job, error) {
	var job mover.Job
	if err := json.Unmarshal(p.Job, &job); err != nil {
		return job, fmt.Errorf("read the job of part %s: %w", p.Name, err)
	}
	return job, nil
}

// SetJob notes in a part the job that was made for it, or how far that is. What it
// reads stands there already.
func SetJob(p *control.Part, j mover.Job) error {
	from, err := stateOf(*p)
	switch {
	case err != nil:
		return err
	case from == planned:
		_, err = move(*p, made)
	case j.Done && from != read:
		_, err = move(*p, ended)
	}
	if err != nil {
		return err
	}
	j.Request.SOQL, j.Request.IDs = "", nil
	p.Job, err = json.Marshal(j)
	return err
}

// Jobs names the jobs of some parts, as far as they have one.
func Jobs(parts []*control.Part) ([]string, error) {
	var ids []string
	for _, p := range parts {
		if len(p.Job) == 0 {
			continue
		}
		job, err := JobOf(*p)
		if err != nil {
			return nil, err
		}
		ids = append(ids, job.ID)
	}
	return ids, nil
}

// TooEarly tells whether a part has to wait for the one that it completes: what REST
// reads beside Bulk is read as soon as Bulk is done, so that few records change
// between the two.
func TooEarly(movers mover.Set, a control.Attempt, p control.Part) (bool, error) {
	if movers.Traits(p.Mover).Outlives {
		return false, nil
	}
	for _, first := range a.Reading(p.Follows) {
		stands, err := stateOf(*first)
		if err != nil || movers.Traits(first.Mover).Outlives && stands != read && stands != loaded {
			return true, err
		}
	}
	return false, nil
}
