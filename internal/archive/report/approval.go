package report

import (
	"strings"
	"time"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// An Approval is that somebody agreed to a plan.
type Approval struct {
	Approve  int       `json:"approve"`
	Approved int       `json:"approved"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Key      string    `json:"key,omitempty"` // the fingerprint of the key that signed; "" for a user of this machine
	Plan     string    `json:"plan"`
	Type     string    `json:"type"`
}

// Lines is one line.
func (a Approval) Lines() []any {
	a.Type = "archive_approval"
	return []any{a}
}

// Text is talk.
func (a Approval) Text() (t status.Text) {
	t.Talk("%s agreed to %s: %s of %s people", a.By, a.Plan, plural.Count(a.Approved), plural.Count(a.Approve))
	if a.Approved >= a.Approve {
		t.Talk("next: catchment archive run %s", a.Plan)
	}
	return t
}

// A ToSign is the text that a signature of an approval is over.
type ToSign struct {
	Command string `json:"command"` // that signs it
	Plan    string `json:"plan"`
	Type    string `json:"type"`
	Words   string `json:"words"`
}

// Lines is one line.
func (s ToSign) Lines() []any {
	s.Type = "archive_to_sign"
	return []any{s}
}

// Text is what is signed, byte for byte, and how that is done.
func (s ToSign) Text() (t status.Text) {
	t.Lines(strings.TrimSuffix(s.Words, "\n"))
	t.Talk("to agree, keep these lines in a file, and sign it: %s", s.Command)
	return t
}
