package awserr_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"catchment/internal/awserr"
	"catchment/internal/plan"
)

// The sentence of a denial, as each service writes it: with a resource in
// quotes or without, with the kind of policy, wrapped by CloudFormation.
func TestDenialOf(t *testing.T) {
	const who = "User: arn:aws:sts::111122223333:assumed-role/catchment-load/x is not authorized to perform: "
	for name, c := range map[string]struct {
		text string
		want awserr.Denial
	}{
		"S3": {
			who + `s3:PutObject on resource: "arn:aws:s3:::pages/a b" because no identity-based policy allows the ` +
				"s3:PutObject action",
			awserr.Denial{Action: "s3:PutObject", Resource: "arn:aws:s3:::pages/a b"},
		},
		"S3, a bucket": {
			who + `s3:ListBucket on resource: "arn:aws:s3:::pages" because no identity-based policy allows the ` +
				"s3:ListBucket action",
			awserr.Denial{Action: "s3:ListBucket", Resource: "arn:aws:s3:::pages"},
		},
		"S3, a bucket's policy": {
			who + `s3:GetObject on resource: "arn:aws:s3:::pages/k" with an explicit deny in a resource-based policy`,
			awserr.Denial{Action: "s3:GetObject", Resource: "arn:aws:s3:::pages/k", Deny: "resource-based policy"},
		},
		"DynamoDB": {
			who + "dynamodb:Query on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/control because no " +
				"identity-based policy allows the dynamodb:Query action",
			awserr.Denial{Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/control"},
		},
		"AppFlow": {
			who + "appflow:StartFlow on resource: arn:aws:appflow:eu-west-1:111122223333:flow/catchment-account-1",
			awserr.Denial{Action: "appflow:StartFlow",
				Resource: "arn:aws:appflow:eu-west-1:111122223333:flow/catchment-account-1"},
		},
		"CloudFormation": {
			who + "cloudformation:CreateStack on resource: arn:aws:cloudformation:eu-west-1:111122223333:stack/a/* " +
				"because no identity-based policy allows the cloudformation:CreateStack action",
			awserr.Denial{Action: "cloudformation:CreateStack",
				Resource: "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/*"},
		},
		"CloudFormation, of a resource": {
			`Resource handler returned message: "` + who + "iam:PassRole on resource: " +
				"arn:aws:iam::111122223333:role/r because no identity-based policy allows the iam:PassRole action " +
				`(Service: Lambda, Status Code: 403, Request ID: 1)" (RequestToken: 1, HandlerErrorCode: AccessDenied)`,
			awserr.Denial{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/r"},
		},
		"STS": {
			who + "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/r",
			awserr.Denial{Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/r"},
		},
		"Redshift Data, over lines": {
			who + "redshift-data:ExecuteStatement on\nresource:\narn:aws:redshift:eu-west-1:111122223333:cluster:c\n" +
				"because no identity-based policy allows the redshift-data:ExecuteStatement action",
			awserr.Denial{Action: "redshift-data:ExecuteStatement",
				Resource: "arn:aws:redshift:eu-west-1:111122223333:cluster:c"},
		},
		"an organisation": {
			who + "kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/1 with an explicit deny in a " +
				"service control policy: arn:aws:organizations::444455556666:policy/o-1/service_control_policy/p-1",
			awserr.Denial{Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-1:111122223333:key/1",
				Deny: "service control policy"},
		},
		"without a resource": {
			who + "redshift-data:DescribeStatement because no identity-based policy allows it",
			awserr.Denial{Action: "redshift-data:DescribeStatement"},
		},
		"S3, as it was": {"Access Denied", awserr.Denial{}},
	} {
		got, ok := awserr.DenialOf(c.text)
		if got != c.want || ok != (c.want != awserr.Denial{}) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// What the service names is what has to be allowed, also where it is not the
// call: a role to pass, a key.
func TestDenialIsNamed(t *testing.T) {
	denied := func(message string) error {
		return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: message}
	}
	for _, c := range []struct{ says, hint string }{
		{"x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:::key/1 because no policy",
			"allow the role kms:Decrypt on arn:aws:kms:::key/1"},
		{"x is not authorized to perform: dynamodb:Query because no", "allow the role dynamodb:Query on table t"},
		{"Access Denied", "allow the role dynamodb:GetItem on table t"},
		{"x is not authorized to perform: dynamodb:Query on resource: t with an explicit deny in a session policy",
			"dynamodb:Query on t is denied explicitly, in the session policy"},
	} {
		err := awserr.Classed("dynamodb:GetItem", "table t", denied(c.says))
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), c.hint) {
			t.Errorf("%q: class %s, hint %q", c.says, plan.ClassOf(err), plan.HintOf(err))
		}
	}
}

// S3 denies an object that isn't there to whoever may not list: both are said.
// A denial that can't be meant so is told as it is.
func TestClassedRead(t *testing.T) {
	head := &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusForbidden}},
		Err:      errors.New("no body")}}
	denied := func(message string) error {
		return &smithy.GenericAPIError{Code: "AccessDenied", Message: message}
	}
	const who = "User: x is not authorized to perform: "
	for name, c := range map[string]struct {
		err        error
		says, hint string
	}{
		"head": {head, "no such object, or the role may not read it", "aws s3 ls s3://b/k"},
		"old":  {denied("Access Denied"), "no such object, or", "s3:GetObject on arn:aws:s3:::b/k"},
		"new": {denied(who + `s3:ListBucket on resource: "arn:aws:s3:::b" because`), "no such object, or",
			"aws s3 ls"},
		"key": {denied(who + "kms:Decrypt on resource: arn:aws:kms:::key/1 because"), "kms:Decrypt",
			"allow the role kms:Decrypt"},
		"denied": {denied(who + `s3:GetObject on resource: "b" with an explicit deny in a resource-based policy`), "",
			"no right helps"},
		"gone": {&smithy.GenericAPIError{Code: "NoSuchBucket"}, "", "make arn:aws:s3:::b first"},
	} {
		err := awserr.ClassedRead("b", "k", c.err)
		if !strings.Contains(err.Error(), c.says) || !strings.Contains(plan.HintOf(err), c.hint) ||
			!errors.Is(err, c.err) {
			t.Errorf("%s: %v, hint %q", name, err, plan.HintOf(err))
		}
	}
	if err := awserr.ClassedRead("b", "k", nil); err != nil {
		t.Error(err)
	}
}
