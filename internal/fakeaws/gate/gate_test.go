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
	c := newCaller(t, &server, g)
	by := ministack.Administrator("cloudformation")
	by = strings.Replace(by, "Credential=test", "Credential="+c.session.Key, 1)
	secret, token := c.session.Secret, c.session.Token
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"a flow of his", "", c.start(secret, token, "mine-1")},
		{"another flow", "AccessDeniedException: appflow:StartFlow on resource: " + arn("appflow:$:flow/yours"),
			c.start(secret, token, "yours")},
		{"another's secret", "SignatureDoesNotMatch", c.start("wrong", token, "mine-1")},
		{"no token", "UnrecognizedClientException", c.start(secret, "", "mine-1")},
		{"a profile", "AccessDeniedException: appflow:UseConnectorProfile on resource: " +
			arn("appflow:$:connectorprofile/sf"), c.update()},
		{"a stack of his", "", c.look("mine-1")},
		{"another stack", "AccessDenied: cloudformation:DescribeStacks on resource: " +
			arn("cloudformation:$:stack/yours/*"), c.look("yours")},
		{"a workgroup", "", c.execute(redshiftdata.ExecuteStatementInput{WorkgroupName: aws.String("analytics")})},
		{"its session", "", c.execute(redshiftdata.ExecuteStatementInput{SessionId: aws.String("s-1")})},
		{"another session", "AccessDeniedException: redshift-data:ExecuteStatement on resource: *",
			c.execute(redshiftdata.ExecuteStatementInput{SessionId: aws.String("s-2")})},
		{"a secret", "AccessDeniedException: secretsmanager:GetSecretValue on resource: " +
			arn("secretsmanager:$:secret:x-1"), c.execute(redshiftdata.ExecuteStatementInput{
			WorkgroupName: aws.String("analytics"), SecretArn: aws.String(arn("secretsmanager:$:secret:x-1"))})},
		{"a handler", "appflow:CreateFlow on resource: *",
			g.Flow(t.Context(), by, "create", map[string]any{"flowName": "mine-1"})},
		{"a handler for nobody", "Missing Authentication Token", g.Flow(t.Context(), "", "create", nil)},
	} {
		if got := said(c.err); !strings.Contains(got, c.want) || (c.want == "") != (c.err == nil) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	calls, err := server.Calls()
	if err != nil || len(calls) == 0 || calls[0].Role() != "someone" || !calls[0].Allowed ||
		calls[0].Action != "appflow:StartFlow" {
		t.Errorf("written down is %+v, %v", calls, err)
	}
}

func arn(rest string) string {
	return "arn:aws:" + strings.Replace(rest, "$", ministack.Region+":"+ministack.Account, 1)
}

// A caller has a role, and is before the three gates.
type caller struct {
	t                   *testing.T
	session             ministack.Session
	flows, stacks, data string
}

func newCaller(t *testing.T, server *ministack.Server, g *gate.Gate) *caller {
	t.Helper()
	behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `{"SessionId":"s-1"}`
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			answer = "<DescribeStacksResponse><DescribeStacksResult><Stacks></Stacks></DescribeStacksResult>" +
				"</DescribeStacksResponse>"
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
	allow := func(action, resource string) ministack.Statement {
		return ministack.Statement{Effect: "Allow", Action: ministack.Texts{action},
			Resource: ministack.Texts{resource}}
	}
	session, err := server.Assume("someone", ministack.Document{Version: "2012-10-17", Statement: []ministack.Statement{
		allow("appflow:StartFlow", arn("appflow:$:flow/mine-*")),
		allow("appflow:UpdateFlow", "*"),
		allow("cloudformation:DescribeStacks", arn("cloudformation:$:stack/mine-*/*")),
		allow("redshift-data:ExecuteStatement", arn("redshift-serverless:$:workgroup/11111111-2222")),
		allow("redshift-serverless:GetCredentials", "*"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t, session, at(g.AppFlow(behind)), at(g.Stacks(behind)),
		at(g.DataAPI(to, map[string]string{"analytics": "11111111-2222"}))}
}

func (c *caller) config(at, secret, token string) aws.Config {
	return aws.Config{Region: ministack.Region, BaseEndpoint: &at, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(c.session.Key, secret, token)}
}

func (c *caller) mine(at string) aws.Config { return c.config(at, c.session.Secret, c.session.Token) }

func (c *caller) start(secret, token, flow string) error {
	_, err := appflow.NewFromConfig(c.config(c.flows, secret, token)).StartFlow(c.t.Context(),
		&appflow.StartFlowInput{FlowName: &flow})
	return err
}

func (c *caller) update() error {
	_, err := appflow.NewFromConfig(c.mine(c.flows)).UpdateFlow(c.t.Context(), &appflow.UpdateFlowInput{
		FlowName: aws.String("mine-1"), Tasks: []types.Task{},
		DestinationFlowConfigList: []types.DestinationFlowConfig{},
		TriggerConfig:             &types.TriggerConfig{TriggerType: types.TriggerTypeOndemand},
		SourceFlowConfig: &types.SourceFlowConfig{ConnectorType: types.ConnectorTypeSalesforce,
			ConnectorProfileName:      aws.String("sf"),
			SourceConnectorProperties: &types.SourceConnectorProperties{}}})
	return err
}

func (c *caller) look(stack string) error {
	_, err := cloudformation.NewFromConfig(c.mine(c.stacks)).DescribeStacks(c.t.Context(),
		&cloudformation.DescribeStacksInput{StackName: &stack})
	return err
}

func (c *caller) execute(in redshiftdata.ExecuteStatementInput) error {
	in.Sql = aws.String("SELECT 1")
	_, err := redshiftdata.NewFromConfig(c.mine(c.data)).ExecuteStatement(c.t.Context(), &in)
	return err
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
