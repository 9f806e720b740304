package rollout

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/plan"
)

// A Removal is what Destroy takes away, and what it leaves.
type Removal struct {
	Stack Stack
	Flows []string // of AppFlow, that runs have left
	Kept  []Kept   // what the stack leaves: whoever wants it gone deletes it
}

// Kept is a resource that outlives its stack, because records are in it, or
// secrets.
type Kept struct {
	Type    string
	Name    string
	Command string // that deletes it; "" where we know none
	TakenBy string // the parameter by which the next deployment takes it up
}

// A Target is what shall be taken away.
type Target struct {
	Stack      string
	AppFlow    bool   // runs make flows
	Deployment string // whose flows they are
}

// Survey looks what Destroy would do. An execution that still runs is in its way.
func (w Work) Survey(ctx context.Context, t Target) (Removal, error) {
	s, err := w.Account.Stack(ctx, t.Stack)
	if err != nil {
		return Removal{}, err
	}
	s.Name = t.Stack
	r := Removal{Stack: s}
	if s.Status != "" && !ended(s.Status) && s.Status != "REVIEW_IN_PROGRESS" {
		_, err := deedFor(s)
		return r, err
	}
	if machine := s.Outputs["Machine"]; machine != "" {
		running, err := w.Account.Running(ctx, machine)
		if err != nil {
			return r, err
		}
		if len(running) > 0 {
			return r, plan.Failf(plan.Retry, "disable the schedule, wait for it, or stop it with: aws stepfunctions "+
				"stop-execution --execution-arn "+running[0],
				"a run goes on, and would leave its flows behind: %s", strings.Join(running, ", "))
		}
	}
	if t.AppFlow {
		r.Flows, err = w.Account.Left(ctx, t.Deployment)
	}
	return r, err
}

// Destroy takes away what Survey found: the flows first, as long as there is a
// stack to look for them with.
func (w Work) Destroy(ctx context.Context, r Removal) (Removal, error) {
	for _, name := range r.Flows {
		w.Tell(Progress{Text: "deleting flow " + name})
		if err := w.Account.Remove(ctx, name); err != nil {
			return r, fmt.Errorf("delete flow %s: %w", name, err)
		}
	}
	if r.Stack.Status == "" {
		return r, nil
	}
	w.Tell(Progress{Text: "deleting stack " + r.Stack.Name})
	s, events, err := w.remove(ctx, r.Stack)
	r.Stack.Status = s.Status
	for _, e := range events {
		if e.Status == "DELETE_SKIPPED" && !e.Stack {
			r.Kept = append(r.Kept, keptOf(e))
		}
	}
	return r, err
}

// kinds are what outlives a stack of ours: the command that deletes it, and the
// parameter by which the next deployment takes it up, if there is one.
var kinds = map[string]struct{ command, takes string }{
	"AWS::DynamoDB::Table":        {"aws dynamodb delete-table --table-name %s", existingTable},
	"AWS::S3::Bucket":             {"aws s3 rb s3://%s --force", existingBucket},
	"AWS::SecretsManager::Secret": {"aws secretsmanager delete-secret --secret-id %s", existingLogins},
	"AWS::Logs::LogGroup":         {"aws logs delete-log-group --log-group-name %s", ""},
}

// The parameters that take up what is there already.
const (
	existingTable  = "ControlTable=existing"
	existingBucket = "StageBucket=existing"
	existingLogins = "LoginSecrets=existing"
)

func keptOf(e Event) Kept {
	k := Kept{Type: e.Type, Name: e.Physical, TakenBy: kinds[e.Type].takes}
	if command := kinds[e.Type].command; command != "" {
		k.Command = fmt.Sprintf(command, e.Physical)
	}
	return k
}
