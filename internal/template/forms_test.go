package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/golden"
	"catchment/internal/template"
	"catchment/internal/template/terraform"
)

// told is all that comes of an import: flows, notes, problems.
func told(im template.Imported, err error) string {
	var b strings.Builder
	b.Write(im.YAML())
	for _, n := range im.Notes {
		b.WriteString("note: " + n.String() + "\n")
	}
	if err != nil {
		b.WriteString("error: " + err.Error() + "\n")
	}
	return b.String()
}

// files reads what an import is given; a folder is Terraform's.
func files(t testing.TB, name string) []template.File {
	t.Helper()
	paths := []string{filepath.Join("testdata", name)}
	if entries, err := os.ReadDir(paths[0]); err == nil {
		paths = nil
		for _, e := range entries {
			paths = append(paths, filepath.Join("testdata", name, e.Name()))
		}
	}
	var out []template.File
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, template.File{Name: filepath.Base(path), Text: text})
	}
	return out
}

// Each form in which people have their flows. The golden files say what becomes
// of every line.
func TestForms(t *testing.T) {
	for _, name := range []string{
		"salesforce.yaml", // CloudFormation, with a bit of everything
		"sample.json",     // a template as AWS's sample is written
		"small.json",      // one whose keys begin with small letters, as the API's do
		"relative.yaml",   // one whose span is given anew each night
		"loop.yaml",       // one with Fn::ForEach
		"created.json",    // what create-flow is given
		"describe.json",   // what describe-flow answers
		"many.json",       // many answers in one file, of all kinds
		"list.json",       // what list-flows answers, which is not enough
		"module",          // Terraform: a folder
		"flows.tf.json",   // Terraform in JSON
	} {
		t.Run(name, func(t *testing.T) {
			golden.Equal(t, name+".txt", told(template.Import(files(t, name), nil, terraform.Form{})))
		})
	}
}

// A loop that can't be unrolled says why, and one that CloudFormation wouldn't take
// is unrolled all the same.
func TestLoops(t *testing.T) {
	good := string(read(t, "loop.yaml"))
	for _, tt := range []struct{ old, new, want string }{
		{"- !Ref Objects", "- !Ref Other",
			"loop.yaml:14: the list of Fn::ForEach::Flows can't be told: Other has no value; give one with " +
				"--parameter Other=VALUE"},
		{"- !Ref Objects", "- !Split [',', !ImportValue Names]",
			"loop.yaml:14: the list of Fn::ForEach::Flows can't be told: the function Split can't be read here"},
		{"- [Invoice__c]", "- Invoice__c", "loop.yaml:36: what Fn::ForEach::Own goes through is no list"},
		{"- [Invoice__c]", "- [[Invoice__c]]", "loop.yaml:36: the list of Fn::ForEach::Own holds what is no name"},
		{"- [Invoice__c]", "- [" + strings.Repeat("a,", 600) + "b]",
			"loop.yaml:36: Fn::ForEach::Own makes more than 500 entries"},
		{"    - Name\n", "", "loop.yaml:36: Fn::ForEach::Own is to be a name, a list and what is made of each"},
		{"Transform: AWS::LanguageExtensions\n", "",
			"loop.yaml:13: has a loop, and lacks Transform: AWS::LanguageExtensions, which CloudFormation wants"},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		if text == good {
			t.Fatalf("%q is not there", tt.old)
		}
		if got := told(one("loop.yaml", []byte(text), nil)); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s\nwant %s", tt.new, got, tt.want)
		}
	}
	got := told(one("loop.yaml", []byte(good), map[string]string{"Objects": "Lead,Asset"}))
	if !strings.Contains(got, "object: Lead\n") || !strings.Contains(got, "object: Asset\n") {
		t.Error(got)
	}
}

// Variables of Terraform have a value from the command line, a file of values, or
// their default, in this order.
func TestVariables(t *testing.T) {
	resource := in("var.object", `variable "object" { default = "Account" }
variable "fields" { type = list(string) }
`)
	resource = strings.Replace(resource, `{ task_type = "Map_all" }`,
		"{\n task_type = \"Filter\"\n source_fields = var.fields\n"+
			" connector_operator { salesforce = \"PROJECTION\" }\n}", 1)
	for _, tt := range []struct {
		values string
		given  map[string]string
		want   string
	}{
		{"", map[string]string{"fields": `["Name", "Phone"]`}, "object: Account\n    fields: [Name, Phone]"},
		{`fields = ["Name"]`, nil, "object: Account\n    fields: [Name]"},
		{`object = "Lead"` + "\n" + `fields = ["Name"]`, nil, "object: Lead\n    fields: [Name]"},
		{`object = "Lead"` + "\n" + `fields = ["Name"]`, map[string]string{"object": "Case"},
			"object: Case\n    fields: [Name]"},
		{"", nil, "SourceFields: var.fields has no default; give a value with --parameter fields=VALUE"},
		{"", map[string]string{"fields": "Name]"},
			"SourceFields: --parameter fields is no value as Terraform writes them"},
		{"", map[string]string{"fields": "[for a in [1] : [for b in [1] : b]][0]"},
			"SourceFields: it has a loop within a loop, which is not read here"},
	} {
		files := []template.File{{Name: "x/main.tf", Text: []byte(resource)},
			{Name: "x/terraform.tfvars", Text: []byte(tt.values)}}
		if got := told(template.Import(files, tt.given, terraform.Form{})); !strings.Contains(got, tt.want) {
			t.Errorf("%q %v: got %s\nwant %s", tt.values, tt.given, got, tt.want)
		}
	}
}
