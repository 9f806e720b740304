package report

import (
	"time"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// A Checked is what reading back the evidence of a plan has found.
type Checked struct {
	After   *Usage `json:"after,omitempty"` // of storage, once all was over
	Agrees  bool   `json:"agrees"`
	Back    int64  `json:"back,omitempty"` // entries of records that came back later
	Batches int64  `json:"batches"`
	Before  *Usage `json:"before,omitempty"` // of storage, when it began
	Closed  string `json:"closed,omitempty"` // the link at the plan's end, behind which only returns follow
	Digest  string `json:"digest"`           // of the plan
	Entries int64  `json:"entries"`
	Head    string `json:"head"` // the last link of the chain
	Hint    string `json:"hint,omitempty"`
	Org     string `json:"org,omitempty"` // of the plan, where the warehouse is the copy of another: it wasn't checked
	Plan    string `json:"plan"`
	Type    string `json:"type"`
	What    string `json:"what,omitempty"` // disagrees, by file and line
}

// A Usage is what Salesforce's limits said of the storage that the org takes. They are computed
// now and then: what an archive frees shows up after some hours.
type Usage struct {
	At     time.Time `json:"at"`
	DataMB int64     `json:"data_mb"`
	FileMB int64     `json:"file_mb"`
}

// Lines is one line.
func (c Checked) Lines() []any {
	c.Type = "archive_check"
	return []any{c}
}

// Text is a line, and what to do where something isn't as it was written.
func (c Checked) Text() (t status.Text) {
	if c.Org != "" {
		t.Result("%s: of another org, %s: not checked", c.Plan, c.Org)
		t.Talk("hint: check it with the configuration of that org")
		return t
	}
	if !c.Agrees {
		t.Result("%s: not as it was written: %s", c.Plan, c.What)
		if c.Hint != "" {
			t.Talk("hint: %s", c.Hint)
		}
		return t
	}
	if c.Entries == 0 {
		t.Result("%s: as it was written; nothing was begun", c.Plan)
		return t
	}
	t.Result("%s: whole: %s of %s, plan %.12s, chain %.12s", c.Plan, plural.Of(c.Entries, "line"), batches(c.Batches),
		c.Digest, c.Head)
	if c.Back > 0 {
		t.Result("%s: %s of them of records that came back", c.Plan, plural.Of(c.Back, "line"))
	}
	for _, u := range []struct {
		when string
		*Usage
	}{{"before", c.Before}, {"after", c.After}} {
		if u.Usage != nil {
			t.Talk("%s, at %s, Salesforce counted %s MB of data and %s MB of files", u.when, status.Stamp(u.At),
				plural.Count(u.DataMB), plural.Count(u.FileMB))
		}
	}
	return t
}

func batches(n int64) string {
	if n == 1 {
		return "1 batch"
	}
	return plural.Count(n) + " batches"
}
