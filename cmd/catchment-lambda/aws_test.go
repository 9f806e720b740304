package main

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/jackc/pgx/v5"

	"catchment/cmd/internal/cloud"
	"catchment/internal/deployment"
	fakeflows "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeaws/gate"
	"catchment/internal/fakeaws/ministack"
	"catchment/internal/fakeaws/redshift"
	"catchment/internal/fakeaws/stacks"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/project"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/shape"
)

var (
	lambdaZip = flag.String("aws.zip", "",
		"the program of the functions, as make lambda builds it: deploy it into a stand-in for AWS")
	orgData = flag.String("aws.data", "", "the folder of the org's records")
)

// cluster is the PostgreSQL behind Redshift's stand-in.
var cluster pgtest.Cluster

// An account is an AWS with a deployed template, beside an org that it copies
// and the warehouse that it copies to.
type account struct {
	t       *testing.T
	aws     ministack.Server
	gate    *gate.Gate
	config  aws.Config
	org     *fakeorg.Org
	orgURL  string
	secret  string // the ARN of the warehouse's
	data    bool   // the warehouse is reached through the Data API
	glue    string // where Glue is, if one of its jobs consolidates
	red     *redshift.Server
	flows   *fakeflows.Server
	stacks  *stacks.Server
	machine string
	file    *flow.File
	cloud   *cloud.AWS // as this process has it, which project opens

	endpoints map[string]string // of the services beside ministack, as the SDK reads them

	execution string // the last one's ARN
	judged    int    // so many calls of roles lacked a right that was taken away
}

// configuration is the catchment.yaml of these tests. Seconds of one Bulk job
// are nothing to wait for, so flows have room.
const configuration = `version: 1
org:
  url: %s
  login: {flow: client_credentials, client_id: "aws-sm:catchment/salesforce#client_id", client_secret: "aws-sm:catchment/salesforce#client_secret"}
warehouse: {url: "%s", schema: salesforce, staging_schema: salesforce_incremental}
stage: {url: "s3:acme-catchment-stage/pages", keep: 1s}
control: {url: "dynamodb:catchment-control"}
%s
flows:
%s`

// Flows of the variants.
const (
	sixFlows = `  - object: Account
  - object: Contact
  - object: Opportunity
  - object: CampaignMember
  - object: OpportunityContactRole
  - object: General_Accounting_Unit__c
`
	bothWays = `  - {object: Account, mover: appflow}
  - {object: Contact, mover: bulk}
  - {object: Opportunity, mover: appflow}
  - {object: CampaignMember, mover: bulk}
`
	oneEach = `  - {object: Account, mover: appflow}
  - {object: Contact, mover: bulk}
`
)

// What the variants have of catchment.yaml.
const (
	byBulk    = "limits: {flows: 4}\ndefaults: {mover: bulk}"
	byMaps    = "limits: {flows: 30}\ndefaults: {mover: bulk}" // so many need Distributed Maps
	byAppFlow = "limits: {flows: 4}\ndefaults: {mover: appflow}\n" + settings
	settings  = "appflow: {salesforce: sf, redshift: rs, bucket: acme-appflow, deployment: test}"
	byBoth    = "limits: {flows: 4}\n" + settings
)

// TestAWS deploys the rendered template and runs its machine two or three times,
// with changes in between; make aws calls it.
func TestAWS(t *testing.T) {
	byMakeAWS(t)
	for _, v := range []variant{
		{name: "bulk", more: byMaps, flows: sixFlows, rounds: 3},
		{name: "appflow", more: byAppFlow, flows: sixFlows, rounds: 3},
		{name: "glue", more: byBulk, flows: sixFlows, rounds: 2, data: true, glue: true},
	} {
		t.Run(v.name, func(t *testing.T) {
			a := newAccount(t, v)
			a.deploy()
			watched := func() {}
			if v.name == "appflow" { // every second put of these is done twice
				a.flows.Script(fakeflows.Script{Object: "Account", Again: 2})
				a.flows.Script(fakeflows.Script{Object: "Contact", Again: 2})
				watched = a.watch("account")
			}
			if v.glue {
				a.install()
			}
			for round := range v.rounds {
				if round == 1 && v.name == "appflow" {
					a.flows.Fault(fakeflows.Fault{Code: "ThrottlingException", Message: "Rate exceeded", Times: 3})
					a.stacks.Fault(stacks.Fault{Code: "Throttling", Message: "Rate exceeded", Times: 3})
				}
				if round == 2 && v.name == "appflow" { // two come to nothing, and are made and started anew
					a.stacks.Script(stacks.Script{Fail: "Internal failure"})
					a.flows.Script(fakeflows.Script{Object: "Opportunity", Fail: "Internal error", After: 50})
					a.flows.Script(fakeflows.Script{Object: "CampaignMember", Lose: 3})
				}
				if round == 1 && v.data {
					a.red.Faults().Throttle(5)
				}
				began := time.Now()
				a.run()
				t.Logf("execution %d took %s", round+1, time.Since(began).Round(100*time.Millisecond))
				a.agrees()
				if round == 0 {
					watched()
				}
				a.org.Clock().Advance(time.Hour)
				if round == v.rounds-1 {
					break
				}
				changes, err := a.org.History(400, round+1)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("in the org: %+v", changes)
				a.org.Clock().Advance(time.Hour)
			}
			a.nothingLeft()
			if v.glue {
				a.byGlue()
			}
		})
	}
}

// byMakeAWS leaves a test to make aws, which says where the program of the functions is.
func byMakeAWS(t *testing.T) {
	t.Helper()
	if *lambdaZip == "" {
		t.Skip("make aws runs it: it deploys bin/lambda.zip")
	}
}

// A variant is a configuration of the same pipeline.
type variant struct {
	name   string
	more   string // of catchment.yaml
	flows  string
	rounds uint64
	data   bool // the warehouse is reached through the Data API
	glue   bool // a Glue job consolidates
}

func newAccount(t *testing.T, v variant) *account {
	t.Helper()
	a := &account{t: t, data: v.data}
	org, err := fakeorg.New(fakeorg.Options{Seed: 7, Clock: fakeorg.FollowClock(time.Now(), time.Now),
		PageRecords: 500})
	if err == nil {
		err = org.LoadDir(*orgData, "")
	}
	a.check(err)
	org.Clock().Advance(time.Hour)
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	a.org, a.orgURL = org, server.URL
	a.red, err = redshift.Start(t.Context(),
		redshift.Options{PostgreSQL: cluster.Database(t), Open: a.open, Secret: a.opens, Workgroup: "analytics"})
	a.check(err)
	t.Cleanup(func() { a.red.Close() })
	a.gate, err = gate.New(&a.aws)
	a.check(err)
	a.aws.Env = append(a.aws.Env, "SFN_WAIT_SCALE=0.02")
	a.dataAPI()
	a.appflow()
	if v.glue {
		a.glues()
	}
	a.config = a.aws.Config(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(tail(a.aws.Log(), 6000))
		}
		a.denied()
		if err := a.aws.Stop(); err != nil {
			t.Error(err)
		}
	})
	made, err := secretsmanager.NewFromConfig(a.config).CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("catchment/warehouse"),
			SecretString: aws.String(a.password(a.red.Password()))})
	a.check(err)
	a.secret = aws.ToString(made.ARN)
	warehouse := a.wire()
	if v.data {
		warehouse = fmt.Sprintf("redshift-data://workgroup/analytics/%s?secret=%s&"+
			"stage=s3://acme-catchment-stage/manifests", a.red.Database(), a.secret)
	}
	text := fmt.Sprintf(configuration, a.orgURL, warehouse, v.more, v.flows)
	if a.file, err = flow.Parse("catchment.yaml", []byte(text), cloud.New().Drivers().Known()); err != nil {
		t.Fatal(err)
	}
	a.bucket("code")
	a.put("code", "catchment/catchment.yaml", []byte(text))
	for key, path := range map[string]string{"catchment/lambda.zip": *lambdaZip,
		"catchment/consolidate.py": "../../deploy/aws/consolidate.py"} {
		data, err := os.ReadFile(path)
		a.check(err)
		a.put("code", key, data)
	}
	return a
}

// wire is the warehouse's URL over the wire.
func (a *account) wire() string {
	return fmt.Sprintf("redshift://%s@%s/%s?sslmode=disable&stage=s3://acme-catchment-stage/manifests", a.red.User(),
		a.red.Addr(), a.red.Database())
}

// password is the secret of the warehouse, as Redshift and a Glue job read it.
func (a *account) password(password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, a.red.User(), password)
}

// opens tells the Data API who a secret lets in.
func (a *account) opens(ctx context.Context, arn string) (user, password string, err error) {
	out, err := secretsmanager.NewFromConfig(a.config).GetSecretValue(ctx,
		&secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return "", "", err
	}
	var s struct{ Username, Password string }
	err = json.Unmarshal([]byte(aws.ToString(out.SecretString)), &s)
	return s.Username, s.Password, err
}

// glues serves Glue, whose stand-in tells the capacity of a Python-shell job as a
// fraction in a place where Glue has an integer, and the SDK expects one.
func (a *account) glues() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, err := url.Parse(*a.config.BaseEndpoint)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		proxy := httputil.NewSingleHostReverseProxy(to)
		proxy.ModifyResponse = func(resp *http.Response) error {
			body, err := io.ReadAll(resp.Body)
			body = bytes.ReplaceAll(body, []byte(`"AllocatedCapacity": 0.0625`), []byte(`"AllocatedCapacity": 0`))
			resp.Body = io.NopCloser(bytes.NewReader(body))
			resp.ContentLength = int64(len(body))
			resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return errors.Join(err, resp.Request.Context().Err())
		}
		proxy.ServeHTTP(w, r)
	}))
	a.t.Cleanup(server.Close)
	a.glue = server.URL
	a.endpoint("GLUE", server.URL)
}

// appflow serves AppFlow and the stacks of flows, which the stand-in lacks. It
// appends what it moves, as AppFlow does.
func (a *account) appflow() {
	c := a.org.Credentials()
	a.flows = fakeflows.New(fakeflows.Options{
		Salesforce: map[string]fakeflows.Profile{"sf": {URL: a.orgURL, ClientID: c.ClientID,
			ClientSecret: c.ClientSecret, RefreshToken: c.RefreshToken}},
		Redshift: map[string]fakeflows.Sink{"rs": a.sink}, S3: map[string]fakeflows.Folder{filesBucket: a.leave},
		HTTP: http.DefaultClient, Now: time.Now,
	})
	behind := a.serve(a.flows)
	a.stacks = stacks.New(stacks.Options{AppFlow: behind, HTTP: http.DefaultClient, Now: time.Now, May: a.gate.Flow})
	a.endpoint("APPFLOW", a.serve(a.gate.AppFlow(a.flows)))
	a.endpoint("CLOUDFORMATION", a.serve(a.gate.Stacks(a.stacks)))
}

// workgroup is what the ARN of Redshift's workgroup ends in.
const workgroup = "2f1f0c4e-52a0-4f5e-9d0c-3c1c0ad6a9b1"

// dataAPI puts the gate before Redshift's Data API.
func (a *account) dataAPI() {
	to, err := url.Parse(a.red.DataAPI())
	a.check(err)
	a.endpoint("REDSHIFT_DATA", a.serve(a.gate.DataAPI(to, map[string]string{"analytics": workgroup})))
}

// endpoint tells the functions where a service is.
func (a *account) endpoint(service, at string) {
	if a.endpoints == nil {
		a.endpoints = map[string]string{}
	}
	a.endpoints["AWS_ENDPOINT_URL_"+service] = at
	a.aws.Env = append(a.aws.Env, "AWS_ENDPOINT_URL_"+service+"="+at)
}

func (a *account) serve(h http.Handler) string {
	server := httptest.NewServer(h)
	a.t.Cleanup(server.Close)
	return server.URL
}

// sink appends rows to a table, empty values as NULL.
func (a *account) sink(ctx context.Context, table string, header []string, rows [][]string) error {
	conn, err := pgx.Connect(ctx, a.red.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	schema, name, _ := strings.Cut(table, ".")
	for len(rows) > 0 {
		n := min(len(rows), 200)
		var sql strings.Builder
		fmt.Fprintf(&sql, `INSERT INTO "%s"."%s" ("%s") VALUES `, schema, name, strings.Join(header, `", "`))
		for i, row := range rows[:n] {
			if i > 0 {
				sql.WriteString(", ")
			}
			sql.WriteString("(")
			for j, v := range row {
				if j > 0 {
					sql.WriteString(", ")
				}
				if v == "" {
					sql.WriteString("NULL")
					continue
				}
				sql.WriteString("'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(v) + "'")
			}
			sql.WriteString(")")
		}
		if _, err := conn.Exec(ctx, sql.String()); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// denied fails the test for every right that a role lacked.
func (a *account) denied() {
	a.t.Helper()
	l := a.ledger()
	ledgers = append(ledgers, l)
	seen := map[ministack.Call]int{}
	for _, c := range l.calls[a.judged:] {
		seen[c]++
	}
	for c, n := range seen {
		if !c.Allowed {
			a.t.Errorf("%s may not %s on %s, asked %d times", c.Role(), c.Action, c.Resource, n)
		}
	}
	a.t.Logf("%d calls of roles, %d different", len(l.calls), len(seen))
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func (a *account) s3() *awss3.Client {
	return awss3.NewFromConfig(a.config, func(o *awss3.Options) { o.UsePathStyle = true })
}

func (a *account) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) bucket(name string) {
	a.t.Helper()
	_, err := a.s3().CreateBucket(a.t.Context(), &awss3.CreateBucketInput{Bucket: &name})
	a.check(err)
}

func (a *account) put(bucket, key string, data []byte) {
	a.t.Helper()
	_, err := a.s3().PutObject(a.t.Context(),
		&awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(string(data))})
	a.check(err)
}

// leave puts a file there that a flow leaves.
func (a *account) leave(ctx context.Context, key string, body []byte) error {
	_, err := a.s3().PutObject(ctx,
		&awss3.PutObjectInput{Bucket: aws.String(filesBucket), Key: &key, Body: bytes.NewReader(body)})
	return err
}

// open lets Redshift's COPY read S3.
func (a *account) open(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	out, err := a.s3().GetObject(ctx, &awss3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, errors.Join(fs.ErrNotExist, err)
	}
	return out.Body, nil
}

// joinless writes conditions so that ministack can judge them: it takes a Join in
// one for true, and would give every role the rights of functions in a VPC.
var joinless = strings.NewReplacer(`!Join ["", !Ref SubnetIds]`, "!Select [0, !Ref SubnetIds]",
	`!Join ["", !Ref KeyArns]`, "!Select [0, !Ref KeyArns]")

// deploy makes the stack of the rendered template, and puts its secrets in.
func (a *account) deploy() {
	a.t.Helper()
	files, err := deployment.Render(a.file, cloud.New().Drivers())
	a.check(err)
	const key = "catchment/template.yaml" // with everything in it, it is too long for the call itself
	a.put("code", key, []byte(joinless.Replace(string(files.Template))))
	client := awscfn.NewFromConfig(a.config)
	name := aws.String("catchment")
	parameter := func(k, v string) cfntypes.Parameter {
		return cfntypes.Parameter{ParameterKey: &k, ParameterValue: &v}
	}
	parameters := []cfntypes.Parameter{parameter("CodeBucket", "code"), parameter("CodeKey", "catchment/lambda.zip")}
	if a.glue != "" {
		parameters = append(parameters, parameter("Consolidation", "glue"))
	}
	if a.data { // whose secret stands in the URL
		parameters = append(parameters, parameter("WorkgroupId", workgroup))
	} else {
		parameters = append(parameters, parameter("WarehousePassword", "aws-sm:catchment/warehouse#password"),
			parameter("WarehousePasswordArn", a.secret))
	}
	_, err = client.CreateStack(a.t.Context(),
		&awscfn.CreateStackInput{StackName: name, TemplateURL: aws.String(*a.config.BaseEndpoint + "/code/" + key),
			Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam},
			Parameters:   parameters})
	a.check(err)
	for {
		out, err := client.DescribeStacks(a.t.Context(), &awscfn.DescribeStacksInput{StackName: name})
		a.check(err)
		stack := out.Stacks[0]
		if stack.StackStatus == cfntypes.StackStatusCreateComplete {
			for _, o := range stack.Outputs {
				if aws.ToString(o.OutputKey) == "Machine" {
					a.machine = aws.ToString(o.OutputValue)
				}
			}
			a.secrets()
			return
		}
		if stack.StackStatus != cfntypes.StackStatusCreateInProgress {
			a.t.Fatalf("the stack is %s: %s", stack.StackStatus, aws.ToString(stack.StackStatusReason))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// secrets puts into the stack's secret who the functions are to Salesforce.
func (a *account) secrets() {
	c := a.org.Credentials()
	a.putSecret("catchment/salesforce", fmt.Sprintf(`{"client_id":%q,"client_secret":%q}`, c.ClientID, c.ClientSecret))
}

func (a *account) putSecret(name, text string) {
	a.t.Helper()
	_, err := secretsmanager.NewFromConfig(a.config).PutSecretValue(a.t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &text})
	a.check(err)
}

// install makes the procedures that a Glue job calls, as catchment sql --install
// does.
func (a *account) install() {
	a.t.Helper()
	p := a.project()
	defer p.Close()
	flows, err := p.Flows(a.t.Context(), nil)
	a.check(err)
	var all []warehouse.Procedure
	for _, fl := range flows {
		o, err := p.Org.Describe(a.t.Context(), fl.Object)
		a.check(err)
		fields, _, err := fl.Choose(o)
		a.check(err)
		t, err := shape.TableFor(o, fields, false)
		a.check(err)
		all = append(all, warehouse.Procedure{Table: t, Policy: gone.Policy(fl.Deletes)})
	}
	a.check(p.Warehouse.Migrate(a.t.Context()))
	a.check(warehouse.RolesOf(p.Warehouse).Procedures.Install(a.t.Context(), all))
}

// byGlue proves that it was Glue's job that consolidated: it ran, and well, and
// the log of CALLs has the tables, without a problem.
func (a *account) byGlue() {
	a.t.Helper()
	out, err := glue.NewFromConfig(a.config,
		func(o *glue.Options) { o.BaseEndpoint = &a.glue }).GetJobRuns(a.t.Context(),
		&glue.GetJobRunsInput{JobName: aws.String("catchment-consolidate")})
	a.check(err)
	if len(out.JobRuns) < 6 {
		a.t.Errorf("Glue's job ran %d times", len(out.JobRuns))
	}
	for _, run := range out.JobRuns {
		if run.JobRunState != gluetypes.JobRunStateSucceeded {
			a.t.Errorf("a run of Glue's job is %s: %s", run.JobRunState, aws.ToString(run.ErrorMessage))
		}
	}
	conn, err := pgx.Connect(a.t.Context(), a.red.URL())
	a.check(err)
	defer conn.Close(context.WithoutCancel(a.t.Context()))
	var tables, attempts, problems, merged int
	a.check(conn.QueryRow(a.t.Context(),
		`SELECT count(DISTINCT table_name), sum(attempts), count(problem) FROM salesforce_incremental._catchment_call`).Scan(&tables, &attempts, &problems))
	a.check(conn.QueryRow(a.t.Context(),
		`SELECT count(*) FROM salesforce_incremental._catchment_log WHERE staged > 0`).Scan(&merged))
	if tables < 6 || attempts < merged || problems > 0 {
		a.t.Errorf("CALL consolidated %d attempts of %d tables, with %d problems; the log has %d with rows", attempts,
			tables, problems, merged)
	}
}

// run runs the machine once, to a good end.
func (a *account) run() {
	a.t.Helper()
	status, cause := a.execute()
	if status != sfntypes.ExecutionStatusSucceeded {
		a.t.Fatalf("the execution is %s: %s\n%s%s", status, cause, a.lastRun(), a.causes())
	}
}

// start begins an execution. It has a name, so that one whose answer was lost isn't begun twice when it is asked for
// again.
func (a *account) start() (arn string) {
	a.t.Helper()
	name := crand.Text()
	out, err := sfn.NewFromConfig(a.config).StartExecution(a.t.Context(),
		&sfn.StartExecutionInput{StateMachineArn: &a.machine, Name: &name, Input: aws.String("{}")})
	if _, begun := errors.AsType[*sfntypes.ExecutionAlreadyExists](err); begun {
		return strings.Replace(a.machine, ":stateMachine:", ":execution:", 1) + ":" + name
	}
	a.check(err)
	return aws.ToString(out.ExecutionArn)
}

func (a *account) execute() (sfntypes.ExecutionStatus, string) {
	a.t.Helper()
	client := sfn.NewFromConfig(a.config)
	a.execution = a.start()
	for {
		e, err := client.DescribeExecution(a.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &a.execution})
		a.check(err)
		if e.Status != sfntypes.ExecutionStatusRunning {
			return e.Status, aws.ToString(e.Error) + ": " + aws.ToString(e.Cause)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// open gives this process the project that the functions work on.
func (a *account) project() *project.Project {
	a.t.Helper()
	for k, v := range map[string]string{"AWS_ENDPOINT_URL": *a.config.BaseEndpoint, "AWS_REGION": ministack.Region,
		"AWS_ENDPOINT_URL_REDSHIFT_DATA": a.red.DataAPI(), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"PGPASSWORD": a.red.Password()} {
		a.t.Setenv(k, v)
	}
	a.cloud = cloud.New()
	file := *a.file
	file.Warehouse.URL = a.wire() // the rows of a comparison come sooner that way
	p := project.New(project.World{Version: "test", Getenv: os.Getenv, ReadFile: os.ReadFile, Now: time.Now,
		Random: rand.NewChaCha8([32]byte{1}), HTTP: http.DefaultClient, Secrets: a.cloud.Secrets(),
		Drivers: a.cloud.Drivers()}, &file)
	a.check(p.OpenAll(a.t.Context()))
	return p
}

// lastRun is what the control table says of the newest run.
func (a *account) lastRun() string {
	p := a.project()
	defer p.Close()
	runs, err := p.Control.Runs(a.t.Context())
	if err != nil || len(runs) == 0 {
		return fmt.Sprint("no runs: ", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "run %s is %s: %s\n", runs[0].ID, runs[0].State, runs[0].Error)
	for _, o := range runs[0].Objects {
		fmt.Fprintf(&b, "  %s %s %s: %d records, %s %s %v\n", o.Object, o.State, o.Mover, o.Records, o.Error,
			o.Hint, o.Notes)
	}
	return b.String()
}

// agrees verifies every flow, as catchment verify does.
func (a *account) agrees() {
	a.t.Helper()
	p := a.project()
	defer p.Close()
	id, err := p.Control.NewRunID()
	a.check(err)
	flows, err := p.Flows(a.t.Context(), nil)
	a.check(err)
	var source, rows int64
	for _, fl := range flows {
		r, err := p.Verifier(verify.Options{Run: id, Holder: "verify", Sample: 3}).Flow(a.t.Context(), fl)
		a.check(err)
		if r.Missing+r.Extra+r.Stale+r.Duplicates > 0 || r.Source == 0 {
			a.t.Errorf("%s: %+v", fl.Object, r)
		}
		source, rows = source+r.Source, rows+r.Warehouse
	}
	a.t.Logf("%d records in the org, %d rows in the warehouse", source, rows)
}

// watch looks at a staging table while a run goes on. The function that it
// returns ends that, and checks that AppFlow had appended hundreds of rows more
// than there are records, there and in the log; the final table has none twice.
func (a *account) watch(table string) (check func()) {
	ctx, cancel := context.WithCancel(a.t.Context())
	most, done := int64(0), make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			// there is no table yet, or no staging
			if rows, ids, err := a.count(ctx, "salesforce_incremental."+table); err == nil {
				most = max(most, rows-ids)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return func() {
		a.t.Helper()
		cancel()
		<-done
		conn, err := pgx.Connect(a.t.Context(), a.red.URL())
		a.check(err)
		defer conn.Close(context.WithoutCancel(a.t.Context()))
		var staged, inserted int64
		a.check(conn.QueryRow(a.t.Context(),
			`SELECT sum(staged), sum(inserted) FROM salesforce_incremental._catchment_log WHERE table_name = '`+table+`'`).Scan(&staged, &inserted))
		a.t.Logf("%s: at most %d staged rows more than records; the log says %d staged, %d inserted", table, most,
			staged, inserted)
		if most < 100 || staged-inserted < 100 {
			a.t.Errorf("AppFlow's duplicates were not seen")
		}
		if rows, ids, err := a.count(a.t.Context(), "salesforce."+table); err != nil || rows != ids ||
			rows != inserted {
			a.t.Errorf("%d rows of %d records in salesforce.%s, %v", rows, ids, table, err)
		}
	}
}

func (a *account) count(ctx context.Context, table string) (rows, ids int64, err error) {
	conn, err := pgx.Connect(ctx, a.red.URL())
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, "SELECT count(*), count(DISTINCT id) FROM "+table).Scan(&rows, &ids)
	return rows, ids, err
}

// nothingLeft waits until the stacks that are being deleted are gone.
func (a *account) nothingLeft() {
	a.t.Helper()
	server := httptest.NewServer(a.stacks)
	defer server.Close()
	config := a.config
	config.BaseEndpoint = &server.URL
	for range 20 {
		if len(a.stacks.Stacks())+len(a.flows.Flows()) == 0 {
			return
		}
		for name := range a.stacks.Stacks() { // this stand-in gets on when it is looked at
			_, _ = awscfn.NewFromConfig(config).DescribeStacks(a.t.Context(),
				&awscfn.DescribeStacksInput{StackName: &name})
		}
	}
	a.t.Errorf("stacks and flows are left: %v %v", a.stacks.Stacks(), a.flows.Flows())
}
