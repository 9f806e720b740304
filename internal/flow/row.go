package flow

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"catchment/internal/plan"
	"catchment/internal/schedule"
)

// byControl is what stands in the place of the flows where control rows say what to copy.
const byControl = "control"

// flows reads the flows of a file, or that they stand elsewhere.
func (r *reader) flows(at string, n ast.Node, f *File) {
	switch n := n.(type) {
	case *ast.StringNode:
		if f.FromControl = n.Value == byControl; !f.FromControl {
			r.problem(n, at, "wants a list of flows, or the word %s", byControl)
		}
		return
	case *ast.SequenceNode:
		if len(n.Values) == 0 {
			r.problem(n, at, "is empty; name an object, as in - object: Account")
		}
	}
	r.sequence(at, n, func(r *reader, at string, n ast.Node) { r.flow(at, n, f) })
}

// permit settles which movers control rows may ask for. A deployment gives its roles the
// rights of these, and of no others.
func (r *reader) permit(f *File) {
	switch {
	case len(f.Movers) > 0 && !f.FromControl:
		r.problemAt("movers", "goes with flows: %s; the flows of this file say themselves what brings them", byControl)
	case f.FromControl && len(f.Movers) == 0:
		f.Movers = []Mover{Auto, Bulk, REST}
		if f.defaults.Mover == ByAppFlow {
			f.Movers = append(f.Movers, ByAppFlow)
		}
	case f.FromControl && !slices.Contains(f.Movers, f.defaults.Mover):
		r.problemAt("movers", "lacks %s, which is what a row gets that asks for none: add it, or set defaults.mover",
			f.defaults.Mover)
	case slices.Contains(f.Movers, ByAppFlow) && !f.AppFlow.given:
		r.problemAt("movers", needsAppFlow)
	}
}

// Asks tells whether a flow may be brought by a mover: one of the file asks for it, or a
// control row may.
func (f *File) Asks(m Mover) bool {
	return slices.Contains(f.Movers, m) || slices.ContainsFunc(f.Flows, func(fl Flow) bool { return fl.Mover == m })
}

// Salts are the references to secrets that flows hash with, by what they are of. A control row
// may name another one than the default, and then fails where that can't be read.
func (f *File) Salts() map[string]string {
	all := map[string]string{}
	for _, fl := range f.Flows {
		all[fl.Object] = fl.Salt
	}
	if f.FromControl {
		all["defaults"] = f.defaults.Salt
	}
	return all
}

// Bare is the flow of a control row without a template: the object with the defaults.
func (f *File) Bare(row, object string) (Flow, error) {
	r := &reader{file: rowName(row)}
	fl := Flow{Object: object, source: &source{file: r.file}}
	if why := wrongObject(object); why != "" {
		r.problems = append(r.problems, fl.problem("object", "%s", why))
	}
	return r.row(f, fl, row)
}

// FromTemplate is the flow of a control row whose template is text: what catchment.yaml says
// of one flow, or a section flows with one. key names the text in problems.
func (f *File) FromTemplate(row, key string, text []byte) (Flow, error) {
	r := &reader{file: rowName(row) + ": " + key, seen: map[string]position{}}
	read := File{}
	if root := r.root(text, "is empty; a template says what catchment.yaml says of one flow"); root != nil {
		r.template(root, &read)
	}
	if len(r.problems) > 0 {
		return Flow{}, rowError(r.problems)
	}
	return r.row(f, read.Flows[0], row)
}

// template reads the one flow of a template.
func (r *reader) template(root ast.Node, into *File) {
	entries, ok := r.entries("", root)
	switch {
	case !ok:
	case len(entries) == 1 && entries[0].Key.GetToken().Value == "flows":
		r.onlyFlows(root, into, func(at string, n ast.Node) {
			if len(into.Flows) != 1 && len(r.problems) == 0 {
				r.problem(n, at, "has %d flows, and a template has one", len(into.Flows))
			}
		})
	default:
		r.flow("", root, into)
	}
}

// onlyFlows reads a section flows that stands alone, and lets then look at it.
func (r *reader) onlyFlows(root ast.Node, into *File, then func(at string, n ast.Node)) {
	r.mapping("", root, []key{{name: "flows", needed: true, form: form{
		read: func(r *reader, at string, n ast.Node) {
			r.sequence(at, n, func(r *reader, at string, n ast.Node) { r.flow(at, n, into) })
			then(at, n)
		},
	}}})
}

// row completes the flow of a control row.
func (r *reader) row(f *File, fl Flow, row string) (Flow, error) {
	fl.Row = row
	f.relate(&fl.Salt)
	r.complete(f, &fl)
	return fl, rowError(r.problems)
}

// permitted refuses a flow by a mover that control rows may not ask for.
func (r *reader) permitted(f *File, fl *Flow) {
	if !f.FromControl || slices.Contains(f.Movers, fl.Mover) {
		return
	}
	names := make([]string, len(f.Movers))
	for i, m := range f.Movers {
		names[i] = string(m)
	}
	r.problems = append(r.problems, fl.problem("mover",
		"%s is not permitted here, only %s: what runs this may lack its rights; permit it by movers in "+
			"catchment.yaml, and deploy that", fl.Mover, strings.Join(names, ", ")))
}

// rowName is how problems call a control row.
func rowName(row string) string { return "control row " + row }

// rowError is asError for what stands in a control row or its template.
func rowError(problems []problem) error {
	err := asError(problems)
	if err == nil {
		return nil
	}
	return plan.Fixf("correct the row or its template (catchment flows push), or take it out "+
		"(catchment flows remove), then type: catchment check", "%w", err)
}

// Reframe gives the flow another window than its template: the words are those of
// catchment.yaml, zone may be "".
func (fl *Flow) Reframe(last, zone string) error {
	r := &reader{file: rowName(fl.Row)}
	days, err := parseDays(last)
	if err != nil {
		r.problems = append(r.problems, problem{file: r.file, key: "window.last", text: err.Error()})
	}
	w := schedule.Window{Last: days}
	if zone != "" {
		if w.Zone, err = parseZone(zone); err != nil {
			r.problems = append(r.problems, problem{file: r.file, key: "window.zone", text: err.Error()})
		}
	}
	fl.Window = w
	return rowError(r.problems)
}

// With is f with the flows of another text, which is a section flows and nothing else.
func (f *File) With(name string, data []byte) (*File, error) {
	r := &reader{file: name, seen: map[string]position{}}
	one := *f
	one.Name, one.Flows = name, nil
	if root := r.root(data, "is empty; it wants a section flows, as in catchment.yaml"); root != nil {
		r.onlyFlows(root, &one, func(string, ast.Node) {})
	}
	for i := range one.Flows {
		one.relate(&one.Flows[i].Salt)
	}
	r.completeAll(&one)
	return &one, asError(r.problems)
}

// Templates writes the flows of f, which were read from data, each as a template: as it stands
// there, its comments too, without what a control row says of it. A flow that is its object with
// the defaults needs none: its text is nil.
func (f *File) Templates(data []byte) ([][]byte, error) {
	texts := make([][]byte, len(f.Flows))
	for i, fl := range f.Flows {
		var err error
		if texts[i], err = f.template(fl, data, i); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// template writes the flow that stands in data at a place, and proves that it still means the
// same. Comments in odd places are lost where they would make it another one, and texts are quoted
// where their last line break, or what they begin with, would.
func (f *File) template(fl Flow, data []byte, place int) ([]byte, error) {
	var last error
	for _, try := range []struct {
		mode  parser.Mode
		quote bool
	}{{parser.ParseComments, false}, {0, false}, {0, true}} {
		nodes, err := elements(data, try.mode)
		if err != nil || place >= len(nodes) {
			last = err
			continue
		}
		if try.quote {
			ast.Walk(quoter{}, nodes[place])
		}
		one := without(nodes[place], rowKeys()...)
		if one == nil {
			return nil, nil
		}
		again, err := f.FromTemplate(fl.Object, "its template", one)
		if last = err; err == nil && again.same(fl) {
			return one, nil
		}
	}
	return nil, plan.Failf(plan.Bug, "", "the flow of %s can't be written as it stands: %v", fl.Object, last)
}

// A quoter has texts written in quotes that the parser reads, but not where the printer puts them.
// A file may end inside a text over several lines, without a line break; what is written always
// ends in one, which would be part of it. And a plain text may begin with % only on a line below
// its key: beside the key, that is a directive.
type quoter struct{}

// Visit is called for each node.
func (q quoter) Visit(n ast.Node) ast.Visitor {
	entry, ok := n.(*ast.MappingValueNode)
	if !ok {
		return q
	}
	switch value := entry.Value.(type) {
	case *ast.LiteralNode:
		entry.Value = inQuotes(value.Value.Value, value.Start)
	case *ast.StringNode:
		if strings.HasPrefix(value.Value, "%") {
			entry.Value = inQuotes(value.Value, value.Token)
		}
	}
	return q
}

// inQuotes is a text in quotes, at the place of a token.
func inQuotes(text string, at *token.Token) ast.Node {
	return ast.String(token.DoubleQuote(text, text, at.Position))
}

// YAML writes a flow as one of a section flows. text is its template, nil where it has none.
func (f *File) YAML(fl Flow, text []byte) ([]byte, error) {
	one := []byte("object: " + quoted(fl.Object) + "\n")
	if text != nil {
		written, err := f.template(fl, text, 0)
		if err != nil {
			return nil, err
		}
		if written != nil {
			one = written
		}
	}
	var rest []string
	if w := fl.Window; w.Last > 0 {
		zone := ""
		if w.Zone != nil {
			zone = ", zone: " + w.Zone.String()
		}
		rest = append(rest, fmt.Sprintf("window: {last: %dd%s}", w.Last, zone))
	}
	if fl.Paused {
		rest = append(rest, "paused: true")
	}
	one = with(one, rest)
	var b bytes.Buffer
	first := "  - "
	for line := range strings.Lines(string(one)) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(first)
			first = "    "
		}
		b.WriteString(line)
	}
	return b.Bytes(), nil
}

// with adds keys to a map, in the style that it is written in.
func with(one []byte, keys []string) []byte {
	text := strings.TrimRight(string(one), "\n")
	body, flowStyle := strings.CutSuffix(text, "}")
	if flowStyle = flowStyle && strings.HasPrefix(text, "{"); flowStyle && len(keys) > 0 {
		return []byte(body + ", " + strings.Join(keys, ", ") + "}\n")
	}
	for _, k := range keys {
		one = append(one, k+"\n"...)
	}
	return one
}

// rowKeys are what a control row says of a flow, and its template needn't.
func rowKeys() []string { return []string{"paused", "window"} }

// same tells whether two flows copy the same, wherever they stand.
func (fl Flow) same(o Flow) bool {
	for _, one := range []*Flow{&fl, &o} {
		one.Row, one.Line, one.source, one.Paused, one.Window = "", 0, nil, false, schedule.Window{}
	}
	return reflect.DeepEqual(fl, o)
}

// elements finds the flows of a section flows, or the one that a text is.
func elements(data []byte, mode parser.Mode) ([]ast.Node, error) {
	tree, err := parser.ParseBytes(plainLines(data), mode, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	var all []ast.Node
	for _, doc := range tree.Docs {
		entries, _ := new(reader).entries("", doc.Body)
		whole := len(entries) > 0
		for _, e := range entries {
			list, ok := e.Value.(*ast.SequenceNode)
			if !ok || e.Key.GetToken().Value != "flows" {
				continue
			}
			all, whole = append(all, list.Values...), false
		}
		if whole {
			all = append(all, doc.Body)
		}
	}
	return all, nil
}

// without writes a map down without some of its keys; nil where nothing is left but the object.
func without(n ast.Node, keys ...string) []byte {
	entries, _ := new(reader).entries("", n)
	entries = slices.DeleteFunc(slices.Clone(entries), func(v *ast.MappingValueNode) bool {
		return slices.Contains(keys, v.Key.GetToken().Value)
	})
	if len(entries) < 2 {
		return nil
	}
	if m, ok := n.(*ast.MappingNode); ok {
		m.Values = entries
	}
	lines := strings.Split(strings.TrimRight(n.String(), " \n"), "\n")
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	var b bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&b, strings.TrimPrefix(line, strings.Repeat(" ", indent)))
	}
	return b.Bytes()
}
