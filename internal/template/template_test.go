package template_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"catchment/internal/mover"
	move "catchment/internal/mover/appflow"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/template"
)

// one imports a single file.
func one(name string, text []byte, parameters map[string]string) (template.Imported, error) {
	return template.Import([]template.File{{Name: name, Text: text}}, parameters)
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Parameters choose what the template leaves open.
func TestParameters(t *testing.T) {
	im, err := one("t.yaml", read(t, "salesforce.yaml"), map[string]string{"Stage": "test"})
	if err == nil || !strings.Contains(err.Error(), "t.yaml:109: OnlyInTest: has no SourceFlowConfig") {
		t.Errorf("%v", err)
	}
	text := strings.Replace(string(read(t, "salesforce.yaml")), "Condition: IsTest\n    Properties: {}",
		"Condition: IsProd\n    Properties: {}", 1)
	im, err = one("t.yaml", []byte(text), map[string]string{"Stage": "test"})
	if err != nil || len(im.Flows) != 2 || im.Flows[1].Object != "TestContact__c" || im.Flows[1].Deletes != "" ||
		im.Flows[0].Name != "account-test" {
		t.Errorf("%v %+v", err, im.Flows)
	}
	if _, err := one("t.yaml", []byte(text), map[string]string{"Nobody": "x"}); err == nil ||
		!strings.Contains(err.Error(), "no parameter Nobody") {
		t.Error(err)
	}
}

// The same template in JSON means the same.
func TestJSON(t *testing.T) {
	const text = `{
	"Resources": {
		"F": {"Type": "AWS::AppFlow::Flow", "Properties": {
			"FlowName": {"Fn::Sub": ["${N}-flow", {"N": "account"}]},
			"TriggerConfig": {"TriggerType": "OnDemand"},
			"SourceFlowConfig": {"ConnectorType": "Salesforce", "SourceConnectorProperties": {"Salesforce": {"Object": {"Fn::Select": [1, {"Fn::Split": [",", "x,Account"]}]}, "IncludeDeletedRecords": true}}},
			"DestinationFlowConfigList": [{"ConnectorType": "Redshift", "DestinationConnectorProperties": {"Redshift": {"Object": "public.old_accounts", "IntermediateBucketName": "b"}}}],
			"Tasks": [{"TaskType": "Filter", "SourceFields": ["Id", "Name"], "ConnectorOperator": {"Salesforce": "PROJECTION"}}]
		}}
	}
}`
	im, err := one("t.json", []byte(text), nil)
	if err != nil || len(im.Flows) != 1 || im.Flows[0].Name != "account-flow" ||
		fmt.Sprint(im.Flows[0].Fields) != "[Id Name]" {
		t.Fatalf("%v %+v", err, im.Flows)
	}
	if len(im.Notes) != 1 || im.Notes[0].Line != 7 || !strings.Contains(im.Notes[0].Text, "old_accounts") {
		t.Errorf("%v", im.Notes)
	}
}

// What AppFlow itself would refuse is wrong input, told by line.
func TestProblems(t *testing.T) {
	good := string(read(t, "salesforce.yaml"))
	for _, tt := range []struct{ old, new, want string }{
		{"Type: AWS::S3::Bucket", "Type: Bucket", `t.yaml:17: Bucket: "Bucket" is no type of resource`},
		{"Type: AWS::S3::Bucket", "Type: AWS::AppFlow::Flows",
			`t.yaml:17: Bucket: "AWS::AppFlow::Flows" is no type of resource`},
		{"{Salesforce: GREATER_THAN}", "{Salesforce: LIKE}",
			`t.yaml:61: AccountFlow: AppFlow has no operator "LIKE" for Salesforce in a task of type Filter; it has PROJECTION`},
		{"TaskType: Truncate", "TaskType: Cut",
			`t.yaml:74: AccountFlow: "Cut" is no type of task; AppFlow has Arithmetic`},
		{"Object: Account", "Object: !GetAtt Thing.Object",
			`t.yaml:33: AccountFlow: Object: GetAtt is known only to AWS`},
		{"Object: Account", "Object: !Ref Thing",
			`t.yaml:33: AccountFlow: Object: Thing has no value; give one with --parameter Thing=VALUE`},
		{"Object: Account", "Object: Robert'); DROP", `is not the API name of an object`},
		{`Value: "1000"`, `Value: "many"`, `t.yaml:60: AccountFlow: the filter on AnnualRevenue: that is no number`},
		{`{Key: MASK_LENGTH, Value: "4"}, `, "", `the mask of Phone has no MASK_LENGTH`},
		{"DataTransferApi: BULKV2", "DataTransferApi: BULKV9",
			`t.yaml:35: AccountFlow: DataTransferApi "BULKV9" is none of`},
		{"TriggerType: Scheduled", "TriggerType: Sometimes", `TriggerType "Sometimes" is none of`},
		{"      KMSArn:", "      KMSKey:", `t.yaml:22: AccountFlow: KMSKey is no property of AWS::AppFlow::Flow`},
		{"Resources:", "Sources:", `holds no flow: it is neither a CloudFormation template, with Resources`},
		{"Description: Salesforce into Redshift", "Description: [", `is not YAML`},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		if text == good {
			t.Fatalf("%q is not there", tt.old)
		}
		_, err := one("t.yaml", []byte(text), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || plan.ClassOf(err) != plan.Fix ||
			plan.HintOf(err) == "" {
			t.Errorf("%s: got %v\nwant %s", tt.new, err, tt.want)
		}
	}
}

// What the mover writes is read as what it was written from.
func TestRoundTrip(t *testing.T) {
	l, err := move.New(move.Config{Salesforce: "sf", Redshift: "rs", Bucket: "bucket"})
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"",
		"Industry = 'O\\'Neil \\\\ 100%' AND AnnualRevenue >= 12.5 AND IsDeleted = false AND Opened__c < 2024-02-29",
		"Name LIKE '%a b%'"} {
		q := mover.LandRequest{Object: "Account", Table: "salesforce_incremental.account", Where: where,
			Cursor: "SystemModstamp"}
		for name, kind := range map[string]schema.Type{"Id": schema.ID, "Name": schema.String,
			"Industry": schema.Picklist, "AnnualRevenue": schema.Currency,
			"IsDeleted": schema.Boolean, "Opened__c": schema.Date, "SystemModstamp": schema.DateTime} {
			q.Fields = append(q.Fields, schema.Field{Name: name, Type: kind})
			q.Columns = append(q.Columns, strings.ToLower(name))
		}
		text, err := l.Template(q)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("%s", text)
		}
		im, err := one("t.json", text, map[string]string{"FlowName": "x"})
		if err != nil {
			t.Fatal(err)
		}
		f := im.Flows[0]
		if got := strings.Join(f.Where, " AND "); got != where || f.Object != "Account" || f.Name != "x" ||
			len(f.Fields) != 7 || len(f.Renames) > 0 || f.Deletes != "" {
			t.Errorf("where %s, got %s, %+v", where, got, f)
		}
	}
}

// A template's words command no terminal, and stay in their line.
func TestNotesArePrintable(t *testing.T) {
	text := "Resources:\n  \"F\\e[2J\":\n    Type: \"Custom::\\e[2J\\u202e\"\n  G:\n    Type: \"AWS::S3::Bucket\"\n"
	im, err := one("t\x1b.yaml", []byte(text), nil)
	said := ""
	if err != nil {
		said = err.Error()
	}
	for _, n := range im.Notes {
		said += n.String()
	}
	if !strings.Contains(said, `\x1b[2J`) || strings.ContainsAny(said, "\x1b\u202e") {
		t.Errorf("%q", said)
	}
}
