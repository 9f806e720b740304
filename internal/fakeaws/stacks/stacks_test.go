package stacks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	cloudformation "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"catchment/internal/fakeaws/stacks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A rig is CloudFormation before an AppFlow that only writes down what it is
// asked.
type rig struct {
	*cloudformation.Client
	server *stacks.Server
	asked  []string
	bodies []map[string]any
	refuse string // what AppFlow says to create-flow
	denied string // the handler that may not work
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	appflow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body map[string]any
		_ = json.NewDecoder(req.Body).Decode(&body)
		r.asked, r.bodies = append(r.asked, strings.Trim(req.URL.Path, "/")), append(r.bodies, body)
		if r.refuse != "" && req.URL.Path == "/create-flow" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"message":%q}`, r.refuse)
			return
		}
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(appflow.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	may := func(_ context.Context, by, handler string, flow map[string]any) error {
		if !strings.Contains(by, "Credential=test/") || flow["flowName"] != "flow-x" {
			t.Errorf("%q has %s work on %v", by, handler, flow)
		}
		if handler == r.denied {
			return errors.New("not authorized")
		}
		return nil
	}
	r.server = stacks.New(stacks.Options{AppFlow: appflow.URL, HTTP: client, Now: time.Now, May: may})
	at := httptest.NewServer(r.server)
	t.Cleanup(at.Close)
	r.Client = cloudformation.New(cloudformation.Options{Region: "eu-central-1", BaseEndpoint: aws.String(at.URL),
		HTTPClient: client,
		Retryer:    retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 1 }),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	return r
}

const template = `
Parameters:
  Name: {Type: String}
  Bucket: {Type: String, Default: bucket}
Conditions:
  Prefixed: {"Fn::Not": [{"Fn::Equals": [{Ref: Bucket}, bucket]}]}
Resources:
  Flow:
    Type: AWS::AppFlow::Flow
    Properties:
      FlowName: {"Fn::Sub": "flow-${Name}"}
      KMSArn: {"Fn::If": [Prefixed, some-key, {Ref: AWS::NoValue}]}
      Tags: [{Key: k, Value: v}]
      SourceFlowConfig: {SourceConnectorProperties: {Salesforce: {Object: Account, IncludeDeletedRecords: true}}}
      Tasks: [{TaskType: Map, ConnectorOperator: {Salesforce: NO_OP}, TaskProperties: [{Key: DATA_TYPE, Value: string}]}]
`

func (r *rig) create(t *testing.T, name, text string, parameters ...string) error {
	t.Helper()
	in := &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &text,
		Tags: []types.Tag{{Key: aws.String("run"), Value: aws.String("7")}}}
	for _, p := range parameters {
		key, value, _ := strings.Cut(p, "=")
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &key, ParameterValue: &value})
	}
	_, err := r.CreateStack(t.Context(), in)
	return err
}

func (r *rig) look(t *testing.T, name string) (types.StackStatus, error) {
	t.Helper()
	out, err := r.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return "", err
	}
	if len(out.Stacks[0].Tags) != 1 || aws.ToString(out.Stacks[0].Tags[0].Value) != "7" {
		t.Errorf("tags %+v", out.Stacks[0].Tags)
	}
	return out.Stacks[0].StackStatus, nil
}

func TestMakesFlows(t *testing.T) {
	r := newRig(t)
	if err := r.create(t, "one", template, "Name=x"); err != nil {
		t.Fatal(err)
	}
	if status, err := r.look(t, "one"); err != nil || status != types.StackStatusCreateComplete {
		t.Fatal(status, err)
	}
	got, _ := json.Marshal(r.bodies[0])
	const want = `{"flowName":"flow-x","sourceFlowConfig":{"sourceConnectorProperties":` +
		`{"Salesforce":{"includeDeletedRecords":true,"object":"Account"}}},` +
		`"tags":{"k":"v"},"tasks":[{"connectorOperator":{"Salesforce":"NO_OP"},"taskProperties":{"DATA_TYPE":"string"},"taskType":"Map"}]}`
	if string(got) != want {
		t.Errorf("%s", got)
	}
	if err := r.create(t, "one", template, "Name=x"); codeOf(err) != "AlreadyExistsException" {
		t.Error(err)
	}
	if _, err := r.DeleteStack(t.Context(),
		&cloudformation.DeleteStackInput{StackName: aws.String("one")}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.look(t, "one"); codeOf(err) != "ValidationError" ||
		fmt.Sprint(r.asked) != "[create-flow delete-flow]" {
		t.Error(err, r.asked)
	}
	if err := r.create(t, "one", template, "Name=x"); err != nil {
		t.Errorf("the name is free again: %v", err)
	}
}

func TestRollsBack(t *testing.T) {
	r := newRig(t)
	r.refuse = "no such profile"
	if err := r.create(t, "one", template, "Name=x"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []types.StackStatus{types.StackStatusRollbackInProgress, types.StackStatusRollbackComplete,
		types.StackStatusRollbackComplete} {
		if status, err := r.look(t, "one"); err != nil || status != want {
			t.Errorf("%s, %v, want %s", status, err, want)
		}
	}
	out, err := r.DescribeStackEvents(t.Context(),
		&cloudformation.DescribeStackEventsInput{StackName: aws.String("one")})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range out.StackEvents {
		found = found || e.ResourceStatus == types.ResourceStatusCreateFailed &&
			strings.Contains(aws.ToString(e.ResourceStatusReason), "no such profile")
	}
	if !found {
		t.Errorf("no event says why: %+v", out.StackEvents)
	}
	if err := r.create(t, "one", template, "Name=x"); codeOf(err) != "AlreadyExistsException" {
		t.Error(err)
	}
}

// What a handler does is done with the rights of who asked for the stack.
func TestHandlersHaveTheCallersRights(t *testing.T) {
	r := newRig(t)
	r.denied = "create"
	if err := r.create(t, "one", template, "Name=x"); err != nil {
		t.Fatal(err)
	}
	status, err := r.look(t, "one")
	if err != nil || status != types.StackStatusRollbackInProgress || len(r.asked) > 0 {
		t.Errorf("a flow that may not be made: %s, %v, AppFlow was asked for %v", status, err, r.asked)
	}
	r.denied = "delete"
	if err := r.create(t, "two", template, "Name=x"); err != nil {
		t.Fatal(err)
	}
	if status, err := r.look(t, "two"); err != nil || status != types.StackStatusCreateComplete {
		t.Fatal(status, err)
	}
	two := &cloudformation.DeleteStackInput{StackName: aws.String("two")}
	for _, want := range []types.StackStatus{types.StackStatusDeleteFailed, types.StackStatusDeleteComplete} {
		if _, err := r.DeleteStack(t.Context(), two); err != nil {
			t.Fatal(err)
		}
		status, err := r.look(t, "two")
		gone := codeOf(err) == "ValidationError" && want == types.StackStatusDeleteComplete
		if !gone && status != want {
			t.Errorf("%s, %v, want %s", status, err, want)
		}
		r.denied = ""
	}
	if fmt.Sprint(r.asked) != "[create-flow delete-flow]" {
		t.Error(r.asked)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t)
	for name, err := range map[string]error{
		"an_underscore": r.create(t, "an_underscore", template, "Name=x"),
		"no parameter":  r.create(t, "one", template),
		"more of them":  r.create(t, "one", template, "Name=x", "Other=y"),
		"resource": r.create(t, "one", strings.Replace(template, "AWS::AppFlow::Flow", "AWS::S3::Bucket", 1),
			"Name=x"),
		"function": r.create(t, "one", strings.Replace(template, "Fn::Sub", "Fn::GetAtt", 1), "Name=x"),
		"too long": r.create(t, "one", template+strings.Repeat("#", 60_000), "Name=x"),
		"no YAML":  r.create(t, "one", "{", "Name=x"),
	} {
		if codeOf(err) != "ValidationError" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(r.asked) > 0 || len(r.server.Stacks()) > 0 {
		t.Error(r.asked, r.server.Stacks())
	}
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}
