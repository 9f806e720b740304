package deployment_test

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/body"
	"catchment/internal/flow"
	"catchment/internal/policy"
)

// Where control rows say what to copy, each step that looks at a flow reads its template, and
// list, which is the first, tells one that is missing from one that it may not read. Only of
// movers that rows may ask for there are rights.
func TestTemplatesOfControlRows(t *testing.T) {
	const templates, bucket = "s3:::acme-catchment-stage/pages/templates/x", "s3:::acme-catchment-stage"
	for _, name := range []string{"rows-postgres", "rows-appflow"} {
		d := rendered(t, name)
		for role := range d.resources("AWS::IAM::Role") {
			step, ok := strings.CutSuffix(role, "FunctionRole")
			if !ok {
				continue
			}
			reads := slices.ContainsFunc(d.rights(t, role), func(g granted) bool {
				return g.action == "s3:GetObject" && covers(g.on, templates)
			})
			if want := step != "Publish" && step != "Drop"; reads != want {
				t.Errorf("%s: %s may read templates: %t", name, role, reads)
			}
		}
		finds := slices.ContainsFunc(d.rights(t, "ListFunctionRole"), func(g granted) bool {
			return g.action == "s3:ListBucket" && strings.HasSuffix(g.on, bucket)
		})
		if !finds {
			t.Errorf("%s: list can't tell a missing template from one that it may not read", name)
		}
		if lands := may(t, d, "CreateFunctionRole", "appflow:CreateFlow", ""); lands != (name == "rows-appflow") {
			t.Errorf("%s: create may make flows of AppFlow: %t", name, lands)
		}
	}
	if !may(t, rendered(t, "rows-appflow"), "LoadFunctionRole", "secretsmanager:GetSecretValue", "catchment/salt-") {
		t.Error("load may not read the salt that rows get by default")
	}
	if may(t, rendered(t, "bulk-data"), "ConsolidateFunctionRole", "s3:GetObject", "templates/") {
		t.Error("consolidate may read templates where there are none")
	}
}

// Templates stay: no rule of the bucket takes them away.
func TestTemplatesStay(t *testing.T) {
	for name, expires := range map[string]bool{"rows-postgres": false, "bulk-postgres": true} {
		stage := textOf(rendered(t, name).resources("AWS::S3::Bucket"))
		if strings.Contains(stage, "ExpirationInDays") != expires || !strings.Contains(stage, "Abort") {
			t.Errorf("%s: %s", name, stage)
		}
	}
}

// Plans, approvals and evidence stay, too, and the bodies that archives may have deleted in the org.
func TestWhatArchivesKeepStays(t *testing.T) {
	file := configuration(t, "bulk-postgres")
	file.Archive.Policies = []policy.Policy{{Name: "old-cases"}}
	files, err := render(file)
	if err != nil {
		t.Fatal(err)
	}
	stage := textOf(read(t, files.Template).resources("AWS::S3::Bucket"))
	if strings.Contains(stage, "ExpirationInDays") {
		t.Error(stage)
	}
	list := read(t, files.Template)
	if !may(t, list, "ListFunctionRole", "s3:ListBucket", "s3:::acme-catchment-stage") ||
		!may(t, list, "ListFunctionRole", "s3:GetObject", "s3:::acme-catchment-stage/pages/archive/*") {
		t.Error("list can't tell what was archived")
	}
}

// How many rows there will be nobody knows when the machine is rendered: its maps have room for
// any number.
func TestRowsNeedDistributedMaps(t *testing.T) {
	file := configuration(t, "rows-postgres")
	files, err := render(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(files.Machine), `"DISTRIBUTED"`); n != 3 {
		t.Errorf("%d maps of the machine are distributed, want all three", n)
	}
	may := may(t, rendered(t, "rows-postgres"), "MachineRole", "states:StartExecution", "stateMachine")
	if !may {
		t.Error("the machine may not start the executions of its maps")
	}
}

// covers tells whether the last part of an ARN, with a * at its end or none, has a key.
func covers(arn, key string) bool {
	at := strings.Index(arn, "s3:::")
	if at < 0 {
		return false
	}
	prefix, star := strings.CutSuffix(arn[at:], "*")
	return arn[at:] == key || star && strings.HasPrefix(key, prefix)
}

// A flow with bodies has a function of its own for them, and what that puts into the bucket no
// rule takes away. Without one there is no such function.
func TestBodiesOfFiles(t *testing.T) {
	file := configuration(t, "bulk-postgres")
	file.Flows = append(file.Flows, flow.Flow{Object: "ContentVersion", Bodies: body.Latest})
	files, err := render(file)
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, files.Template)
	for _, action := range []string{"s3:PutObject", "s3:GetObject"} {
		if !may(t, d, "BodiesFunctionRole", action, "/*") {
			t.Errorf("bodies may not do %s", action)
		}
	}
	if may(t, d, "BodiesFunctionRole", "s3:DeleteObject", "") {
		t.Error("bodies may delete some")
	}
	if stage := textOf(d.resources("AWS::S3::Bucket")); strings.Contains(stage, "ExpirationInDays") {
		t.Error(stage)
	}
	if !strings.Contains(string(files.Machine), "BodiesFunction") {
		t.Error("the machine has no step for bodies")
	}
	without, err := render(configuration(t, "bulk-postgres"))
	if err != nil || strings.Contains(string(without.Template)+string(without.Machine), "BodiesFunction") {
		t.Errorf("a function that nobody needs: %v", err)
	}
}
