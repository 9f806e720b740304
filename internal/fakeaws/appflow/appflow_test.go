package appflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeorg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type rig struct {
	*sdk.Client
	server *appflow.Server
	now    time.Time
	rows   [][]string
}

func newRig(t *testing.T, change func(*appflow.Options)) *rig {
	t.Helper()
	r := &rig{now: time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)}
	org, err := fakeorg.New(fakeorg.Options{Seed: 1, Clock: fakeorg.StillClock(r.now)})
	if err == nil {
		err = org.GenerateCounts(map[string]int{"Account": 25, "User": 1}, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	orgAt := httptest.NewServer(org)
	t.Cleanup(orgAt.Close)
	c := org.Credentials()
	o := appflow.Options{
		Salesforce: map[string]appflow.Profile{"sf": {URL: orgAt.URL, ClientID: c.ClientID,
			ClientSecret: c.ClientSecret, RefreshToken: c.RefreshToken}},
		Redshift: map[string]appflow.Sink{"rs": func(_ context.Context, _ string, _ []string, rows [][]string) error {
			r.rows = append(r.rows, rows...)
			return nil
		}},
		HTTP: &http.Client{Transport: transport}, Now: func() time.Time { return r.now }, PutRows: 10,
	}
	if change != nil {
		change(&o)
	}
	r.server = appflow.New(o)
	at := httptest.NewServer(r.server)
	t.Cleanup(at.Close)
	r.Client = sdk.New(sdk.Options{Region: "eu-central-1", BaseEndpoint: aws.String(at.URL), HTTPClient: o.HTTP,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 1 }),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	return r
}

// definition is a flow of two fields.
func definition(name string, api types.SalesforceDataTransferApi) *sdk.CreateFlowInput {
	noOp := &types.ConnectorOperator{Salesforce: types.SalesforceConnectorOperatorNoOp}
	return &sdk.CreateFlowInput{
		FlowName: aws.String(name), TriggerConfig: &types.TriggerConfig{TriggerType: types.TriggerTypeOndemand},
		SourceFlowConfig: &types.SourceFlowConfig{ConnectorType: types.ConnectorTypeSalesforce,
			ConnectorProfileName: aws.String("sf"),
			SourceConnectorProperties: &types.SourceConnectorProperties{
				Salesforce: &types.SalesforceSourceProperties{Object: aws.String("Account"), DataTransferApi: api}}},
		DestinationFlowConfigList: []types.DestinationFlowConfig{{ConnectorType: types.ConnectorTypeRedshift,
			ConnectorProfileName: aws.String("rs"),
			DestinationConnectorProperties: &types.DestinationConnectorProperties{
				Redshift: &types.RedshiftDestinationProperties{
					Object: aws.String("s.account"), IntermediateBucketName: aws.String("bucket")}}}},
		Tasks: []types.Task{
			{TaskType: types.TaskTypeFilter, SourceFields: []string{"Id", "Name"},
				ConnectorOperator: &types.ConnectorOperator{Salesforce: types.SalesforceConnectorOperatorProjection}},
			{TaskType: types.TaskTypeMap, SourceFields: []string{"Id"}, DestinationField: aws.String("id"),
				ConnectorOperator: noOp},
			{TaskType: types.TaskTypeMap, SourceFields: []string{"Name"}, DestinationField: aws.String("name"),
				ConnectorOperator: noOp},
		},
	}
}

func (r *rig) create(t *testing.T, name string) {
	t.Helper()
	if _, err := r.CreateFlow(t.Context(), definition(name, types.SalesforceDataTransferApiBulkv2)); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) start(t *testing.T, name, token string) string {
	t.Helper()
	out, err := r.StartFlow(t.Context(), &sdk.StartFlowInput{FlowName: &name, ClientToken: &token})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.ExecutionId)
}

func (r *rig) records(t *testing.T, name string) []types.ExecutionRecord {
	t.Helper()
	out, err := r.DescribeFlowExecutionRecords(t.Context(), &sdk.DescribeFlowExecutionRecordsInput{FlowName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.FlowExecutions
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

// Both ways of reading bring the same rows, and each run appends them again.
func TestAppends(t *testing.T) {
	r := newRig(t, nil)
	r.create(t, "bulk")
	if _, err := r.CreateFlow(t.Context(), definition("rest", types.SalesforceDataTransferApiRestSync)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bulk", "rest", "bulk"} {
		r.start(t, name, fmt.Sprint(name, len(r.rows)))
		if got := r.records(t, name)[0]; got.ExecutionStatus != types.ExecutionStatusSuccessful ||
			aws.ToInt64(got.ExecutionResult.RecordsProcessed) != 25 {
			t.Fatalf("%s %+v", got.ExecutionStatus, got.ExecutionResult)
		}
	}
	if len(r.rows) != 75 {
		t.Fatalf("%d rows", len(r.rows))
	}
	names := map[string]string{}
	for _, row := range r.rows {
		if before, ok := names[row[0]]; ok && before != row[1] || row[1] == "" {
			t.Errorf("%v, before %q", row, before)
		}
		names[row[0]] = row[1]
	}
	if len(names) != 25 {
		t.Errorf("%d records", len(names))
	}
}

// A client token stands for eight hours, then the same call starts another run.
func TestTokenLapses(t *testing.T) {
	r := newRig(t, nil)
	r.create(t, "flow")
	first := r.start(t, "flow", "token")
	r.records(t, "flow")
	r.now = r.now.Add(8*time.Hour - time.Second)
	if again := r.start(t, "flow", "token"); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	r.now = r.now.Add(time.Second)
	if later := r.start(t, "flow", "token"); later == first {
		t.Error("the token never lapses")
	}
	if r.records(t, "flow"); len(r.rows) != 50 {
		t.Errorf("%d rows", len(r.rows))
	}
}

func TestScripts(t *testing.T) {
	r := newRig(t, nil)
	r.create(t, "flow")
	for i, tt := range []struct {
		script appflow.Script
		status types.ExecutionStatus
		rows   int
		counts int64
	}{
		{appflow.Script{Fail: "boom", After: 12}, types.ExecutionStatusError, 12, 12},
		{appflow.Script{Again: 2}, types.ExecutionStatusSuccessful, 35, 35},
		{appflow.Script{Lose: 5}, types.ExecutionStatusSuccessful, 20, 25},
		{appflow.Script{Hang: true}, types.ExecutionStatusInprogress, 0, 0},
	} {
		r.rows = nil
		r.server.Script(tt.script)
		r.start(t, "flow", fmt.Sprint(i))
		got := r.records(t, "flow")[0]
		if got.ExecutionStatus != tt.status || len(r.rows) != tt.rows ||
			aws.ToInt64(got.ExecutionResult.RecordsProcessed) != tt.counts {
			t.Errorf("%+v: %s, %d rows, %+v", tt.script, got.ExecutionStatus, len(r.rows), got.ExecutionResult)
		}
	}
	if _, err := r.CancelFlowExecutions(t.Context(),
		&sdk.CancelFlowExecutionsInput{FlowName: aws.String("flow")}); err != nil {
		t.Fatal(err)
	}
	if got := r.records(t, "flow")[0]; got.ExecutionStatus != types.ExecutionStatusCanceled {
		t.Error(got.ExecutionStatus)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t, func(o *appflow.Options) { o.MaxFlows, o.MaxRuns = 2, 1 })
	r.create(t, "one")
	r.create(t, "two")
	change := func(f func(*sdk.CreateFlowInput)) error {
		in := definition("three", types.SalesforceDataTransferApiBulkv2)
		f(in)
		_, err := r.CreateFlow(t.Context(), in)
		return err
	}
	tests := []struct {
		what string
		err  error
		code string
	}{
		{"quota", change(func(*sdk.CreateFlowInput) {}), "ServiceQuotaExceededException"},
		{"same name", change(func(in *sdk.CreateFlowInput) { in.FlowName = aws.String("one") }), "ConflictException"},
		{"name with a space", change(func(in *sdk.CreateFlowInput) { in.FlowName = aws.String("a flow") }),
			"ValidationException"},
	}
	if _, err := r.DeleteFlow(t.Context(), &sdk.DeleteFlowInput{FlowName: aws.String("two")}); err != nil {
		t.Fatal(err)
	}
	none := aws.String("none")
	_, stop := r.StopFlow(t.Context(), &sdk.StopFlowInput{FlowName: aws.String("one")})
	_, missing := r.StartFlow(t.Context(), &sdk.StartFlowInput{FlowName: none})
	tests = append(tests, []struct {
		what string
		err  error
		code string
	}{
		{"no profile", change(func(in *sdk.CreateFlowInput) { in.SourceFlowConfig.ConnectorProfileName = none }),
			"ResourceNotFoundException"},
		{"operator", change(func(in *sdk.CreateFlowInput) { in.Tasks[1].ConnectorOperator.Salesforce = "CONTAINS" }),
			"ValidationException"},
		{"two destinations", change(func(in *sdk.CreateFlowInput) {
			in.DestinationFlowConfigList = append(in.DestinationFlowConfigList, in.DestinationFlowConfigList[0])
		}), "ValidationException"},
		{"not projected", change(func(in *sdk.CreateFlowInput) { in.Tasks[0].SourceFields = []string{"Id"} }),
			"ValidationException"},
		{"stop on demand", stop, "UnsupportedOperationException"},
		{"no flow", missing, "ResourceNotFoundException"},
	}...)
	r.server.Script(appflow.Script{Hang: true})
	r.start(t, "one", "a")
	_, running := r.StartFlow(t.Context(),
		&sdk.StartFlowInput{FlowName: aws.String("one"), ClientToken: aws.String("b")})
	_, remove := r.DeleteFlow(t.Context(), &sdk.DeleteFlowInput{FlowName: aws.String("one")})
	r.create(t, "three")
	_, full := r.StartFlow(t.Context(), &sdk.StartFlowInput{FlowName: aws.String("three")})
	for _, tt := range append(tests, []struct {
		what string
		err  error
		code string
	}{
		{"running", running, "ConflictException"}, {"delete while running", remove, "ConflictException"},
		{"runs", full, "ServiceQuotaExceededException"},
	}...) {
		if codeOf(tt.err) != tt.code {
			t.Errorf("%s: %v", tt.what, tt.err)
		}
	}
}
