package status

import "time"

// An Overview is what `status` says: how far each flow is, and the last runs.
type Overview struct {
	Flows []Flow
	Runs  []PastRun
}

// A Flow is how far a flow is.
type Flow struct {
	Behind       *Seconds  `json:"behind_seconds,omitempty"` // nil without a watermark
	Doubts       []Doubt   `json:"doubts,omitempty"`         // about the watermark
	Generation   int64     `json:"generation"`
	Grade        string    `json:"grade"` // of the watermark
	LastRun      string    `json:"last_run"`
	Object       string    `json:"object"`
	Paused       bool      `json:"paused"`
	PinnedSince  Moment    `json:"pinned_since"`
	Rejected     int64     `json:"rejected"`          // records that are kept out of the table
	Retired      []Retired `json:"retired,omitempty"` // columns that fields left behind
	Rows         int64     `json:"rows"`
	State        string    `json:"state"`
	StorageAsOf  Moment    `json:"storage_as_of"` // when the org held as much
	StorageBytes *int64    `json:"storage_bytes"` // that the object's records take in the org; nil: nobody knows
	Type         string    `json:"type"`
	Watermark    Moment    `json:"watermark"`

	Outdated int64 `json:"-"` // of the rejected, those that have a row of an older version
}

// A Retired is a column that a field left behind when it became one of another type.
type Retired struct {
	By     string `json:"by"` // the column that the field has now
	Column string `json:"column"`
	Field  string `json:"field"`
	Since  Moment `json:"since"`
}

// A PastRun is a run as the control table has it.
type PastRun struct {
	Calls   int64     `json:"api_calls"`
	Error   string    `json:"error,omitempty"` // of the run as a whole
	Hint    *string   `json:"hint,omitempty"`  // goes with Error
	ID      string    `json:"id"`
	Objects int       `json:"objects"`
	Seconds *Seconds  `json:"seconds,omitempty"` // nil until it has ended
	Started time.Time `json:"started"`
	State   string    `json:"state"`
	Type    string    `json:"type"`

	Holder string `json:"-"` // the process
}

// Lines are those of the flows, and those of the runs.
func (o Overview) Lines() []any {
	var lines []any
	for _, f := range o.Flows {
		f.Type = "flow"
		lines = append(lines, f)
	}
	for _, r := range o.Runs {
		r.Type = "run"
		lines = append(lines, r)
	}
	return lines
}

// Text is a table of the flows and one of the runs.
func (o Overview) Text() (t Text) {
	if len(o.Flows)+len(o.Runs) == 0 {
		t.Talk("nothing was copied yet; begin with: catchment run")
		return t
	}
	flows := []column{
		{head: "OBJECT"}, {head: "STATE"}, {head: "COMPLETE UP TO", short: toTheMinute},
		{head: "BEHIND", number: true, leaves: 1}, {head: "ROWS", number: true, leaves: 2},
		{head: "CRM STORAGE", brief: "STORAGE", short: byDay, number: true, leaves: 3}, {head: "LAST RUN", leaves: 4},
	}
	var rows [][]string
	for _, f := range o.Flows {
		rows = append(rows, []string{f.Object, f.State + f.held(), complete(f.Watermark, f.Grade), Ago(f.Behind),
			Count(f.Rows), stored(f.StorageBytes, f.StorageAsOf), f.LastRun})
	}
	t.table(flows, rows)
	t.Result("")
	runs := []column{
		{head: "RUN"}, {head: "STATE"}, {head: "STARTED", short: toTheMinute, leaves: 4},
		{head: "TOOK", number: true, leaves: 1}, {head: "OBJECTS", number: true, leaves: 3},
		{head: "API CALLS", brief: "CALLS", number: true, leaves: 2}, {head: "BY", leaves: 5},
	}
	rows = nil
	for _, r := range o.Runs {
		rows = append(rows, []string{r.ID, r.State, Stamp(r.Started), r.took(),
			Count(int64(r.Objects)), Count(r.Calls), r.Holder})
	}
	t.table(runs, rows)
	for _, f := range o.Flows {
		t.doubts(f.Object, f.Doubts)
		if f.Rejected > 0 {
			t.Talk("%s: %s records are kept out of the table, and %s of them have a row of an older version: see "+
				"_catchment_rejected, in the staging schema", f.Object, Count(f.Rejected), Count(f.Outdated))
		}
		for _, c := range f.Retired {
			t.Talk("%s: column %s keeps old values of records that don't change: since %s its field %s is of another "+
				"type, and has the column %s; drop the old one when nobody needs it",
				f.Object, c.Column, Stamp(time.Time(c.Since)), c.Field, c.By)
		}
	}
	for _, r := range o.Runs {
		t.trouble(r.ID, r.Error, r.Hint)
	}
	return t
}

// held names the transaction that keeps a flow from being complete any further,
// as far as the last run knew of one.
func (f Flow) held() string {
	since := time.Time(f.PinnedSince)
	if since.IsZero() {
		return ""
	}
	return ", held back by a transaction that is open since about " + Stamp(since)
}

func (r PastRun) took() string {
	if r.Seconds == nil {
		return "-"
	}
	return time.Duration(*r.Seconds).Round(100 * time.Millisecond).String()
}
