package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	"catchment/internal/control/recall"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// A RunState says how a run ended, or that it hasn't.
type RunState string

// The states of a run.
const (
	Running    RunState = "running"
	Done       RunState = "done"
	Partial    RunState = "partial"    // some flows failed
	Failed     RunState = "failed"     // all flows failed, or the run itself
	Superseded RunState = "superseded" // another run took its leases
	Stopped    RunState = "stopped"    // by the user
)

// runStates lists all states.
func runStates() []RunState {
	return []RunState{Running, Done, Partial, Failed, Superseded, Stopped}
}

// To tells whether a run may go from s to next: from running anywhere, and
// from an end nowhere else.
func (s RunState) To(next RunState) error {
	if !slices.Contains(runStates(), next) || s != next && s != Running {
		return plan.Failf(plan.Bug, "", "a run can't go from %q to %q", s, next)
	}
	return nil
}

// A RunRow is one run.
type RunRow struct {
	ID      string      `json:"id"`
	State   RunState    `json:"state"`
	Holder  string      `json:"holder"`
	Started time.Time   `json:"started"`
	Ended   time.Time   `json:"ended,omitzero"`
	Objects []RunObject `json:"objects,omitempty"`
	Calls   int64       `json:"calls"`          // API calls
	Jobs    int64       `json:"jobs,omitzero"`  // of Salesforce's Bulk API
	Until   time.Time   `json:"until,omitzero"` // while all of it waits, for Error: when it goes on
	Error   string      `json:"error,omitzero"` // of the run as a whole; those of flows stand in Objects
	Hint    string      `json:"hint,omitzero"`  // what to do about Error
	Version int64       `json:"-"`              // 0: not stored
}

// A FlowState says how a flow's part in a run went.
type FlowState string

// The states of a flow in a run.
const (
	FlowOpen   FlowState = "open"   // under way, or left for the next run
	FlowDone   FlowState = "done"   // consolidated
	FlowFailed FlowState = "failed" // with Error and Hint
	FlowPaused FlowState = "paused" // not run
)

// A RunObject is how one flow of a run went.
type RunObject struct {
	Object   string    `json:"object"`
	Attempt  string    `json:"attempt,omitzero"`
	State    FlowState `json:"state"`
	Mover    string    `json:"mover,omitzero"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Grade    string    `json:"grade,omitzero"`
	Records  int64     `json:"records"`           // read and loaded
	Bytes    int64     `json:"bytes"`             // of the pages' text
	Rejected int64     `json:"rejected,omitzero"` // records that were kept out by this run
	KeptOut  int64     `json:"kept_out,omitzero"` // and that are kept out, whoever did it
	Inserted int64     `json:"inserted"`
	Updated  int64     `json:"updated"`
	Deleted  int64     `json:"deleted"`
	Calls    int64     `json:"calls"`         // API calls
	Jobs     int64     `json:"jobs,omitzero"` // of Salesforce's Bulk API
	// when its attempt came to each state, in milliseconds after the run began
	Steps  map[AttemptState]int64 `json:"steps,omitempty"`
	Notes  []string               `json:"notes,omitempty"`
	Doubts []recall.Doubt         `json:"doubts,omitempty"` // about the watermark, that are still there
	Error  string                 `json:"error,omitzero"`
	Hint   string                 `json:"hint,omitzero"`
	Class  plan.Class             `json:"class,omitzero"` // of Error
}

// Tally counts the flows of a run by how they went.
func (r RunRow) Tally() (done, failed, open, paused int) {
	for _, o := range r.Objects {
		switch o.State {
		case FlowDone:
			done++
		case FlowFailed:
			failed++
		case FlowPaused:
			paused++
		default:
			open++
		}
	}
	return done, failed, open, paused
}

// SaveRun writes a run that nobody has changed since it was read, else
// versioned.ErrConflict, and returns it with its new version.
func (c *Control) SaveRun(ctx context.Context, r RunRow) (RunRow, error) {
	if r.Version > 0 {
		stored, err := c.Run(ctx, r.ID)
		if err != nil {
			return r, err
		}
		if stored.Version != r.Version {
			return r, fmt.Errorf("save run %s: %w", r.ID, versioned.ErrConflict)
		}
		if err := stored.State.To(r.State); err != nil {
			return r, fmt.Errorf("save run %s: %w", r.ID, err)
		}
	}
	row := rowOf(kindRun, r.ID, r.Version)
	if r.State != Running {
		row.Expires = c.now().Add(runHistory)
	}
	version, err := write(ctx, c.table, row, r)
	if err != nil {
		return r, err
	}
	r.Version = version
	return r, nil
}

// Run reads a run by its id, or fails with versioned.ErrNotFound.
func (c *Control) Run(ctx context.Context, id string) (RunRow, error) {
	r, version, err := read[RunRow](ctx, c.table, kindRun, id)
	r.Version = version
	return r, err
}

// Runs lists the runs, newest first.
func (c *Control) Runs(ctx context.Context) ([]RunRow, error) {
	all, err := list(c.table.List(ctx, kindRun, ""), func(r *RunRow, v int64) { r.Version = v })
	slices.Reverse(all)
	return all, err
}

// stepsAtMost is of how many flows a run's row has the steps: one of DynamoDB holds 400 KB,
// and has to hold how each flow went.
const stepsAtMost = 400

// Steps is when an attempt came to each state, as the run's row has it.
func (r RunRow) Steps(a Attempt) map[AttemptState]int64 {
	if len(r.Objects) > stepsAtMost {
		return nil
	}
	steps := map[AttemptState]int64{}
	for state, at := range a.Reached {
		steps[state] = at.Sub(r.Started).Milliseconds()
	}
	return steps
}

// Held tells whether a run may still be under way, by what it left behind: it holds a
// flow, or waits, or is so young that it needn't hold one yet. Whether its process lives
// is for others to say, where they can.
func (r RunRow) Held(leases []Lease, now time.Time) bool {
	if now.Before(r.Started.Add(leaseTime)) || now.Before(r.Until.Add(leaseTime)) {
		return true
	}
	return slices.ContainsFunc(leases, func(l Lease) bool { return l.Run == r.ID && now.Before(l.Expires) })
}
