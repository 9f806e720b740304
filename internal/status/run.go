package status

import (
	"slices"
	"time"

	"catchment/internal/plural"
)

// A Run is what a run did: a line for each flow, and one for the run.
type Run struct {
	Calls   int64   `json:"api_calls"`
	Jobs    int64   `json:"bulk_jobs"`
	Failed  int     `json:"failed"` // flows
	ID      string  `json:"id"`
	Count   int     `json:"objects"`
	Seconds Seconds `json:"seconds"`
	State   string  `json:"state"`
	Type    string  `json:"type"`

	Objects []RunObject `json:"-"`
	Brief   bool        `json:"-"` // the text leaves out the flows with which all is well
}

// A RunObject is what a run did for one flow. Users rely on its keys.
type RunObject struct {
	Calls     int64    `json:"api_calls"`
	Jobs      int64    `json:"bulk_jobs"`
	Bytes     int64    `json:"bytes"`           // of the pages' text
	Class     string   `json:"class,omitempty"` // of Error: fix, retry, wait or bug
	Deleted   int64    `json:"deleted"`
	Doubts    []Doubt  `json:"doubts,omitempty"` // about how far it is complete
	Error     string   `json:"error,omitempty"`
	Extracted int64    `json:"extracted"` // loaded and rejected
	From      Moment   `json:"from"`
	Grade     string   `json:"grade"`
	Hint      *string  `json:"hint,omitempty"` // goes with Error
	Inserted  int64    `json:"inserted"`
	Loaded    int64    `json:"loaded"`
	Mover     string   `json:"mover"`
	Notes     []string `json:"notes,omitempty"`
	Object    string   `json:"object"`
	Rejected  int64    `json:"rejected"`       // kept out by this run
	KeptOut   int64    `json:"rejected_total"` // kept out by now, by whichever run
	State     string   `json:"state"`
	Steps     []Step   `json:"steps,omitempty"` // where they are asked for
	To        Moment   `json:"to"`
	Type      string   `json:"type"`
	Updated   int64    `json:"updated"`
}

// Lines are those of the flows, and the run's.
func (r Run) Lines() []any {
	var lines []any
	for _, o := range r.Objects {
		o.Type = "object"
		lines = append(lines, o)
	}
	r.Type, r.Count = "run", len(r.Objects)
	return append(lines, r)
}

// well tells whether there is nothing to do about a flow.
func (o RunObject) well() bool {
	return (o.State == "done" || o.State == "paused") && len(o.Doubts) == 0
}

// Text is a table of the flows, with what there is to know of each below it.
func (r Run) Text() (t Text) {
	shown := r.Objects
	if r.Brief {
		shown = slices.DeleteFunc(slices.Clone(shown), RunObject.well)
	}
	t.objects(shown)
	var all remarks
	for _, o := range shown {
		o.remarks(&all)
	}
	t.remark(all)
	t.Talk("run %s is %s: %s, %d failed, %.1f s, %s", r.ID, r.State, plural.Of(len(r.Objects), "object"), r.Failed,
		time.Duration(r.Seconds).Seconds(), plural.Of(r.Calls, "API call"))
	return t
}

// objects adds a table of what a run did for each flow.
func (t *Text) objects(objects []RunObject) {
	columns := []column{
		{head: "OBJECT"}, {head: "STATE"}, {head: "BY", leaves: 5}, {head: "READ", number: true, leaves: 1},
		{head: "INSERTED", brief: "NEW", number: true, leaves: 4},
		{head: "UPDATED", brief: "UPD", number: true, leaves: 3},
		{head: "DELETED", brief: "DEL", number: true, leaves: 2},
		{head: "COMPLETE UP TO", short: toTheMinute},
	}
	var rows [][]string
	for _, o := range objects {
		rows = append(rows, []string{o.Object, o.State, o.Mover, plural.Count(o.Loaded),
			plural.Count(o.Inserted), plural.Count(o.Updated), plural.Count(o.Deleted), complete(o.To, o.Grade)})
	}
	t.table(columns, rows)
}

// remarks adds what there is to know of a flow beside its row.
func (o RunObject) remarks(all *remarks) {
	for _, d := range o.Doubts {
		all.doubt(o.Object, d)
	}
	for _, note := range o.Notes {
		all.add(o.Object, remark{what: "note: ", text: note})
	}
	all.trouble(o.Object, o.Error, hintOf(o.Hint))
}

// hintOf is a hint that may not be there.
func hintOf(hint *string) string {
	if hint == nil {
		return ""
	}
	return *hint
}
