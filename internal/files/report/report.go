// Package report holds what the commands about files say, as reports of package status: which
// files the copy has, what became of those that were written out, and which bodies nobody names.
//
// Names of files are values of records: they are results, and never a part of an error.
package report

import (
	"strings"
	"time"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// A File is one of the copy.
type File struct {
	Again       *time.Time `json:"again,omitempty"` // when one that is kept aside is tried again
	ContentType string     `json:"content_type,omitempty"`
	Deleted     bool       `json:"deleted"` // in Salesforce
	ID          string     `json:"id"`
	Name        string     `json:"name"` // in Salesforce
	Object      string     `json:"object"`
	Parent      string     `json:"parent"` // the document whose version it is, or what it hangs on
	Reason      string     `json:"reason,omitempty"`
	SHA256      string     `json:"sha256"` // "" where no body is copied
	Size        int64      `json:"size"`
	State       string     `json:"state"`
	Tries       int        `json:"tries,omitempty"` // since it is kept aside
	Type        string     `json:"type"`
}

// A List is some files.
type List []File

// Lines are one for each file.
func (l List) Lines() []any {
	lines := make([]any, len(l))
	for i, f := range l {
		f.Type = "file"
		lines[i] = f
	}
	return lines
}

// Text is a table. Of a digest it has the beginning: nobody compares 64 digits by eye.
func (l List) Text() (t status.Text) {
	rows := make([][]string, len(l))
	for i, f := range l {
		digest := "-"
		if f.SHA256 != "" {
			digest = f.SHA256[:min(len(f.SHA256), shownDigits)]
		}
		rows[i] = []string{f.ID, f.Object, f.Name, plural.Count(f.Size), digest, f.Parent, f.stands()}
	}
	t.Grid([]string{"ID", "OBJECT", "NAME", "SIZE", "SHA256", "PARENT", "STATE"},
		[]bool{false, false, false, true, false, false, false}, rows)
	return t
}

// shownDigits is how many digits of a digest a person sees.
const shownDigits = 12

// stands is the state of a file, and why.
func (f File) stands() string {
	state := f.State
	if f.Deleted {
		state += ", deleted in Salesforce"
	}
	if f.Reason != "" {
		state += ": " + f.Reason
	}
	if f.Again != nil {
		state += "; tried again from " + status.Stamp(*f.Again) + " on"
	}
	return state
}

// A Total is how many files were listed.
type Total struct {
	Bytes int64  `json:"bytes"`
	Files int64  `json:"files"`
	Type  string `json:"type"`
}

// Lines is one line.
func (s Total) Lines() []any {
	s.Type = "files"
	return []any{s}
}

// Text is talk.
func (s Total) Text() (t status.Text) {
	t.Talk("%s, %s together", plural.Of(s.Files, "file"), plural.Of(s.Bytes, "byte"))
	return t
}

// A Written is a file that was written out.
type Written struct {
	Already bool   `json:"already"` // it was there, with the same bytes
	ID      string `json:"id"`
	Path    string `json:"path"`
	Renamed bool   `json:"renamed"` // it isn't called as in Salesforce
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Type    string `json:"type"`
}

// Lines is one line.
func (w Written) Lines() []any {
	w.Type = "written"
	return []any{w}
}

// Text is a line.
func (w Written) Text() (t status.Text) {
	var notes []string
	if w.Already {
		notes = append(notes, "was there")
	}
	if w.Renamed {
		notes = append(notes, "has another name in Salesforce")
	}
	note := ""
	if len(notes) > 0 {
		note = "  (" + strings.Join(notes, ", ") + ")"
	}
	t.Result("%s  %s%s", w.ID, w.Path, note)
	return t
}

// A Refused is a file that was not written out, and why.
type Refused struct {
	Class string `json:"class"`
	Error string `json:"error"`
	Hint  string `json:"hint"`
	ID    string `json:"id"`
	Type  string `json:"type"`
}

// Lines is one line.
func (r Refused) Lines() []any {
	r.Type = "refused"
	return []any{r}
}

// Text is talk.
func (r Refused) Text() (t status.Text) {
	t.Fail(r.Error, r.Hint)
	return t
}

// A Got is how many files were written out.
type Got struct {
	Already int64  `json:"already"`
	Bytes   int64  `json:"bytes"`
	Failed  int64  `json:"failed"`
	Files   int64  `json:"files"` // that are there now
	Renamed int64  `json:"renamed"`
	Type    string `json:"type"`
	Without int64  `json:"without"` // no body of them is copied
}

// Lines is one line.
func (g Got) Lines() []any {
	g.Type = "got"
	return []any{g}
}

// Text is talk.
func (g Got) Text() (t status.Text) {
	t.Talk("%s, %s together", plural.Of(g.Files, "file"), plural.Of(g.Bytes, "byte"))
	if g.Already > 0 {
		t.Talk("%s of them %s there before", plural.Count(g.Already), plural.Word(g.Already, "was", "were"))
	}
	if g.Renamed > 0 {
		t.Talk("%s of them %s not called as in Salesforce: a disk doesn't take the name, or another file has it",
			plural.Count(g.Renamed), plural.Word(g.Renamed, "is", "are"))
	}
	if g.Without > 0 {
		t.Talk("of %s no body is copied: catchment files list says why", plural.Of(g.Without, "further file"))
	}
	if g.Failed > 0 {
		t.Talk("%s %s not written: see above", plural.Of(g.Failed, "file"), plural.Word(g.Failed, "was", "were"))
	}
	return t
}

// An Unnamed is a body in the stage that no file of the copy has.
type Unnamed struct {
	Removed bool      `json:"removed"`
	SHA256  string    `json:"sha256"`
	Size    int64     `json:"size"`
	Type    string    `json:"type"`
	Written time.Time `json:"written"`
}

// Lines is one line.
func (u Unnamed) Lines() []any {
	u.Type = "unnamed"
	return []any{u}
}

// Text is a line.
func (u Unnamed) Text() (t status.Text) {
	t.Result("%s  %s  %s", u.SHA256, status.Stamp(u.Written), plural.Of(u.Size, "byte"))
	return t
}

// A Tidied is how many bodies nobody names.
type Tidied struct {
	Bodies  int64  `json:"bodies"`
	Bytes   int64  `json:"bytes"`
	Removed bool   `json:"removed"`
	Type    string `json:"type"`
	Young   int64  `json:"young"` // further ones, which a run may have brought just now
}

// Lines is one line.
func (d Tidied) Lines() []any {
	d.Type = "gc"
	return []any{d}
}

// Text is talk.
func (d Tidied) Text() (t status.Text) {
	of := plural.Of(d.Bodies, "body")
	if d.Bodies != 1 {
		of = plural.Count(d.Bodies) + " bodies"
	}
	switch {
	case d.Bodies == 0:
		t.Talk("no body is without a file")
	case d.Removed:
		t.Talk("%s that no file of the copy has, %s together, are removed", of, plural.Of(d.Bytes, "byte"))
	default:
		t.Talk("no file of the copy has %s, %s together; catchment files gc --remove removes them", of,
			plural.Of(d.Bytes, "byte"))
	}
	if d.Young > 0 {
		t.Talk("%s more were left alone: a run may have brought them just now", plural.Count(d.Young))
	}
	return t
}

// A Retried is how many files the next run tries again.
type Retried struct {
	Files int64  `json:"files"`
	Type  string `json:"type"`
}

// Lines is one line.
func (r Retried) Lines() []any {
	r.Type = "retry"
	return []any{r}
}

// Text is talk.
func (r Retried) Text() (t status.Text) {
	t.Talk("%s %s tried again by the next run", plural.Of(r.Files, "file"), plural.Word(r.Files, "is", "are"))
	return t
}
