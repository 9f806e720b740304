package flow

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"catchment/internal/merger"
	"catchment/internal/plan"
	"catchment/internal/schedule"
	"catchment/internal/upkeep"
)

// newest is the version of the file that this catchment reads.
const newest = 1

// Warehouses is what a file is read by: which there are, only cmd knows.
type Warehouses struct {
	Local string            // the URL where a file names none
	Tip   string            // what that URL may say besides, for who reads Example
	Files []string          // the schemes of those that are a file of this machine
	Lakes []string          // the schemes of those that keep every version
	Text  map[string]string // what people call those that have the setting text, by their schemes

	Variable func(name string) string // of the environment, "" where it isn't set; nil where there is none
	// Scheme tells which of these schemes a warehouse's URL has: people write some in several ways.
	Scheme func(url string) string
	// Check tells what is wrong with a warehouse's URL, as far as it shows from here.
	Check func(url string) error
}

func (w Warehouses) scheme(url string) string {
	if w.Scheme == nil {
		return schemeOf(url)
	}
	return w.Scheme(url)
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
		Wait:     5 * time.Minute,
		Maintain: upkeep.Maintain{By: upkeep.ByUs, Snapshots: 5 * aDay, Orphans: 3 * aDay},
		Merge:    merger.Merger{By: merger.Go, Patience: 2 * time.Hour}}
	f.Stage = Stage{URL: "dir:stage", Keep: 7 * 24 * time.Hour}
	f.Control = Control{URL: "sqlite:control.db"}
	f.defaults = defaults{Deletes: Flag, Mover: Auto, Naming: Lower, NUL: Replace,
		Refresh: schedule.Refresh{Every: schedule.Never},
		Sweep:   schedule.Sweep{Every: 7 * 24 * time.Hour}, Invalid: Reject, Rejects: keep}
	f.Settle = 15 * time.Minute
	f.Limits = Limits{Flows: 4, Downloads: 5, Stage: 20e9, Answer: 10 * time.Minute, Stall: time.Minute}

	r.mapping("", root, f.keys(r.known))
	f.Variables = r.named
	r.finish(f)
}

// finish judges what the keys of a warehouse say together.
func (w *Warehouse) finish(r *reader, at string, n ast.Node, found map[string]ast.Node) {
	if v, ok := found["text"]; ok && w.Text != "" {
		r.longText(v, at, w)
	}
	if v, ok := found["wait"]; ok && !slices.Contains(r.known.Files, r.known.scheme(w.URL)) {
		r.problem(v, at+".wait", "is for a warehouse in a file of this machine: others need none; leave it out")
	}
	r.ofLakes(at, w, found)
	if strings.EqualFold(w.Schema, w.StagingSchema) {
		r.problem(n, at, "schema and staging_schema must differ, and both are %q", w.Schema)
	}
}

// longText hands the way with long texts to the warehouse's driver, if it has
// any.
func (r *reader) longText(n ast.Node, at string, w *Warehouse) {
	if _, ok := r.known.Text[r.known.scheme(w.URL)]; !ok {
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

// finish does what needs the whole file: the defaults, which may stand behind
// the flows, flows that meet in one table, and what kind its warehouse is.
func (r *reader) finish(f *File) {
	r.place(&f.Warehouse)
	if f.defaults.Mover == ByAppFlow && !f.AppFlow.given {
		r.problemAt("defaults.mover", needsAppFlow)
	}
	r.permit(f)
	r.completeAll(f)
}

// place looks at where a warehouse is.
func (r *reader) place(w *Warehouse) {
	w.File = slices.Contains(r.known.Files, r.known.scheme(w.URL))
	if r.known.Check == nil {
		return
	}
	if err := r.known.Check(w.URL); err != nil {
		what := strings.TrimLeft(strings.TrimPrefix(err.Error(), "warehouse.url"), ": ")
		r.problemAt("warehouse.url", "%s: %s", what, plan.AdviceOf(err))
	}
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

	if fl.Mover == ByAppFlow && fl.Stream {
		r.problems = append(r.problems, fl.problem("stream",
			"mover appflow lands records at times of its own: give the flow the mover auto, bulk or rest"))
	}
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
