package template_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/template"
)

// in puts a value into a flow of Terraform.
func in(object, more string) string {
	return `resource "aws_appflow_flow" "f" {
  source_flow_config {
    connector_type = "Salesforce"
    source_connector_properties {
      salesforce { object = ` + object + ` }
    }
  }
  destination_flow_config { connector_type = "S3" }
  task { task_type = "Map_all" }
}
` + more
}

// doubled is a row of names, each of which is twice the one before.
func doubled(format string) string {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, format, i+1, i)
	}
	return b.String()
}

// What a file can't do to this program: use it up. Each is refused, and soon.
func TestHostile(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	wide := "Resources: {F: {Type: 'AWS::AppFlow::Flow', Condition: C60, Properties: {SourceFlowConfig: !If [C60, 1, 2]}}}"
	for what, f := range map[string]template.File{
		"brackets":       {Name: "t.yaml", Text: []byte(deep)},
		"deep resources": {Name: "t.yaml", Text: []byte("Resources: " + deep)},
		"deep JSON":      {Name: "t.json", Text: []byte(`{"a":` + deep + `}`)},
		"circle": {Name: "t.yaml", Text: []byte("Conditions: {A: !Condition B, B: !Condition A}\nResources: {F: {Type: " +
			"'AWS::AppFlow::Flow', Condition: A, Properties: {SourceFlowConfig: !If [A, 1, 2]}}}")},
		"doubled conditions": {Name: "t.yaml", Text: []byte("Conditions:\n  C0: !Equals [a, a]\n" +
			doubled("  C%d: !And [!Condition C%[2]d, !Condition C%[2]d]\n") + wide)},
		"doubled maps": {Name: "t.yaml", Text: []byte("Mappings:\n  M:\n    K0: {v: a}\n" +
			doubled("    K%d: {v: [!FindInMap [M, K%[2]d, v], !FindInMap [M, K%[2]d, v]]}\n") +
			"Resources: {F: {Type: 'AWS::AppFlow::Flow', Properties: {Tasks: !FindInMap [M, K60, v]}}}")},
		"doubled text": {Name: "t.yaml", Text: []byte("Resources: {F: {Type: 'AWS::AppFlow::Flow', Properties: {FlowName: " +
			strings.Repeat(`!Sub ["${a}${a}", {a: `, 40) + "x" + strings.Repeat("}]", 40) + "}}}")},
		"loop in a loop": {Name: "t.yaml", Text: []byte("Transform: AWS::LanguageExtensions\nResources:\n" +
			strings.Repeat("  'Fn::ForEach::L': [N, [a, b, c, d], {", 8) + "'x${N}': {Type: 'AWS::S3::Bucket'}" +
			strings.Repeat("}]", 8) + "\n")},
		"alias":     {Name: "t.yaml", Text: []byte("a: &a [*a]\nResources: *a")},
		"long YAML": {Name: "t.yaml", Text: []byte(strings.Repeat("a", 2<<20))},
		"UTF-16":    {Name: "t.json", Text: []byte("\xff\xfe{\x00}\x00")},
		"cut JSON":  {Name: "t.json", Text: []byte(`{"flowName": "a", "sourceFlowConfig": {`)},
		"nothing":   {Name: "t.yaml"}, "a number": {Name: "t.yaml", Text: []byte("42")},
		"a list": {Name: "t.yaml", Text: []byte("[]")}, "no map": {Name: "t.yaml", Text: []byte("Resources:")},
		"no resource":    {Name: "t.yaml", Text: []byte("Resources: {F: 1}")},
		"lists in lists": {Name: "t.json", Text: []byte(`[{"flows": [{"flows": []}]}]`)},

		"parentheses":          {Name: "t.tf", Text: []byte("a = " + strings.Repeat("(", 200_000))},
		"not not":              {Name: "t.tf", Text: []byte("a = " + strings.Repeat("!", 400_000) + "true")},
		"sums":                 {Name: "t.tf", Text: []byte("a = 1" + strings.Repeat(" + 1", 200_000))},
		"sums in parentheses":  {Name: "t.tf", Text: []byte("a = (1" + strings.Repeat("\n + 1", 200_000) + ")")},
		"choices":              {Name: "t.tf", Text: []byte("a = " + strings.Repeat("b ? c : ", 100_000) + "d")},
		"indexes":              {Name: "t.tf", Text: []byte("a = b" + strings.Repeat("[0]", 100_000))},
		"templates":            {Name: "t.tf", Text: []byte("a = " + strings.Repeat(`"${`, 50_000))},
		"ifs":                  {Name: "t.tf", Text: []byte("a = \"" + strings.Repeat("%{if b}", 100_000) + "\"")},
		"ifs in JSON":          {Name: "t.tf.json", Text: []byte(`{"locals": {"a": "` + strings.Repeat("%{if b}", 100_000) + `"}}`)},
		"a big number":         {Name: "t.tf", Text: []byte(in("1e999999999", ""))},
		"a big number in JSON": {Name: "t.tf.json", Text: []byte(`{"locals": {"a": 1e999999999}}`)},
		"a growing number": {Name: "t.tf", Text: []byte(in("local.l60", "locals {\n l0 = 1e99\n"+
			doubled(" l%d = local.l%[2]d * local.l%[2]d\n")+"}\n"))},
		"growing texts": {Name: "t.tf", Text: []byte(in("local.l60", "locals {\n l0 = \"aaaaaaaaaaaaaaaa\"\n"+
			doubled(` l%d = "${local.l%[2]d}${local.l%[2]d}"`+"\n")+"}\n"))},
		"growing lists": {Name: "t.tf", Text: []byte(in("local.l60[0]", "locals {\n l0 = [1]\n"+
			doubled(" l%d = concat(local.l%[2]d, local.l%[2]d)\n")+"}\n"))},
		"lists of lists": {Name: "t.tf", Text: []byte(in("local.l60[0]", "locals {\n l0 = [1]\n"+
			doubled(" l%d = [local.l%[2]d, local.l%[2]d]\n")+"}\n"))},
		"loops": {Name: "t.tf", Text: []byte(in(
			"[for a in local.n : [for b in local.n : [for c in local.n : a]]][0]", "locals {\n n = ["+
				strings.Repeat("1, ", 4000)+"]\n}\n"))},
		"itself": {Name: "t.tf", Text: []byte(in("local.a", "locals {\n a = local.b\n b = local.a\n}\n"))},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			im, err := template.Import([]template.File{f}, nil)
			if plan.ClassOf(err) != plan.Fix || len(im.Flows) > 0 {
				t.Errorf("%v, %d flows", err, len(im.Flows))
			}
			if len(err.Error()) > 4000 {
				t.Errorf("says %d bytes: %.200s", len(err.Error()), err)
			}
			t.Logf("%s: %v: %.150s", what, time.Since(start).Round(time.Millisecond), err)
		})
	}
}

const head = "version: 1\norg: {url: 'https://acme.my.salesforce.com', login: {flow: sf_cli, alias: acme}}\n"

// taken holds what came of a file to what Catchment reads.
func taken(t *testing.T, im template.Imported, err error) {
	if err != nil && plan.ClassOf(err) != plan.Fix {
		t.Fatal(err)
	}
	if len(im.Flows) == 0 {
		return
	}
	if _, err := flow.Parse("t", append([]byte(head), im.YAML()...), flow.Warehouses{}); err != nil {
		t.Fatalf("%v\n%s", err, im.YAML())
	}
}

// Whatever a file holds: it is refused, or gives flows that Catchment reads.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"salesforce.yaml", "loop.yaml", "describe.json", "many.json", "small.json"} {
		f.Add(string(read(f, name)))
	}
	f.Add(`{"Resources":{"F":{"Type":"AWS::AppFlow::Flow","Properties":{"SourceFlowConfig":{"ConnectorType":` +
		`"Salesforce","SourceConnectorProperties":{"Salesforce":{"Object":"No"}}},"DestinationFlowConfigList":` +
		`[{"ConnectorType":"S3"}],"Tasks":[{"TaskType":"Map_all"},{"TaskType":"Filter","ConnectorOperator":` +
		`{"Salesforce":"CONTAINS"},"SourceFields":["A"],"TaskProperties":[{"Key":"VALUE","Value":"a%b"}]}]}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		im, err := one("t", []byte(text), nil)
		taken(t, im, err)
	})
}

// The same of Terraform, in both of its languages.
func FuzzTerraform(f *testing.F) {
	f.Add(string(read(f, "module/appflow.tf")), string(read(f, "module/variables.tf")), false)
	f.Add(string(read(f, "flows.tf.json")), "", true)
	f.Add(in(`"${local.a}"`, ""), `locals { a = [for x in ["b"] : upper(x)][0] }`, false)
	f.Fuzz(func(t *testing.T, text, more string, isJSON bool) {
		name := "t.tf"
		if isJSON {
			name += ".json"
		}
		im, err := template.Import([]template.File{{Name: name, Text: []byte(text)},
			{Name: "more.tf", Text: []byte(more)}}, map[string]string{"v": "1"})
		taken(t, im, err)
	})
}
