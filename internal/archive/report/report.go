// Package report holds what the commands of the archive say, as reports of package status: what a
// plan would take out of Salesforce, who agreed to it, how far it is, and whether its
// evidence is whole.
//
// Ids stand in no report but that of records, which somebody has to ask for; values of
// records stand in none. Start at Plan.
package report

import (
	"strconv"
	"strings"
	"time"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// A Plan is what a plan would take out of Salesforce, and what it wouldn't.
type Plan struct {
	Approve  int       `json:"approve"`  // people who have to agree
	Approved int       `json:"approved"` // who have
	Bin      int64     `json:"bin"`      // records in the recycle bin afterwards, about
	BinRoom  int64     `json:"bin_room"` // records that it holds; 0 where the org doesn't say
	Blocked  int64     `json:"blocked"`
	Bytes    int64     `json:"bytes"`  // of data storage
	Calls    int64     `json:"calls"`  // of Salesforce's API, about
	Clears   int64     `json:"clears"` // lookups of records that stay
	Cool     string    `json:"cool"`
	Currency string    `json:"currency,omitempty"`
	Days     int       `json:"days"`
	Digest   string    `json:"digest"`
	Expires  time.Time `json:"expires_at"`
	Files    int64     `json:"files"` // bytes of file storage
	Held     int64     `json:"held"`
	In       int64     `json:"in"`
	Lost     bool      `json:"lost"` // something would be lost that the policy doesn't allow
	Made     time.Time `json:"made_at"`
	Month    *float64  `json:"month,omitempty"` // money that it saves; nil where no price is given
	More     int64     `json:"more"`            // roots that meet the policy, and have no room in this plan
	Org      string    `json:"org"`
	Plan     string    `json:"plan"`
	Policy   string    `json:"policy"`
	Root     string    `json:"root"`
	Roots    int64     `json:"roots"`
	Type     string    `json:"type"`

	Objects []Object `json:"-"`
	Losses  []Loss   `json:"-"`
	Reasons []Reason `json:"-"`
	Next    string   `json:"-"` // what to type now; "" where another report says that
}

// An Object is what a plan does to one object at one level.
type Object struct {
	Blocked int64  `json:"blocked"`
	Bytes   int64  `json:"bytes"`
	Files   int64  `json:"files"`
	Held    int64  `json:"held"`
	In      int64  `json:"in"`
	Level   int    `json:"level"`
	Live    int64  `json:"live"`
	Object  string `json:"object"`
	Plan    string `json:"plan"`
	Type    string `json:"type"`
}

// A Loss is what goes with a plan and isn't in the copy.
type Loss struct {
	Allowed bool   `json:"allowed"`
	Plan    string `json:"plan"`
	Records int64  `json:"records"`
	Type    string `json:"type"`
	What    string `json:"what"`
	Why     string `json:"why"`
}

// A Reason is why some records stay.
type Reason struct {
	Fate    string `json:"fate"` // held or blocked; of a plan that is carried out, an end
	Object  string `json:"object"`
	Plan    string `json:"plan"`
	Reason  string `json:"reason"`
	Records int64  `json:"records"`
	Type    string `json:"type"`
}

// Lines are one for each object, loss and reason, and one for the whole.
func (p Plan) Lines() []any {
	var lines []any
	for _, o := range p.Objects {
		o.Type, o.Plan = "archive_object", p.Plan
		lines = append(lines, o)
	}
	for _, r := range p.Reasons {
		r.Type, r.Plan = "archive_reason", p.Plan
		lines = append(lines, r)
	}
	for _, l := range p.Losses {
		l.Type, l.Plan = "archive_loss", p.Plan
		lines = append(lines, l)
	}
	p.Type = "archive_plan"
	return append(lines, p)
}

// Text is a table of the objects, and what it comes to.
func (p Plan) Text() (t status.Text) {
	if p.Plan == "" {
		t.Result("no plan: %s", p.sum())
	} else {
		t.Result("%s: %s", p.Plan, p.sum())
	}
	var rows [][]string
	for _, o := range p.Objects {
		rows = append(rows, []string{o.Object, strconv.Itoa(o.Level), plural.Count(o.In), plural.Count(o.Held),
			plural.Count(o.Blocked), plural.Count(o.Live), status.Size(o.Bytes), status.Size(o.Files)})
	}
	t.Grid([]string{"OBJECT", "LEVEL", "GOES", "HELD", "BLOCKED", "OF LIVE", "DATA", "FILES"},
		[]bool{false, true, true, true, true, true, true, true}, rows)
	for _, r := range p.Reasons {
		t.Talk("%s of %s %s: %s: %s", plural.Of(r.Records, "record"), r.Object, plural.Word(r.Records, "stays", "stay"),
			r.Fate, r.Reason)
	}
	t.Talk("it frees %s", p.frees())
	t.Talk("it takes about %s and %s; the recycle bin would hold about %s", plural.Of(p.Calls, "call"),
		plural.Of(p.Days, "day"), plural.Of(p.Bin, "record"))
	if p.Clears > 0 {
		t.Talk("%s of records that stay would be emptied; the plan keeps what stands there now",
			plural.Of(p.Clears, "lookup"))
	}
	if p.BinRoom > 0 && p.Bin > p.BinRoom {
		t.Warn("recycle bin", "it holds "+plural.Of(p.BinRoom, "record")+"; of more, Salesforce removes the oldest "+
			"after two hours, and nothing undeletes them", "lower `cap:` of the policy, or let more days pass")
	}
	if p.More > 0 {
		t.Talk("%s more of the policy's roots have no room in it: plan again once it is done", plural.Count(p.More))
	}
	for _, l := range p.Losses {
		l.say(&t, p.Policy)
	}
	if p.Plan == "" {
		return t
	}
	t.Talk("records are deleted no earlier than %s after their copies are proven; the plan ends at %s", p.Cool,
		status.Stamp(p.Expires))
	t.Talk("digest: %s", p.Digest)
	if p.Next != "" {
		t.Talk("next: %s", p.Next)
	}
	return t
}

// sum is the plan in one sentence.
func (p Plan) sum() string {
	text := plural.Of(p.In, "record") + ", with " + plural.Of(p.Roots, "root") + " of " + p.Root + ", " +
		plural.Word(p.In, "leaves", "leave") + " Salesforce"
	if p.Held > 0 {
		text += "; " + plural.Count(p.Held) + " held"
	}
	if p.Blocked > 0 {
		text += "; " + plural.Count(p.Blocked) + " blocked"
	}
	return text
}

// frees is how much storage goes, and what that saves.
func (p Plan) frees() string {
	text := status.Size(p.Bytes) + " of data and " + status.Size(p.Files) + " of files"
	if p.Month != nil {
		text += ", about " + strconv.FormatFloat(*p.Month, 'f', 2, 64) + " " + p.Currency + " a month"
	}
	return text
}

// say tells of a loss. One that the policy doesn't allow says what to write there.
func (l Loss) say(t *status.Text, policy string) {
	lost := l.What + ": " + plural.Of(l.Records, "record") + " would be lost: " + l.Why
	if strings.Contains(l.What, ".") {
		lost = l.What + ": " + plural.Of(l.Records, "value") + " would be lost: " + l.Why
	}
	if l.Allowed {
		t.Talk("%s; the policy allows it", lost)
		return
	}
	t.Warn("no copy", lost, "copy it, or allow that in policy "+policy+" with `lose: ["+l.What+"]`, and plan again")
}

// A Record is what a plan has for one record, or what became of it, for who asks for Ids.
type Record struct {
	Fate   string `json:"fate"` // in, held or blocked; once the plan is carried out, the state or end
	ID     string `json:"id"`
	Level  int    `json:"level"`
	NewID  string `json:"new_id,omitempty"` // of the record that took its place, once it was brought back
	Object string `json:"object"`
	Plan   string `json:"plan"`
	Reason string `json:"reason,omitempty"`
	Root   string `json:"root,omitempty"` // that it goes with
	Type   string `json:"type"`
}

// Lines is one line.
func (r Record) Lines() []any {
	r.Type = "archive_record"
	return []any{r}
}

// Text is a line.
func (r Record) Text() (t status.Text) {
	if r.Reason == "" {
		t.Result("%s  %s  %s", r.Object, r.ID, r.Fate)
		return t
	}
	t.Result("%s  %s  %s: %s", r.Object, r.ID, r.Fate, r.Reason)
	return t
}
