package notice

import (
	"strings"
	"time"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// An Import is what the files of another tool say, as flows.
type Import struct {
	Files     []string `json:"files"`
	Count     int      `json:"flows"`
	NoteCount int      `json:"notes"`
	Type      string   `json:"type"`
	YAML      string   `json:"yaml"` // "" where there is no flow

	Notes []ImportNote   `json:"-"` // what isn't carried over
	Flows []ImportedFlow `json:"-"`
}

// An ImportNote is something that a line says and a flow can't.
type ImportNote struct {
	File string `json:"file"`
	Flow string `json:"flow"` // "" for the file as a whole
	Line int    `json:"line"`
	Text string `json:"text"`
	Type string `json:"type"`

	Said string `json:"-"` // all of that in one line
}

// An ImportedFlow says where a flow comes from.
type ImportedFlow struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Name   string `json:"name"` // in the other tool
	Object string `json:"object"`
	Type   string `json:"type"`
}

// Lines are those of the notes, those of the flows, and one with the YAML.
func (im Import) Lines() []any {
	var lines []any
	for _, n := range im.Notes {
		n.Type = "note"
		lines = append(lines, n)
	}
	for _, f := range im.Flows {
		f.Type = "flow"
		lines = append(lines, f)
	}
	im.Type, im.Count, im.NoteCount = "flows", len(im.Flows), len(im.Notes)
	return append(lines, im)
}

// Text is the YAML; the notes are talk.
func (im Import) Text() (t status.Text) {
	for _, n := range im.Notes {
		t.Talk("note: %s", n.Said)
	}
	if im.YAML != "" {
		t.Lines(strings.TrimSuffix(im.YAML, "\n"))
	}
	return t
}

// A Pushed tells that a flow's control row was written, with its template, or what a run
// would have land it.
type Pushed struct {
	Landing  string `json:"landing,omitempty"` // the template of the other tool's flow
	Mover    string `json:"mover"`
	Object   string `json:"object"`
	Template string `json:"template"` // "" for a flow that needs none
	Type     string `json:"type"`
}

// Lines is one line.
func (p Pushed) Lines() []any {
	p.Type = "flow"
	return []any{p}
}

// Text is a line of talk.
func (p Pushed) Text() (t status.Text) {
	switch {
	case p.Landing != "":
		t.Talk("%s: a run lands it by %s", p.Object, p.Landing)
	case p.Template != "":
		t.Talk("%s: control row and %s", p.Object, p.Template)
	default:
		t.Talk("%s: control row", p.Object)
	}
	return t
}

// A Pulled is what the control rows want, as a section of a configuration.
type Pulled struct {
	Flows int    `json:"flows"`
	Type  string `json:"type"`
	YAML  string `json:"yaml"` // the list's elements
}

// Lines is one line.
func (p Pulled) Lines() []any {
	p.Type, p.YAML = "flows", p.section()
	return []any{p}
}

// Text is the YAML.
func (p Pulled) Text() (t status.Text) {
	t.Lines(strings.TrimSuffix(p.section(), "\n"))
	return t
}

func (p Pulled) section() string {
	if p.Flows == 0 {
		return "flows: []\n"
	}
	return "flows:\n" + p.YAML
}

// A Removed tells that runs copy an object no more.
type Removed struct {
	Object string `json:"object"`
	Type   string `json:"type"`
}

// Lines is one line.
func (r Removed) Lines() []any {
	r.Type = "removed"
	return []any{r}
}

// Text is a line of talk.
func (r Removed) Text() (t status.Text) {
	t.Talk("%s: its control row is gone, so runs copy it no more; its table stays as it is", r.Object)
	return t
}

// A ControlRow is a flow that the control table knows.
type ControlRow struct {
	Wrong      string    `json:"error,omitempty"` // why nobody can read what it wants
	Generation int64     `json:"generation"`
	LastRun    string    `json:"last_run"`
	Object     string    `json:"object"`
	Paused     bool      `json:"paused"`
	Rows       int64     `json:"rows"`
	Template   string    `json:"template,omitempty"` // of Wanted
	Type       string    `json:"type"`
	Wanted     bool      `json:"wanted"`           // it is to be copied, as far as the control table says
	Watermark  time.Time `json:"watermark"`        // the year 1 where there is none
	Window     string    `json:"window,omitempty"` // of Wanted

	Behind *status.Seconds `json:"-"` // nil without a watermark
}

// Lines is one line.
func (c ControlRow) Lines() []any {
	c.Type = "flow"
	return []any{c}
}

// Text is a line.
func (c ControlRow) Text() (t status.Text) {
	more := ""
	if c.Paused {
		more = ", paused"
	}
	if c.Window != "" {
		more += ", window " + c.Window
	}
	switch {
	case c.Wrong != "":
		more += ", wrong: " + c.Wrong
	case c.Template != "":
		more += ", wanted as " + c.Template
	case c.Wanted:
		more += ", wanted with the defaults"
	}
	t.Result("%-24s generation %d, %s, %s behind%s", c.Object, c.Generation, plural.Of(c.Rows, "row"),
		status.Ago(c.Behind), more)
	return t
}

// A Template is a flow of another tool as the stage keeps it.
type Template struct {
	Bytes   int64     `json:"bytes"`
	Key     string    `json:"key"`
	Type    string    `json:"type"`
	Written time.Time `json:"written"`
}

// Lines is one line.
func (f Template) Lines() []any {
	f.Type = "template"
	return []any{f}
}

// Text is its key.
func (f Template) Text() (t status.Text) {
	t.Result("%s", f.Key)
	return t
}

// A PauseState tells whether runs leave a flow out.
type PauseState struct {
	Object string `json:"object"`
	Paused bool   `json:"paused"`
	Type   string `json:"type"`
}

// Lines is one line.
func (p PauseState) Lines() []any {
	p.Type = "flow"
	return []any{p}
}

// Text is a line of talk.
func (p PauseState) Text() (t status.Text) {
	word := "resumed"
	if p.Paused {
		word = "paused"
	}
	t.Talk("%s is %s", p.Object, word)
	return t
}
