package gate_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	cloudformation "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/smithy-go"

	"catchment/internal/fakeaws/gate"
	"catchment/internal/fakeaws/ministack"
)

// TestCallersAreHeldToTheirRoles calls each stand-in as a role that may do some
// things, on some resources.
func TestCallersAreHeldToTheirRoles(t *testing.T) {
	var server ministack.Server
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	g, err := gate.New(&server)
	if err != nil {
		t.Fatal(err)
	}
	behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `{"SessionId":"s-1"}`
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			answer = "<DescribeStacksResponse><DescribeStacksResult><Stacks></Stacks></DescribeStacksResult></DescribeStacksResponse>"
		}
		_, _ = w.Write([]byte(answer)) // a client that went needs no answer
	})
	at := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	to, err := url.Parse(at(behind))
	if err != nil {
		t.Fatal(err)
	}
	flows, stacks := at(g.AppFlow(behind)), at(g.Stacks(behind))
	data := at(g.DataAPI(to, map[string]string{"analytics": "11111111-2222"}))
	arn := func(rest string) string { return strings.Replace(rest, "$", ministack.Region+":"+ministack.Account, 1) }
	session, err := server.Assume("someone", ministack.Document{Version: "2012-10-17", Statement: []ministack.Statement{
		{Effect: "Allow", Action: ministack.Texts{"appflow:StartFlow"}, Resource: ministack.Texts{arn("arn:aws:appflow:$:flow/mine-*")}},
		{Effect: "Allow", Action: ministack.Texts{"appflow:UpdateFlow"}, Resource: ministack.Texts{"*"}},
		{Effect: "Allow", Action: ministack.Texts{"cloudformation:DescribeStacks"}, Resource: ministack.Texts{arn("arn:aws:cloudformation:$:stack/mine-*/*")}},
		{Effect: "Allow", Action: ministack.Texts{"redshift-data:ExecuteStatement"}, Resource: ministack.Texts{arn("arn:aws:redshift-serverless:$:workgroup/11111111-2222")}},
		{Effect: "Allow", Action: ministack.Texts{"redshift-serverless:GetCredentials"}, Resource: ministack.Texts{"*"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	config := func(at, secret, token string) aws.Config {
		return aws.Config{Region: ministack.Region, BaseEndpoint: &at, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider(session.Key, secret, token)}
	}
	start := func(secret, token, flow string) error {
		_, err := appflow.NewFromConfig(config(flows, secret, token)).StartFlow(t.Context(), &appflow.StartFlowInput{FlowName: &flow})
		return err
	}
	update := func() error {
		_, err := appflow.NewFromConfig(config(flows, session.Secret, session.Token)).UpdateFlow(t.Context(), &appflow.UpdateFlowInput{
			FlowName: aws.String("mine-1"), Tasks: []types.Task{}, DestinationFlowConfigList: []types.DestinationFlowConfig{},
			TriggerConfig: &types.TriggerConfig{TriggerType: types.TriggerTypeOndemand},
			SourceFlowConfig: &types.SourceFlowConfig{ConnectorType: types.ConnectorTypeSalesforce, ConnectorProfileName: aws.String("sf"),
				SourceConnectorProperties: &types.SourceConnectorProperties{}}})
		return err
	}
	look := func(stack string) error {
		_, err := cloudformation.NewFromConfig(config(stacks, session.Secret, session.Token)).DescribeStacks(t.Context(),
			&cloudformation.DescribeStacksInput{StackName: &stack})
		return err
	}
	execute := func(in redshiftdata.ExecuteStatementInput) error {
		in.Sql = aws.String("SELECT 1")
		_, err := redshiftdata.NewFromConfig(config(data, session.Secret, session.Token)).ExecuteStatement(t.Context(), &in)
		return err
	}
	by := "AWS4-HMAC-SHA256 Credential=" + session.Key + "/20260101/" + ministack.Region + "/cloudformation/aws4_request"
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"a flow of his", "", start(session.Secret, session.Token, "mine-1")},
		{"another flow", "AccessDeniedException: appflow:StartFlow on resource: " + arn("arn:aws:appflow:$:flow/yours"),
			start(session.Secret, session.Token, "yours")},
		{"another's secret", "SignatureDoesNotMatch", start("wrong", session.Token, "mine-1")},
		{"no token", "UnrecognizedClientException", start(session.Secret, "", "mine-1")},
		{"a profile", "AccessDeniedException: appflow:UseConnectorProfile on resource: " + arn("arn:aws:appflow:$:connectorprofile/sf"), update()},
		{"a stack of his", "", look("mine-1")},
		{"another stack", "AccessDenied: cloudformation:DescribeStacks on resource: " + arn("arn:aws:cloudformation:$:stack/yours/*"), look("yours")},
		{"a workgroup", "", execute(redshiftdata.ExecuteStatementInput{WorkgroupName: aws.String("analytics")})},
		{"its session", "", execute(redshiftdata.ExecuteStatementInput{SessionId: aws.String("s-1")})},
		{"another session", "AccessDeniedException: redshift-data:ExecuteStatement on resource: *",
			execute(redshiftdata.ExecuteStatementInput{SessionId: aws.String("s-2")})},
		{"a secret", "AccessDeniedException: secretsmanager:GetSecretValue on resource: " + arn("arn:aws:secretsmanager:$:secret:x-1"),
			execute(redshiftdata.ExecuteStatementInput{WorkgroupName: aws.String("analytics"), SecretArn: aws.String(arn("arn:aws:secretsmanager:$:secret:x-1"))})},
		{"a handler", "appflow:CreateFlow on resource: *", g.Flow(t.Context(), by, "create", map[string]any{"flowName": "mine-1"})},
		{"a handler for nobody", "Missing Authentication Token", g.Flow(t.Context(), "", "create", nil)},
	} {
		if got := said(c.err); !strings.Contains(got, c.want) || (c.want == "") != (c.err == nil) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	calls, err := server.Calls()
	if err != nil || len(calls) == 0 || calls[0].Role() != "someone" || calls[0].Action != "appflow:StartFlow" || !calls[0].Allowed {
		t.Errorf("written down is %+v, %v", calls, err)
	}
}

// said is an error as code: action on resource.
func said(err error) string {
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	_, what, _ := strings.Cut(fmt.Sprint(err), "to perform: ")
	if what == "" {
		what = fmt.Sprint(err)
	}
	return code + ": " + what
}
