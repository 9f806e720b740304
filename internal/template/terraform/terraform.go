// Package terraform reads the flows of AppFlow that are written in Terraform, as
// aws_appflow_flow or awscc_appflow_flow, in either of its languages. It is a form
// of package template, which makes flows of ours of what it finds.
//
// It does what is plain: variables that have a value, locals, a few functions,
// for_each, count, dynamic blocks. What only Terraform knows, as an attribute of
// another resource, stays unknown, and is told where a flow needs it.
//
// Start at Form.Read. block.go reads a resource, value.go works an expression out,
// guard.go looks at a text before anything follows it into its depth.
package terraform

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"catchment/internal/template"
)

// Form reads files of Terraform.
type Form struct{}

// Read finds the flows of modules: the files of a folder are one.
func (Form) Read(files []template.File, parameters map[string]string, to *template.Report) {
	var modules []*module
	for _, f := range files {
		modules = intoModule(modules, f)
	}
	for _, m := range modules {
		m.Report, m.given = to, parameters
		m.readFiles()
	}
}

// A module is what Terraform reads at once: the files of a folder.
type module struct {
	*template.Report
	given map[string]string

	file      string // that is being read
	flow      string // of it
	folder    string
	files     []template.File
	variables map[string]result
	locals    map[string]*local
	source    map[string][]byte // of its files, by name
	left      int               // what it may still make
}

// A local is a value that a module gives a name.
type local struct {
	made  hcl.Expression
	busy  bool // being worked out: who asks for it goes in a circle
	known *result
}

// longest keeps the lexer, which is slow, from taking minutes.
const longest = 4 << 20

// reads tells whether Terraform reads a file of that name.
func reads(name string) bool {
	for _, suffix := range []string{".tf", ".tf.json", ".tfvars", ".tfvars.json"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

var (
	inHCL  = regexp.MustCompile(`(?m)^\s*resource\s+"?aws(cc)?_appflow_flow"?\s`)
	inJSON = regexp.MustCompile(`"aws(cc)?_appflow_flow"\s*:`)
)

// Is tells a file of Terraform by its name, and one that came without a name by what
// it holds.
func (Form) Is(f template.File) bool {
	return reads(f.Name) || inHCL.Match(f.Text) || inJSON.Match(f.Text)
}

// isJSON tells which of Terraform's two languages a file is in.
func isJSON(f template.File) bool {
	return strings.HasSuffix(f.Name, ".json") || bytes.HasPrefix(bytes.TrimSpace(f.Text), []byte("{"))
}

// intoModule puts a file to those of its folder.
func intoModule(modules []*module, f template.File) []*module {
	folder := filepath.Dir(f.Name)
	for _, m := range modules {
		if m.folder == folder {
			m.files = append(m.files, f)
			return modules
		}
	}
	return append(modules, &module{folder: folder, files: []template.File{f}, variables: map[string]result{},
		locals: map[string]*local{}, source: map[string][]byte{}, left: mostMade})
}

// A section is a resource or a call of a module.
type section struct {
	file  string
	block *hcl.Block
}

// at says what is read now.
func (m *module) at(file, flow string) {
	m.file, m.flow = file, flow
	m.In(file, flow)
}

// readFiles reads the flows of a module.
func (m *module) readFiles() {
	var sections []section
	var values []template.File // *.tfvars
	for _, f := range m.files {
		m.at(f.Name, "")
		if strings.Contains(f.Name, ".tfvars") {
			values = append(values, f)
			continue
		}
		body, ok := m.parse(f)
		if !ok {
			continue
		}
		m.source[f.Name] = f.Text
		content, _, diags := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
			{Type: "variable", LabelNames: []string{"name"}}, {Type: "locals"},
			{Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "module", LabelNames: []string{"name"}},
		}})
		m.diagnosed(diags)
		for _, b := range content.Blocks {
			switch b.Type {
			case "variable":
				m.variable(b)
			case "locals":
				attributes, diags := b.Body.JustAttributes()
				m.diagnosed(diags)
				for name, a := range attributes {
					m.locals[name] = &local{made: a.Expr}
				}
			default:
				sections = append(sections, section{f.Name, b})
			}
		}
	}
	for _, f := range values {
		m.values(f)
	}
	m.sections(sections)
}

// parse reads a file's syntax, once it is sure that this ends.
func (m *module) parse(f template.File) (hcl.Body, bool) {
	var file *hcl.File
	var diags hcl.Diagnostics
	if len(f.Text) > longest {
		m.Problem(1, "is longer than a file of Terraform may be (%d MB)", longest>>20)
		return nil, false
	}
	if isJSON(f) {
		if err := guardJSON(f.Text); err != nil {
			m.Problem(lineOf(err), "%v", err)
			return nil, false
		}
		file, diags = hcljson.Parse(f.Text, f.Name)
	} else {
		if err := guard(hclsyntax.LexConfig(f.Text, f.Name, hcl.InitialPos)); err != nil {
			m.Problem(lineOf(err), "%v", err)
			return nil, false
		}
		file, diags = hclsyntax.ParseConfig(f.Text, f.Name, hcl.InitialPos)
	}
	m.diagnosed(diags)
	return bodyOf(file), file != nil && !diags.HasErrors()
}

func bodyOf(f *hcl.File) hcl.Body {
	if f == nil {
		return nil
	}
	return f.Body
}

// diagnosed tells the first mistake in a file's syntax: the others come of it.
func (m *module) diagnosed(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			m.Problem(rangeLine(d.Subject), "%s: %s", d.Summary, d.Detail)
			return
		}
	}
}

func rangeLine(at *hcl.Range) int {
	if at == nil {
		return 1
	}
	return at.Start.Line
}

// variable reads the default of a variable.
func (m *module) variable(b *hcl.Block) {
	name := b.Labels[0]
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "default"}, {Name: "type"},
	}})
	m.variables[name] = result{open: true,
		why: fmt.Sprintf("var.%s has no default; give a value with --parameter %[1]s=VALUE", name)}
	if a := content.Attributes["default"]; a != nil {
		got := m.worked(a.Expr, nil)
		got.open = true
		m.variables[name] = got
	}
	text, given := m.given[name]
	if !given {
		return
	}
	m.Knows(name)
	value := result{value: cty.StringVal(text), open: true}
	if a := content.Attributes["type"]; a != nil && !plainRE.Match(m.textOf(a.Expr)) { // a list, a map, an object
		value = m.parsed(name, text)
	}
	m.variables[name] = value
}

var plainRE = regexp.MustCompile(`^"?(string|number|bool|any)"?$`)

// parsed reads the value of a parameter that is more than a text.
func (m *module) parsed(name, text string) result {
	wrong := result{open: true, why: "--parameter " + name + " is no value as Terraform writes them, as in " +
		`["Account", "Contact"]`}
	src, called := []byte(text), "--parameter "+name
	m.source[called] = src
	if guard(hclsyntax.LexConfig(src, called, hcl.InitialPos)) != nil {
		return wrong
	}
	e, diags := hclsyntax.ParseExpression(src, called, hcl.InitialPos)
	if diags.HasErrors() {
		return wrong
	}
	got := m.worked(e, nil)
	got.open = true
	return got
}

// values reads a file of values for variables.
func (m *module) values(f template.File) {
	m.at(f.Name, "")
	body, ok := m.parse(f)
	if !ok {
		return
	}
	m.source[f.Name] = f.Text
	attributes, diags := body.JustAttributes()
	m.diagnosed(diags)
	for name, a := range attributes {
		if _, given := m.given[name]; !given {
			got := m.worked(a.Expr, nil)
			got.open = true
			m.variables[name] = got
		}
	}
}

// sections reads the resources of a module, and counts those that are no flows.
func (m *module) sections(sections []section) {
	rest := map[string]map[string]int{}
	var order []section
	for _, s := range sections {
		m.at(s.file, "")
		at := s.block.DefRange.Start.Line
		switch kind := s.block.Labels[0]; {
		case s.block.Type == "module":
			m.Note(at, "module %s may hold flows: import its folder as well", kind)
		case kind == "aws_appflow_flow" || kind == "awscc_appflow_flow":
			m.flowBlock(s)
		default:
			if rest[s.file] == nil {
				rest[s.file] = map[string]int{}
				order = append(order, s)
			}
			rest[s.file][kind]++
		}
	}
	for _, s := range order {
		m.at(s.file, "")
		m.Others(s.block.DefRange.Start.Line, "resource", rest[s.file])
	}
}
