// Package deployment writes what a configuration needs on AWS: one
// CloudFormation template, with the state machine in it.
//
// It knows which function does which step, and what each may touch: that is
// the one table of functions.go. It leaves the machine to stepfunctions, and
// deploying to whoever does that in your company. Start at Render.
package deployment

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/stepfunctions"
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
// once. servers says how the URL of a warehouse looks that AWS reaches.
func Render(file *flow.File, servers string) (Files, error) {
	s, problems := readSettings(file, servers)
	if len(problems) > 0 {
		return Files{}, plan.Fixf("see docs/howto/aws.md", "%s", strings.Join(problems, "\n"))
	}
	machine, err := json.MarshalIndent(machineFor(file), "", "  ")
	if err != nil {
		return Files{}, err
	}
	var short bytes.Buffer // a template over 51,200 bytes has to go by way of a bucket
	if err := json.Compact(&short, machine); err != nil {
		return Files{}, err
	}
	s.Machine, machine = short.String(), append(machine, '\n')
	t, err := template.New("template.yaml").Funcs(template.FuncMap{"indent": indent,
		"join": strings.Join}).Parse(templateText)
	if err != nil {
		return Files{}, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return Files{}, err
	}
	return Files{Template: out.Bytes(), Machine: machine}, nil
}

func machineFor(file *flow.File) stepfunctions.Machine {
	return stepfunctions.Render(replicate.Plan(file.Limits.Flows), stepfunctions.Options{
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
		if f.Object == flow.Star {
			return 0
		}
	}
	return len(file.Flows)
}

// settings are what the template is filled with.
type settings struct {
	Table     string // of control.url
	Bucket    string // of stage.url
	Prefix    string // in it: "" or ends in a slash
	Secrets   []madeSecret
	Rights    string // that read a secret
	Functions []function
	Machine   string
}

// readSettings takes from a configuration what the template has to say again.
func readSettings(file *flow.File, servers string) (settings, []string) {
	var s settings
	var problems []string
	problem := func(format string, args ...any) {
		problems = append(problems, file.Name+": "+fmt.Sprintf(format, args...))
	}
	table, ok := strings.CutPrefix(file.Control.URL, "dynamodb:")
	if s.Table = table; !ok {
		problem("control.url is %s: write dynamodb:TABLE, which the template makes", file.Control.URL)
	}
	place, ok := strings.CutPrefix(file.Stage.URL, "s3:")
	if !ok {
		problem("stage.url is %s: write s3:bucket/prefix, which the template makes", file.Stage.URL)
	}
	s.Bucket, s.Prefix, _ = strings.Cut(strings.TrimPrefix(place, "//"), "/")
	if s.Prefix = strings.Trim(s.Prefix, "/"); s.Prefix != "" {
		s.Prefix += "/"
	}
	if file.Warehouse.File {
		problem("warehouse.url is a file of this machine: write %s", servers)
	}
	made, unread := loginSecrets(file.Org.Login)
	for _, text := range unread {
		problem("%s", text)
	}
	s.Secrets, s.Rights = made, secretRights()
	if file.Org.Login.Flow == "sf_cli" || file.Org.Login.Flow == "refresh_token" {
		problem("org.login.flow is %s, which works on one machine only: use client_credentials or jwt",
			file.Org.Login.Flow)
	}
	slices.Sort(problems)
	s.Functions = functions()
	return s, problems
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
