package appflow

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	"github.com/aws/smithy-go"

	"catchment/internal/awserr"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// classify gives an error of AWS its class. permission is what the role needs
// for the call.
func classify(err error, permission string) error {
	if err == nil {
		return nil
	}
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok:
	case errors.Is(err, context.Canceled) || plan.ClassOf(err) != plan.Bug: // somebody has classed it already
		return err
	case strings.Contains(err.Error(), "credentials"):
		return plan.Fixf("give this process an AWS role, or AWS_PROFILE", "%w", err)
	default: // it never got there
		return &plan.Failure{Class: plan.Retry, Err: err}
	}
	class, hint := classOfCode(api.ErrorCode(), api.ErrorMessage(), permission)
	text := printable.Message(api.ErrorCode() + ": " + api.ErrorMessage())
	return &plan.Failure{Class: class, Hint: hint, Err: &refusal{text, err}}
}

// A refusal says what AWS said, without the request ids and names of
// operations that the SDK puts around it.
type refusal struct {
	text string
	err  error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.err }

func classOfCode(code, message, permission string) (plan.Class, string) {
	switch code {
	case "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded",
		"InternalServerException",
		"InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "ConnectorServerException",
		"ConflictException":
		return plan.Retry, ""
	case "ServiceQuotaExceededException", "LimitExceededException":
		return plan.Wait, "delete flows and stacks that nobody needs, ask AWS for a higher quota, " +
			"or set fewer flows at a time (limits.flows)"
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		if d, ok := awserr.DenialOf(message); ok {
			return plan.Fix, d.Hint()
		}
		return plan.Fix, "give the role the permission " + permission
	case "ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId":
		return plan.Fix, "log in to AWS again"
	case "ValidationError", "ValidationException":
		if class, hint := classOfReason(message); class != plan.Retry {
			return class, hint
		}
		return plan.Fix, "AWS refuses the request: see the reason"
	case "ConnectorAuthenticationException":
		return plan.Fix, "connect AppFlow's connector profile again"
	}
	return classOfReason(message)
}

// classOfReason knows the texts in which AppFlow and CloudFormation say why a
// flow or a stack came to nothing.
func classOfReason(reason string) (plan.Class, string) {
	text := strings.ToLower(reason)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	if d, ok := awserr.DenialOf(reason); ok {
		return plan.Fix, d.Hint()
	}
	switch {
	case has("rate exceeded", "throttl", "too many requests", "internal failure", "internal error", "timed out",
		"timeout", "service unavailable"):
		return plan.Retry, ""
	case has("quota", "limit exceeded", "request_limit_exceeded", "maximum number"):
		return plan.Wait, "delete flows that nobody needs, or ask AWS for a higher quota"
	case has("must be installed"):
		return plan.Fix, "have an administrator install AppFlow's connected app in the org (Setup, " +
			"Connected Apps OAuth Usage)"
	case has("log in to salesforce", "invalid_grant", "authenticat", "expired access", "oauth"):
		return plan.Fix, "connect AppFlow's connector profile of Salesforce again"
	case has("insufficient_access", "insufficient access", "insufficient privileges", "invalid_type"):
		return plan.Fix, "in Salesforce, let the user of AppFlow's connector profile read the object and its fields, " +
			"by a permission set; or take the flow out"
	case has("not authorized", "access denied", "accessdenied", "permission"):
		return plan.Fix, "give the role, or AppFlow's connector profile, the permission that is named"
	case has("connector profile"):
		return plan.Fix, "set appflow.salesforce and appflow.redshift to connector profiles that exist"
	case has("validationexception", "validation", "unrecognized resource", "operator", "invalid"):
		return plan.Fix, "AppFlow refuses the flow: see the reason"
	case has("no such column", "invalid_field", "does not exist"):
		return plan.Fix, "a field, column or table is gone: see the reason"
	}
	return plan.Retry, ""
}

func notFound(err error) bool {
	_, ok := errors.AsType[*types.ResourceNotFoundException](err)
	return ok
}

// exists tells whether a call came too late: the flow is there, or runs.
func exists(err error) bool {
	_, ok := errors.AsType[*types.ConflictException](err)
	return ok
}

// noStack tells whether a stack doesn't exist: CloudFormation has no code of
// its own for that.
func noStack(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}
