package report

import (
	"strconv"
	"strings"
	"time"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// The states of a plan.
const (
	Unapproved = "unapproved" // somebody still has to agree
	Approved   = "approved"   // it may be carried out, and nothing was begun
	Copying    = "copying"    // not every record is proven by now
	Cooling    = "cooling"    // all are, and the time after the proof isn't over
	Deleting   = "deleting"   // records leave Salesforce, or may
	Done       = "done"       // every record came to its end
	Expired    = "expired"    // its time was over before that
)

// A Standing is how far a plan is.
type Standing struct {
	Approve  int           `json:"approve"`
	Approved int           `json:"approved"`
	Back     int64         `json:"back"` // that live in the org again
	Blocked  int64         `json:"blocked"`
	Changed  int64         `json:"changed"`
	Deleted  int64         `json:"deleted"`
	Dry      bool          `json:"dry,omitempty"` // nothing was deleted, since nobody said to
	Expires  time.Time     `json:"expires_at"`
	Failed   int64         `json:"failed"`
	Held     int64         `json:"held"`
	Open     int64         `json:"open"` // whose end isn't known by now
	Plan     string        `json:"plan"`
	Policy   string        `json:"policy"`
	Selected int64         `json:"selected"`
	State    string        `json:"state"`
	Type     string        `json:"type"`
	Until    status.Moment `json:"until"` // when it goes on
	Vanished int64         `json:"vanished"`
	Why      string        `json:"why,omitempty"` // it doesn't go on before

	Levels  []Level  `json:"-"`
	Reasons []Reason `json:"-"` // of what changed or failed
	Next    string   `json:"-"`
}

// A Level is how far one object is at one level.
type Level struct {
	Back     int64  `json:"back"`
	Blocked  int64  `json:"blocked"`
	Changed  int64  `json:"changed"`
	Deleted  int64  `json:"deleted"`
	Failed   int64  `json:"failed"`
	Held     int64  `json:"held"`
	Level    int    `json:"level"`
	Object   string `json:"object"`
	Open     int64  `json:"open"`
	Plan     string `json:"plan"`
	Selected int64  `json:"selected"`
	Type     string `json:"type"`
	Vanished int64  `json:"vanished"`
}

// Sum fills in what the levels come to.
func (s *Standing) Sum() {
	s.Back, s.Blocked, s.Changed, s.Deleted, s.Failed, s.Held, s.Open, s.Selected, s.Vanished =
		0, 0, 0, 0, 0, 0, 0, 0, 0
	for _, l := range s.Levels {
		s.Back += l.Back
		s.Blocked += l.Blocked
		s.Changed += l.Changed
		s.Deleted += l.Deleted
		s.Failed += l.Failed
		s.Held += l.Held
		s.Open += l.Open
		s.Selected += l.Selected
		s.Vanished += l.Vanished
	}
}

// Lines are one for each level, and one for the whole.
func (s Standing) Lines() []any {
	var lines []any
	for _, l := range s.Levels {
		l.Type, l.Plan = "archive_level", s.Plan
		lines = append(lines, l)
	}
	for _, r := range s.Reasons {
		r.Type, r.Plan = "archive_reason", s.Plan
		lines = append(lines, r)
	}
	s.Type = "archive_status"
	return append(lines, s)
}

// Text is a table of the levels, and how the whole stands.
func (s Standing) Text() (t status.Text) {
	t.Result("%s: %s", s.Plan, s.stands())
	var rows [][]string
	for _, l := range s.Levels {
		rows = append(rows, []string{l.Object, strconv.Itoa(l.Level), plural.Count(l.Selected),
			plural.Count(l.Deleted), plural.Count(l.Changed), plural.Count(l.Held), plural.Count(l.Blocked),
			plural.Count(l.Vanished), plural.Count(l.Failed), plural.Count(l.Open), plural.Count(l.Back)})
	}
	if len(rows) > 0 {
		t.Grid([]string{"OBJECT", "LEVEL", "SELECTED", "DELETED", "CHANGED", "HELD", "BLOCKED", "VANISHED", "FAILED",
			"OPEN", "BACK"}, []bool{false, true, true, true, true, true, true, true, true, true, true}, rows)
	}
	for _, r := range s.Reasons {
		t.Talk("%s of %s %s: %s", plural.Of(r.Records, "record"), r.Object, r.Fate, r.Reason)
	}
	if s.Dry {
		t.Talk("nothing was deleted: this was a look")
	}
	if s.Why != "" {
		t.Talk("it waits: %s", s.Why)
	}
	if s.Next != "" {
		t.Talk("next: %s", s.Next)
	}
	return t
}

// stands is a standing in one sentence.
func (s Standing) stands() string {
	text := s.State
	switch s.State {
	case Unapproved:
		text += ": " + plural.Count(s.Approved) + " of " + plural.Count(s.Approve) + " people agreed"
	case Cooling, Deleting:
		if until := time.Time(s.Until); !until.IsZero() {
			text += " until " + status.Stamp(until)
		}
	}
	if s.Selected == 0 {
		return text
	}
	return text + ", " + strings.Join(s.ends(), ", ") + " of " + plural.Of(s.Selected, "record")
}

// ends are the numbers that aren't zero, and how many were deleted.
func (s Standing) ends() []string {
	texts := []string{plural.Count(s.Deleted) + " deleted"}
	for _, end := range []struct {
		n    int64
		word string
	}{
		{s.Changed, "changed"}, {s.Held, "held"}, {s.Blocked, "blocked"}, {s.Vanished, "vanished"},
		{s.Failed, "failed"}, {s.Open, "open"},
	} {
		if end.n > 0 {
			texts = append(texts, plural.Count(end.n)+" "+end.word)
		}
	}
	return texts
}

// None tells that there is no plan.
type None struct {
	Type string `json:"type"`
}

// Lines are none.
func (None) Lines() []any { return nil }

// Text is talk.
func (None) Text() (t status.Text) {
	t.Talk("there is no plan yet; make one with: catchment archive plan POLICY")
	return t
}
