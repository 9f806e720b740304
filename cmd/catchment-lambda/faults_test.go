package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/fakeaws/ministack"
	"catchment/internal/fakeorg"
)

// TestAWSFaults lets a deployed pipeline go wrong: the execution fails and names
// what it was, with what to do, and the next one goes on. make aws calls it.
func TestAWSFaults(t *testing.T) {
	byMakeAWS(t)
	a := newAccount(t, variant{name: "faults", more: byBulk, flows: sixFlows})
	a.deploy()
	for _, c := range []struct {
		name     string
		breaks   func()
		mends    func()
		says     string // in the control table
		suggests string // in the execution's history
	}{
		{"a wrong secret of Salesforce",
			func() {
				a.putSecret("catchment/salesforce",
					fmt.Sprintf(`{"client_id":%q,"client_secret":"wrong"}`, a.org.Credentials().ClientID))
			},
			a.secrets, "invalid_client", "client_secret"},
		{"a secret without its key",
			func() { a.putSecret("catchment/salesforce", `{"client_id":"x"}`) },
			a.secrets, "", "client_secret"},
		{"a wrong secret of the warehouse",
			func() { a.putSecret("catchment/warehouse", a.password("wrong")) },
			func() { a.putSecret("catchment/warehouse", a.password(a.red.Password())) },
			"refuses the login", "PGPASSWORD"},
		{"a Redshift that is paused", a.red.Faults().Pause, a.red.Faults().Resume, "no connection", "resume-cluster"},
	} {
		c.breaks()
		status, cause := a.execute()
		if status != sfntypes.ExecutionStatusFailed {
			t.Errorf("%s: the execution is %s: %s", c.name, status, cause)
		}
		if got := a.causes(); !strings.Contains(got, c.suggests) {
			t.Errorf("%s: the history says\n%s", c.name, got)
		}
		c.mends()
		if got := a.lastRun(); !strings.Contains(got, c.says) {
			t.Errorf("%s: the control table says\n%s", c.name, got)
		}
	}
	a.shortLives()
	a.run()
	a.org.ClearFaults()
	a.agrees()
}

// shortLives lets the function that loads live for four seconds, of which each
// page takes one: the largest object has seven. It comes to its end in the middle
// of load, and the next call goes on from there.
func (a *account) shortLives() {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPut, *a.config.BaseEndpoint+
		"/2015-03-31/functions/catchment-load/configuration", strings.NewReader(`{"Timeout":4}`))
	a.check(err)
	req.Header.Set("Authorization", ministack.Administrator("lambda"))
	resp, err := http.DefaultClient.Do(req) // UpdateFunctionConfiguration
	a.check(err)
	a.check(resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		a.t.Fatalf("the function's timeout can't be changed: %s", resp.Status)
	}
	a.org.Fault(fakeorg.Rule{Path: "/results", DelaySeconds: 1})
}

// causes is what the history of the last execution says of failures.
func (a *account) causes() string {
	a.t.Helper()
	var causes strings.Builder
	for p := sfn.NewGetExecutionHistoryPaginator(sfn.NewFromConfig(a.config),
		&sfn.GetExecutionHistoryInput{ExecutionArn: &a.execution}); p.HasMorePages(); {
		page, err := p.NextPage(a.t.Context())
		a.check(err)
		for _, e := range page.Events {
			if e.TaskFailedEventDetails != nil {
				fmt.Fprintln(&causes, aws.ToString(e.TaskFailedEventDetails.Error),
					aws.ToString(e.TaskFailedEventDetails.Cause))
			}
		}
	}
	return causes.String()
}
