package main

import (
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
		`{"taskType": "Filter", "sourceFields": ["Salutation"], "connectorOperator": {"Salesforce": "NOT_EQUAL_TO"},
		"taskProperties": {"DATA_TYPE": "picklist", "VALUE": "Dr"}},`,
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
		made := fmt.Sprintf(`{"flowName": %q, "triggerConfig": {"triggerType": "OnDemand"},
			"sourceFlowConfig": {"connectorType": "Salesforce", "connectorProfileName": "salesforce",
				"sourceConnectorProperties": {"Salesforce": {"object": %q, "includeDeletedRecords": true}}},
			"destinationFlowConfigList": [{"connectorType": "Redshift", "connectorProfileName": "warehouse",
				"destinationConnectorProperties": {"Redshift": {"object": %q, "intermediateBucketName": "between"}}}],
			"tasks": [{"taskType": "Filter", "sourceFields": [%s], "connectorOperator": {"Salesforce": "PROJECTION"},
				"taskProperties": {}}, %s %s]}`,
			f.name, f.object, f.table, strings.Join(fields, ", "), f.filter, strings.Join(tasks, ", "))
		_, err = callAppFlow(ts.Getenv("APPFLOW_URL"), "create-flow", made)
		ts.Check(err)
	}
	runOld(ts)
	changeContacts(ts, false, []string{"40", "5", "2"})
	runOld(ts)
}

func runOld(ts *testscript.TestScript) {
	for _, f := range oldFlows {
		_, err := startAWSFlow(ts.Getenv("APPFLOW_URL"), f.name)
		ts.Check(err)
	}
}

// callAppFlow asks the AppFlow at url.
func callAppFlow(url, operation, body string) (map[string]any, error) {
	resp, err := http.Post(url+"/"+operation, "application/json", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("%s: status %d: %s", operation, resp.StatusCode, text)
	}
	var answer map[string]any
	return answer, json.Unmarshal(text, &answer)
}

// startAWSFlow runs a flow to its end.
func startAWSFlow(url, name string) (map[string]any, error) {
	asked := fmt.Sprintf(`{"flowName": %q}`, name)
	answer, err := callAppFlow(url, "start-flow", asked)
	if err != nil {
		return nil, err
	}
	for {
		records, err := callAppFlow(url, "describe-flow-execution-records", asked)
		if err != nil {
			return nil, err
		}
		runs, _ := records["flowExecutions"].([]any)
		last, _ := runs[0].(map[string]any)
		switch last["executionStatus"] {
		case "Successful":
			return answer, nil
		case "InProgress":
		default:
			return nil, fmt.Errorf("%s: %v", name, last)
		}
	}
}

// awsCommand is the program that stands in for AWS's own where a page says so:
// aws appflow OPERATION [--flow-name NAME], which asks the AppFlow of the page.
func awsCommand() {
	if err := answerAWS(os.Getenv("APPFLOW_URL"), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "aws:", err)
		os.Exit(255)
	}
}

func answerAWS(url string, args []string) error {
	name := ""
	if len(args) > 3 && args[2] == "--flow-name" {
		name = args[3]
	}
	var answer map[string]any
	var err error
	switch line := strings.Join(args, " "); {
	case line == "appflow list-flows --query flows[].flowName --output text":
		if answer, err = callAppFlow(url, "list-flows", "{}"); err != nil {
			return err
		}
		flows, _ := answer["flows"].([]any)
		var names []string
		for _, f := range flows {
			one, _ := f.(map[string]any)
			names = append(names, fmt.Sprint(one["flowName"]))
		}
		fmt.Println(strings.Join(names, "\t"))
		return nil
	case len(args) == 4 && strings.HasPrefix(line, "appflow describe-flow --flow-name "):
		answer, err = callAppFlow(url, "describe-flow", fmt.Sprintf(`{"flowName": %q}`, name))
	case len(args) == 4 && strings.HasPrefix(line, "appflow start-flow --flow-name "):
		answer, err = startAWSFlow(url, name)
	default:
		return fmt.Errorf("this stand-in has no %s", line)
	}
	if err != nil {
		return err
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "    ")
	return enc.Encode(answer)
}
