// Package awserr gives the errors of AWS their class and a hint, the same way
// in every driver: what is throttled or broken is tried again, what is not
// allowed names the permission that is missing.
//
// It leaves to each driver the answers that are part of its own contract, such
// as a key that is taken. Start at Classed.
package awserr

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// Classed wraps an error of the call action, such as "s3:PutObject", on
// resource. The action is spelled as policies spell it, since a role that lacks
// it is told so. nil stays nil.
func Classed(action, resource string, err error) error {
	if err == nil {
		return nil
	}
	class, hint := classOf(action, resource, err)
	return plan.Failf(class, hint, "%s on %s: %w", action, resource, printable.Error(err))
}

// CodeOf tells the error code that a service gave, or "".
func CodeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// StatusOf tells the HTTP status that a service gave, or 0.
func StatusOf(err error) int {
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return r.HTTPStatusCode()
	}
	return 0
}

// denies tells whether an answer means that a right is missing. Who is logged in
// wrongly is told so with the same status, by codes of its own.
func denies(code string, status int) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException", "AllAccessDisabled",
		"NotAuthorized", "AuthorizationError", "Forbidden":
		return true
	}
	return status == http.StatusForbidden && !loginCodes[code]
}

// loginCodes are those of a caller whom AWS doesn't know.
var loginCodes = map[string]bool{
	"ExpiredToken": true, "ExpiredTokenException": true, "InvalidClientTokenId": true,
	"UnrecognizedClientException": true, "InvalidAccessKeyId": true, "SignatureDoesNotMatch": true,
	"InvalidSignatureException": true, "IncompleteSignature": true, "MissingAuthenticationToken": true,
	"RequestExpired": true, "InvalidToken": true, "TokenRefreshRequired": true,
}

func classOf(action, resource string, err error) (plan.Class, string) {
	code, status := CodeOf(err), StatusOf(err)
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled || status == http.StatusTooManyRequests {
		return plan.Retry, "AWS asks for fewer calls: lower limits.flows if this goes on"
	}
	if code == "RequestTimeTooSkewed" {
		return plan.Fix, "set this machine's clock"
	}
	if denies(code, status) {
		return plan.Fix, denialOf(action, resource, err).Hint()
	}
	if loginCodes[code] {
		return plan.Fix, "log in to AWS anew (aws sso login), or correct the keys that AWS_PROFILE names"
	}
	switch code {
	case "NoSuchBucket", "ResourceNotFoundException":
		return plan.Fix, "make " + resource +
			" first, as the template of catchment aws render does, or look at AWS_REGION and the account"
	case "RequestTimeout", "RequestTimeoutException", "InternalServerError", "InternalError", "ServiceUnavailable",
		"InternalServiceError":
		return plan.Retry, ""
	}
	switch {
	case status >= 500:
		return plan.Retry, ""
	case code != "" || status > 0:
		return plan.Bug, ""
	case strings.Contains(err.Error(), "get credentials"), strings.Contains(err.Error(), "Missing Region"),
		strings.Contains(err.Error(), "failed to resolve service endpoint"):
		return plan.Fix, "say who you are to AWS: AWS_PROFILE and AWS_REGION, or a role of the machine"
	}
	return plan.Retry, ""
}
