package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"catchment/internal/awserr"
	"catchment/internal/plan"
	"catchment/internal/rollout"
)

// says tells whether CloudFormation refuses a request with such a text: it has
// one code for all of them.
func says(err error, text string) bool {
	return awserr.CodeOf(err) == "ValidationError" && strings.Contains(err.Error(), text)
}

// Stack looks at a stack.
func (a *Account) Stack(ctx context.Context, name string) (rollout.Stack, error) {
	out, err := a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if says(err, "does not exist") {
		return rollout.Stack{}, nil
	}
	if err != nil {
		return rollout.Stack{}, refused("cloudformation:DescribeStacks", name, err)
	}
	for _, s := range out.Stacks {
		return stackOf(s), nil
	}
	return rollout.Stack{}, nil
}

func stackOf(s types.Stack) rollout.Stack {
	stack := rollout.Stack{
		ID: aws.ToString(s.StackId), Name: aws.ToString(s.StackName), Status: string(s.StackStatus),
		Reason: aws.ToString(s.StackStatusReason), Parameters: map[string]string{}, Outputs: map[string]string{},
	}
	for _, p := range s.Parameters {
		stack.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for _, o := range s.Outputs {
		stack.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return stack
}

// capabilities let the template make roles.
func capabilities() []types.Capability {
	return []types.Capability{types.CapabilityCapabilityIam}
}

// Create begins to make a stack. What a roll-back would leave behind, it takes
// away: a first try holds nothing.
func (a *Account) Create(ctx context.Context, c rollout.Change) (string, error) {
	body, url := template(c)
	out, err := a.stacks.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: &c.Stack, TemplateBody: body, TemplateURL: url, Parameters: parameters(c),
		Capabilities: capabilities(), ClientRequestToken: &c.Token, RetainExceptOnCreate: aws.Bool(true),
	})
	if _, taken := errors.AsType[*types.AlreadyExistsException](err); taken {
		return "", plan.Failf(plan.Retry, "deploy again", "somebody else makes stack %s at the same time", c.Stack)
	}
	if err != nil {
		return "", refused("cloudformation:CreateStack", c.Stack, err)
	}
	return aws.ToString(out.StackId), nil
}

// Update begins to change a stack.
func (a *Account) Update(ctx context.Context, c rollout.Change) error {
	body, url := template(c)
	_, err := a.stacks.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: &c.Stack, TemplateBody: body, TemplateURL: url, Parameters: parameters(c),
		Capabilities: capabilities(), ClientRequestToken: &c.Token, RetainExceptOnCreate: aws.Bool(true),
	})
	if says(err, "No updates are to be performed") {
		return rollout.ErrUnchanged
	}
	if err != nil {
		return refused("cloudformation:UpdateStack", c.Stack, err)
	}
	return nil
}

func template(c rollout.Change) (body, url *string) {
	if c.URL != "" {
		return nil, &c.URL
	}
	return &c.Template, nil
}

func parameters(c rollout.Change) (all []types.Parameter) {
	for key, value := range c.Parameters {
		all = append(all, types.Parameter{ParameterKey: &key, ParameterValue: &value})
	}
	for _, key := range c.Kept {
		all = append(all, types.Parameter{ParameterKey: &key, UsePreviousValue: aws.Bool(true)})
	}
	return all
}

// Delete begins to delete a stack.
func (a *Account) Delete(ctx context.Context, id, token string) error {
	_, err := a.stacks.DeleteStack(ctx,
		&cloudformation.DeleteStackInput{StackName: &id, ClientRequestToken: &token})
	if says(err, "TerminationProtection") {
		return plan.Fixf("allow it with: aws cloudformation update-termination-protection "+
			"--no-enable-termination-protection --stack-name "+id, "the stack is protected from being deleted: %w", err)
	}
	if err != nil {
		return refused("cloudformation:DeleteStack", id, err)
	}
	return nil
}

// Events are those of the newest operation, oldest first. An operation of ours
// has a token; one of others may have none, and begins with the stack's own
// event.
func (a *Account) Events(ctx context.Context, id string) ([]rollout.Event, error) {
	var events []rollout.Event
	var began time.Time
	invalid, over := false, false
	pages := cloudformation.NewDescribeStackEventsPaginator(a.stacks,
		&cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() && !over {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, refused("cloudformation:DescribeStackEvents", id, err)
		}
		for _, e := range page.StackEvents { // newest first
			event := eventOf(e)
			if len(events) > 0 && event.Token != events[0].Token {
				over = true
				break
			}
			events, began = append(events, event), aws.ToTime(e.Timestamp)
			invalid = invalid || e.DetailedStatus == types.DetailedStatusValidationFailed
			if over = event.Token == "" && begins(event); over {
				break
			}
		}
	}
	slices.Reverse(events)
	if invalid {
		found, err := a.validation(ctx, id, began)
		for _, e := range found {
			e.Token = events[0].Token
			events = append(events, e)
		}
		return events, err
	}
	return events, nil
}

// begins tells whether an event is the first of an operation.
func begins(e rollout.Event) bool {
	switch e.Status {
	case "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS":
		return e.Stack
	}
	return false
}

func eventOf(e types.StackEvent) rollout.Event {
	return rollout.Event{
		Token: aws.ToString(e.ClientRequestToken), Resource: aws.ToString(e.LogicalResourceId),
		Physical: aws.ToString(e.PhysicalResourceId), Type: aws.ToString(e.ResourceType),
		Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
		Stack: aws.ToString(e.PhysicalResourceId) == aws.ToString(e.StackId),
	}
}

// validation is what CloudFormation found before it began with the first
// resource: names that are taken, properties that can't be. The stack's events
// only say that there is something.
func (a *Account) validation(ctx context.Context, id string, since time.Time) ([]rollout.Event, error) {
	var events []rollout.Event
	pages := cloudformation.NewDescribeEventsPaginator(a.stacks, &cloudformation.DescribeEventsInput{
		StackName: &id, Filters: &types.EventFilter{FailedEvents: aws.Bool(true)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, refused("cloudformation:DescribeEvents", id, err)
		}
		for _, e := range page.OperationEvents {
			if e.EventType == types.EventTypeValidationError && !aws.ToTime(e.Timestamp).Before(since) {
				events = append(events, rollout.Event{
					Resource: aws.ToString(e.LogicalResourceId), Type: aws.ToString(e.ResourceType),
					Status: "VALIDATION_FAILED", Reason: aws.ToString(e.ValidationStatusReason),
				})
			}
		}
	}
	return events, nil
}
