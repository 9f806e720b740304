package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awscfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	accounts "catchment/cmd/internal/account"
	"catchment/cmd/internal/cloud"
	script "catchment/deploy/aws"
	"catchment/internal/cli"
	"catchment/internal/fakeaws/ministack"
	"catchment/internal/project"
	"catchment/internal/rollout"
)

// takenJob is a Glue job of somebody else, under the name that the template's
// has: what makes or changes a stack fails there, in the middle.
const takenJob = "catchment-consolidate"

// TestAWSDeploy deploys by the command: a first try fails in the middle and
// leaves nothing, the second makes the stack; a change with new code fails in the
// middle, and the old code runs; the next brings it, and it runs; at last it is
// taken away. make aws calls it.
//
// Its CloudFormation isn't AWS's in some ways, which the tests of rollout and of
// account have instead: it makes one resource after the other, so that none is
// cancelled because of another; it puts tables, secrets and log groups over those
// that are there; and it makes a stack over one that is ROLLBACK_COMPLETE, which
// AWS wants to be deleted first.
func TestAWSDeploy(t *testing.T) {
	byMakeAWS(t)
	a := newAccount(t, variant{name: "deploy", more: byBulk, flows: sixFlows, data: true})
	d := &deployer{account: a, dir: t.TempDir()}
	text, err := a.s3().GetObject(t.Context(),
		&awss3.GetObjectInput{Bucket: aws.String("code"), Key: aws.String("catchment/catchment.yaml")})
	a.check(err)
	d.write(text.Body)
	first, second := *lambdaZip, d.build("the-second")
	common := []string{"aws", "deploy", "--bucket", "code", "--parameter", "WorkgroupId=" + workgroup}

	d.take(takenJob)
	d.fails(slices.Concat(common, []string{"--zip", first, "--parameter", "Consolidation=glue"}),
		"stack catchment is ROLLBACK_COMPLETE", "GlueJob (AWS::Glue::Job): ", "delete what has this name")
	d.nothingIsLeft()

	said := d.runs(slices.Concat(common, []string{"--zip", first, "--parameter", "Consolidation=lambda"}))
	d.says(said, "stack catchment is ROLLBACK_COMPLETE: it is deleted, and made anew", "stack catchment is made",
		`put {"client_id": "...", "client_secret": "..."} into secret catchment/salesforce`,
		"aws secretsmanager put-secret-value --secret-id catchment/salesforce",
		"aws stepfunctions start-execution --state-machine-arn ", "--parameter ScheduleState=ENABLED")
	a.machine = regexp.MustCompile(`(?m)^Machine (\S+)$`).FindStringSubmatch(said)[1]
	a.secrets()
	version := d.ran()
	if version == "the-second" {
		t.Fatalf("%s is not the program that was deployed", version)
	}

	d.says(d.runs([]string{"aws", "deploy", "--zip", first}), "stack catchment is unchanged")

	d.fails([]string{"aws", "deploy", "--zip", second, "--parameter", "Consolidation=glue"},
		"stack catchment is UPDATE_ROLLBACK_COMPLETE", "GlueJob (AWS::Glue::Job): ", "the stack is as it was before")
	if got := d.ran(); got != version {
		t.Errorf("%s runs after a change that was rolled back, not %s", got, version)
	}

	d.give(takenJob)
	d.says(d.runs([]string{"aws", "deploy", "--zip", second}), "uploaded", "stack catchment is changed")
	a.org.Clock().Advance(time.Hour)
	if got := d.ran(); got != "the-second" {
		t.Errorf("%s runs, not the new code", got)
	}
	a.agrees()

	d.fails([]string{"aws", "destroy"}, "stack catchment would be deleted", "add --yes")
	d.says(d.runs([]string{"aws", "destroy", "--yes"}), "stack catchment is deleted",
		"aws dynamodb delete-table --table-name catchment-control", "aws s3 rb s3://acme-catchment-stage --force",
		"aws secretsmanager delete-secret --secret-id ", "aws s3 rm s3://code/catchment --recursive")
	if s, err := d.cloud().Stack(t.Context(), "catchment"); err != nil || s.Status != "" {
		t.Errorf("the stack is %q, %v", s.Status, err)
	}
}

// A deployer runs the command with the account as its world.
type deployer struct {
	*account
	dir string
}

// write makes the configuration a file of this machine.
func (d *deployer) write(text io.ReadCloser) {
	d.t.Helper()
	defer text.Close()
	data, err := io.ReadAll(text)
	d.check(err)
	d.check(os.WriteFile(filepath.Join(d.dir, "catchment.yaml"), data, 0o600))
}

// build makes the zip of a version of the functions, as make lambda does.
func (d *deployer) build(version string) string {
	d.t.Helper()
	program, zip := filepath.Join(d.dir, version, "bootstrap"), filepath.Join(d.dir, version+".zip")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w -X main.version="+version, "-o",
		program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	for _, cmd := range []*exec.Cmd{build, exec.Command("go", "run", "../internal/pack", program, zip)} {
		if out, err := cmd.CombinedOutput(); err != nil {
			d.t.Fatalf("%v: %s", err, out)
		}
	}
	return zip
}

// command runs catchment, and gives all that it says.
func (d *deployer) command(args []string) (code int, said string) {
	d.t.Helper()
	for k, v := range map[string]string{"AWS_ENDPOINT_URL": *d.config.BaseEndpoint, "AWS_REGION": ministack.Region,
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} {
		d.t.Setenv(k, v)
	}
	named := cloud.New()
	var out bytes.Buffer
	code = cli.Main(d.t.Context(), cli.Program{
		World: project.World{Version: "test", Getenv: os.Getenv, ReadFile: os.ReadFile, Now: time.Now,
			Random: rand.Reader, HTTP: http.DefaultClient, Secrets: named.Secrets(), Drivers: named.Drivers()},
		Args: append(args, "--config", filepath.Join(d.dir, "catchment.yaml")), Stdout: &out, Stderr: &out,
		Cloud: cli.Cloud{Account: func() (rollout.Account, error) { return d.cloud(), nil }, Script: script.Consolidate,
			Pace: rollout.Pace{Every: 50 * time.Millisecond}},
	})
	return code, out.String()
}

func (d *deployer) cloud() *accounts.Account { return accounts.New(d.config, d.s3()) }

func (d *deployer) runs(args []string) string {
	d.t.Helper()
	code, said := d.command(args)
	if code != 0 {
		d.t.Fatalf("%v: exit %d\n%s", args, code, said)
	}
	return said
}

func (d *deployer) fails(args []string, want ...string) {
	d.t.Helper()
	code, said := d.command(args)
	if code != 2 {
		d.t.Fatalf("%v: exit %d\n%s", args, code, said)
	}
	d.says(said, want...)
}

func (d *deployer) says(said string, want ...string) {
	d.t.Helper()
	for _, w := range want {
		if !strings.Contains(said, w) {
			d.t.Errorf("it doesn't say %q:\n%s", w, said)
		}
	}
}

// take makes the job of somebody else; give deletes it.
func (d *deployer) take(job string) {
	d.t.Helper()
	_, err := glue.NewFromConfig(d.config).CreateJob(d.t.Context(), &glue.CreateJobInput{Name: &job,
		Role: aws.String("arn:aws:iam::000000000000:role/other"),
		Command: &gluetypes.JobCommand{Name: aws.String("glueetl"),
			ScriptLocation: aws.String("s3://other/script.py")}})
	d.check(err)
}

func (d *deployer) give(job string) {
	d.t.Helper()
	_, err := glue.NewFromConfig(d.config).DeleteJob(d.t.Context(), &glue.DeleteJobInput{JobName: &job})
	d.check(err)
}

// nothingIsLeft proves that a try that was rolled back has left neither table nor
// bucket, whose names the next one needs.
func (d *deployer) nothingIsLeft() {
	d.t.Helper()
	_, err := dynamodb.NewFromConfig(d.config).DescribeTable(d.t.Context(),
		&dynamodb.DescribeTableInput{TableName: aws.String("catchment-control")})
	if err == nil {
		d.t.Error("the table is left")
	}
	_, err = d.s3().HeadBucket(d.t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("acme-catchment-stage")})
	if err == nil {
		d.t.Error("the bucket is left")
	}
	out, err := awscfn.NewFromConfig(d.config).DescribeStacks(d.t.Context(),
		&awscfn.DescribeStacksInput{StackName: aws.String("catchment")})
	if err != nil || out.Stacks[0].StackStatus != "ROLLBACK_COMPLETE" {
		d.t.Errorf("%+v, %v", out, err)
	}
}

// ran runs the machine, to a good end, and tells by the functions' logs which
// code that was: the same in each.
func (d *deployer) ran() (version string) {
	d.t.Helper()
	d.run()
	for _, function := range []string{"list", "load", "consolidate"} {
		said := d.log("/aws/lambda/catchment-" + function)
		if version != "" && said != version {
			d.t.Errorf("%s is %s, and others are %s", function, said, version)
		}
		version = said
	}
	return version
}

// log gives the version that a function's log named last.
func (d *deployer) log(group string) (version string) {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"logGroupName": group})
	d.check(err)
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, *d.config.BaseEndpoint,
		bytes.NewReader(body))
	d.check(err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "Logs_20140328.FilterLogEvents")
	who, err := d.config.Credentials.Retrieve(d.t.Context())
	d.check(err)
	d.check(v4.NewSigner().SignHTTP(d.t.Context(), who, req, fmt.Sprintf("%x", sha256.Sum256(body)), "logs",
		ministack.Region, time.Now()))
	resp, err := http.DefaultClient.Do(req)
	d.check(err)
	defer resp.Body.Close()
	var said struct{ Events []logged }
	d.check(json.NewDecoder(resp.Body).Decode(&said))
	slices.SortStableFunc(said.Events, func(a, b logged) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	for _, e := range said.Events {
		if v, ok := strings.CutPrefix(strings.TrimSpace(e.Message), "catchment "); ok {
			version = v
		}
	}
	if version == "" {
		d.t.Errorf("the log %s names no version: %+v", group, said)
	}
	return version
}

// A logged line is one of a function's log.
type logged struct {
	Message   string
	Timestamp int64
}
