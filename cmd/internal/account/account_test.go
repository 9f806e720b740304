package account_test

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/cmd/internal/account"
	"catchment/internal/fakeaws/ministack"
	"catchment/internal/plan"
	"catchment/internal/rollout"
)

// cloud is the AWS of this package's tests.
var cloud ministack.Server

func TestMain(m *testing.M) { ministack.Main(m, &cloud) }

func storage(t *testing.T) *awss3.Client {
	return awss3.NewFromConfig(cloud.Config(t), func(o *awss3.Options) { o.UsePathStyle = true })
}

// program is a zip with the head of a program for Linux.
func program(t *testing.T) []byte {
	t.Helper()
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[52] = 2, byte(elf.EM_X86_64), 1, 64
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = w.Write(head)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A try is a stack of a small template, and who deploys it.
type try struct {
	rollout.Work
	t     *testing.T
	stack string
	told  *[]string
}

func newTry(t *testing.T, stack string) try {
	t.Helper()
	var told []string
	token := 0
	return try{t: t, stack: stack, told: &told, Work: rollout.Work{
		Account: account.New(cloud.Config(t), storage(t)), Pace: rollout.Pace{Every: 10 * time.Millisecond},
		Token: func() string { token++; return fmt.Sprintf("%s-%d", stack, token) },
		Tell:  func(p rollout.Progress) { told = append(told, p.Text+p.Event.Status+" "+p.Event.Resource) },
	}}
}

// template has the parameters that Deploy gives, and these resources.
func template(resources string) []byte {
	return []byte(`{"Parameters": {"CodeBucket": {"Type": "String"}, "CodeKey": {"Type": "String"},
		"ConfigKey": {"Type": "String"}, "ScriptKey": {"Type": "String"}, "Architecture": {"Type": "String"},
		"Schedule": {"Type": "String", "Default": "rate(1 hour)"}},
		"Resources": {` + resources + `},
		"Outputs": {"Key": {"Value": {"Ref": "CodeKey"}}, "Schedule": {"Value": {"Ref": "Schedule"}},
			"Architecture": {"Value": {"Ref": "Architecture"}}}}`)
}

// table is a resource that is easily made; jobs can't have a name twice.
func table(name, policy string) string {
	return fmt.Sprintf(`"%[1]s": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "%[2]s", "Properties": {
		"TableName": "%[1]s", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}`, name, policy)
}

func job(logical, name, after string) string {
	if after != "" {
		after = `"DependsOn": "` + after + `",`
	}
	return fmt.Sprintf(`"%s": {"Type": "AWS::Glue::Job", %s "Properties": {"Name": "%s",
		"Role": "arn:aws:iam::0:role/r",
		"Command": {"Name": "glueetl", "ScriptLocation": "s3://a/b"}}}`, logical, after, name)
}

func (y try) deployment(text []byte, parameters map[string]string) rollout.Deployment {
	return rollout.Deployment{Stack: y.stack, Template: text, Config: []byte("version: 1\n"), Script: []byte("pass\n"),
		Zip: rollout.File{Name: "lambda.zip", Text: program(y.t)}, Parameters: parameters}
}

func (y try) deploys(text []byte, parameters map[string]string) rollout.Deployed {
	y.t.Helper()
	done, err := y.Deploy(y.t.Context(), y.deployment(text, parameters))
	if err != nil {
		y.t.Fatalf("%v, hint %q", err, plan.HintOf(err))
	}
	return done
}

func (y try) refused(text []byte, class plan.Class, want ...string) {
	y.t.Helper()
	_, err := y.Deploy(y.t.Context(), y.deployment(text, nil))
	if err == nil || plan.ClassOf(err) != class {
		y.t.Fatalf("%v of class %s", err, plan.ClassOf(err))
	}
	for _, w := range want {
		if !strings.Contains(err.Error()+"\n"+plan.HintOf(err), w) {
			y.t.Errorf("%v, hint %q\ndoesn't say %q", err, plan.HintOf(err), w)
		}
	}
}

// A stack is made, is left alone where nothing changed, and keeps the parameters
// that aren't given. The bucket is the account's own, and closed.
func TestDeploy(t *testing.T) {
	y := newTry(t, "made")
	text := template(table("made", "Retain"))
	done := y.deploys(text, map[string]string{"Schedule": "rate(2 hours)"})
	if !done.Made || done.Stack.Outputs["Schedule"] != "rate(2 hours)" ||
		done.Stack.Outputs["Architecture"] != "x86_64" || done.Bucket != "catchment-code-000000000000-us-east-1" ||
		!strings.HasSuffix(done.Stack.Outputs["Key"], "/lambda.zip") {
		t.Errorf("%+v", done)
	}
	if again := y.deploys(text, nil); !again.Unchanged || again.Stack.Outputs["Schedule"] != "rate(2 hours)" {
		t.Errorf("%+v", again)
	}
	changed := y.deploys(template(table("made", "Retain")+","+job("More", "more", "")), nil)
	if changed.Made || changed.Unchanged || changed.Stack.Outputs["Schedule"] != "rate(2 hours)" {
		t.Errorf("%+v", changed)
	}
	if !slices.Contains(*y.told, "UPDATE_COMPLETE made") || !slices.Contains(*y.told, "CREATE_COMPLETE made") {
		t.Errorf("it told %q", *y.told)
	}
	policy, err := storage(t).GetBucketPolicy(t.Context(), &awss3.GetBucketPolicyInput{Bucket: &done.Bucket})
	if err != nil || !strings.Contains(aws.ToString(policy.Policy), "aws:SecureTransport") {
		t.Errorf("%+v, %v", policy, err)
	}
	block, err := storage(t).GetPublicAccessBlock(t.Context(), &awss3.GetPublicAccessBlockInput{Bucket: &done.Bucket})
	if err != nil || !aws.ToBool(block.PublicAccessBlockConfiguration.RestrictPublicBuckets) {
		t.Errorf("%+v, %v", block, err)
	}
	encryption, err := storage(t).GetBucketEncryption(t.Context(),
		&awss3.GetBucketEncryptionInput{Bucket: &done.Bucket})
	if err != nil || len(encryption.ServerSideEncryptionConfiguration.Rules) != 1 {
		t.Errorf("%+v, %v", encryption, err)
	}
}

// What fails in the middle leaves nothing, though the table is to be retained;
// the next try begins anew. A change that fails leaves the stack as it was.
func TestFailureInTheMiddle(t *testing.T) {
	newTry(t, "other").deploys(template(job("Taken", "taken", "")), nil)
	y := newTry(t, "middle")
	text := template(table("middle", "Retain") + "," + job("Mine", "taken", "middle"))
	y.refused(text, plan.Fix, "stack middle is ROLLBACK_COMPLETE", "Mine (AWS::Glue::Job): ", "already exists",
		"choose another", "first deletes what is left")
	if !slices.Contains(*y.told, "DELETE_COMPLETE middle") {
		t.Errorf("the table is left: %q", *y.told)
	}
	if done := y.deploys(template(table("middle", "Retain")), nil); !done.Made {
		t.Errorf("%+v", done)
	}
	y.refused(text, plan.Fix, "stack middle is UPDATE_ROLLBACK_COMPLETE", "Mine (AWS::Glue::Job): ", "as it was before")
	if done := y.deploys(template(table("middle", "Retain")+","+job("Mine", "free", "middle")), nil); done.Made {
		t.Errorf("%+v", done)
	}
}

// A name that is taken is found before anything is made, and told by its resource.
func TestNameIsTaken(t *testing.T) {
	bucket := "taken-by-somebody"
	if _, err := storage(t).CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	y := newTry(t, "names")
	y.refused(template(`"Pages": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "`+bucket+`"}}`), plan.Fix,
		"Pages (AWS::S3::Bucket): ", bucket, "already exists")
}

// A template that doesn't fit into a request goes by the bucket.
func TestLongTemplate(t *testing.T) {
	y := newTry(t, "long")
	text := append(template(table("long", "Delete")), strings.Repeat(" ", 60_000)...)
	if done := y.deploys(text, nil); !done.Made {
		t.Errorf("%+v", done)
	}
}

// What CloudFormation finds wrong with a request is told as it says it.
func TestRefusedRequest(t *testing.T) {
	y := newTry(t, "refused")
	y.refused(template(`"A": {"Type": "AWS::No::Such"}`), plan.Fix, "cloudformation:CreateStack on stack refused",
		"AWS::No::Such")
}

// Whoever names a bucket has to have it.
func TestNamedBucket(t *testing.T) {
	_, err := account.New(cloud.Config(t), storage(t)).Bucket(t.Context(), "nobody-has-this")
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "aws s3 mb s3://nobody-has-this") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
}

// What is to be kept is told, with the command that deletes it.
func TestDestroy(t *testing.T) {
	y := newTry(t, "gone")
	y.deploys(template(table("kept", "Retain")+","+table("dropped", "Delete")), nil)
	found, err := y.Survey(t.Context(), rollout.Target{Stack: "gone"})
	if err != nil || found.Stack.Status != "CREATE_COMPLETE" {
		t.Fatalf("%+v, %v", found, err)
	}
	gone, err := y.Destroy(t.Context(), found)
	want := []rollout.Kept{{Type: "AWS::DynamoDB::Table", Name: "kept",
		Command: "aws dynamodb delete-table --table-name kept", TakenBy: "ControlTable=existing"}}
	if err != nil || !slices.Equal(gone.Kept, want) {
		t.Errorf("%+v, %v", gone, err)
	}
	found, err = y.Survey(t.Context(), rollout.Target{Stack: "gone"})
	if err != nil || found.Stack.Status != "" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := y.Destroy(t.Context(), found); err != nil {
		t.Errorf("done again: %v", err)
	}
}

// A call that is stopped ends, and the stack gets on without it.
func TestStopped(t *testing.T) {
	y := newTry(t, "stopped")
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	y.Work.Tell = func(p rollout.Progress) {
		if strings.HasPrefix(p.Text, "making") {
			cancel(stop)
		}
	}
	if _, err := y.Deploy(ctx, y.deployment(template(table("stopped", "Delete")), nil)); err == nil {
		t.Error("it goes on")
	}
}
