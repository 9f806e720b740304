package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awscfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/control"
	fakeflows "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeorg"
	"catchment/internal/outcome"
	"catchment/internal/plan"
)

// denied is the flow of the 71 that AppFlow's user may not read.
const deniedObject = "Thing40__c"

// TestAWSMany runs the whole execution with 71 flows of AppFlow, one of which
// Salesforce denies: it ends partial, the machine's end and the metrics have the
// reason, and nothing is left in AWS but what the template owns. make aws calls it.
func TestAWSMany(t *testing.T) {
	byMakeAWS(t)
	flows := strings.Builder{}
	for i := range 71 {
		fmt.Fprintf(&flows, "  - object: Thing%02d__c\n", i)
	}
	a := newAccount(t, variant{name: "many", flows: flows.String(),
		more: "limits: {flows: 12}\ndefaults: {mover: appflow}\n" + settings})
	for i := range 71 {
		object := fmt.Sprintf("Thing%02d__c", i)
		a.check(a.org.AddObject(object, fmt.Sprintf("b%02d", i), fakeorg.Field{Name: "T__c", Type: "string"}))
		for range 3 {
			_, err := a.org.Create(object, map[string]any{"T__c": "secret value"})
			a.check(err)
		}
	}
	a.org.Clock().Advance(time.Hour)
	before := a.inventory()
	a.deploy()
	a.flows.Script(fakeflows.Script{Object: deniedObject, Fail: `Salesforce answered 403: ` +
		`[{"errorCode":"INSUFFICIENT_ACCESS","message":"insufficient access rights on object"}]`})
	began := time.Now()
	a.executeOnce()
	t.Logf("71 flows took %s; the run's history has %d events", time.Since(began).Round(time.Second), a.events())
	told := a.partial()
	if told.Objects != 71 || told.Done != 70 || told.Failed != 1 || told.Loaded != 210 || len(told.NotDone) != 1 {
		t.Fatalf("the execution ends with %+v", told)
	}
	if f := told.NotDone[0]; f.Object != deniedObject || f.State != control.FlowFailed || f.Class != string(plan.Fix) ||
		!strings.Contains(f.Error, "INSUFFICIENT_ACCESS") || !strings.Contains(f.Hint, "permission set") {
		t.Errorf("the flow that was denied: %+v", f)
	}
	a.metrics(told)
	a.nothingLeft()
	a.onlyTheTemplates(before)
	a.run() // the denial is over, and the next execution brings what is missing
	a.agrees()
}

// executeOnce runs an execution to its end, whichever that is.
func (a *account) executeOnce() {
	a.t.Helper()
	if status, cause := a.execute(); status != sfntypes.ExecutionStatusFailed {
		a.t.Fatalf("the execution is %s: %s", status, cause)
	}
}

// partial is the outcome that the last execution failed with.
func (a *account) partial() outcome.Outcome {
	a.t.Helper()
	e, err := sfn.NewFromConfig(a.config).DescribeExecution(a.t.Context(),
		&sfn.DescribeExecutionInput{ExecutionArn: &a.execution})
	a.check(err)
	var told outcome.Outcome
	if aws.ToString(e.Error) != "Catchment.Partial" || json.Unmarshal([]byte(aws.ToString(e.Cause)), &told) != nil ||
		told.State != control.Partial || strings.Contains(aws.ToString(e.Cause), "secret value") {
		a.t.Fatalf("the execution ends with %s: %s", aws.ToString(e.Error), aws.ToString(e.Cause))
	}
	return told
}

// events counts those of the last execution's history, the items of its Distributed
// Maps apart.
func (a *account) events() (n int) {
	a.t.Helper()
	for p := sfn.NewGetExecutionHistoryPaginator(sfn.NewFromConfig(a.config),
		&sfn.GetExecutionHistoryInput{ExecutionArn: &a.execution}); p.HasMorePages(); {
		page, err := p.NextPage(a.t.Context())
		a.check(err)
		n += len(page.Events)
	}
	return n
}

// metrics finds the line of metrics in the log of publish, and holds it to what the
// execution ended with.
func (a *account) metrics(told outcome.Outcome) {
	a.t.Helper()
	var log struct {
		Events []struct{ Message string }
	}
	a.ask("Logs_20140328.FilterLogEvents", `{"logGroupName":"/aws/lambda/catchment-publish","filterPattern":""}`, &log)
	var lines []string
	for _, e := range log.Events {
		if strings.Contains(e.Message, `"_aws"`) {
			lines = append(lines, strings.TrimSpace(e.Message))
		}
	}
	if len(lines) != 1 {
		a.t.Fatalf("publish wrote %d lines of metrics, of %d: %+v", len(lines), len(log.Events), log.Events)
	}
	var line struct {
		Machine                                         string
		RunsPartial, RunsFailed, FlowsDone, FlowsFailed int
		Outcome                                         outcome.Outcome
	}
	a.check(json.Unmarshal([]byte(lines[0]), &line))
	if line.Machine != "catchment" || line.RunsPartial != 1 || line.RunsFailed != 0 || line.FlowsDone != 70 ||
		line.FlowsFailed != 1 || line.Outcome.ID != told.ID || !slices.Equal(line.Outcome.NotDone, told.NotDone) {
		a.t.Errorf("the metrics say %s", lines[0])
	}
}

// An inventory is what there is in an account: kinds of resources, by their names.
type inventory map[string][]string

func (a *account) inventory() inventory {
	a.t.Helper()
	ctx, all := a.t.Context(), inventory{}
	add := func(kind string, name *string) { all[kind] = append(all[kind], aws.ToString(name)) }
	buckets, err := a.s3().ListBuckets(ctx, nil)
	a.check(err)
	for _, b := range buckets.Buckets {
		add("bucket", b.Name)
	}
	tables, err := dynamodb.NewFromConfig(a.config).ListTables(ctx, nil)
	a.check(err)
	for _, name := range tables.TableNames {
		add("table", &name)
	}
	secrets, err := secretsmanager.NewFromConfig(a.config).ListSecrets(ctx, nil)
	a.check(err)
	for _, s := range secrets.SecretList {
		add("secret", s.Name)
	}
	machines, err := sfn.NewFromConfig(a.config).ListStateMachines(ctx, nil)
	a.check(err)
	for _, m := range machines.StateMachines {
		add("machine", m.Name)
	}
	stacks, err := awscfn.NewFromConfig(a.config).DescribeStacks(ctx, nil)
	a.check(err)
	for _, s := range stacks.Stacks {
		add("stack", s.StackName)
	}
	var groups struct {
		LogGroups []struct{ LogGroupName string }
	}
	a.ask("Logs_20140328.DescribeLogGroups", "{}", &groups)
	for _, g := range groups.LogGroups {
		add("log group", &g.LogGroupName)
	}
	for _, name := range a.named("lambda", "GET", "/2015-03-31/functions/", "", `"FunctionName": ?"([^"]*)"`) {
		add("function", &name)
	}
	for _, name := range a.named("iam", "POST", "/", "Action=ListRoles&Version=2010-05-08", `<RoleName>([^<]*)<`) {
		add("role", &name)
	}
	return all
}

// onlyTheTemplates proves that whatever came into the account since then is a
// resource of the template, that no execution goes on, and that the stage has pages
// and templates only.
func (a *account) onlyTheTemplates(before inventory) {
	a.t.Helper()
	out, err := awscfn.NewFromConfig(a.config).DescribeStackResources(a.t.Context(),
		&awscfn.DescribeStackResourcesInput{StackName: aws.String("catchment")})
	a.check(err)
	owned := []string{"catchment"} // the stack itself
	for _, r := range out.StackResources {
		owned = append(owned, aws.ToString(r.PhysicalResourceId))
	}
	after, found := a.inventory(), 0
	for kind, names := range after {
		for _, name := range names {
			if slices.Contains(before[kind], name) {
				continue
			}
			found++
			if !slices.ContainsFunc(owned, func(id string) bool {
				return id == name || strings.HasPrefix(id, "arn:") && strings.Contains(id, name)
			}) {
				a.t.Errorf("%s %s is left, and the template doesn't own it", kind, name)
			}
		}
	}
	for kind, names := range before {
		for _, name := range names {
			if !slices.Contains(after[kind], name) {
				a.t.Errorf("%s %s is gone", kind, name)
			}
		}
	}
	if found < 30 {
		a.t.Errorf("only %d resources were found: %v", found, after)
	}
	running, err := sfn.NewFromConfig(a.config).ListExecutions(a.t.Context(), &sfn.ListExecutionsInput{
		StateMachineArn: &a.machine, StatusFilter: sfntypes.ExecutionStatusRunning})
	a.check(err)
	if len(running.Executions) > 0 {
		a.t.Errorf("executions go on: %v", running.Executions)
	}
	for _, bucket := range []string{"acme-catchment-stage", "acme-appflow"} {
		for _, key := range a.keys(bucket) {
			if bucket != "acme-catchment-stage" || !strings.HasPrefix(key, "pages/templates/") {
				a.t.Errorf("%s is left in %s", key, bucket)
			}
		}
	}
	a.t.Logf("%d resources are the template's", found)
}

// keys are those of a bucket, if there is one.
func (a *account) keys(bucket string) (keys []string) {
	a.t.Helper()
	for p := awss3.NewListObjectsV2Paginator(a.s3(), &awss3.ListObjectsV2Input{Bucket: &bucket}); p.HasMorePages(); {
		page, err := p.NextPage(a.t.Context())
		if err != nil && strings.Contains(err.Error(), "NoSuchBucket") {
			return keys
		}
		a.check(err)
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys
}

// ask calls CloudWatch Logs, whose client isn't among the module's.
func (a *account) ask(target, body string, into any) {
	a.t.Helper()
	text := a.request("logs", "POST", "/", body, map[string]string{"X-Amz-Target": target,
		"Content-Type": "application/x-amz-json-1.1"})
	a.check(json.Unmarshal(text, into))
}

// named are the names in the answer of a service.
func (a *account) named(service, method, path, form, pattern string) (names []string) {
	a.t.Helper()
	text := a.request(service, method, path, form,
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	for _, found := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		names = append(names, string(found[1]))
	}
	return names
}

// request is one of the administrator, signed as the SDK would.
func (a *account) request(service, method, path, body string, header map[string]string) []byte {
	a.t.Helper()
	ctx := a.t.Context()
	req, err := http.NewRequestWithContext(ctx, method, *a.config.BaseEndpoint+path, strings.NewReader(body))
	a.check(err)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	who, err := a.config.Credentials.Retrieve(ctx)
	a.check(err)
	sum := sha256.Sum256([]byte(body))
	a.check(v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(sum[:]), service, a.config.Region, time.Now()))
	resp, err := http.DefaultClient.Do(req)
	a.check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	a.check(err)
	if resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s %s: %s: %s", service, method, path, resp.Status, text)
	}
	return text
}
