package deployment_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

const dir = "../../deploy/aws"

func parse(t *testing.T, change func(string) string) *flow.File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "catchment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := flow.Parse("catchment.yaml", []byte(change(string(text))), flow.Warehouses{Files: []string{"duckdb"}})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func same(s string) string { return s }

// What stands in deploy/aws is what this code writes.
func TestGolden(t *testing.T) {
	files, err := render(parse(t, same))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"template.yaml": files.Template, "machine.json": files.Machine} {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != string(got) {
			t.Errorf("%s is not what catchment aws render writes; make golden, and read the diff (%v)", path, err)
		}
	}
}

// The functions have the names of the pipeline that they replace.
func TestFunctionsAreNamed(t *testing.T) {
	files, err := render(parse(t, same))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lambda_trigger_appflow", "status_job", "start_job_appflow", "consolidate",
		"delete_elements_flows_snapshots"} {
		if !strings.Contains(string(files.Template), `FunctionName: !Sub "${AWS::StackName}-`+name+`"`) {
			t.Errorf("no function is called %s", name)
		}
	}
}

// What a machine of one's own has, and AWS hasn't, is told at once.
func TestOnlyOneMachineHasThis(t *testing.T) {
	file := parse(t, func(s string) string {
		s = strings.Replace(s, `"aws-sm:catchment/salesforce#client_id"`, "env:SF_CLIENT_ID", 1)
		s = strings.Replace(s, `"s3:acme-catchment-stage/pages"`, "dir:stage", 1)
		s = strings.Replace(s, `"dynamodb:catchment-control"`, "sqlite:control.db", 1)
		return strings.Replace(s, `"postgres://catchment@warehouse.internal/analytics"`, "duckdb:catchment.duckdb", 1)
	})
	_, err := render(file)
	if plan.ClassOf(err) != plan.Fix {
		t.Fatalf("%v of class %s", err, plan.ClassOf(err))
	}
	for _, want := range []string{"org.login.client_id is env:SF_CLIENT_ID", "stage.url is dir:stage",
		"control.url is sqlite:control.db", "warehouse.url is a file of this machine: write postgres://..."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoesn't say %q", err, want)
		}
	}
}
