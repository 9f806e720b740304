package notice

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// A Version is that of the program, and that of the API that it speaks.
type Version struct {
	APIVersion string `json:"api_version"`
	Type       string `json:"type"`
	Version    string `json:"version"`
}

// Lines is one line.
func (v Version) Lines() []any {
	v.Type = "version"
	return []any{v}
}

// Text is a line.
func (v Version) Text() (t status.Text) {
	t.Result("catchment %s", v.Version)
	return t
}

// A Schema is the JSON Schema of a configuration.
type Schema struct {
	Schema json.RawMessage `json:"schema"`
	Type   string          `json:"type"`
}

// Lines is one line.
func (s Schema) Lines() []any {
	s.Type = "schema"
	return []any{s}
}

// Text is the schema as it stands.
func (s Schema) Text() (t status.Text) {
	t.Lines(strings.TrimSuffix(string(s.Schema), "\n"))
	return t
}

// A Failure is what went wrong with the command, and what to do about it.
type Failure struct {
	Class string `json:"class"`
	Error string `json:"error"`
	Hint  string `json:"hint"`
	Then  string `json:"then,omitempty"` // the command to type once that is done, where the hint names none
	Type  string `json:"type"`
}

// Lines is one line.
func (f Failure) Lines() []any {
	f.Type = "error"
	return []any{f}
}

// Text is talk.
func (f Failure) Text() (t status.Text) {
	hint := f.Hint
	if hint != "" && f.Then != "" {
		hint += "; then type: " + f.Then
	}
	t.Fail(f.Error, hint)
	return t
}

// A Warning is what a command could live with, and the next ones may not.
type Warning struct {
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
	Type   string `json:"type"`
	What   string `json:"what"`
}

// Lines is one line.
func (w Warning) Lines() []any {
	w.Type = "warning"
	return []any{w}
}

// Text is talk.
func (w Warning) Text() (t status.Text) {
	t.Warn(w.What, w.Detail, w.Hint)
	return t
}

// A Busy tells that nothing was done, since another catchment is at work.
type Busy struct {
	Type string `json:"type"`
	Why  string `json:"why"`
}

// Lines is one line.
func (b Busy) Lines() []any {
	b.Type = "busy"
	return []any{b}
}

// Text is a line of talk.
func (b Busy) Text() (t status.Text) {
	t.Talk("nothing was done: %s", b.Why)
	return t
}

// An Init tells that a configuration was written.
type Init struct {
	LeftOut []string `json:"left_out,omitempty"` // objects with names that no flow can have
	Objects int      `json:"objects"`            // that the org has
	Path    string   `json:"path"`
	Type    string   `json:"type"`
}

// Lines is one line.
func (i Init) Lines() []any {
	i.Type = "init"
	return []any{i}
}

// Text is a line of talk.
func (i Init) Text() (t status.Text) {
	for _, name := range i.LeftOut {
		t.Talk("object \"%s\" is left out: this is no API name, and an org has no such object; "+
			"see which server answers at org.url", name)
	}
	t.Talk("wrote %s; next: catchment check, catchment plan, catchment run", i.Path)
	return t
}

// An AWS tells that what a run on AWS needs was written.
type AWS struct {
	Dir      string `json:"dir"`
	Machine  string `json:"machine"` // the file of the state machine
	Template string `json:"template"`
	Type     string `json:"type"`
}

// Lines is one line.
func (a AWS) Lines() []any {
	a.Type = "aws"
	return []any{a}
}

// Text is a line of talk.
func (a AWS) Text() (t status.Text) {
	t.Talk("wrote %s and %s; docs/howto/aws.md says how to deploy them", filepath.Join(a.Dir, a.Template), a.Machine)
	return t
}

// An Org is a fake org that is being served, with what opens it.
type Org struct {
	AccessToken  string `json:"access_token"`
	AdminToken   string `json:"admin_token,omitempty"` // without which nobody uses its admin API
	Certificate  string `json:"certificate,omitempty"` // to trust, as PEM
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	OrgID        string `json:"org_id"`
	Password     string `json:"password"`
	PubSub       string `json:"pubsub,omitempty"` // host and port of its Pub/Sub API
	RefreshToken string `json:"refresh_token"`
	Type         string `json:"type"`
	URL          string `json:"url"`
	Username     string `json:"username"`
}

// Lines is one line.
func (o Org) Lines() []any {
	o.Type = "org"
	return []any{o}
}

// Text is a line of talk.
func (o Org) Text() (t status.Text) {
	t.Talk("serving a fake org on %s; stop it with Ctrl-C", o.URL)
	if o.PubSub != "" {
		t.Talk("change events are at %s, by the Pub/Sub API", o.PubSub)
	}
	if o.AdminToken != "" {
		t.Talk("it listens beyond this machine: /_org/ wants Authorization: Bearer, with the admin_token of the " +
			"line on stdout")
	}
	return t
}

// A Demo is the sum of a demo.
type Demo struct {
	Duplicates    int64  `json:"duplicates"`
	Extra         int64  `json:"extra"`
	Missing       int64  `json:"missing"`
	Objects       int    `json:"objects"`
	Path          string `json:"path"` // of the warehouse
	Runs          int    `json:"runs"`
	Source        int64  `json:"source"`
	Stale         int64  `json:"stale"`
	Type          string `json:"type"`
	Warehouse     string `json:"warehouse"` // its kind
	WarehouseRows int64  `json:"warehouse_rows"`
}

// Lines is one line.
func (d Demo) Lines() []any {
	d.Type = "demo"
	return []any{d}
}

// Text is a line.
func (d Demo) Text() (t status.Text) {
	t.Result("\n%d runs, %d objects: %s records in the org, %s rows in %s; "+
		"%d missing, %d extra, %d stale, %d duplicates",
		d.Runs, d.Objects, plural.Count(d.Source), plural.Count(d.WarehouseRows), d.Path,
		d.Missing, d.Extra, d.Stale, d.Duplicates)
	return t
}
