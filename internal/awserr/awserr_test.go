package awserr_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"catchment/internal/awserr"
	"catchment/internal/plan"
)

// A role that lacks a permission is told which, and on what; what is throttled
// or broken is tried again, whatever a service calls it.
func TestClassed(t *testing.T) {
	code := func(c string) error {
		return fmt.Errorf("operation: %w", &smithy.GenericAPIError{Code: c, Message: "said so"})
	}
	status := func(n int) error {
		return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: n}}, Err: errors.New("no body")}}
	}
	for _, c := range []struct {
		err   error
		class plan.Class
		hint  string
	}{
		{code("AccessDenied"), plan.Fix, "allow the role glue:StartJobRun on job nightly"},
		{code("AccessDeniedException"), plan.Fix, "allow the role glue:StartJobRun on job nightly"},
		{code("UnauthorizedOperation"), plan.Fix, "allow the role glue:StartJobRun on job nightly"},
		{status(http.StatusForbidden), plan.Fix, "allow the role glue:StartJobRun on job nightly"},
		{code("ThrottlingException"), plan.Retry, "fewer calls"},
		{code("Throttling"), plan.Retry, "fewer calls"},
		{code("TooManyRequestsException"), plan.Retry, "fewer calls"},
		{code("RequestLimitExceeded"), plan.Retry, "fewer calls"},
		{code("ProvisionedThroughputExceededException"), plan.Retry, "fewer calls"},
		{code("SlowDown"), plan.Retry, "fewer calls"},
		{status(http.StatusTooManyRequests), plan.Retry, "fewer calls"},
		{status(http.StatusServiceUnavailable), plan.Retry, ""},
		{code("InternalServerError"), plan.Retry, ""},
		{code("ExpiredTokenException"), plan.Fix, "aws sso login"},
		{code("UnrecognizedClientException"), plan.Fix, "aws sso login"},
		{code("ResourceNotFoundException"), plan.Fix, "make job nightly first"},
		{code("ValidationException"), plan.Bug, ""},
		{errors.New("failed to get credentials: none"), plan.Fix, "AWS_PROFILE"},
		{errors.New("connection reset by peer"), plan.Retry, ""},
	} {
		err := awserr.Classed("glue:StartJobRun", "job nightly", c.err)
		if plan.ClassOf(err) != c.class || !strings.Contains(plan.HintOf(err), c.hint) ||
			(c.hint == "") != (plan.HintOf(err) == "") {
			t.Errorf("%v: class %s, hint %q", err, plan.ClassOf(err), plan.HintOf(err))
		}
		if !errors.Is(err, c.err) || !strings.HasPrefix(err.Error(), "glue:StartJobRun on job nightly: ") {
			t.Errorf("%v says neither what was asked nor what came back", err)
		}
	}
	if err := awserr.Classed("a", "b", nil); err != nil {
		t.Error(err)
	}
}

// What a service says commands no terminal, and its code is still known.
func TestClassedIsPrintable(t *testing.T) {
	err := awserr.Classed("s3:PutObject", "b", &smithy.GenericAPIError{Code: "AccessDenied", Message: "no \x1b[2J\nok"})
	if got := err.Error(); !strings.Contains(got, `no \x1b[2J\nok`) || awserr.CodeOf(err) != "AccessDenied" {
		t.Errorf("%q, %s", got, awserr.CodeOf(err))
	}
}
