package status

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"catchment/internal/plural"
)

// An Overview is what `status` says: how far each flow is, how its last run and its last
// comparison went, and the last runs.
type Overview struct {
	Flows      []Flow
	Runs       []PastRun
	FalseStart *FalseStart // a run that failed before it began, after all Runs
}

// A Flow is how far a flow is. Its state is one word; why it is what it is stands in Error,
// and in a time of its own.
type Flow struct {
	Behind       *Seconds   `json:"behind_seconds,omitempty"` // nil without a watermark
	Class        string     `json:"class,omitempty"`          // of Error: fix, retry, wait or bug
	Doubts       []Doubt    `json:"doubts,omitempty"`         // about the watermark
	Error        string     `json:"error,omitempty"`          // why it failed, or what it waits for
	FailedAt     *Moment    `json:"failed_at,omitempty"`
	Files        *Files     `json:"files,omitempty"` // of a flow that copies the bodies of files
	Generation   int64      `json:"generation"`
	Grade        string     `json:"grade"`          // of the watermark
	Hint         string     `json:"hint,omitempty"` // what to do about Error
	LastRun      string     `json:"last_run"`
	LastVerify   *Compared  `json:"last_verify,omitempty"`
	Late         bool       `json:"late,omitempty"` // further behind than was asked to be told of
	Object       string     `json:"object"`
	Paused       bool       `json:"paused"`
	PinnedSince  Moment     `json:"pinned_since"`
	Rejected     int64      `json:"rejected"`          // records that are kept out of the table
	Retired      []Retired  `json:"retired,omitempty"` // columns that fields left behind
	Rows         int64      `json:"rows"`
	State        string     `json:"state"`
	Step         string     `json:"step,omitempty"`   // how far its attempt is, where one is under way
	StorageAsOf  Moment     `json:"storage_as_of"`    // when the org held as much
	StorageBytes *int64     `json:"storage_bytes"`    // that the object's records take in the org; nil: nobody knows
	Tables       []Made     `json:"tables,omitempty"` // where they are made of files: the final one first
	Type         string     `json:"type"`
	WaitingUntil *time.Time `json:"waiting_until,omitempty"`
	Watermark    Moment     `json:"watermark"`

	Outdated int64 `json:"-"` // of the rejected, those that have a row of an older version
}

// A Made is what a table was made of when it was last looked after.
type Made struct {
	Bytes     int64  `json:"bytes"`
	Deletes   int    `json:"deletes"` // files that say which rows are deleted
	Files     int    `json:"files"`
	Snapshots int    `json:"snapshots"`
	Table     string `json:"table"` // with its schema
}

// A Compared is what the last comparison of a flow with the org found.
type Compared struct {
	Archived    int64   `json:"archived,omitempty"` // rows whose records an archive took out of the org
	AsOf        Moment  `json:"as_of"`              // what is stamped later was not judged
	At          Moment  `json:"at"`                 // when it ended, by the org's clock; null: none ever did
	Class       string  `json:"class,omitempty"`
	Compared    string  `json:"compared,omitempty"` // stamps, values or counts
	Differences int64   `json:"differences"`        // that are left, after a repair
	Duplicates  int64   `json:"duplicates"`
	Error       string  `json:"error,omitempty"` // why the last try came to nothing
	Extra       int64   `json:"extra"`
	FailedAt    *Moment `json:"failed_at,omitempty"`
	Grade       string  `json:"grade,omitempty"`
	Hint        string  `json:"hint,omitempty"` // goes with Error
	Missing     int64   `json:"missing"`
	Repaired    int64   `json:"repaired"`
	Source      int64   `json:"source"`
	Stale       int64   `json:"stale"`
	State       string  `json:"state"` // same, differs or failed
	Warehouse   int64   `json:"warehouse"`
	Wrong       int64   `json:"wrong"`
}

// A Retired is a column that a field left behind when it became one of another type.
type Retired struct {
	By     string `json:"by"` // the column that the field has now
	Column string `json:"column"`
	Field  string `json:"field"`
	Since  Moment `json:"since"`
}

// A FalseStart is a run that failed before it began, and has no id therefore.
type FalseStart struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Class string    `json:"class"`
	Error string    `json:"error"`
	Hint  string    `json:"hint"`
	Since time.Time `json:"since"` // the first of those that failed so, one after the other
	Times int64     `json:"times"` // how many these are
	Type  string    `json:"type"`
}

// Lines are those of the flows, those of the runs, and that of a false start.
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
	if o.FalseStart != nil {
		start := *o.FalseStart
		start.Type = "false_start"
		lines = append(lines, start)
	}
	return lines
}

// Text is a table of the flows and one of the runs, and below them what there is to know.
func (o Overview) Text() (t Text) {
	if len(o.Flows)+len(o.Runs) > 0 {
		t.flows(o.Flows)
		t.Result("")
		t.runs(o.Runs)
	} else if o.FalseStart == nil {
		t.Talk("nothing was copied yet; begin with: catchment run")
	}
	var all remarks
	for _, f := range o.Flows {
		f.remarks(&all)
	}
	t.remark(all)
	o.notCopied(&t)
	for _, r := range o.Runs {
		r.trouble(&t)
	}
	o.FalseStart.remark(&t)
	return t
}

// NotCopied is the state of a flow that nothing names any more.
const NotCopied = "not copied"

// notCopied tells of the flows that nothing names any more, which may be many.
func (o Overview) notCopied(t *Text) {
	var objects []string
	for _, f := range o.Flows {
		if f.State == NotCopied {
			objects = append(objects, f.Object)
		}
	}
	switch len(objects) {
	case 0:
	case 1:
		t.TalkOf(objects[0], "not copied any more, since nothing names it; its table stays as it is")
	default:
		t.Talk("%d flows are not copied any more, since nothing names them; their tables stay as they are",
			len(objects))
	}
}

// flows adds a table of the flows.
func (t *Text) flows(flows []Flow) {
	columns := []column{
		{head: "OBJECT"}, {head: "STATE"}, {head: "COMPLETE UP TO", short: toTheMinute},
		{head: "BEHIND", number: true, leaves: 1}, {head: "ROWS", number: true, leaves: 3},
		{head: "VERIFIED", short: byDay, leaves: 2},
		{head: "CRM STORAGE", brief: "STORAGE", short: byDay, number: true, leaves: 4}, {head: "LAST RUN", leaves: 5},
	}
	made := slices.ContainsFunc(flows, func(f Flow) bool { return len(f.Tables) > 0 })
	if made {
		columns = slices.Insert(columns, len(columns)-2, column{head: "FILES", number: true, leaves: 3},
			column{head: "DELETES", number: true, leaves: 3}, column{head: "SIZE", number: true, leaves: 3})
	}
	var rows [][]string
	for _, f := range flows {
		cells := []string{f.Object, f.State, complete(f.Watermark, f.Grade), Ago(f.Behind),
			plural.Count(f.Rows), f.LastVerify.word()}
		if made {
			cells = append(cells, f.made()...)
		}
		rows = append(rows, append(cells, stored(f.StorageBytes, f.StorageAsOf), f.LastRun))
	}
	t.table(columns, rows)
}

// made is what the final table is made of.
func (f Flow) made() []string {
	if len(f.Tables) == 0 {
		return []string{"-", "-", "-"}
	}
	m := f.Tables[0]
	return []string{plural.Count(int64(m.Files)), plural.Count(int64(m.Deletes)), Size(m.Bytes)}
}

// remarks adds what there is to know of a flow beside its row.
func (f Flow) remarks(all *remarks) {
	if f.WaitingUntil != nil {
		all.add(f.Object, remark{hint: f.Hint, text: "waiting until " + Stamp(*f.WaitingUntil) + " because " + f.Error})
	} else {
		all.trouble(f.Object, f.Error, f.Hint)
	}
	switch {
	case f.Late && f.Behind == nil:
		all.say(f.Object, "too far behind: it was never complete")
	case f.Late:
		all.say(f.Object, "too far behind: %s", Ago(f.Behind))
	}
	if since := time.Time(f.PinnedSince); !since.IsZero() {
		all.say(f.Object, "held back by a transaction that is open since about %s", Stamp(since))
	}
	for _, d := range f.Doubts {
		all.doubt(f.Object, d)
	}
	if v := f.LastVerify; v != nil {
		if v.Error != "" {
			all.add(f.Object, remark{level: slog.LevelError, what: "verify: error: ", text: v.Error, hint: v.Hint})
		}
	}
	if n := f.Rejected; n > 0 {
		all.say(f.Object, "%s %s kept out of the table, and %s of them %s a row of an older version: see "+
			"_catchment_rejected, in the staging schema", plural.Of(n, "record"), plural.Word(n, "is", "are"),
			plural.Count(f.Outdated), plural.Word(f.Outdated, "has", "have"))
	}
	if v := f.LastVerify; v != nil && v.Archived > 0 {
		all.say(f.Object, "%s of its rows %s archived when it was verified last: out of Salesforce on purpose",
			plural.Count(v.Archived), plural.Word(v.Archived, "was", "were"))
	}
	f.Files.remarks(f.Object, all)
	for _, c := range f.Retired {
		all.say(f.Object, "column %s keeps old values of records that don't change: since %s its field %s is of "+
			"another type, and has the column %s; drop the old one when nobody needs it",
			c.Column, Stamp(time.Time(c.Since)), c.Field, c.By)
	}
}

// word is what a comparison came to, and on which day.
func (v *Compared) word() string {
	if v == nil {
		return "-"
	}
	at, word := time.Time(v.At), v.State
	switch {
	case v.FailedAt != nil:
		at = time.Time(*v.FailedAt)
	case v.Differences > 0:
		word = plural.Count(v.Differences) + " differ"
	case v.Compared == "counts":
		word = "sample"
	}
	return fmt.Sprintf("%s (%s)", word, at.UTC().Format(time.DateOnly))
}

// remark tells of a run that failed before it began.
func (s *FalseStart) remark(t *Text) {
	if s == nil {
		return
	}
	again := ""
	if s.Times > 1 {
		again = fmt.Sprintf(", as %d have since %s", s.Times, Stamp(s.Since))
	}
	of := fmt.Sprintf("the run of %s", Stamp(s.At))
	t.Talk("%s failed before it began%s", of, again)
	t.trouble(of, s.Error, &s.Hint)
}
