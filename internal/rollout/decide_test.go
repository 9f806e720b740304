package rollout

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"catchment/internal/plan"
)

// Deploy knows what to do with a stack in every state that there is, and says
// where it can do nothing.
func TestEveryStateIsKnown(t *testing.T) {
	for _, state := range types.StackStatus("").Values() {
		do, known := deeds[string(state)]
		if !known {
			t.Errorf("nobody has decided about %s", state)
		}
		moves := strings.HasSuffix(string(state), "_IN_PROGRESS") && state != types.StackStatusReviewInProgress
		if moves != (do == await) {
			t.Errorf("%s: %s", state, do)
		}
		got, err := deedFor(Stack{Name: "s", Status: string(state), Reason: "because"})
		switch do {
		case await:
			if plan.ClassOf(err) != plan.Retry {
				t.Errorf("%s: %v", state, err)
			}
		case refuse:
			if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "because") || plan.HintOf(err) == "" {
				t.Errorf("%s: %v", state, err)
			}
		default:
			if err != nil || got != do {
				t.Errorf("%s: %s, %v", state, got, err)
			}
		}
	}
	_, err := deedFor(Stack{Name: "s", Status: "UPDATE_ROLLBACK_FAILED"})
	if !strings.Contains(plan.HintOf(err), "continue-update-rollback --stack-name s") {
		t.Error(plan.HintOf(err))
	}
	if _, err := deedFor(Stack{Name: "s", Status: "WHAT_IS_NEW"}); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
}

// What failed is told with its reason, once, and what only stopped because of it
// isn't. The hint is about the first that somebody can do something about.
func TestFailed(t *testing.T) {
	event := func(resource, status, reason string) Event {
		return Event{Resource: resource, Type: "T", Status: status, Reason: reason}
	}
	const denied = "User: x is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/r because no"
	for name, c := range map[string]struct {
		status, reason string
		class          plan.Class
		says, hint     string
	}{
		"denied": {"ROLLBACK_COMPLETE", denied, plan.Fix, "A (T): " + denied,
			"allow the role iam:CreateRole on arn:aws:iam::1:role/r; then"},
		"taken": {"ROLLBACK_COMPLETE", "table already exists", plan.Fix, "A (T): table",
			"delete what has this name"},
		"throttled": {"UPDATE_ROLLBACK_COMPLETE", "Rate exceeded", plan.Retry, "A (T): Rate", "deploy again"},
		"quota":     {"UPDATE_ROLLBACK_COMPLETE", "Limit exceeded for x", plan.Fix, "", "higher quota"},
		"else": {"UPDATE_ROLLBACK_COMPLETE", "it can't", plan.Fix, "",
			"mend what is named; the stack is as it was before"},
		"ruin":      {"UPDATE_ROLLBACK_FAILED", "it can't", plan.Fix, "", "continue-update-rollback"},
		"undeleted": {"DELETE_FAILED", "not empty", plan.Fix, "", "catchment aws destroy"},
	} {
		err := failed(Stack{Name: "s", Status: c.status}, []Event{
			event("A", "CREATE_FAILED", c.reason), event("A", "CREATE_FAILED", c.reason),
			event("B", "CREATE_FAILED", "Resource creation cancelled"), event("C", "CREATE_COMPLETE", "fine"),
		})
		if plan.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(plan.HintOf(err), c.hint) {
			t.Errorf("%s: %v of class %s, hint %q", name, err, plan.ClassOf(err), plan.HintOf(err))
		}
		if strings.Contains(err.Error(), "cancelled") || strings.Count(err.Error(), c.reason) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := failed(Stack{Name: "s", Status: "CREATE_FAILED", Reason: "who knows"}, nil)
	if !strings.Contains(err.Error(), "who knows") {
		t.Error(err)
	}
}
