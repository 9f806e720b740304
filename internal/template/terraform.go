package template

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
)

// A module is what Terraform reads at once: the files of a folder.
type module struct {
	folder    string
	files     []File
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

// longestTerraform keeps the lexer, which is slow, from taking minutes.
const longestTerraform = 4 << 20

// IsTerraform tells whether Terraform reads a file of that name.
func IsTerraform(name string) bool {
	for _, suffix := range []string{".tf", ".tf.json", ".tfvars", ".tfvars.json"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

var (
	inHCL  = regexp.MustCompile(`(?m)^\s*resource\s+"?awsc?c?_appflow_flow"?\s`)
	inJSON = regexp.MustCompile(`"awsc?c?_appflow_flow"\s*:`)
)

// isTerraform tells a file of Terraform by its name, and one that came without a
// name by what it holds.
func isTerraform(f File) bool {
	return IsTerraform(f.Name) || inHCL.Match(f.Text) || inJSON.Match(f.Text)
}

// isJSON tells which of Terraform's two languages a file is in.
func isJSON(f File) bool {
	return strings.HasSuffix(f.Name, ".json") || bytes.HasPrefix(bytes.TrimSpace(f.Text), []byte("{"))
}

// intoModule puts a file to those of its folder.
func intoModule(modules []*module, f File) []*module {
	folder := filepath.Dir(f.Name)
	for _, m := range modules {
		if m.folder == folder {
			m.files = append(m.files, f)
			return modules
		}
	}
	return append(modules, &module{folder: folder, files: []File{f}, variables: map[string]result{},
		locals: map[string]*local{}, source: map[string][]byte{}, left: mostNodes})
}

// A section is a resource or a call of a module.
type section struct {
	file  string
	block *hcl.Block
}

// terraform reads the flows of a module.
func (im *importer) terraform(m *module) {
	var sections []section
	var values []File // *.tfvars
	for _, f := range m.files {
		im.file = f.Name
		if strings.Contains(f.Name, ".tfvars") {
			values = append(values, f)
			continue
		}
		body, ok := im.parse(f)
		if !ok {
			continue
		}
		m.source[f.Name] = f.Text
		content, _, diags := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
			{Type: "variable", LabelNames: []string{"name"}}, {Type: "locals"},
			{Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "module", LabelNames: []string{"name"}},
		}})
		im.diagnosed(diags)
		for _, b := range content.Blocks {
			switch b.Type {
			case "variable":
				im.variable(m, b)
			case "locals":
				attributes, diags := b.Body.JustAttributes()
				im.diagnosed(diags)
				for name, a := range attributes {
					m.locals[name] = &local{made: a.Expr}
				}
			default:
				sections = append(sections, section{f.Name, b})
			}
		}
	}
	for _, f := range values {
		im.values(m, f)
	}
	im.sections(m, sections)
}

// parse reads a file's syntax, once it is sure that this ends.
func (im *importer) parse(f File) (hcl.Body, bool) {
	var file *hcl.File
	var diags hcl.Diagnostics
	if len(f.Text) > longestTerraform {
		im.problem(1, "", "is longer than a file of Terraform may be (%d MB)", longestTerraform>>20)
		return nil, false
	}
	if isJSON(f) {
		if err := guardJSON(f.Text); err != nil {
			im.problem(lineOfError(err), "", "%v", err)
			return nil, false
		}
		file, diags = hcljson.Parse(f.Text, f.Name)
	} else {
		if err := guard(hclsyntax.LexConfig(f.Text, f.Name, hcl.InitialPos)); err != nil {
			im.problem(lineOfError(err), "", "%v", err)
			return nil, false
		}
		file, diags = hclsyntax.ParseConfig(f.Text, f.Name, hcl.InitialPos)
	}
	im.diagnosed(diags)
	return bodyOf(file), file != nil && !diags.HasErrors()
}

func bodyOf(f *hcl.File) hcl.Body {
	if f == nil {
		return nil
	}
	return f.Body
}

// diagnosed tells the first mistake in a file's syntax: the others come of it.
func (im *importer) diagnosed(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			im.problem(rangeLine(d.Subject), "", "%s: %s", d.Summary, d.Detail)
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
func (im *importer) variable(m *module, b *hcl.Block) {
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
	text, given := im.given[name]
	if !given {
		return
	}
	im.used[name] = true
	value := result{value: cty.StringVal(text), open: true}
	if a := content.Attributes["type"]; a != nil && !plainRE.Match(m.textOf(a.Expr)) { // a list, a map, an object
		value = im.parsed(m, name, text)
	}
	m.variables[name] = value
}

var plainRE = regexp.MustCompile(`^"?(string|number|bool|any)"?$`)

// parsed reads the value of a parameter that is more than a text.
func (im *importer) parsed(m *module, name, text string) result {
	wrong := result{open: true, why: "--parameter " + name + " is no value as Terraform writes them, as in " +
		`["Account", "Contact"]`}
	src := []byte(text)
	if guard(hclsyntax.LexConfig(src, name, hcl.InitialPos)) != nil {
		return wrong
	}
	e, diags := hclsyntax.ParseExpression(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		return wrong
	}
	got := m.worked(e, nil)
	got.open = true
	return got
}

// values reads a file of values for variables.
func (im *importer) values(m *module, f File) {
	im.file = f.Name
	body, ok := im.parse(f)
	if !ok {
		return
	}
	m.source[f.Name] = f.Text
	attributes, diags := body.JustAttributes()
	im.diagnosed(diags)
	for name, a := range attributes {
		if _, given := im.given[name]; !given {
			got := m.worked(a.Expr, nil)
			got.open = true
			m.variables[name] = got
		}
	}
}

// sections reads the resources of a module, and counts those that are no flows.
func (im *importer) sections(m *module, sections []section) {
	rest := map[string]map[string]int{}
	var order []section
	for _, s := range sections {
		im.file, im.flow = s.file, ""
		at := s.block.DefRange.Start.Line
		switch kind := s.block.Labels[0]; {
		case s.block.Type == "module":
			im.note(at, "module %s may hold flows: import its folder as well", kind)
		case kind == "aws_appflow_flow" || kind == "awscc_appflow_flow":
			im.flowBlock(m, s)
		default:
			if rest[s.file] == nil {
				rest[s.file] = map[string]int{}
				order = append(order, s)
			}
			rest[s.file][kind]++
		}
	}
	for _, s := range order {
		im.file, im.flow = s.file, ""
		im.others(s.block.DefRange.Start.Line, "resource", rest[s.file])
	}
}
