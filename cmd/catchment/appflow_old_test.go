package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// Flows that somebody has made in AppFlow's console, and the tables that they fill.
// A flow's tasks are those of its columns: the field of each.
var oldFlows = []struct {
	name, object, table string
	filter              string
	columns             [][2]string // of the table, and the field
}{
	{"accounts", "Account", "crm.accounts", "", [][2]string{{"id", "Id"}, {"name", "Name"}, {"industry", "Industry"},
		{"isdeleted", "IsDeleted"}, {"systemmodstamp", "SystemModstamp"}}},
	{"contacts", "Contact", "crm.contacts",
		`{"taskType": "Filter", "sourceFields": ["Email"], "connectorOperator": {"Salesforce": "NOT_EQUAL_TO"},
		"taskProperties": {"DATA_TYPE": "email", "VALUE": "test@example.com"}},`,
		[][2]string{{"id", "Id"}, {"surname", "LastName"}, {"email", "Email"}, {"title", "Title"},
			{"isdeleted", "IsDeleted"}, {"systemmodstamp", "SystemModstamp"}}},
}

// oldAppFlow: appflow-old makes these flows and tables in the database of the
// script, and runs the flows twice with changes between, as a pipeline has done that
// runs each night.
func oldAppFlow(ts *testscript.TestScript, neg bool, args []string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Getenv("PG_URL"))
	ts.Check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE SCHEMA crm")
	ts.Check(err)
	for _, f := range oldFlows {
		var columns, fields, tasks []string
		for _, c := range f.columns {
			columns = append(columns, c[0]+" text")
			fields = append(fields, fmt.Sprintf("%q", c[1]))
			tasks = append(tasks, fmt.Sprintf(`{"taskType": "Map", "sourceFields": [%q], "destinationField": %q,
				"connectorOperator": {"Salesforce": "NO_OP"}, "taskProperties": {}}`, c[1], c[0]))
		}
		_, err := conn.Exec(ctx, "CREATE TABLE "+f.table+" ("+strings.Join(columns, ", ")+")")
		ts.Check(err)
		callAppFlow(ts, "create-flow", fmt.Sprintf(`{"flowName": %q, "triggerConfig": {"triggerType": "OnDemand"},
			"sourceFlowConfig": {"connectorType": "Salesforce", "connectorProfileName": "salesforce",
				"sourceConnectorProperties": {"Salesforce": {"object": %q, "includeDeletedRecords": true}}},
			"destinationFlowConfigList": [{"connectorType": "Redshift", "connectorProfileName": "warehouse",
				"destinationConnectorProperties": {"Redshift": {"object": %q, "intermediateBucketName": "between"}}}],
			"tasks": [{"taskType": "Filter", "sourceFields": [%s], "connectorOperator": {"Salesforce": "PROJECTION"},
				"taskProperties": {}}, %s %s]}`,
			f.name, f.object, f.table, strings.Join(fields, ", "), f.filter, strings.Join(tasks, ", ")))
	}
	runOld(ts)
	changeContacts(ts, false, []string{"40", "5", "2"})
	runOld(ts)
}

func runOld(ts *testscript.TestScript) {
	for _, f := range oldFlows {
		startAWSFlow(ts, f.name)
	}
}

// callAppFlow asks the AppFlow of the script.
func callAppFlow(ts *testscript.TestScript, operation, body string) map[string]any {
	resp, err := http.Post(ts.Getenv("APPFLOW_URL")+"/"+operation, "application/json", strings.NewReader(body))
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode >= 300 {
		ts.Fatalf("%s: status %d: %s", operation, resp.StatusCode, text)
	}
	var answer map[string]any
	ts.Check(json.Unmarshal(text, &answer))
	return answer
}

// startAWSFlow runs a flow to its end.
func startAWSFlow(ts *testscript.TestScript, name string) map[string]any {
	asked := fmt.Sprintf(`{"flowName": %q}`, name)
	answer := callAppFlow(ts, "start-flow", asked)
	for {
		runs, _ := callAppFlow(ts, "describe-flow-execution-records", asked)["flowExecutions"].([]any)
		last, _ := runs[0].(map[string]any)
		switch last["executionStatus"] {
		case "Successful":
			return answer
		case "InProgress":
		default:
			ts.Fatalf("%s: %v", name, last)
		}
	}
}

// awsCommand: aws appflow OPERATION [--flow-name NAME] is the part of AWS's own
// command that the pages use, before the AppFlow of the script.
func awsCommand(ts *testscript.TestScript, neg bool, args []string) {
	name := ""
	if len(args) > 3 && args[2] == "--flow-name" {
		name = args[3]
	}
	var answer map[string]any
	switch line := strings.Join(args, " "); {
	case line == "appflow list-flows --query flows[].flowName --output text":
		flows, _ := callAppFlow(ts, "list-flows", "{}")["flows"].([]any)
		var names []string
		for _, f := range flows {
			one, _ := f.(map[string]any)
			names = append(names, fmt.Sprint(one["flowName"]))
		}
		fmt.Fprintln(ts.Stdout(), strings.Join(names, "\t"))
		return
	case len(args) == 4 && strings.HasPrefix(line, "appflow describe-flow --flow-name "):
		answer = callAppFlow(ts, "describe-flow", fmt.Sprintf(`{"flowName": %q}`, name))
	case len(args) == 4 && strings.HasPrefix(line, "appflow start-flow --flow-name "):
		answer = startAWSFlow(ts, name)
	default:
		ts.Fatalf("this aws has no %s", line)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "    ")
	ts.Check(enc.Encode(answer))
	_, err := b.WriteTo(ts.Stdout())
	ts.Check(err)
}

// keepOutput: keep [-a] FILE puts what the last command printed into a file, or
// behind what it holds.
func keepOutput(ts *testscript.TestScript, neg bool, args []string) {
	how := os.O_TRUNC
	if len(args) == 2 && args[0] == "-a" {
		how, args = os.O_APPEND, args[1:]
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_CREATE|os.O_WRONLY|how, 0o600)
	ts.Check(err)
	_, err = f.WriteString(ts.ReadFile("stdout"))
	ts.Check(err)
	ts.Check(f.Close())
}
