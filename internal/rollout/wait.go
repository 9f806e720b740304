package rollout

import (
	"context"
	"strings"
	"time"

	"catchment/internal/awserr"
	"catchment/internal/plan"
)

// An operation is one that a stack goes through.
type operation struct {
	stack string // its name
	id    string
	token string
	told  map[string]bool
}

// await waits for the end of an operation and tells each step of it. It fails
// where the operation did, with the reason of each resource.
func (w Work) await(ctx context.Context, o operation) (Stack, []Event, error) {
	o.told = map[string]bool{}
	for {
		s, err := w.Account.Stack(ctx, o.id)
		var events []Event
		if err == nil {
			events, err = w.events(ctx, o)
		}
		if err != nil && plan.ClassOf(err) != plan.Retry {
			return s, nil, err
		}
		if err != nil { // the stack gets on meanwhile
			w.Tell(Progress{Text: err.Error() + "; asking again"})
		}
		// A stack that hasn't begun yet has the state of before: its events tell.
		if len(events) > 0 && s.Status != "" && ended(s.Status) && over(events) {
			if !stands(s.Status) {
				return s, events, failed(s, events)
			}
			return s, events, nil
		}
		if err := w.rest(ctx); err != nil {
			return s, events, err
		}
	}
}

func (w Work) rest(ctx context.Context) error {
	every := w.Every
	if every == 0 {
		every = 5 * time.Second
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(every):
		return nil
	}
}

// events are those of an operation, of which each that ends something is told
// once.
func (w Work) events(ctx context.Context, o operation) ([]Event, error) {
	events, err := w.Account.Events(ctx, o.id)
	if err != nil || len(events) == 0 || events[0].Token != o.token {
		return nil, err
	}
	for _, e := range events {
		key := strings.Join([]string{e.Resource, e.Physical, e.Status, e.Reason}, "\x00")
		if o.told[key] || strings.HasSuffix(e.Status, "_IN_PROGRESS") && !e.Stack {
			continue
		}
		o.told[key] = true
		w.Tell(Progress{Event: e})
	}
	return events, nil
}

// over tells whether the stack's own last event ends it.
func over(events []Event) bool {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Stack {
			return ended(events[i].Status)
		}
	}
	return false
}

// explained adds to a refusal what failed in the operation that left the stack
// so, where CloudFormation still knows.
func (w Work) explained(ctx context.Context, s Stack, refusal error) error {
	events, err := w.Account.Events(ctx, s.ID)
	if lines, _ := failures(events); err != nil || len(lines) == 0 {
		return refusal
	}
	return failed(s, events)
}

// failed says what failed and why.
func failed(s Stack, events []Event) error {
	lines, reasons := failures(events)
	if len(lines) == 0 {
		lines = []string{s.Reason}
	}
	class, hint := classOf(s, reasons)
	return plan.Failf(class, hint, "stack %s is %s\n%s", s.Name, s.Status, strings.Join(lines, "\n"))
}

// failures are the resources that failed, each with its reason. What was only
// stopped because another one failed says nothing, and the stack itself only
// where no resource does.
func failures(events []Event) (lines, reasons []string) {
	seen := map[string]bool{}
	add := func(e Event) {
		line := e.Resource + " (" + e.Type + "): " + e.Reason
		if !seen[line] {
			seen[line] = true
			lines, reasons = append(lines, line), append(reasons, e.Reason)
		}
	}
	var own []Event
	for _, e := range events {
		switch {
		case !strings.HasSuffix(e.Status, "_FAILED"), strings.HasSuffix(e.Reason, " cancelled"), e.Reason == "":
		case e.Stack:
			own = append(own, e)
		default:
			add(e)
		}
	}
	if len(lines) == 0 {
		for _, e := range own {
			add(e)
		}
	}
	return lines, reasons
}

// classOf tells what to do about the first reason that somebody can do something
// about.
func classOf(s Stack, reasons []string) (plan.Class, string) {
	after := "; then deploy again"
	switch deeds[s.Status] {
	case remake:
		after = "; then deploy again, which first deletes what is left of this try"
	case update:
		after = "; the stack is as it was before; then deploy again"
	case refuse:
		after = "; then: " + wayOut(s)
	}
	for _, r := range reasons {
		low := strings.ToLower(r)
		has := func(words ...string) bool {
			for _, word := range words {
				if strings.Contains(low, word) {
					return true
				}
			}
			return false
		}
		d, denied := awserr.DenialOf(r)
		switch {
		case denied:
			return plan.Fix, d.Hint() + after
		case has("already exist"):
			existing := []string{existingTable, existingBucket, existingLogins}
			return plan.Fix, "delete what has this name, or choose another: that of the stack with --stack, those of " +
				"table, bucket and secrets in catchment.yaml; what an earlier deployment has left is taken up with " +
				"--parameter " + strings.Join(existing, " --parameter ") + after
		case has("rate exceeded", "throttl", "internal failure", "internalfailure", "service unavailable", "timed out"):
			return plan.Retry, "deploy again"
		case has("limit exceeded", "quota", "limitexceeded"):
			return plan.Fix, "ask AWS for a higher quota, or delete what nobody needs" + after
		}
	}
	return plan.Fix, "mend what is named" + after
}
