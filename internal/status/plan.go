package status

import (
	"strings"

	"catchment/internal/plural"
)

// A Plan is what a run would read, and what that would cost.
type Plan struct {
	Objects        []PlannedObject
	CallsLeft      int64 // API calls of the day
	CallsMax       int64
	JobsLeft       int64 // Bulk query jobs of the day
	ReservePercent int   // of the API calls, set aside for people

	Failed []string // the objects of which nobody knows what they cost; why is told as an error
}

// A PlannedObject is what a run would read for one flow; nothing of a paused one.
type PlannedObject struct {
	Calls        int64       `json:"api_calls"`
	AsOf         []AsOf      `json:"as_of,omitempty"` // what changes without a stamp
	ByREST       []string    `json:"by_rest"`         // fields that Bulk can't carry
	Extra        []Extra     `json:"extra"`           // beside the window; their calls and jobs are in the sums
	From         Moment      `json:"from"`
	Grade        string      `json:"grade"`
	Held         []Held      `json:"held,omitempty"` // columns that would get another type, if no view used them
	Jobs         int64       `json:"jobs"`
	Merges       string      `json:"merges,omitempty"` // who would merge what is read, and why
	Mover        string      `json:"mover"`
	Object       string      `json:"object"`
	Records      int64       `json:"records"`
	Retyped      []string    `json:"retyped,omitempty"` // columns that get another type: the table is rewritten
	Skipped      []Skipped   `json:"skipped"`
	StorageAsOf  Moment      `json:"storage_as_of"`
	StorageBytes *int64      `json:"storage_bytes"` // that the object's records take in the org; nil: nobody knows
	To           Moment      `json:"to"`
	Total        int64       `json:"total"` // that the org holds
	Type         string      `json:"type"`
	Verify       VerifyCosts `json:"verify"`
	Why          string      `json:"why"`

	Due []Extra `json:"-"` // Extra, and of a paused flow what it would be
}

// An AsOf is something of a flow that changes without a stamp: however far the window
// is complete, that is complete as of when it was last looked at.
type AsOf struct {
	At      Moment `json:"at"`
	By      string `json:"by"`             // what looks at it
	Hint    string `json:"hint,omitempty"` // where no run does by itself
	Planned bool   `json:"planned"`
	Why     string `json:"why"`

	Text string `json:"-"`
}

// An Extra is something that a run reads beside the window of a flow.
type Extra struct {
	Calls   int64  `json:"api_calls"`
	Jobs    int64  `json:"jobs"`
	Mover   string `json:"mover"`
	Name    string `json:"name"`
	Records int64  `json:"records"`
}

// A Skipped is a field that isn't copied, and why.
type Skipped struct {
	Field  string `json:"Field"`
	Reason string `json:"Reason"`
}

// A Held is a column that can't get another type, since views use it.
type Held struct {
	Column string   `json:"column"`
	Views  []string `json:"views"`
}

// VerifyCosts is what verify would take, by what it compares.
type VerifyCosts struct {
	Counts Cost `json:"counts"`
	Stamps Cost `json:"stamps"`
	Values Cost `json:"values"`
}

// A Cost is what something takes of an org.
type Cost struct {
	Calls   int64 `json:"api_calls"`
	Jobs    int64 `json:"jobs"`
	Records int64 `json:"records"`
}

func (c Cost) plus(o Cost) Cost {
	return Cost{c.Calls + o.Calls, c.Jobs + o.Jobs, c.Records + o.Records}
}

// A planTotal is the sum of a plan.
type planTotal struct {
	Calls          int64  `json:"api_calls"`
	CallsLeft      int64  `json:"api_calls_left"`
	CallsMax       int64  `json:"api_calls_max"`
	Failed         int    `json:"failed"` // objects that are in none of the sums
	Jobs           int64  `json:"jobs"`
	Objects        int    `json:"objects"`
	Records        int64  `json:"records"`
	ReservePercent int    `json:"reserve_percent"`
	StorageBytes   int64  `json:"storage_bytes"` // as far as it is known
	Type           string `json:"type"`

	StorageUnknown bool `json:"-"` // of some object
}

// total sums a plan up.
func (p Plan) total() planTotal {
	sum := planTotal{
		CallsLeft: p.CallsLeft, CallsMax: p.CallsMax, Objects: len(p.Objects), ReservePercent: p.ReservePercent,
		Type: "plan_total", Failed: len(p.Failed),
	}
	for _, o := range p.Objects {
		sum.Calls += o.Calls
		sum.Jobs += o.Jobs
		sum.Records += o.Records
		if o.StorageBytes == nil {
			sum.StorageUnknown = true
			continue
		}
		sum.StorageBytes += *o.StorageBytes
	}
	return sum
}

// Lines are those of the flows, and the sum's.
func (p Plan) Lines() []any {
	var lines []any
	for _, o := range p.Objects {
		o.Type = "plan"
		lines = append(lines, o)
	}
	return append(lines, p.total())
}

// Text is a table of the flows, what else is due below it, and the sum.
func (p Plan) Text() (t Text) {
	columns := []column{
		{head: "OBJECT"}, {head: "WHY", leaves: 1}, {head: "BY", leaves: 5},
		{head: "FROM", short: toTheMinute, leaves: 6}, {head: "COMPLETE UP TO", short: toTheMinute, leaves: 4},
		{head: "READ", number: true}, {head: "OF", number: true, leaves: 3}, {head: "CALLS", number: true},
		{head: "CRM STORAGE", brief: "STORAGE", short: byDay, number: true, leaves: 2},
	}
	var rows [][]string
	for _, o := range p.Objects {
		rows = append(rows, []string{o.Object, o.Why, o.Mover, complete(o.From, ""), complete(o.To, o.Grade),
			plural.Count(o.Records), plural.Count(o.Total), plural.Count(o.Calls),
			stored(o.StorageBytes, o.StorageAsOf)})
	}
	if len(p.Objects) == 0 && len(p.Failed) > 0 {
		return t // there is nothing to sum up
	}
	t.table(columns, rows)
	var all remarks
	for _, o := range p.Objects {
		o.remarks(&all)
	}
	t.remark(all)
	if len(p.Failed) > 0 {
		t.Talk("without %s, which could not be planned:", strings.Join(p.Failed, ", "))
	}
	p.sums(&t)
	return t
}

// remarks tells what the numbers don't.
func (o PlannedObject) remarks(all *remarks) {
	if len(o.ByREST) > 0 {
		all.say(o.Object, "Bulk can't carry %s: REST reads that beside it, with a call for each 2,000 records",
			strings.Join(o.ByREST, ", "))
	}
	for _, a := range o.AsOf {
		all.add(o.Object, remark{text: a.Text, hint: a.Hint})
	}
	for _, name := range o.Retyped {
		all.say(o.Object, "column %s gets another type, as its field has: the table is rewritten for that", name)
	}
	for _, h := range o.Held {
		all.say(o.Object, "column %s can't get the type that its field has now, under %s: the field gets another "+
			"column", h.Column, strings.Join(h.Views, ", "))
	}
	for _, e := range o.Due {
		all.say(o.Object, "%s is due: %s by %s, about %s", e.Name, plural.Of(e.Records, "record"), e.Mover,
			plural.Of(e.Calls, "API call"))
	}
	if o.Merges != "" {
		all.say(o.Object, "is merged %s", o.Merges)
	}
	for _, skip := range o.Skipped {
		all.say(o.Object, "field %s is not copied: %s", skip.Field, skip.Reason)
	}
}

// sums tells what a run and a verify would take altogether.
func (p Plan) sums(t *Text) {
	sum := p.total()
	about := "about"
	if sum.StorageUnknown {
		about = "at least"
	}
	t.Talk("about %s of %s left today (%s a day, %d%% of them for people), %s of %s left; "+
		"the records take %s %s of data storage in the org",
		plural.Of(sum.Calls, "API call"), plural.Count(p.CallsLeft), plural.Count(p.CallsMax), p.ReservePercent,
		plural.Of(sum.Jobs, "Bulk job"), plural.Count(p.JobsLeft), about, Size(sum.StorageBytes))
	var exact, quick Cost
	for _, o := range p.Objects {
		exact = exact.plus(o.Verify.Stamps)
		quick = quick.plus(o.Verify.Counts)
	}
	t.Talk("to verify all that takes about %s and %s, "+
		"which %s %s (with --digest whole); --quick %s",
		plural.Of(exact.Calls, "API call"), plural.Of(exact.Jobs, "Bulk job"), plural.Word(exact.Jobs, "reads", "read"),
		plural.Of(exact.Records, "record"), plural.Of(quick.Calls, "API call"))
}
