package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"catchment/internal/control/files"
	"catchment/internal/control/recall"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// An AttemptState says which steps of an attempt are behind it.
type AttemptState string

// The states of an attempt, each named after what is done.
const (
	Planned      AttemptState = "planned"      // its window is fixed and its intent recorded
	Created      AttemptState = "created"      // the job exists
	Ready        AttemptState = "ready"        // the job can be started
	Started      AttemptState = "started"      // the job runs
	Extracted    AttemptState = "extracted"    // the job has finished
	Loaded       AttemptState = "loaded"       // all its pages are in staging, and counted
	Consolidated AttemptState = "consolidated" // its rows are in the final table and its watermark has moved
	Abandoned    AttemptState = "abandoned"    // given up; what it left behind is to be dropped
	Dropped      AttemptState = "dropped"      // nothing of it is left but this row
)

// attemptStates lists all states in the order of a run; abandoned stands
// beside consolidated.
func attemptStates() []AttemptState {
	return []AttemptState{Planned, Created, Ready, Started, Extracted, Loaded, Consolidated, Abandoned, Dropped}
}

// attemptMoves is the one table of what may follow what. A job that is gone is
// replaced within the state: none leads back. One that starts by itself runs as soon as it exists. Where there is
// nothing to read, nothing has to be done before the watermark moves.
func attemptMoves(s AttemptState) []AttemptState {
	switch s {
	case Planned:
		return []AttemptState{Created, Started, Consolidated, Abandoned}
	case Created:
		return []AttemptState{Ready, Abandoned}
	case Ready:
		return []AttemptState{Started, Abandoned}
	case Started:
		return []AttemptState{Extracted, Abandoned}
	case Extracted:
		return []AttemptState{Loaded, Abandoned}
	case Loaded:
		return []AttemptState{Consolidated, Abandoned}
	case Consolidated, Abandoned:
		return []AttemptState{Dropped}
	}
	return nil
}

// To tells whether an attempt may go from s to next. Staying is always
// allowed: a step may be repeated (invariant 2).
func (s AttemptState) To(next AttemptState) error {
	if !slices.Contains(attemptStates(), next) || s != next && !slices.Contains(attemptMoves(s), next) {
		return plan.Failf(plan.Bug, "", "an attempt can't go from %q to %q", s, next)
	}
	return nil
}

// Past tells whether s comes after of, so that the step which leads out of it
// has nothing left to do. An abandoned attempt is past everything but dropped.
func (s AttemptState) Past(of AttemptState) bool {
	all := attemptStates()
	return slices.Index(all, s) > slices.Index(all, of)
}

// onTheWay tells whether s is one that an attempt comes to which isn't given up.
func (s AttemptState) onTheWay() bool { return s != Abandoned && s != Dropped }

// Open tells whether an attempt in state s still has work before its
// watermark: a flow has at most one such attempt.
func (s AttemptState) Open() bool { return !s.Past(Loaded) }

// An Attempt is one go at one window of a flow. It outlives the run that began
// it: the next run finishes it.
type Attempt struct {
	ID         string       `json:"id"`
	Flow       string       `json:"flow"`
	Run        string       `json:"run"` // that began it
	Fence      int64        `json:"fence"`
	Generation int64        `json:"generation"`
	State      AttemptState `json:"state"`

	Full      bool           `json:"full,omitzero"`      // rebuilds the table
	Complete  bool           `json:"complete,omitzero"`  // reads every record: those it lacks are gone
	Forget    bool           `json:"forget,omitzero"`    // takes older values out of what is masked or dropped since
	Remade    string         `json:"remade,omitzero"`    // the prefix of Ids of the object that had this name before
	Described string         `json:"described,omitzero"` // what the warehouse was told of its object, in short
	Folded    bool           `json:"folded,omitzero"`    // the table was a view over its rows when it began
	From      time.Time      `json:"from,omitzero"`
	To        time.Time      `json:"to,omitzero"`
	Grade     string         `json:"grade,omitzero"`   // of the window; once it is consolidated, of the watermark
	Doubts    []recall.Doubt `json:"doubts,omitempty"` // about what the window proves

	Again    *Again   `json:"again,omitempty"`    // what it reads again of what was kept out
	Withheld []string `json:"withheld,omitempty"` // fields that it leaves out, since Salesforce refuses to read them

	Bodies *files.Reading `json:"bodies,omitempty"` // nil where the flow copies none

	Parts  []*Part         `json:"parts,omitempty"`
	Counts json.RawMessage `json:"counts,omitempty"` // the warehouse's, of the consolidation

	// the warehouse's id of the consolidation under way, where it needs nobody to wait for it
	Statement string `json:"statement,omitzero"`
	Merges    int    `json:"merges,omitzero"` // such statements that came to nothing

	Calls      int64      `json:"calls,omitzero"`      // of Salesforce's API, by the steps of the run that has it
	Jobs       int64      `json:"jobs,omitzero"`       // of Salesforce's Bulk API, by the same steps
	Waiting    time.Time  `json:"waiting,omitzero"`    // since when it waits for the org's limits
	Until      time.Time  `json:"until,omitzero"`      // when it looks again, while it waits
	FailedRun  string     `json:"failed_run,omitzero"` // the last run that it failed in
	Error      string     `json:"error,omitzero"`
	ErrorClass plan.Class `json:"error_class,omitzero"`
	Hint       string     `json:"hint,omitzero"`   // what to do about Error
	Notes      []string   `json:"notes,omitempty"` // what the user should know of it, whatever became of it

	Reached map[AttemptState]time.Time `json:"reached,omitempty"` // when it came to each state
	Created time.Time                  `json:"created"`
	Updated time.Time                  `json:"updated"`
	Version int64                      `json:"-"`

	stored AttemptState // the state of that version; "" where nobody has read it
}

// An Again is what an attempt reads again of the records that were kept out before: as
// many as one reads, in order of their Ids.
type Again struct {
	Last    string   `json:"last"`             // the last Id
	Done    bool     `json:"done,omitzero"`    // none is behind it
	Unmet   []string `json:"unmet,omitempty"`  // of them, those that aren't read: they don't meet the flow's where
	Refused bool     `json:"refused,omitzero"` // Salesforce doesn't read the object by Ids
	Shape   string   `json:"shape"`            // of the columns
	Version string   `json:"version"`          // of Catchment
}

// Doubt adds a doubt. The first of its kind stays as it is.
func (a *Attempt) Doubt(d recall.Doubt) {
	same := func(old recall.Doubt) bool { return old.Kind == d.Kind && old.Attempt == d.Attempt }
	if !slices.ContainsFunc(a.Doubts, same) {
		a.Doubts = append(a.Doubts, d)
	}
}

type openRow struct {
	Attempt string `json:"attempt"`
}

// Begin records a new attempt in state planned and gives it its id. A flow
// that has an open attempt already is refused: finish or abandon that first.
func (c *Control) Begin(ctx context.Context, a Attempt) (Attempt, error) {
	open, found, version, err := c.open(ctx, a.Flow)
	if err != nil {
		return a, err
	}
	if found {
		return a, plan.Failf(plan.Bug, "", "begin an attempt of %s: %s is open, %s", a.Flow, open.ID, open.State)
	}
	if a.ID, err = c.newAttemptID(a.Flow); err != nil {
		return a, err
	}
	// The pointer goes first: one that names no attempt is as good as none,
	// while an attempt that nothing points to would never be found again.
	if _, err = write(ctx, c.table, rowOf(kindOpen, a.Flow, version), openRow{a.ID}); err != nil {
		return a, err
	}
	a.State, a.Version, a.Created = Planned, 0, c.now().UTC()
	return c.writeAttempt(ctx, a)
}

// Open finds the open attempt of a flow.
func (c *Control) Open(ctx context.Context, flow string) (Attempt, bool, error) {
	a, found, _, err := c.open(ctx, flow)
	return a, found, err
}

// open also tells the version of the pointer that it followed.
func (c *Control) open(ctx context.Context, flow string) (a Attempt, found bool, version int64, err error) {
	p, version, err := read[openRow](ctx, c.table, kindOpen, flow)
	if err == nil {
		a, err = c.Attempt(ctx, p.Attempt)
	}
	if errors.Is(err, versioned.ErrNotFound) {
		return Attempt{}, false, version, nil
	}
	if err != nil || !a.State.Open() {
		return Attempt{}, false, version, err
	}
	return a, true, version, nil
}

// Attempt reads an attempt by its id, or fails with versioned.ErrNotFound.
func (c *Control) Attempt(ctx context.Context, id string) (Attempt, error) {
	a, version, err := read[Attempt](ctx, c.table, kindAttempt, id)
	a.Version, a.stored = version, a.State
	return a, err
}

// Attempts lists the attempts of a flow, oldest first; of all flows where flow
// is "", flow by flow.
func (c *Control) Attempts(ctx context.Context, flow string) ([]Attempt, error) {
	prefix := flow
	if flow != "" {
		prefix += "-"
	}
	return list(c.table.List(ctx, kindAttempt, prefix), func(a *Attempt, v int64) { a.Version, a.stored = v, a.State })
}

// SaveAttempt writes an attempt that nobody has changed since it was read,
// else versioned.ErrConflict, and returns it with its new version. A state that
// can't follow the stored one is refused.
func (c *Control) SaveAttempt(ctx context.Context, a Attempt) (Attempt, error) {
	if a.stored == "" {
		stored, err := c.Attempt(ctx, a.ID)
		if err != nil {
			return a, err
		}
		if stored.Version != a.Version {
			return a, fmt.Errorf("save attempt %s: %w", a.ID, versioned.ErrConflict)
		}
		a.stored = stored.State
	}
	if err := a.stored.To(a.State); err != nil { // of that version, or the row isn't written
		return a, fmt.Errorf("save attempt %s: %w", a.ID, err)
	}
	return c.writeAttempt(ctx, a)
}

func (c *Control) writeAttempt(ctx context.Context, a Attempt) (Attempt, error) {
	a.Updated = c.now().UTC()
	if _, before := a.Reached[a.State]; !before {
		a.Reached = maps.Clone(a.Reached)
		if a.Reached == nil {
			a.Reached = map[AttemptState]time.Time{}
		}
		for _, state := range attemptStates() {
			if state == a.State || state.Past(a.stored) && !state.Past(a.State) && a.State.onTheWay() {
				a.Reached[state] = a.Updated // one that was left out had nothing to wait for
			}
		}
	}
	row := rowOf(kindAttempt, a.ID, a.Version)
	if a.State == Dropped {
		row.Expires = a.Updated.Add(attemptHistory)
	}
	version, err := write(ctx, c.table, row, a)
	if err != nil {
		return a, err
	}
	a.Version, a.stored = version, a.State
	return a, nil
}
