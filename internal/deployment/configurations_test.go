package deployment_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"catchment/internal/deployment"
	"catchment/internal/flow"
)

var into = flag.String("into", "", "write what each configuration renders to into this folder, for linters")

// configuration reads a file of testdata.
func configuration(t *testing.T, name string) *flow.File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	known := flow.Warehouses{Text: map[string]string{"redshift": "", "redshift-data": ""}}
	file, err := flow.Parse(name+".yaml", text, known)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func rendered(t *testing.T, name string) document {
	t.Helper()
	files, err := render(configuration(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, files.Template)
}

var configurations = []string{"bulk-postgres", "appflow-wire", "appflow-lasting", "bulk-data", "rows-postgres",
	"rows-appflow", "appflow-files"}

// The actions that know no resources, by the Service Authorization Reference: only
// they may be allowed on everything.
var knowNone = []string{"appflow:CreateFlow", "s3:ListAllMyBuckets", "kms:ListKeys", "kms:ListAliases",
	"redshift-data:DescribeStatement", "redshift-data:GetStatementResult", "redshift-data:CancelStatement",
	"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
	"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"}

// No role may do everything, or anything to everything.
func TestLeastPrivilege(t *testing.T) {
	for _, name := range configurations {
		d := rendered(t, name)
		for role := range d.resources("AWS::IAM::Role") {
			for _, g := range d.rights(t, role) {
				if strings.Contains(g.action, "*") {
					t.Errorf("%s: %s may %s", name, role, g)
				}
				if g.on == "*" && !slices.Contains(knowNone, g.action) {
					t.Errorf("%s: %s may %s, and the action knows resources", name, role, g)
				}
				if g.on != "*" && slices.Contains(knowNone, g.action) {
					t.Errorf("%s: %s may %s, and the action knows no resources", name, role, g)
				}
			}
		}
	}
}

// Each template is small enough to be deployed as it is, and each policy for IAM.
func TestEachFits(t *testing.T) {
	for _, name := range configurations {
		files, err := render(configuration(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(files.Template); n > 51_200 {
			t.Errorf("%s: the template has %d bytes", name, n)
		}
		t.Logf("%s: template %d bytes, machine %d bytes", name, len(files.Template), len(files.Machine))
		if *into == "" {
			continue
		}
		for file, text := range map[string][]byte{name + ".yaml": files.Template, name + ".json": files.Machine} {
			if err := os.WriteFile(filepath.Join(*into, file), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// may tells whether a role may do an action to something whose ARN has a part.
func may(t *testing.T, d document, role, action, part string) bool {
	t.Helper()
	return slices.ContainsFunc(d.rights(t, role), func(g granted) bool {
		return g.action == action && strings.Contains(g.on, part)
	})
}

// services are those of which a role, or any, has rights.
func services(t *testing.T, d document, roles ...string) []string {
	t.Helper()
	if len(roles) == 0 {
		roles = slices.Collect(maps.Keys(d.resources("AWS::IAM::Role")))
	}
	found := map[string]bool{}
	for _, role := range roles {
		for _, g := range d.rights(t, role) {
			service, _, _ := strings.Cut(g.action, ":")
			found[service] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Rights follow the configuration: of services that it has no part for there are none.
func TestRightsFollowTheConfiguration(t *testing.T) {
	for name, want := range map[string]string{
		"bulk-postgres":   "dynamodb kms lambda logs s3 secretsmanager states",
		"bulk-data":       "dynamodb glue kms lambda logs redshift-data s3 secretsmanager states",
		"rows-postgres":   "dynamodb kms lambda logs s3 secretsmanager states",
		"rows-appflow":    "appflow cloudformation dynamodb kms lambda logs s3 secretsmanager states",
		"appflow-files":   "appflow cloudformation dynamodb kms lambda logs s3 secretsmanager states",
		"appflow-wire":    "appflow cloudformation dynamodb kms lambda logs s3 secretsmanager states",
		"appflow-lasting": "appflow dynamodb glue kms lambda logs redshift-data s3 secretsmanager states",
	} {
		if got := strings.Join(services(t, rendered(t, name)), " "); got != want {
			t.Errorf("%s: roles have rights of %s, want %s", name, got, want)
		}
	}
}

// Publish ends a run whatever has happened: it has its own state to do with only.
func TestPublishHasNothingButItsState(t *testing.T) {
	for _, name := range configurations {
		for _, g := range rendered(t, name).rights(t, "PublishFunctionRole") {
			if !strings.Contains(g.on, "${CodeBucket}/${ConfigKey}") && !strings.Contains(g.on, ":table/") &&
				!strings.Contains(g.on, "KeyArns") && !strings.HasPrefix(g.action, "logs:") {
				t.Errorf("%s: publish may %s", name, g)
			}
		}
	}
}

// What a step that does whatever is next needs of AppFlow: a flow may be made, started
// and cancelled in done and in load, and taken away wherever one came to nothing.
func TestStepsDoWhateverIsNext(t *testing.T) {
	d := rendered(t, "appflow-wire")
	for action, steps := range map[string][]string{
		"cloudformation:CreateStack":           {"Create", "Ready", "Done", "Load"},
		"cloudformation:DescribeStacks":        {"Create", "Ready", "Done", "Load"},
		"cloudformation:DescribeStackEvents":   {"Create", "Ready", "Done", "Load"},
		"cloudformation:DeleteStack":           {"List", "Create", "Ready", "Done", "Load", "Drop"},
		"appflow:DeleteFlow":                   {"List", "Create", "Ready", "Done", "Load", "Drop"},
		"appflow:CreateFlow":                   {"Create", "Ready", "Done", "Load"},
		"appflow:UseConnectorProfile":          {"Create", "Ready", "Done", "Load"},
		"appflow:CancelFlowExecutions":         {"Start", "Done", "Load"},
		"appflow:DescribeFlowExecutionRecords": {"Start", "Done", "Load"},
		"states:DescribeExecution":             {"List"},
		"s3:DeleteObject":                      {"Load", "Drop"},
	} {
		for role := range d.resources("AWS::IAM::Role") {
			step, ok := strings.CutSuffix(role, "FunctionRole")
			if ok && may(t, d, role, action, "") != slices.Contains(steps, step) {
				t.Errorf("%s has the right %s: %t", role, action, !slices.Contains(steps, step))
			}
		}
	}
	if !may(t, d, "DoneFunctionRole", "appflow:UseConnectorProfile", "connectorprofile/my-salesforce") ||
		may(t, d, "DoneFunctionRole", "appflow:UseConnectorProfile", "connectorprofile/*") {
		t.Error("the connector profiles are not named")
	}
}

// Files that flows leave are read by the one step that loads them, and nobody else has to do with them or with
// a profile of the warehouse.
func TestFilesOfFlows(t *testing.T) {
	d := rendered(t, "appflow-files")
	for role := range d.resources("AWS::IAM::Role") {
		for _, action := range []string{"s3:GetObject", "s3:ListBucket"} {
			place := "acme-appflow"
			if action == "s3:GetObject" {
				place += "/left/catchment-*"
			}
			if got := may(t, d, role, action, place); got != (role == "LoadFunctionRole") {
				t.Errorf("%s may %s in the bucket of the files: %t", role, action, got)
			}
		}
		if may(t, d, role, "s3:PutObject", "acme-appflow") || may(t, d, role, "s3:DeleteObject", "acme-appflow") {
			t.Errorf("%s may change files that AppFlow has written", role)
		}
	}
	for _, g := range d.rights(t, "CreateFunctionRole") {
		if g.action == "appflow:UseConnectorProfile" && !strings.HasSuffix(g.on, "connectorprofile/my-salesforce") {
			t.Errorf("create may use %s", g.on)
		}
	}
}

// Flows that last are made and changed, and never taken away.
func TestLastingFlows(t *testing.T) {
	d := rendered(t, "appflow-lasting")
	for _, action := range []string{"appflow:CreateFlow", "appflow:UpdateFlow", "appflow:CancelFlowExecutions"} {
		if !may(t, d, "ReadyFunctionRole", action, "") {
			t.Errorf("ready may not %s", action)
		}
	}
	if may(t, d, "DropFunctionRole", "appflow:DeleteFlow", "") {
		t.Error("drop may delete a lasting flow")
	}
	if may(t, d, "ReadyFunctionRole", "s3:PutObject", "") || !may(t, rendered(t, "appflow-wire"), "ReadyFunctionRole",
		"s3:PutObject", "acme-catchment-stage/templates/*") {
		t.Error("ready keeps templates where there are no stacks, or doesn't where there are")
	}
}

// A service in the place of a socket: its own cluster, and the secret of the URL.
func TestDataAPI(t *testing.T) {
	d := rendered(t, "appflow-lasting")
	if !may(t, d, "LoadFunctionRole", "redshift-data:ExecuteStatement", ":cluster:analytics") {
		t.Error("load may not send statements to the cluster")
	}
	if !may(t, d, "LoadFunctionRole", "secretsmanager:GetSecretValue", "secret:redshift-Ab12Cd") {
		t.Error("load may not read the warehouse's secret")
	}
	for _, g := range d.rights(t, "LoadFunctionRole") {
		if strings.Contains(g.action, "Credentials") {
			t.Errorf("load may %s", g)
		}
	}
	d = rendered(t, "bulk-data")
	if !may(t, d, "ListFunctionRole", "redshift-data:ExecuteStatement", "workgroup/${WorkgroupId}") ||
		!may(t, d, "ListFunctionRole", "secretsmanager:GetSecretValue", "secret:redshift-??????") {
		t.Error("list has no way to the workgroup")
	}
	job := d.resources("AWS::Glue::Job")["GlueJob"]
	if got, _ := job["DefaultArguments"].(map[string]any); got["--workgroup"] != "analytics" ||
		got["--database"] != "prod" || got["--schema"] != "salesforce_incremental" {
		t.Errorf("the job of Glue has no target: %v", got)
	}
	if len(rendered(t, "appflow-wire").resources("AWS::Glue::Job")) > 0 {
		t.Error("a job of Glue without a target")
	}
}

// Without a secret each function would be a database user of its own.
func TestDataAPIWithoutASecret(t *testing.T) {
	file := configuration(t, "bulk-data")
	file.Warehouse.URL, _, _ = strings.Cut(file.Warehouse.URL, "?")
	_, err := render(file)
	for _, want := range []string{"names no secret", "?secret=ARN"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't say %s", err, want)
		}
	}
}

// What a configuration calls things stays a text, whatever YAML would make of it.
func TestNamesStayTexts(t *testing.T) {
	file := configuration(t, "bulk-data")
	file.Stage.URL, file.Control.URL = "s3:1234", "dynamodb:yes"
	file.Org.Login.ClientID, file.Warehouse.StagingSchema = "aws-sm:@home#id", "null"
	file.Warehouse.URL = strings.Replace(file.Warehouse.URL, "/prod?", `/pr%22o%7D:%20d?`, 1)
	files, err := render(file)
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, files.Template)
	arguments, _ := d.resources("AWS::Glue::Job")["GlueJob"]["DefaultArguments"].(map[string]any)
	for what, got := range map[string]any{
		"yes":   d.resources("AWS::DynamoDB::Table")["Table"]["TableName"],
		"1234":  d.resources("AWS::S3::Bucket")["Bucket"]["BucketName"],
		"@home": d.resources("AWS::SecretsManager::Secret")["Secret0"]["Name"],
		"null":  arguments["--schema"], `pr"o}: d`: arguments["--database"],
	} {
		if got != what {
			t.Errorf("%v, want %s", got, what)
		}
	}
	if !strings.Contains(string(files.Template), `TableName: "yes"`) {
		t.Error("the table's name is not written as a text")
	}
}

// COPY's files go where the URL says, and its own role may read that and the stage.
func TestFilesBesidePages(t *testing.T) {
	d := rendered(t, "appflow-wire")
	if !may(t, d, "LoadFunctionRole", "s3:PutObject", "s3:::acme-copies/catchment/*") {
		t.Error("load may not put what COPY reads")
	}
	reads := statements(t, d.resources("AWS::IAM::ManagedPolicy")["WarehouseReadsPolicy"])
	for _, part := range []string{"s3:::acme-catchment-stage/*", "s3:::acme-copies/catchment/*",
		"s3:::acme-appflow/landed/*"} {
		if !slices.ContainsFunc(reads, func(g granted) bool {
			return g.action == "s3:GetObject" && strings.HasSuffix(g.on, part)
		}) {
			t.Errorf("COPY may not read %s: %v", part, reads)
		}
	}
	if !may(t, rendered(t, "bulk-data"), "LoadFunctionRole", "s3:PutObject", "s3:::acme-catchment-stage/pages/*") {
		t.Error("load may not put what COPY reads beside a page")
	}
	if _, ok := rendered(t, "bulk-postgres").resources("AWS::IAM::ManagedPolicy")["WarehouseReadsPolicy"]; ok {
		t.Error("a policy for a warehouse that reads nothing")
	}
}

// A secret that is named by its ARN is there: it is read, and not made.
func TestSecretsThatAreThere(t *testing.T) {
	d := rendered(t, "appflow-wire")
	made := d.resources("AWS::SecretsManager::Secret")
	if len(made) != 1 || made["Secret0"]["Name"] != "catchment/salesforce-key" {
		t.Errorf("the template makes %v", made)
	}
	for _, part := range []string{"secret:salesforce-Ab12Cd", "secret:salesforce-??????",
		"secret:catchment/salesforce-key-??????"} {
		if !may(t, d, "CreateFunctionRole", "secretsmanager:GetSecretValue", part) {
			t.Errorf("create may not read %s", part)
		}
	}
	if !may(t, rendered(t, "bulk-postgres"), "LoadFunctionRole", "secretsmanager:GetSecretValue", "catchment/salt-") {
		t.Error("load may not read the salt of a flow")
	}
}

// AppFlow may put into a bucket that the template makes; of another one an output says
// what its policy needs.
func TestIntermediateBucket(t *testing.T) {
	policy := func(d document) []granted {
		return statements(t, d.resources("AWS::S3::BucketPolicy")["BucketPolicy"])
	}
	all := rendered(t, "appflow-lasting")["Resources"].(map[string]any)["BucketPolicy"]
	if !strings.Contains(textOf(all), "aws:SourceAccount") || !strings.Contains(textOf(all), "appflow.amazonaws.com") {
		t.Errorf("%v", all)
	}
	outputs := rendered(t, "appflow-wire")["Outputs"].(map[string]any)
	if text := textOf(outputs["IntermediateBucketPolicy"]); !strings.Contains(text, "s3:::acme-appflow/*") {
		t.Errorf("the output says %s", text)
	}
	if n := len(policy(rendered(t, "bulk-postgres"))); n > 0 {
		t.Errorf("somebody else may do %d things to the stage", n)
	}
}

// What a first deployment made and rolled back is gone; a table or bucket with
// contents stays, and can be named by the next deployment.
func TestKeptAcrossDeployments(t *testing.T) {
	d := rendered(t, "bulk-postgres")
	for name, r := range d["Resources"].(map[string]any) {
		r, _ := r.(map[string]any)
		switch r["Type"] {
		case "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret":
			if r["DeletionPolicy"] != "RetainExceptOnCreate" || r["UpdateReplacePolicy"] != "Retain" ||
				r["Condition"] == nil {
				t.Errorf("%s: %v %v %v", name, r["DeletionPolicy"], r["UpdateReplacePolicy"], r["Condition"])
			}
		case "AWS::CloudWatch::Alarm":
			if name == "SilenceAlarm" && r["Condition"] != "IsScheduled" {
				t.Error("SilenceAlarm goes off where nothing is scheduled")
			}
		}
	}
	if _, ok := d["Parameters"].(map[string]any)["CodeKey"].(map[string]any)["Default"]; ok {
		t.Error("CodeKey has a default: new code under an old key is never deployed")
	}
}

func TestNamesAreWithinLimits(t *testing.T) {
	file := configuration(t, "bulk-postgres")
	file.Stage.URL, file.Control.URL = "s3:Acme_Stage", "dynamodb:t"
	file.Org.Login.ClientID = "aws-sm:" + strings.Repeat("x", 513) + "#k"
	_, err := render(file)
	for _, want := range []string{"3 to 63", "3 to 255", "up to 512"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't say %s", err, want)
		}
	}
	for name, want := range map[string]string{"catchment": "", "catchment-production-eu-west-1-xx": "up to 32",
		"1catchment": "no stack", "catch_ment": "no stack"} {
		err := deployment.CheckStack(name)
		if want == "" != (err == nil) || err != nil && !strings.Contains(textOf(err), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
