// Package template reads flows out of CloudFormation templates that hold flows
// of Amazon AppFlow, YAML or JSON, and writes them down as flows of ours.
//
// What can't be carried over is told by line, with the reason and what to do
// instead; a template that AppFlow itself would refuse is wrong input. The
// way back, a template for a flow of ours, is written by mover/appflow, which
// also runs it.
//
// Start at Import. tree.go reads the file, resolve.go does CloudFormation's
// functions, tasks.go says what becomes of AppFlow's tasks, write.go writes.
package template

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// An Imported is what was found in a template.
type Imported struct {
	Flows []Flow
	Notes []Note // what isn't carried over, in the order of lines
}

// A Note is something that a line of a template says and a flow can't.
type Note struct {
	File string
	Line int
	Flow string // what the line belongs to, "" for the file as a whole
	Text string // why it isn't carried over, and what to do instead
}

func (n Note) String() string {
	where := fmt.Sprintf("%s:%d: ", printable.Line(n.File), n.Line)
	if n.Flow != "" {
		where += printable.Line(n.Flow) + ": "
	}
	return where + n.Text
}

// Import reads the flows of a template. parameters are values for it, beside
// its defaults. Its error is of class Fix and tells every problem.
func Import(file string, text []byte, parameters map[string]string) (Imported, error) {
	im := &importer{file: file}
	root, err := tree(text)
	if err != nil {
		line := 1
		if at, ok := errors.AsType[*lineError](err); ok {
			line = at.line
		}
		im.problem(line, "", "%v", err)
		return Imported{}, im.failure()
	}
	resources := root.get("Resources")
	if resources == nil || resources.kind != mapping {
		im.problem(max(root.line, 1), "", "is no CloudFormation template: it has no Resources")
		return Imported{}, im.failure()
	}
	im.resolver = newResolver(root, parameters)
	for _, name := range parameterNames(parameters) {
		if root.get("Parameters", name) == nil {
			im.problem(1, "", "has no parameter %s", name)
		}
	}
	for _, p := range resources.pairs {
		im.resource(p)
	}
	if len(im.problems) > 0 {
		return Imported{}, im.failure()
	}
	if len(im.out.Flows) == 0 {
		return im.out, plan.Fixf("name a template that holds an AWS::AppFlow::Flow with Salesforce as its source",
			"%s holds no flow that could be carried over%s", file, because(im.out.Notes))
	}
	slices.SortStableFunc(im.out.Notes, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	return im.out, nil
}

func because(notes []Note) string {
	var b strings.Builder
	for _, n := range notes {
		b.WriteString("\n" + n.String())
	}
	return b.String()
}

func parameterNames(parameters map[string]string) []string {
	names := make([]string, 0, len(parameters))
	for name := range parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// An importer collects what a template says.
type importer struct {
	*resolver
	file     string
	flow     string // the resource that is being read
	problems []Note
	out      Imported
}

func (im *importer) note(line int, format string, args ...any) {
	im.out.Notes = append(im.out.Notes,
		Note{File: im.file, Line: line, Flow: im.flow, Text: printable.Line(fmt.Sprintf(format, args...))})
}

func (im *importer) problem(line int, of, format string, args ...any) {
	im.problems = append(im.problems, Note{
		File: im.file, Line: line, Flow: of, Text: printable.Line(fmt.Sprintf(format, args...)),
	})
}

func (im *importer) failure() error {
	slices.SortStableFunc(im.problems, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	texts := make([]string, len(im.problems))
	for i, p := range im.problems {
		texts[i] = p.String()
	}
	return plan.Fixf("correct the template, or take its flow out", "%s", strings.Join(texts, "\n"))
}

const flowType = "AWS::AppFlow::Flow"

var typeRE = regexp.MustCompile(`^(AWS|Alexa|Custom)::[A-Za-z0-9@_-]+(::[A-Za-z0-9]+)?(::MODULE)?$`)

// resource reads one resource of a template, if it is a flow.
func (im *importer) resource(p pair) {
	im.flow = p.key
	defer func() { im.flow = "" }()
	kind := p.value.get("Type")
	switch {
	case kind == nil || kind.kind != scalar:
		im.problem(p.line, p.key, "has no Type")
	case kind.text == flowType:
		im.flowResource(p)
	case kind.text == "AWS::AppFlow::ConnectorProfile":
		im.note(kind.line, "a connector profile is not carried over: Catchment logs in as org.login says")
	case kind.text == "AWS::AppFlow::Connector":
		im.note(kind.line, "a custom connector is not carried over")
	case strings.HasPrefix(kind.text, "AWS::AppFlow::"), !typeRE.MatchString(kind.text):
		im.problem(kind.line, p.key, "%q is no type of resource; a flow is %s", kind.text, flowType)
	default:
		im.note(kind.line, "is of type %s and no flow: left out", kind.text)
	}
}

// text is a value that has to be known.
func (im *importer) text(n *node, what string) (string, bool) {
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

// optional is a value that may be missing or unknown.
func optional(n *node) string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}

// flowResource reads a flow.
func (im *importer) flowResource(p pair) {
	if c := p.value.get("Condition"); c != nil && c.kind == scalar {
		switch yes, known := im.condition(c.text); {
		case !known:
			im.note(c.line, "exists only under condition %s, which can't be told here: taken", c.text)
		case !yes:
			im.note(c.line, "exists only under condition %s, which doesn't hold: left out", c.text)
			return
		}
	}
	properties := im.resolve(p.value.get("Properties"))
	if properties == nil || properties.kind != mapping {
		im.problem(p.line, p.key, "has no Properties")
		return
	}
	before := len(im.problems)
	f := Flow{Resource: p.key, Name: optional(properties.get("FlowName")), Line: p.line}
	if !im.source(&f, properties.get("SourceFlowConfig"), p.line) {
		return
	}
	im.destinations(&f, properties.get("DestinationFlowConfigList"), p.line)
	im.trigger(&f, properties.get("TriggerConfig"))
	im.tasks(&f, properties.get("Tasks"), p.line)
	im.others(properties)
	for _, other := range im.out.Flows {
		if strings.EqualFold(other.Object, f.Object) && len(im.problems) == before {
			im.note(p.line, "%s copies %s too, and a table has one flow: left out; merge the two by hand",
				other.Resource, f.Object)
			return
		}
	}
	if len(im.problems) == before {
		im.out.Flows = append(im.out.Flows, f)
	}
}

var nameRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// source reads where the records come from. Only Salesforce is ours.
func (im *importer) source(f *Flow, n *node, line int) bool {
	kind, ok := im.text(n.get("ConnectorType"), "SourceFlowConfig.ConnectorType")
	if !ok {
		if len(im.problems) == 0 || im.problems[len(im.problems)-1].Flow != im.flow {
			im.problem(line, im.flow, "has no SourceFlowConfig.ConnectorType")
		}
		return false
	}
	if kind != "Salesforce" {
		im.note(n.line, "its source is %s: Catchment reads Salesforce only, the flow is left out", kind)
		return false
	}
	s := n.get("SourceConnectorProperties", "Salesforce")
	object, ok := im.text(s.get("Object"), "Object")
	switch {
	case !ok && s.get("Object") == nil:
		im.problem(n.line, im.flow, "has no SourceConnectorProperties.Salesforce.Object")
		return false
	case !ok:
		return false
	case !nameRE.MatchString(object):
		im.problem(s.get("Object").line, im.flow, "%q is not the API name of an object", object)
		return false
	}
	f.Object = object
	if optional(s.get("IncludeDeletedRecords")) != "true" {
		f.Deletes = "ignore"
		at := n.line
		if d := s.get("IncludeDeletedRecords"); d != nil {
			at = d.line
		}
		im.note(at, "AppFlow was not told of deleted records, so their rows stay: deletes: ignore; "+
			"take that line out to have them flagged")
	}
	api := s.get("DataTransferApi")
	switch optional(api) {
	case "REST_SYNC":
		f.Mover = "rest"
	case "BULKV2":
		f.Mover = "bulk"
	case "", "AUTOMATIC":
	default:
		im.problem(api.line, im.flow, "DataTransferApi %q is none of AUTOMATIC, BULKV2 and REST_SYNC", optional(api))
	}
	if pull := n.get("IncrementalPullConfig"); pull != nil {
		im.note(pull.line,
			"the field of incremental pulls is not carried over: Catchment goes by SystemModstamp, and proves it")
	}
	return true
}

// destinations reads where the rows went. Which warehouse they go to now is
// written in catchment.yaml.
func (im *importer) destinations(f *Flow, n *node, line int) {
	if n == nil || n.kind != sequence || len(n.list) == 0 {
		im.problem(line, im.flow, "has no DestinationFlowConfigList")
		return
	}
	if len(n.list) > 1 {
		im.problem(n.list[1].line, im.flow, "has %d destinations; AppFlow takes one", len(n.list))
	}
	to := n.list[0]
	kind, _ := im.text(to.get("ConnectorType"), "ConnectorType of the destination")
	switch kind {
	case "Redshift":
		object := to.get("DestinationConnectorProperties", "Redshift", "Object")
		table := strings.ToLower(optional(object))
		table = table[strings.LastIndex(table, ".")+1:]
		if table != "" && table != strings.ToLower(f.Object) {
			im.note(object.line, "its table is %s; Catchment's is %s: give readers a view of the old name", table,
				strings.ToLower(f.Object))
		}
	case "S3":
		im.note(to.line, "it writes files into S3, and Catchment rows into the warehouse of catchment.yaml; "+
			"the pages themselves are kept in stage.url")
		f.toFiles = true
	case "":
	default:
		im.note(to.line, "its destination is %s: Catchment writes into the warehouse of catchment.yaml", kind)
		f.toFiles = true
	}
}

// others tells of properties that mean nothing here.
func (im *importer) others(properties *node) {
	for _, p := range properties.pairs {
		switch p.key {
		case "KMSArn":
			im.note(p.line,
				"the key is not carried over: what Catchment stores is encrypted by its own buckets and warehouse")
		case "MetadataCatalogConfig":
			im.note(p.line, "the Glue catalog is not carried over; labels and types are in _catchment_objects and "+
				"_catchment_fields")
		case "FlowStatus":
			if v := optional(p.value); v == "Suspended" || v == "Draft" {
				im.note(p.line, "it is %s: pause it with: catchment pause OBJECT", v)
			}
		case "FlowName", "Description", "Tags", "SourceFlowConfig", "DestinationFlowConfigList",
			"TriggerConfig", "Tasks":
		default:
			im.problem(p.line, im.flow, "%s is no property of %s", p.key, flowType)
		}
	}
}
