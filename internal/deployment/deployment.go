// Package deployment writes what a configuration needs on AWS: one
// CloudFormation template, with the state machine in it.
//
// It knows which function does which step (the table of functions.go), and what
// each may touch and why (the list of rights.go, with appflow.go and
// warehouse.go). settings.go reads the configuration, names.go knows how long
// names may be, policies.go writes rights as statements. It leaves the machine to
// stepfunctions, and deploying to whoever does that in your company. Start at
// Render, then read template.yaml.tmpl.
package deployment

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"
	"text/template"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/stepfunctions"
	"catchment/internal/warehouse/reach"
)

//go:embed template.yaml.tmpl
var templateText string

// Files are what Render writes.
type Files struct {
	Template []byte // template.yaml
	Machine  []byte // machine.json: the same machine, to read and to check
}

// Render writes the files for a configuration. Everything that it says of this
// machine, such as a folder or a variable, is a problem on AWS: all are told at
// once.
func Render(file *flow.File, known Warehouses) (Files, error) {
	s, problems := readSettings(file, known)
	if len(problems) > 0 {
		return Files{}, plan.Fixf("see docs/howto/aws.md", "%s", strings.Join(problems, "\n"))
	}
	machine, err := json.MarshalIndent(machineFor(file, s.Warehouse), "", "  ")
	if err != nil {
		return Files{}, err
	}
	var short bytes.Buffer // a template over 51,200 bytes has to go by way of a bucket
	if err := json.Compact(&short, machine); err != nil {
		return Files{}, err
	}
	s.Machine, machine = short.String(), append(machine, '\n')
	t, err := template.New("template.yaml").Funcs(template.FuncMap{
		"indent": indent, "join": strings.Join, "json": asJSON, "list": list, "statement": statement,
		"text": strconv.Quote,
	}).Parse(templateText)
	if err != nil {
		return Files{}, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return Files{}, err
	}
	return Files{Template: out.Bytes(), Machine: machine}, nil
}

func machineFor(file *flow.File, to reach.Way) stepfunctions.Machine {
	run := replicate.Plan(file.Limits.Flows)
	if file.CopiesBodies() {
		run = replicate.WithBodies(file.Limits.Flows)
	}
	if to.Upkeep {
		run = replicate.WithUpkeep(run, file.Limits.Flows)
	}
	return stepfunctions.Render(run, stepfunctions.Options{
		Function: func(step string) string { return "${" + resourceOf(step) + "}" },
		Flows:    flowsOf(file),
	})
}

// flowsOf counts the flows of a run; 0 where only the org knows, or the control table.
func flowsOf(file *flow.File) int {
	if file.FromControl { // rows come and go without a deployment
		return 0
	}
	for _, f := range file.Flows {
		if f.Pattern() {
			return 0
		}
	}
	return len(file.Flows)
}

// asJSON writes a value as JSON does.
func asJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// indent puts blanks before every line of a text but the empty ones.
func indent(n int, text string) string {
	pad := strings.Repeat(" ", n)
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(pad)
		}
		b.WriteString(line)
	}
	return strings.TrimRight(b.String(), "\n")
}
