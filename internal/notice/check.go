// Package notice holds what commands say of all but the copy: what check finds
// wrong with the setup, what was written, imported, paused, adopted or erased, and
// what failed. Each is a status.Report; how these are made is told there.
package notice

import (
	"catchment/internal/plural"
	"catchment/internal/status"
)

// The states of a Finding.
const (
	OK   = "ok"
	Warn = "warn" // a run can live with it
	Fail = "fail"
)

// A Finding is one thing that check looked at.
type Finding struct {
	Class  string `json:"class,omitempty"` // of what fails
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
	State  string `json:"state"`
	Type   string `json:"type"`
	What   string `json:"what"`
}

// Lines is one line.
func (f Finding) Lines() []any {
	f.Type = "check"
	return []any{f}
}

// Text is a line, and the hint below it.
func (f Finding) Text() (t status.Text) {
	t.Result("%-5s %s: %s", f.State, f.What, f.Detail)
	if f.Hint != "" {
		t.Result("      hint: %s", f.Hint)
	}
	return t
}

// A Setup is what an administrator has to do about the finding before.
type Setup struct {
	Steps []string `json:"steps"`
	Type  string   `json:"type"`
	What  string   `json:"what"`
}

// Lines is one line.
func (s Setup) Lines() []any {
	s.Type = "check_setup"
	return []any{s}
}

// Text is a numbered list.
func (s Setup) Text() (t status.Text) {
	t.Result("      what an administrator sets up in Salesforce (docs/howto/logins.md):")
	for i, step := range s.Steps {
		t.Result("      %d. %s", i+1, step)
	}
	return t
}

// A CheckTotal sums up what check found.
type CheckTotal struct {
	Failed   int    `json:"failed"`
	Type     string `json:"type"`
	Warnings int    `json:"warnings"`
}

// Lines is one line.
func (c CheckTotal) Lines() []any {
	c.Type = "check_total"
	return []any{c}
}

// Text is a line of talk.
func (c CheckTotal) Text() (t status.Text) {
	t.Talk("%d failed, %s", c.Failed, plural.Of(c.Warnings, "warning"))
	return t
}
