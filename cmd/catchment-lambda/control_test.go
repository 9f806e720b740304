package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/control"
)

// What a variant has whose control rows say what to copy, by Bulk alone.
const (
	byRows = byMaps + "\nmovers: [bulk]"
	ofRows = "  control\n"
)

// TestAWSControl deploys once, and then has executions copy what stands in DynamoDB and S3,
// written there as people do: a row and a template more, and the object is in the next
// execution; a row less, and it is gone; rows that are wrong, and the others go on. make aws
// calls it.
func TestAWSControl(t *testing.T) {
	byMakeAWS(t)
	a := newAccount(t, variant{name: "control", more: byRows, flows: ofRows})
	a.deploy()
	a.template("account.yaml", "object: Account\nfields: [Name]\n")
	a.row("=Account", `{"template": "templates/account.yaml"}`)
	a.row("=Contact", `{}`)
	a.row("=CampaignMember", `{"paused": true}`)
	a.run()
	a.wants(map[string]string{"Account": "done", "Contact": "done", "CampaignMember": "paused"})

	a.changes(1)
	a.template("opportunities.json", opportunities)
	a.row("=Opportunity", `{"template": "templates/opportunities.json"}`)
	a.row("=CampaignMember", `{"window": {"last": "1d"}}`)
	a.run()
	a.wants(map[string]string{"Account": "done", "Contact": "done", "CampaignMember": "done", "Opportunity": "done"})
	a.agrees()

	a.changes(2)
	a.noRow("=Opportunity")
	a.template("slip.yaml", "object: OpportunityContactRole\nfeilds: [Role]\n")
	a.template("mover.yaml", "object: General_Accounting_Unit__c\nmover: appflow\n")
	a.row("=OpportunityContactRole", `{"template": "templates/slip.yaml"}`)
	a.row("=General_Accounting_Unit__c", `{"template": "templates/mover.yaml"}`)
	a.row("=CampaignMember", `{"template": "templates/lost.yaml"}`)
	a.row("=Address__c", "no JSON")
	a.row("=Nope__c", "{}")
	a.row("Allocation__c", "{}") // its id lacks the =
	if status, cause := a.execute(); status != sfntypes.ExecutionStatusFailed ||
		!strings.Contains(cause, "Catchment.Partial") {
		t.Errorf("with wrong rows the execution is %s: %s", status, cause)
	}
	run := a.wants(map[string]string{
		"Account": "done", "Contact": "done",
		"OpportunityContactRole": `control row OpportunityContactRole: templates/slip.yaml:2:1: key "feilds" is not`,
		"General_Accounting_Unit__c": "control row General_Accounting_Unit__c: templates/mover.yaml:2:8: mover: " +
			"appflow is not permitted here, only bulk",
		"CampaignMember": "control row CampaignMember: the stage has no templates/lost.yaml",
		"Address__c":     "control row Address__c: ",
		"Nope__c":        `control row Nope__c: object: the org has no object "Nope__c"`,
		"Allocation__c":  "item wanted Allocation__c",
	})
	if run.State != control.Partial {
		t.Errorf("the run is %s", run.State)
	}
	if rows, ids, err := a.count(t.Context(), "salesforce.opportunity"); err != nil || rows == 0 || rows != ids {
		t.Errorf("of the object whose row is gone %d rows are left, of %d records, %v", rows, ids, err)
	}

	a.changes(3)
	for _, id := range []string{"=OpportunityContactRole", "=General_Accounting_Unit__c", "=Address__c", "=Nope__c",
		"Allocation__c"} {
		a.noRow(id)
	}
	a.row("=CampaignMember", "{}")
	a.run()
	a.wants(map[string]string{"Account": "done", "Contact": "done", "CampaignMember": "done"})
	a.agrees()
}

// opportunities is a template of AppFlow, as the pipeline before had it.
const opportunities = `{"Resources": {"Opportunities": {"Type": "AWS::AppFlow::Flow", "Properties": {
  "FlowName": "opportunities", "TriggerConfig": {"TriggerType": "OnDemand"},
  "SourceFlowConfig": {"ConnectorType": "Salesforce", "SourceConnectorProperties": {"Salesforce":
    {"Object": "Opportunity", "IncludeDeletedRecords": true, "DataTransferApi": "BULKV2"}}},
  "DestinationFlowConfigList": [{"ConnectorType": "Redshift", "DestinationConnectorProperties": {"Redshift":
    {"Object": "salesforce_incremental.opportunity", "IntermediateBucketName": "between"}}}],
  "Tasks": [
    {"TaskType": "Filter", "ConnectorOperator": {"Salesforce": "PROJECTION"}, "SourceFields": ["Name", "StageName"]},
    {"TaskType": "Map", "ConnectorOperator": {"Salesforce": "NO_OP"}, "SourceFields": ["Name"], "DestinationField": "name"},
    {"TaskType": "Map", "ConnectorOperator": {"Salesforce": "NO_OP"}, "SourceFields": ["StageName"],
      "DestinationField": "stagename"}]}}}}`

// template puts one into the stage.
func (a *account) template(name, text string) {
	a.t.Helper()
	a.put("acme-catchment-stage", "pages/templates/"+name, []byte(text))
}

// row writes an item as a person does, who knows neither of versions nor of binary data.
func (a *account) row(id, data string) {
	a.t.Helper()
	_, err := dynamodb.NewFromConfig(a.config).PutItem(a.t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("catchment-control"), Item: map[string]types.AttributeValue{
			"kind": &types.AttributeValueMemberS{Value: "wanted"}, "id": &types.AttributeValueMemberS{Value: id},
			"data": &types.AttributeValueMemberS{Value: data},
		}})
	a.check(err)
}

// noRow deletes it.
func (a *account) noRow(id string) {
	a.t.Helper()
	_, err := dynamodb.NewFromConfig(a.config).DeleteItem(a.t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String("catchment-control"), Key: map[string]types.AttributeValue{
			"kind": &types.AttributeValueMemberS{Value: "wanted"}, "id": &types.AttributeValueMemberS{Value: id},
		}})
	a.check(err)
}

// wants holds the flows of the last run, and no others, against the states that they are to
// have, or what is to be said of those that failed.
func (a *account) wants(want map[string]string) control.RunRow {
	a.t.Helper()
	p := a.project()
	defer p.Close()
	runs, err := p.Control.Runs(a.t.Context())
	a.check(err)
	found := map[string]string{}
	for _, o := range runs[0].Objects {
		found[o.Object] = string(o.State)
		if o.State == control.FlowFailed {
			found[o.Object] = o.Error
		}
		if !strings.Contains(found[o.Object], want[o.Object]) || want[o.Object] == "" {
			a.t.Errorf("run %d: %s is %s, want %s", len(runs), o.Object, found[o.Object], want[o.Object])
		}
	}
	if len(found) != len(want) {
		a.t.Errorf("run %d has the flows %v, want %v", len(runs), slices.Sorted(maps.Keys(found)),
			slices.Sorted(maps.Keys(want)))
	}
	a.t.Logf("run %d is %s after %s: %v", len(runs), runs[0].State,
		runs[0].Ended.Sub(runs[0].Started).Round(time.Second), found)
	return runs[0]
}
