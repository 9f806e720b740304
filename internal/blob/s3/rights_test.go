package s3

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"catchment/internal/blob"
	"catchment/internal/fakeaws/ministack"
	"catchment/internal/plan"
)

// strict is an AWS of these tests.
var strict ministack.Server

// somebody has a role that may do no more than these actions on the objects of
// a bucket: nobody gave it s3:ListBucket.
func somebody(t *testing.T, bucket, actions string) aws.Config {
	t.Helper()
	config := strict.Config(t)
	client := cloudformation.NewFromConfig(config)
	template := fmt.Sprintf(`{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
		"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
			"Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "sts:AssumeRole"}]},
		"Policies": [{"PolicyName": "objects", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Action": [%s], "Resource": "arn:aws:s3:::%s/*"}]}}]}}},
		"Outputs": {"Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}}`, actions, bucket)
	name := aws.String("somebody-" + bucket)
	if _, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: name,
		TemplateBody: &template, Capabilities: []types.Capability{types.CapabilityCapabilityIam}}); err != nil {
		t.Fatal(err)
	}
	for {
		out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
		if err != nil {
			t.Fatal(err)
		}
		switch s := out.Stacks[0]; s.StackStatus {
		case types.StackStatusCreateInProgress:
			time.Sleep(20 * time.Millisecond)
		case types.StackStatusCreateComplete:
			session, err := sts.NewFromConfig(config).AssumeRole(t.Context(), &sts.AssumeRoleInput{
				RoleArn: s.Outputs[0].OutputValue, RoleSessionName: aws.String("test")})
			if err != nil {
				t.Fatal(err)
			}
			c := session.Credentials
			config.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId),
				aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
			return config
		default:
			t.Fatalf("the stack is %s: %s", s.StackStatus, aws.ToString(s.StackStatusReason))
		}
	}
}

// restricted is a Store of such a role, of an empty bucket.
func restricted(t *testing.T, bucket, actions string) *Store {
	t.Helper()
	pathStyle := func(o *s3.Options) { o.UsePathStyle = true }
	owner := s3.NewFromConfig(strict.Config(t), pathStyle)
	if _, err := owner.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	config := somebody(t, bucket, actions)
	s, err := New(s3.NewFromConfig(config, pathStyle), bucket)
	if err != nil {
		t.Fatal(err)
	}
	s.partSize = 500
	return s
}

// Whoever may not list the bucket puts all the same, in one piece and in parts,
// and nothing is written over.
func TestPutWithoutListBucket(t *testing.T) {
	s := restricted(t, "unlisted", `"s3:PutObject", "s3:GetObject"`)
	for key, text := range map[string]string{"small": "a", "large": strings.Repeat("a", 1200)} {
		if _, err := s.Put(t.Context(), key, strings.NewReader(text)); err != nil {
			t.Fatalf("%s: %v, hint %q", key, err, plan.HintOf(err))
		}
		if _, err := s.Put(t.Context(), key, bytes.NewReader([]byte("b"))); !errors.Is(err, blob.ErrExists) {
			t.Errorf("%s is put again: %v", key, err)
		}
	}
	_, err := s.Open(t.Context(), "nothing/here")
	if plan.ClassOf(err) != plan.Fix || errors.Is(err, blob.ErrNotFound) ||
		!strings.Contains(err.Error(), "no such object, or the role may not read it") ||
		!strings.Contains(plan.HintOf(err), "aws s3 ls s3://unlisted/nothing/here") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
}

// A right that is missing is named, with what it is missing on.
func TestRightsAreNamed(t *testing.T) {
	s := restricted(t, "unwritten", `"s3:GetObject"`)
	_, err := s.Put(t.Context(), "k", strings.NewReader("x"))
	if want := "allow the role s3:PutObject on arn:aws:s3:::unwritten/k"; plan.HintOf(err) != want {
		t.Errorf("%v, hint %q, want %q", err, plan.HintOf(err), want)
	}
	for _, err := range s.List(t.Context(), "") {
		if want := "allow the role s3:ListBucket on arn:aws:s3:::unwritten"; plan.HintOf(err) != want {
			t.Errorf("%v, hint %q, want %q", err, plan.HintOf(err), want)
		}
	}
	err = s.Delete(t.Context(), "k")
	if want := "allow the role s3:DeleteObject on arn:aws:s3:::unwritten/k"; plan.HintOf(err) != want {
		t.Errorf("%v, hint %q, want %q", err, plan.HintOf(err), want)
	}
}

// S3 answers HEAD without a body, so that only the status tells of a denial:
// the put, whose condition decides, is tried.
func TestHeadIsNoJudge(t *testing.T) {
	s := open(t, "%s", func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusForbidden)
		}
		return r.Method == http.MethodHead
	})
	if _, err := s.Put(t.Context(), "k", strings.NewReader("x")); err != nil {
		t.Error(err)
	}
	if _, err := s.Put(t.Context(), "k", strings.NewReader("y")); !errors.Is(err, blob.ErrExists) {
		t.Error(err)
	}
}
