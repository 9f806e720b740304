package appflow_test

import (
	"slices"
	"testing"

	sdkflow "github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"catchment/internal/mover/appflow"
)

// Whoever takes a deployment away finds its stacks and lasting flows, each once,
// and nothing of another deployment, or of another program that wears our tags.
func TestLeft(t *testing.T) {
	r := newRig(t, nil)
	stacked, lasting := r.lander(nil), r.lander(func(c *appflow.Config) { c.Lasting = true })
	theirs := r.lander(func(c *appflow.Config) { c.Lasting, c.Deployment = true, "other" })
	q := r.request("attempt-1")
	var ours []string
	for _, l := range []*appflow.Lander{stacked, lasting, theirs} {
		at, err := r.made(l, q, l.Plan(q))
		if err != nil {
			t.Fatal(err)
		}
		if l != theirs {
			ours = append(ours, at.ID)
		}
	}
	flow, err := r.config.Flows.DescribeFlow(t.Context(), &sdkflow.DescribeFlowInput{FlowName: &ours[1]})
	if err != nil {
		t.Fatal(err)
	}
	name := "another-program"
	if _, err := r.config.Flows.CreateFlow(t.Context(), &sdkflow.CreateFlowInput{FlowName: &name, Tags: flow.Tags,
		SourceFlowConfig: flow.SourceFlowConfig, DestinationFlowConfigList: flow.DestinationFlowConfigList,
		Tasks: flow.Tasks, TriggerConfig: flow.TriggerConfig}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ours)
	left, err := appflow.Left(t.Context(), r.config.Stacks, r.config.Flows, "test")
	if err != nil || !slices.Equal(left, ours) {
		t.Fatalf("%q, want %q, %v", left, ours, err)
	}
	for _, name := range left {
		if err := appflow.TakeAway(t.Context(), r.config.Stacks, r.config.Flows, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 5 { // this stand-in gets on with a stack when somebody looks at that
		for _, name := range ours {
			_, _ = r.config.Stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		}
	}
	left, err = appflow.Left(t.Context(), r.config.Stacks, r.config.Flows, "test")
	if err != nil || len(left) > 0 || len(r.flows.Flows()) != 2 {
		t.Errorf("%q is left of ours, %q of all, %v", left, r.flows.Flows(), err)
	}
}
