// Package template reads the flows of Amazon AppFlow in the forms in which people
// have them, and writes them down as flows of ours.
//
// A form is a file of this package (a CloudFormation template, the answer of
// describe-flow), or a package of its own, which who wants it brings (Terraform). It
// finds the flows of a file and does what is the form's own: functions, loops,
// variables. What it found is read as a definition, which is AppFlow's, whatever it
// came from, and a definition becomes a Flow.
//
// What can't be carried over is told by line, with the reason and what to do
// instead; what AppFlow itself would refuse is a problem of that flow, and the
// others are carried over. The way back, a template for a flow of ours, is written
// by mover/appflow, which also runs it.
//
// Start at Import. tree.go, yaml.go and json.go read a file; cloudformation.go (with
// resolve.go and loop.go) and describe.go are the forms, form.go is what others
// are; definition.go is what they lead to; carry.go, tasks.go and filter.go make a
// flow of it, write.go its YAML.
package template

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/schema"
)

// A File is a text that may hold flows, and what it is called.
type File struct {
	Name string
	Text []byte
}

// An Imported is what was found in files.
type Imported struct {
	Flows []Flow
	Notes []Note // what isn't carried over, in the order of files and lines
}

// A Note is something that a line of a file says and a flow can't.
type Note struct {
	File string
	Line int
	Flow string // what the line belongs to, "" for the file as a whole
	Text string // why it isn't carried over, and what to do instead
}

func (n Note) String() string {
	where := fmt.Sprintf("%s:%d: ", printable.Line(n.File), n.Line)
	if n.Flow != "" {
		where += n.Flow + ": "
	}
	return where + n.Text
}

// Import reads the flows of files. parameters are values for what they leave
// open, beside its defaults. Its error is of class Fix and tells every problem;
// what was found besides comes with it.
func Import(files []File, parameters map[string]string, forms ...Form) (Imported, error) {
	im := &importer{given: parameters, used: map[string]bool{}}
	of := map[Form][]File{}
	for _, f := range files {
		im.file = f.Name
		f.Text = bytes.TrimPrefix(bytes.ReplaceAll(f.Text, []byte("\r\n"), []byte("\n")), []byte("\uFEFF"))
		switch {
		case len(f.Text) > LongestFile:
			im.problem(1, "", "is longer than a file may be (%d MB)", LongestFile>>20)
		case bytes.HasPrefix(f.Text, []byte("\xff\xfe")) || bytes.HasPrefix(f.Text, []byte("\xfe\xff")):
			im.problem(1, "", "is written in UTF-16, as PowerShell's > does: write it as UTF-8, with "+
				"Set-Content -Encoding utf8")
		default:
			at := slices.IndexFunc(forms, func(form Form) bool { return form.Is(f) })
			if at < 0 {
				im.document(f)
				continue
			}
			of[forms[at]] = append(of[forms[at]], f)
		}
	}
	for _, form := range forms {
		if len(of[form]) > 0 {
			form.Read(of[form], parameters, &Report{im})
		}
	}
	im.unused(files)
	im.oneEach()
	im.order(files)
	return im.out, im.failure()
}

// document reads a file in YAML or JSON.
func (im *importer) document(f File) {
	docs, err := readDocuments(f.Text)
	if err != nil {
		im.problem(lineOfError(err), "", "%v", err)
		return
	}
	if len(docs) == 0 {
		im.problem(1, "", "is empty")
	}
	for _, root := range docs {
		switch {
		case root.find("Resources").isMap() && root.find("sourceFlowConfig") == nil:
			im.cloudFormation(root)
		case isDescribed(root):
			im.described(root)
		case root.find("terraform_version") != nil:
			im.problem(root.line, "", "is a state of Terraform: name its .tf files, or their folder")
		default:
			im.problem(max(root.line, 1), "", "holds no flow: it is neither a CloudFormation template, "+
				"with Resources, nor an answer of `aws appflow describe-flow`, with sourceFlowConfig")
		}
	}
}

func readDocuments(text []byte) ([]*Value, error) {
	if start := bytes.TrimSpace(text); bytes.HasPrefix(start, []byte("{")) || bytes.HasPrefix(start, []byte("[")) {
		docs, err := readJSON(text)
		if err == nil {
			return docs, nil
		}
		if docs, err := readYAML(text); err == nil { // YAML in braces
			return docs, nil
		}
		return nil, err
	}
	return readYAML(text)
}

func lineOfError(err error) int {
	if at, ok := err.(*lineError); ok {
		return at.line
	}
	return 1
}

// An importer collects what files say.
type importer struct {
	file     string
	flow     string // what is being read of it
	given    map[string]string
	used     map[string]bool // of given: those that a file knows
	problems []Note
	out      Imported
}

func (im *importer) note(line int, format string, args ...any) {
	im.tell(&im.out.Notes, line, im.flow, fmt.Sprintf(format, args...))
}

func (im *importer) problem(line int, of, format string, args ...any) {
	im.tell(&im.problems, line, of, fmt.Sprintf(format, args...))
}

// What is said of files, at most: a person reads it.
const (
	mostTold    = 2000
	longestTold = 1000
)

func (im *importer) tell(to *[]Note, line int, of, text string) {
	if len(*to) < mostTold {
		*to = append(*to, Note{File: im.file, Line: line, Flow: printable.Cut(of, schema.LongestName),
			Text: printable.Cut(text, longestTold)})
		return
	}
	last := &(*to)[mostTold-1]
	*last = Note{File: last.File, Line: last.Line, Text: "and more, from here on"}
}

// unused tells of parameters that no file has.
func (im *importer) unused(files []File) {
	if slices.ContainsFunc(im.problems, func(p Note) bool { return p.Flow == "" }) {
		return // what a file has that couldn't be read, nobody knows
	}
	for _, name := range sorted(im.given) {
		if !im.used[name] {
			im.file = files[0].Name
			im.problem(1, "", "has no parameter %s", name)
		}
	}
}

// oneEach leaves one flow for each object, since a table has one. One that reads
// the object comes before one that waits for its events.
func (im *importer) oneEach() {
	at := map[string]int{}
	var flows []Flow
	for _, f := range im.out.Flows {
		i, ok := at[strings.ToLower(f.Object)]
		if !ok {
			at[strings.ToLower(f.Object)] = len(flows)
			flows = append(flows, f)
			continue
		}
		kept, left := flows[i], f
		if kept.byEvents && !f.byEvents {
			kept, left = f, kept
			flows[i] = f
		}
		im.file, im.flow = left.File, left.Resource
		im.note(left.Line, "%s copies %s too, and a table has one flow: left out; merge the two by hand", kept.Resource,
			kept.Object)
	}
	im.out.Flows = flows
}

// order sorts what is told as the files were named.
func (im *importer) order(files []File) {
	place := map[string]int{}
	for i, f := range files {
		place[f.Name] = i
	}
	byLine := func(a, b Note) int {
		return cmp.Or(cmp.Compare(place[a.File], place[b.File]), cmp.Compare(a.Line, b.Line))
	}
	slices.SortStableFunc(im.problems, byLine)
	slices.SortStableFunc(im.out.Notes, byLine)
	slices.SortStableFunc(im.out.Flows, func(a, b Flow) int { return cmp.Compare(place[a.File], place[b.File]) })
}

func (im *importer) failure() error {
	if len(im.problems) == 0 && len(im.out.Flows) > 0 {
		return nil
	}
	if len(im.problems) == 0 {
		return plan.Fixf("name a file that holds a flow of AppFlow with Salesforce as its source",
			"there is no flow that could be carried over")
	}
	texts := make([]string, len(im.problems))
	for i, p := range im.problems {
		texts[i] = p.String()
	}
	return plan.Fixf("correct the file, or take the flow out of it; a flow that AppFlow has already is "+
		"told in full by `aws appflow describe-flow`, and that can be imported", "%s", strings.Join(texts, "\n"))
}

// text is a value that has to be known.
func (im *importer) text(n *Value, what string) (string, bool) {
	switch {
	case n == nil || n.kind == empty:
		return "", false
	case n.kind == scalar:
		return n.text, true
	case n.kind == unknown:
		im.problem(n.line, im.flow, "%s: %s", what, n.text)
	default:
		im.problem(n.line, im.flow, "%s is to be a text", what)
	}
	return "", false
}

func sorted(of map[string]string) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
