package account

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/awserr"
	"catchment/internal/mover/appflow"
)

// Running are the executions of a machine that haven't ended.
func (a *Account) Running(ctx context.Context, machine string) ([]string, error) {
	var arns []string
	pages := sfn.NewListExecutionsPaginator(a.runs, &sfn.ListExecutionsInput{
		StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, gone := errors.AsType[*types.StateMachineDoesNotExist](err); gone {
			return nil, nil
		}
		if err != nil {
			return nil, awserr.Classed("states:ListExecutions", machine, err)
		}
		for _, e := range page.Executions {
			arns = append(arns, aws.ToString(e.ExecutionArn))
		}
	}
	return arns, nil
}

// Left names the stacks and flows that runs of a deployment have made.
func (a *Account) Left(ctx context.Context, deployment string) ([]string, error) {
	return appflow.Left(ctx, a.stacks, a.flows, deployment)
}

// Remove deletes a stack and the flow of its name.
func (a *Account) Remove(ctx context.Context, name string) error {
	return appflow.TakeAway(ctx, a.stacks, a.flows, name)
}
