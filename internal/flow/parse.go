package flow

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"catchment/internal/schedule"
	"catchment/internal/schema"
)

// newest is the version of the file that this catchment reads.
const newest = 1

// Warehouses is what a file is read by: which there are, only cmd knows.
type Warehouses struct {
	Local string            // the URL where a file names none
	Tip   string            // what that URL may say besides, for who reads Example
	Files []string          // the schemes of those that are a file of this machine
	Text  map[string]string // what people call those that have the setting text, by their schemes
}

// Parse reads a catchment.yaml; name is how it is called in problems. Its
// error is of class Fix and tells all of them.
func Parse(name string, data []byte, known Warehouses) (*File, error) {
	r := &reader{file: name, known: known, seen: map[string]position{}}
	f := &File{Name: name}
	if root := r.root(data, emptyFile); root != nil && r.version(root) {
		r.read(f, root)
	}
	if err := asError(r.problems); err != nil {
		return nil, err
	}
	return f, nil
}

// emptyFile is what to do about a configuration with nothing in it.
const emptyFile = "is empty; catchment init writes a file to begin with"

// plainLines takes out of a text what the parser doesn't take well: it counts lines wrongly
// where they end in CRLF, and takes a byte order mark for a letter; editors on Windows write
// both.
func plainLines(data []byte) []byte {
	return bytes.TrimPrefix(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\uFEFF"))
}

// root finds the one map that a file is. empty is what to say where there is none.
func (r *reader) root(data []byte, empty string) ast.Node {
	tree, err := parser.ParseBytes(plainLines(data), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		p := problem{file: r.file, position: position{1, 1}, text: "is not YAML"}
		var at yaml.Error
		if errors.As(err, &at) { // its Error() would show the line, which may hold a secret
			p.text = "is not YAML: " + at.GetMessage()
			if t := at.GetToken(); t != nil && t.Position != nil {
				p.position = position{max(t.Position.Line, 1), max(t.Position.Column, 1)}
			}
		}
		r.problems = append(r.problems, p)
		return nil
	}
	docs := slices.DeleteFunc(tree.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(docs) == 0 {
		r.problem(nil, "", "%s", empty)
		return nil
	}
	if len(docs) > 1 {
		r.problem(docs[1].Body, "", "a file holds one document, and here a second one begins")
	}
	return docs[0].Body
}

// version checks what stands first. A file of a newer version may mean
// anything, so nothing else of it is judged.
func (r *reader) version(root ast.Node) bool {
	entries, ok := r.entries("", root)
	if !ok {
		return false
	}
	if len(entries) == 0 {
		r.problem(root, "", emptyFile)
		return false
	}
	if entries[0].Key.GetToken().Value != "version" {
		r.problem(entries[0], "", "version: %d must stand first", newest)
		return true
	}
	n, err := strconv.Atoi(entries[0].Value.GetToken().Value)
	switch {
	case err != nil || n < 1:
		r.problem(entries[0].Value, "version", "must be %d", newest)
	case n > newest:
		r.problem(entries[0].Value, "version",
			"is %d, and this catchment reads versions up to %d: use a newer catchment", n, newest)
		return false
	}
	return true
}

// read fills f from the root, over the values that hold where a file is silent.
func (r *reader) read(f *File, root ast.Node) {
	f.Org.Reserve, f.Org.Composite = 40, CompositeAuto
	f.Warehouse = Warehouse{URL: r.known.Local, Schema: "salesforce", StagingSchema: "salesforce_incremental",
		Wait: 5 * time.Minute}
	f.Stage = Stage{URL: "dir:stage", Keep: 7 * 24 * time.Hour}
	f.Control = Control{URL: "sqlite:control.db"}
	f.defaults = defaults{Deletes: Flag, Mover: Auto, Naming: Lower, NUL: Replace,
		Refresh: schedule.Refresh{Every: schedule.Never},
		Sweep:   schedule.Sweep{Every: 7 * 24 * time.Hour}, Invalid: Reject, Rejects: keep}
	f.Limits = Limits{Flows: 4, Downloads: 5, Stage: 20e9, Answer: 10 * time.Minute, Stall: time.Minute}

	found := r.mapping("", root, []key{
		{"version", func(*reader, string, ast.Node) {}}, // judged before
		{"org", func(r *reader, at string, n ast.Node) { r.org(at, n, &f.Org) }},
		{"warehouse", func(r *reader, at string, n ast.Node) { r.warehouse(at, n, &f.Warehouse) }},
		{"stage", func(r *reader, at string, n ast.Node) {
			r.mapping(at, n, []key{{"url", checked(&f.Stage.URL, r.wrongURL)},
				{"keep", parsed(&f.Stage.Keep, schedule.ParseDuration)}})
		}},
		{"control", func(r *reader, at string, n ast.Node) {
			r.mapping(at, n, []key{{"url", checked(&f.Control.URL, r.wrongURL)}})
		}},
		{"files", func(r *reader, at string, n ast.Node) { r.mapping(at, n, []key{{"group", plain(&f.Files.Group)}}) }},
		{"appflow", func(r *reader, at string, n ast.Node) { r.appflow(at, n, &f.AppFlow) }},
		{"defaults", func(r *reader, at string, n ast.Node) { r.mapping(at, n, f.defaults.keys()) }},
		{"limits", func(r *reader, at string, n ast.Node) {
			r.mapping(at, n, []key{
				{"flows", parsed(&f.Limits.Flows, parseCount)},
				{"downloads", parsed(&f.Limits.Downloads, parseCount)},
				{"stage", parsed(&f.Limits.Stage, parseSize)},
				{"answer", parsed(&f.Limits.Answer, parseWait)},
				{"stall", parsed(&f.Limits.Stall, parseWait)},
			})
		}},
		{"movers", func(r *reader, at string, n ast.Node) { r.movers(at, n, &f.Movers) }},
		{"flows", func(r *reader, at string, n ast.Node) { r.flows(at, n, f) }},
	})
	r.required(root, "", found, "org", "flows")
	r.finish(f)
}

// required reports the keys that a map must have and doesn't. What is no map
// has been reported already.
func (r *reader) required(n ast.Node, at string, found map[string]ast.Node, keys ...string) {
	for _, k := range keys {
		if _, ok := found[k]; !ok && found != nil {
			r.problem(n, at, "key %q is missing", k)
		}
	}
}

func (r *reader) org(at string, n ast.Node, o *Org) {
	found := r.mapping(at, n, []key{
		{"url", parsed(&o.URL, parseOrgURL)},
		{"login", func(r *reader, at string, n ast.Node) { r.login(at, n, &o.Login) }},
		{"reserve", parsed(&o.Reserve, parsePercent)},
		{"api_version", parsed(&o.APIVersion, parseAPIVersion)},
		{"accept_encrypted", truth(&o.AcceptEncrypted)},
		{"composite", choice(&o.Composite, CompositeAuto, CompositeOn, CompositeOff)},
		{"instance_hosts", func(r *reader, at string, n ast.Node) {
			r.sequence(at, n, func(r *reader, at string, n ast.Node) {
				var host string
				parsed(&host, parseHost)(r, at, n)
				o.InstanceHosts = append(o.InstanceHosts, host)
			})
		}},
	})
	r.required(n, at, found, "url", "login")
}

func (r *reader) warehouse(at string, n ast.Node, w *Warehouse) {
	found := r.mapping(at, n, []key{
		{"url", checked(&w.URL, r.wrongURL)},
		{"schema", checked(&w.Schema, wrongSchema)},
		{"staging_schema", checked(&w.StagingSchema, wrongSchema)},
		{"grant_to", func(r *reader, at string, n ast.Node) {
			r.sequence(at, n, func(r *reader, at string, n ast.Node) {
				var role string
				plain(&role)(r, at, n)
				w.GrantTo = append(w.GrantTo, role)
			})
		}},
		{"text", choice(&w.Text, "fail", "truncate", "super")},
		{"wait", parsed(&w.Wait, parsePatience)},
	})
	if v, ok := found["text"]; ok && w.Text != "" {
		r.longText(v, at, w)
	}
	if v, ok := found["wait"]; ok && !slices.Contains(r.known.Files, schemeOf(w.URL)) {
		r.problem(v, at+".wait", "is for a warehouse in a file of this machine: others need none; leave it out")
	}
	if strings.EqualFold(w.Schema, w.StagingSchema) {
		r.problem(n, at, "schema and staging_schema must differ, and both are %q", w.Schema)
	}
}

// longText hands the way with long texts to the warehouse's driver, if it has
// any.
func (r *reader) longText(n ast.Node, at string, w *Warehouse) {
	if _, ok := r.known.Text[schemeOf(w.URL)]; !ok {
		titles := slices.Compact(slices.Sorted(maps.Values(r.known.Text)))
		r.problem(n, at+".text", "is for %s: other warehouses have room for every text; leave it out",
			strings.Join(titles, " and "))
		return
	}
	sep := "?"
	if strings.Contains(w.URL, "?") {
		sep = "&"
	}
	w.URL += sep + "text=" + w.Text
}

func (r *reader) window(at string, n ast.Node, w *schedule.Window) {
	found := r.mapping(at, n, []key{
		{"last", parsed(&w.Last, parseDays)},
		{"zone", parsed(&w.Zone, parseZone)},
	})
	r.required(n, at, found, "last")
}

// keys are the keys that a flow and the defaults have in common.
func (d *defaults) keys() []key {
	return []key{
		{"deletes", choice(&d.Deletes, Flag, Remove, Ignore)},
		{"mover", choice(&d.Mover, Auto, Bulk, REST, ByAppFlow)},
		{"naming", choice(&d.Naming, Lower, Snake)},
		{"nul", choice(&d.NUL, Replace, Fail)},
		{"refresh", parsed(&d.Refresh, schedule.ParseRefresh)},
		{"sweep", parsed(&d.Sweep, schedule.ParseSweep)},
		{"invalid", choice(&d.Invalid, Reject, Refuse)},
		{"rejects", choice(&d.Rejects, keep, Refuse)},
		{"salt", checked(&d.Salt, wrongSecret)},
	}
}

// wrongObject says why a flow can't be of an object of this name, or "".
func wrongObject(s string) string {
	switch why := wrongName(s); {
	case s == Star || why == "":
		return ""
	case len(s) <= schema.LongestName:
		return fmt.Sprintf(`%q is not the API name of an object, nor "*"`, s)
	default:
		return "the name can't be one of an object: " + why
	}
}

func (r *reader) flow(at string, n ast.Node, f *File) {
	fl := Flow{Line: where(n).line, source: &source{file: r.file, at: at, seen: r.seen}}
	var own defaults
	found := r.mapping(at, n, append([]key{
		{"object", checked(&fl.Object, wrongObject)},
		{"exclude_objects", apiNames(&fl.ExcludeObjects, "an object")},
		{"fields", apiNames(&fl.Fields, "a field")},
		{"exclude", apiNames(&fl.Exclude, "a field")},
		{"include", apiNames(&fl.Include, "a field")},
		{"where", checked(&fl.Where, wrongWhere)},
		{"refresh_fields", apiNames(&fl.RefreshFields, "a field")},
		{"window", func(r *reader, at string, n ast.Node) { r.window(at, n, &fl.Window) }},
		{"paused", truth(&fl.Paused)},
		{"mask", masks(&fl.Changes)},
		{"truncate", cuts(&fl.Changes)},
		{"rename", renames(&fl.Rename)},
		{"drop", apiNames(&fl.Drop, "a field")},
		{"validate", checks(&fl.Checks)},
	}, own.keys()...))
	r.required(n, at, found, "object")
	fl.Deletes, fl.Mover, fl.Naming, fl.NUL, fl.Sweep = own.Deletes, own.Mover, own.Naming, own.NUL, own.Sweep
	fl.chosen = own.Deletes != ""
	fl.Refresh = own.Refresh
	fl.Invalid, fl.Rejects, fl.Salt = own.Invalid, own.Rejects, own.Salt
	fl.Where = strings.TrimSpace(fl.Where)

	conflict := func(name, format string, args ...any) {
		if v, ok := found[name]; ok {
			r.problem(v, under(at, name), format, args...)
		}
	}
	if fl.Object == Star {
		conflict("fields", `doesn't go with object: "*"; use exclude`)
		conflict("where", `doesn't go with object: "*"; give the object a flow of its own`)
		conflict("refresh_fields", `doesn't go with object: "*"; give the object a flow of its own`)
	} else if fl.Object != "" {
		conflict("exclude_objects", `goes with object: "*" only`)
	}
	if _, ok := found["fields"]; ok {
		conflict("exclude", "doesn't go with fields: name the fields to copy, or those to leave out")
		conflict("include", "doesn't go with fields: name it there")
	}
	f.Flows = append(f.Flows, fl)
}

// finish does what needs the whole file: the defaults, which may stand behind
// the flows, flows that meet in one table, and what kind its warehouse is.
func (r *reader) finish(f *File) {
	f.Warehouse.File = slices.Contains(r.known.Files, schemeOf(f.Warehouse.URL))
	if f.defaults.Mover == ByAppFlow && !f.AppFlow.given {
		r.problemAt("defaults.mover", needsAppFlow)
	}
	r.permit(f)
	r.completeAll(f)
}

// completeAll gives each flow of a file what it left out, and refuses two of one table.
func (r *reader) completeAll(f *File) {
	lines := map[string]int{}
	for i := range f.Flows {
		fl := &f.Flows[i]
		r.complete(f, fl)
		object := strings.ToLower(fl.Object)
		if object != "" && lines[object] > 0 {
			r.problems = append(r.problems, fl.problem("object",
				"%q has a flow in line %d already, and a table has one flow", fl.Object, lines[object]))
			continue
		}
		lines[object] = fl.Line
	}
}

// complete gives a flow the defaults of its file, and holds what it asks for against them.
func (r *reader) complete(f *File, fl *Flow) {
	fl.AcceptEncrypted = f.Org.AcceptEncrypted
	fl.Deletes = orDefault(fl.Deletes, f.defaults.Deletes)
	if fl.Mover == ByAppFlow && !f.AppFlow.given && !f.FromControl { // where the rows say it, movers is judged
		r.problems = append(r.problems, fl.problem("mover", needsAppFlow))
	}
	fl.Mover = orDefault(fl.Mover, f.defaults.Mover)
	r.permitted(f, fl)
	fl.Naming = orDefault(fl.Naming, f.defaults.Naming)
	fl.NUL = orDefault(fl.NUL, f.defaults.NUL)
	if fl.Refresh == (schedule.Refresh{}) {
		fl.Refresh = f.defaults.Refresh
	}
	fl.Sweep = cmp.Or(fl.Sweep, f.defaults.Sweep)
	fl.Invalid = orDefault(fl.Invalid, f.defaults.Invalid)
	fl.Rejects = orDefault(fl.Rejects, f.defaults.Rejects)
	fl.Salt = orDefault(fl.Salt, f.defaults.Salt)

	if fl.Mover == ByAppFlow && fl.Treated() {
		r.problems = append(r.problems, fl.problem("object",
			"mover appflow lands records as they are, and this flow changes or checks values: "+
				"give it the mover auto, bulk or rest"))
	}
}

func orDefault[T ~string](own, otherwise T) T {
	if own == "" {
		return otherwise
	}
	return own
}
