package template_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	"catchment/internal/mover"
	move "catchment/internal/mover/appflow"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

// leaves is a flow that writes files.
const leaves = `Resources:
  Contacts:
    Type: AWS::AppFlow::Flow
    Properties:
      FlowName: contacts
      TriggerConfig: {TriggerType: OnDemand}
      SourceFlowConfig:
        ConnectorType: Salesforce
        ConnectorProfileName: "the one: here"
        SourceConnectorProperties: {Salesforce: {Object: Contact, IncludeDeletedRecords: true}}
      DestinationFlowConfigList:
        - ConnectorType: S3
          DestinationConnectorProperties:
            S3:
              BucketName: acme
              BucketPrefix: crm/sales
              S3OutputFormatConfig:
                FileType: CSV
                PrefixConfig:
                  PathPrefixHierarchy: [EXECUTION_ID, SCHEMA_VERSION]
                  PrefixType: FILENAME
                  PrefixFormat: HOUR
                AggregationConfig: {AggregationType: None, TargetFileSize: 128}
      Tasks: [{TaskType: Map_all, ConnectorOperator: {Salesforce: NO_OP}, SourceFields: []}]
`

// A flow that writes files is taken, and how AppFlow can go on to write them is told.
func TestFlowsThatLeaveFiles(t *testing.T) {
	for _, tt := range []struct {
		old, new string
		want     []string
	}{
		{"FileType: CSV", "FileType: CSV", []string{
			`mover: appflow, and appflow: {destination: s3, salesforce: "the one: here", bucket: acme, prefix: crm/sales}`,
			"t.yaml:20: Contacts: the names of its files and folders (SCHEMA_VERSION, FILENAME, HOUR)",
			"t.yaml:23: Contacts: how many files it makes"}},
		{"FileType: CSV", "FileType: PARQUET", []string{"appflow: {destination: s3, format: parquet, salesforce: "}},
		{"FileType: CSV", "FileType: JSON", []string{"its files are JSON, which isn't read"}},
		{"BucketName: acme", "BucketName: !ImportValue files", []string{"bucket: ..., prefix: crm/sales}"}},
		{"              BucketPrefix: crm/sales\n", "", []string{"bucket: acme}"}},
	} {
		im, err := one("t.yaml", []byte(strings.Replace(leaves, tt.old, tt.new, 1)), nil)
		if err != nil || len(im.Flows) != 1 || im.Flows[0].Object != "Contact" {
			t.Fatalf("%s: %v, %+v", tt.new, err, im.Flows)
		}
		said := ""
		for _, n := range im.Notes {
			said += n.String() + "\n"
		}
		for _, want := range tt.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %s\nlacks %s", tt.new, said, want)
			}
		}
	}
}

// A word that AppFlow lacks is an error, in the place where it stands.
func TestFilesThatAppFlowRefuses(t *testing.T) {
	for old, want := range map[string]string{
		"FileType: CSV":         "t.yaml:18: Contacts: FileType \"XML\" is none of CSV, JSON, PARQUET",
		"PrefixType: FILENAME":  "t.yaml:21: Contacts: PrefixType \"XML\" is none of",
		"PrefixFormat: HOUR":    "t.yaml:22: Contacts: PrefixFormat \"XML\" is none of",
		"AggregationType: None": "t.yaml:23: Contacts: AggregationType \"XML\" is none of None, SingleFile",
	} {
		name, _, _ := strings.Cut(old, ":")
		im, err := one("t.yaml", []byte(strings.Replace(leaves, old, name+": XML", 1)), nil)
		if err == nil || !strings.Contains(err.Error(), want) || plan.ClassOf(err) != plan.Fix || len(im.Flows) != 0 {
			t.Errorf("%s: %v", old, err)
		}
	}
	_, err := one("t.yaml", []byte(strings.Replace(leaves, "SCHEMA_VERSION]", "XML]", 1)), nil)
	const want = `PathPrefixHierarchy "XML" is none of EXECUTION_ID, SCHEMA_VERSION`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
}

// What the mover writes is read as a flow that leaves files.
func TestFilesRoundTrip(t *testing.T) {
	l, err := move.NewFiler(move.Config{Salesforce: "sf", Bucket: "acme", Prefix: "crm",
		Format: types.FileTypeParquet}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.Template(mover.LandRequest{Object: "Account", Where: "Name = 'a'",
		Fields:  []schema.Field{{Name: "Id", Type: schema.ID}, {Name: "Name", Type: schema.String}},
		Columns: []string{"Id", "Name"}})
	if err != nil {
		t.Fatal(err)
	}
	im, err := one("t.json", text, map[string]string{"FlowName": "x", "Bucket": "acme", "SalesforceProfile": "sf"})
	if err != nil {
		t.Fatal(err)
	}
	const want = "appflow: {destination: s3, format: parquet, salesforce: sf, bucket: acme, prefix: crm}"
	if f := im.Flows[0]; f.Object != "Account" || strings.Join(f.Where, "") != "Name = 'a'" || len(f.Renames) > 0 ||
		len(im.Notes) != 1 || !strings.HasSuffix(im.Notes[0].String(), want) {
		t.Errorf("%+v, %v", f, im.Notes)
	}
}
