// Package account is AWS as deploying needs it: CloudFormation, a bucket for
// what is deployed, and what runs have left. Only the program of a person's
// machine has it; the functions deploy nothing.
//
// It has no decisions of its own: those are rollout's. Start at New.
package account

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"catchment/internal/awserr"
	"catchment/internal/plan"
	"catchment/internal/rollout"
)

// An Account is one account of AWS, in one Region.
type Account struct {
	region string
	stacks *cloudformation.Client
	s3     *s3.Client
	sts    *sts.Client
	flows  *appflow.Client
	runs   *sfn.Client
}

var _ rollout.Account = (*Account)(nil)

// New makes an Account of a configuration of the SDK, and a client of S3.
func New(c aws.Config, s3 *s3.Client) *Account {
	return &Account{
		region: c.Region, stacks: cloudformation.NewFromConfig(c), s3: s3, sts: sts.NewFromConfig(c),
		flows: appflow.NewFromConfig(c), runs: sfn.NewFromConfig(c),
	}
}

// number is the account's.
func (a *Account) number(ctx context.Context) (string, error) {
	out, err := a.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", awserr.Classed("sts:GetCallerIdentity", "the account", err)
	}
	return aws.ToString(out.Account), nil
}

// refused gives an error of CloudFormation its class. What it finds wrong with
// a request is a matter for the user: a parameter, the template, a stack that is
// protected.
func refused(action, stack string, err error) error {
	if awserr.CodeOf(err) != "ValidationError" {
		return awserr.Classed(action, "stack "+stack, err)
	}
	text := err.Error()
	if strings.Contains(text, "_IN_PROGRESS") {
		return plan.Failf(plan.Retry, "wait for its end, then again", "%s on stack %s: %w", action, stack, err)
	}
	return plan.Fixf("see what CloudFormation says of it", "%s on stack %s: %w", action, stack, err)
}
