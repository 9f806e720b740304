package appflow

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Left names the stacks and flows that runs of a deployment have made, for whoever
// takes the deployment away: lasting flows, and what a run that broke off has
// left. A stack and its flow have one name.
func Left(
	ctx context.Context, stacks *cloudformation.Client, flows *appflow.Client, deployment string,
) ([]string, error) {
	var names []string
	l := Lander{Config{Deployment: deployment}}
	in := &cloudformation.DescribeStacksInput{}
	for pages := cloudformation.NewDescribeStacksPaginator(stacks, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(err, "cloudformation:DescribeStacks")
		}
		for _, s := range page.Stacks {
			if s.StackStatus != cf.StackStatusDeleteComplete && tagOf(s.Tags, tagDeployment) == l.deployment() {
				names = append(names, aws.ToString(s.StackName))
			}
		}
	}
	for pages := appflow.NewListFlowsPaginator(flows, &appflow.ListFlowsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(err, "appflow:ListFlows")
		}
		for _, f := range page.Flows {
			if f.Tags[tagDeployment] == l.deployment() {
				names = append(names, aws.ToString(f.FlowName))
			}
		}
	}
	// Tags are anybody's to set, names begin with ours.
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, namePrefix) })
	slices.Sort(names)
	return slices.Compact(names), nil
}

// TakeAway deletes a stack and the flow of its name, whatever they do.
func TakeAway(ctx context.Context, stacks *cloudformation.Client, flows *appflow.Client, name string) error {
	l := Lander{Config{Stacks: stacks, Flows: flows}}
	return l.takeAway(ctx, name)
}

func tagOf(tags []cf.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}
