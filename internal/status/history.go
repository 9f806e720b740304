package status

import (
	"time"

	"catchment/internal/plural"
)

// A PastRun is a run as the control table has it.
type PastRun struct {
	Calls        int64      `json:"api_calls"`
	Jobs         int64      `json:"bulk_jobs"`
	By           string     `json:"by"`              // the process
	Error        string     `json:"error,omitempty"` // of the run as a whole, or what all of it waits for
	Failed       int        `json:"failed"`          // flows
	Hint         *string    `json:"hint,omitempty"`  // goes with Error
	ID           string     `json:"id"`
	Objects      int        `json:"objects"`
	Seconds      *Seconds   `json:"seconds,omitempty"` // nil until it has ended
	Started      time.Time  `json:"started"`
	State        string     `json:"state"`
	Type         string     `json:"type"`
	WaitingUntil *time.Time `json:"waiting_until,omitempty"`
}

// Runs is what `runs` says: a list of them, the last one first.
type Runs []PastRun

// Lines are one for each run.
func (r Runs) Lines() []any {
	var lines []any
	for _, run := range r {
		run.Type = "run"
		lines = append(lines, run)
	}
	return lines
}

// Text is a table of the runs, and below it what went wrong with them.
func (r Runs) Text() (t Text) {
	if len(r) == 0 {
		t.Talk("there was no run yet; begin with: catchment run")
		return t
	}
	t.runs(r)
	for _, run := range r {
		run.trouble(&t)
	}
	return t
}

// runs adds a table of runs.
func (t *Text) runs(runs []PastRun) {
	columns := []column{
		{head: "RUN"}, {head: "STATE"}, {head: "STARTED", short: toTheMinute, leaves: 5},
		{head: "TOOK", number: true, leaves: 1}, {head: "OBJECTS", number: true, leaves: 4},
		{head: "FAILED", number: true, leaves: 1}, {head: "API CALLS", brief: "CALLS", number: true, leaves: 2},
		{head: "BULK JOBS", brief: "JOBS", number: true, leaves: 3}, {head: "BY", leaves: 6},
	}
	var rows [][]string
	for _, r := range runs {
		rows = append(rows, []string{r.ID, r.State, Stamp(r.Started), r.took(), plural.Count(r.Objects),
			plural.Count(r.Failed), plural.Count(r.Calls), plural.Count(r.Jobs), r.By})
	}
	t.table(columns, rows)
}

func (r PastRun) took() string {
	if r.Seconds == nil {
		return "-"
	}
	return time.Duration(*r.Seconds).Round(100 * time.Millisecond).String()
}

// trouble tells why a run is where it is.
func (r PastRun) trouble(t *Text) {
	if r.WaitingUntil != nil {
		t.TalkOf(r.ID, "waiting until %s because %s", Stamp(*r.WaitingUntil), r.Error)
		t.trouble(r.ID, "", r.Hint)
		return
	}
	t.trouble(r.ID, r.Error, r.Hint)
}

// A OneRun is what `status RUN` says: a run, what it did for each flow, and when.
type OneRun struct {
	Run     PastRun
	Objects []RunObject
}

// A Step is how far a flow came in a run, and when.
type Step struct {
	At   time.Time `json:"at"`
	Step string    `json:"step"`
}

// Lines are those of the flows, with their steps, and the run's.
func (r OneRun) Lines() []any {
	var lines []any
	for _, o := range r.Objects {
		o.Type = "object"
		lines = append(lines, o)
	}
	r.Run.Type = "run"
	return append(lines, r.Run)
}

// Text is a table of the run, one of its flows and one of their steps, with what there is
// to know of them below.
func (r OneRun) Text() (t Text) {
	t.runs([]PastRun{r.Run})
	t.Result("")
	t.objects(r.Objects)
	t.Result("")
	t.steps(r.Objects)
	var all remarks
	for _, o := range r.Objects {
		o.remarks(&all)
	}
	t.remark(all)
	r.Run.trouble(&t)
	return t
}

// steps adds a table of when each flow got how far.
func (t *Text) steps(objects []RunObject) {
	columns := []column{{head: "OBJECT"}, {head: "STEP"}, {head: "AT"}, {head: "TOOK", number: true}}
	var rows [][]string
	for _, o := range objects {
		before := time.Time{}
		for _, s := range o.Steps {
			rows = append(rows, []string{o.Object, s.Step, Stamp(s.At), since(before, s.At)})
			before = s.At
		}
	}
	t.table(columns, rows)
}

// since is how long something took that began at a moment, "-" where nobody knows.
func since(began, ended time.Time) string {
	if began.IsZero() {
		return "-"
	}
	return ended.Sub(began).Round(100 * time.Millisecond).String()
}
