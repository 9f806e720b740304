package appflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"catchment/internal/mover"
	"catchment/internal/plan"
)

// The tags of our stacks and flows.
const (
	tagDeployment = "catchment-deployment"
	tagRun        = "catchment-run"
	tagObject     = "catchment-object"
)

// makesAtMost is how often a stack that came to nothing is made anew within a
// run.
const makesAtMost = 3

// Make gets on with making the flow of a landing.
func (l *Lander) Make(ctx context.Context, r mover.LandRequest, at mover.Landing) (mover.Landing, error) {
	if at.Made {
		return at, nil
	}
	var err error
	if l.c.Lasting {
		at, err = l.makeLasting(ctx, r, at)
	} else {
		at, err = l.makeStack(ctx, r, at)
	}
	if err != nil {
		err = fmt.Errorf("flow %s of %s: %w", at.Flow(), r.Object, err)
	}
	return at, err
}

// makeStack looks at the stack of a landing and does what it needs.
func (l *Lander) makeStack(ctx context.Context, r mover.LandRequest, at mover.Landing) (mover.Landing, error) {
	s, err := l.stack(ctx, at.Flow())
	if err != nil {
		return at, err
	}
	if s != nil && l.foreign(r, s.Tags) {
		return at, plan.Fixf("delete it, or set another appflow.deployment",
			"a stack of this name is there, and is not of run %s", r.Run)
	}
	var status cf.StackStatus
	if s != nil {
		status = s.StackStatus
	}
	switch deedFor(status) {
	case post:
		return at, l.createStack(ctx, r, at)
	case ready:
		at.Made = true
		return at, nil
	case clear:
		return l.clearStack(ctx, at)
	}
	return at, nil
}

// foreign tells whether a stack was made by somebody else.
func (l *Lander) foreign(r mover.LandRequest, tags []cf.Tag) bool {
	for _, t := range tags {
		if aws.ToString(t.Key) == tagRun && aws.ToString(t.Value) == r.Run {
			return false
		}
	}
	return true
}

// stack finds a stack by its name, nil where there is none.
func (l *Lander) stack(ctx context.Context, name string) (*cf.Stack, error) {
	out, err := l.c.Stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	if noStack(err) {
		return nil, nil
	}
	if err != nil {
		return nil, classify(err, "cloudformation:DescribeStacks")
	}
	for i, s := range out.Stacks {
		if s.StackStatus != cf.StackStatusDeleteComplete {
			return &out.Stacks[i], nil
		}
	}
	return nil, nil
}

// createStack posts the stack. That it exists by now is no error: the next
// call looks whose it is.
func (l *Lander) createStack(ctx context.Context, r mover.LandRequest, at mover.Landing) error {
	d, err := l.define(r)
	if err != nil {
		return err
	}
	text, err := d.template()
	if err != nil {
		return err
	}
	body, url, err := l.keep(ctx, r.Object, text)
	if err != nil {
		return err
	}
	in := &cloudformation.CreateStackInput{
		StackName: aws.String(at.Flow()), OnFailure: cf.OnFailureRollback,
		ClientRequestToken: aws.String(fmt.Sprintf("%s-%d", at.Flow(), at.Makes)),
		Tags: []cf.Tag{{Key: aws.String(tagDeployment), Value: aws.String(l.deployment())},
			{Key: aws.String(tagRun), Value: aws.String(r.Run)},
			{Key: aws.String(tagObject), Value: aws.String(r.Object)}},
	}
	if url != "" {
		in.TemplateURL = aws.String(url)
	} else {
		in.TemplateBody = aws.String(body)
	}
	for name, value := range d.parameters(at.Flow()) {
		in.Parameters = append(in.Parameters,
			cf.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	_, err = l.c.Stacks.CreateStack(ctx, in)
	if _, ok := errors.AsType[*cf.AlreadyExistsException](err); ok {
		return nil
	}
	return classify(err, "cloudformation:CreateStack")
}

func (l *Lander) deployment() string {
	if l.c.Deployment == "" {
		return "default"
	}
	return l.c.Deployment
}

// clearStack takes away a stack that came to nothing, so that the next call
// makes it anew; where that is hopeless it says why.
func (l *Lander) clearStack(ctx context.Context, at mover.Landing) (mover.Landing, error) {
	reason, err := l.reason(ctx, at.Flow())
	if err != nil {
		return at, err
	}
	class, hint := classOfReason(reason)
	at.Makes++
	if err := l.takeAway(ctx, at.Flow()); err != nil {
		return at, err
	}
	if class != plan.Fix && at.Makes < makesAtMost {
		return at, nil
	}
	at.Makes = 0 // the next run tries it anew
	return at, plan.Failf(class, hint, "%w: the stack was rolled back: %s", mover.ErrFailed, reason)
}

// reason is what the first resource that failed says.
func (l *Lander) reason(ctx context.Context, name string) (string, error) {
	var reason string
	in := &cloudformation.DescribeStackEventsInput{StackName: aws.String(name)}
	for {
		out, err := l.c.Stacks.DescribeStackEvents(ctx, in)
		if noStack(err) {
			return reason, nil
		}
		if err != nil {
			return "", classify(err, "cloudformation:DescribeStackEvents")
		}
		for _, e := range out.StackEvents { // newest first
			if e.ResourceStatus == cf.ResourceStatusCreateFailed && aws.ToString(e.ResourceStatusReason) != "" {
				reason = aws.ToString(e.ResourceStatusReason)
			}
		}
		if out.NextToken == nil {
			return reason, nil
		}
		in.NextToken = out.NextToken
	}
}

// makeLasting makes the one flow of an object, or changes its window. It waits
// for an execution that somebody left running: its rows must not land among
// ours.
func (l *Lander) makeLasting(ctx context.Context, r mover.LandRequest, at mover.Landing) (mover.Landing, error) {
	if !at.Changed.IsZero() {
		at.Made = l.c.Now().Sub(at.Changed) >= l.c.Rest
		return at, nil
	}
	d, err := l.define(r)
	if err != nil {
		return at, err
	}
	es, err := l.executions(ctx, at.Flow(), at.After)
	if errors.Is(err, mover.ErrGone) {
		_, err := l.c.Flows.CreateFlow(ctx, &appflow.CreateFlowInput{
			FlowName: aws.String(at.Flow()), SourceFlowConfig: d.source(), DestinationFlowConfigList: d.destinations(),
			Tasks: d.tasks, TriggerConfig: d.trigger(),
			Tags: map[string]string{tagDeployment: l.deployment(), tagObject: r.Object},
		})
		if err == nil {
			at.Changed = l.c.Now()
		} else if exists(err) { // since a moment ago: the next call finds it
			err = nil
		}
		return at, classify(err, "appflow:CreateFlow")
	}
	if err != nil {
		return at, err
	}
	for _, e := range es {
		if e.running() {
			return at, l.cancelHanging(ctx, at.Flow(), e)
		}
		if e.startedAt.After(at.After) {
			at.After = e.startedAt
		}
	}
	_, err = l.c.Flows.UpdateFlow(ctx, &appflow.UpdateFlowInput{
		FlowName: aws.String(at.Flow()), SourceFlowConfig: d.source(), DestinationFlowConfigList: d.destinations(),
		Tasks: d.tasks, TriggerConfig: d.trigger(),
	})
	if err != nil {
		return at, classify(err, "appflow:UpdateFlow")
	}
	at.Changed = l.c.Now()
	return at, nil
}

// cancelHanging cancels an execution that has run for too long.
func (l *Lander) cancelHanging(ctx context.Context, flow string, e execution) error {
	if l.c.Now().Sub(e.startedAt) <= l.c.Patience {
		return nil
	}
	return l.cancel(ctx, flow)
}

// Drop takes a landing's stack and flow away.
func (l *Lander) Drop(ctx context.Context, at mover.Landing) error {
	if l.c.Lasting {
		return nil
	}
	if err := l.takeAway(ctx, at.Flow()); err != nil {
		return fmt.Errorf("drop flow %s: %w", at.Flow(), err)
	}
	return nil
}

// takeAway deletes a stack and the flow of its name, which a roll-back may
// have left behind. Neither has to be there.
func (l *Lander) takeAway(ctx context.Context, name string) error {
	if l.c.Stacks != nil {
		if _, err := l.c.Stacks.DeleteStack(ctx,
			&cloudformation.DeleteStackInput{StackName: aws.String(name)}); err != nil && !noStack(err) {
			return classify(err, "cloudformation:DeleteStack")
		}
	}
	_, err := l.c.Flows.DeleteFlow(ctx, &appflow.DeleteFlowInput{FlowName: aws.String(name), ForceDelete: true})
	if notFound(err) {
		return nil
	}
	return classify(err, "appflow:DeleteFlow")
}
