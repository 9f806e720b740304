package rollout

import (
	"strings"

	"catchment/internal/plan"
)

// A deed is what Deploy does with a stack.
type deed string

const (
	create deed = "create" // there is none
	update deed = "update" // it stands
	remake deed = "remake" // it never stood: what is left of it is deleted, and it is made anew
	refuse deed = "refuse" // somebody has to do something first
	await  deed = "await"  // somebody else is at it
)

// deeds are what Deploy does with a stack in each of its states (CloudFormation
// user guide, Stack status codes). A state that isn't here is of a newer
// CloudFormation, and refused.
var deeds = map[string]deed{
	"":                         create,
	"DELETE_COMPLETE":          create,
	"CREATE_COMPLETE":          update,
	"UPDATE_COMPLETE":          update,
	"UPDATE_ROLLBACK_COMPLETE": update,
	"IMPORT_COMPLETE":          update,
	"IMPORT_ROLLBACK_COMPLETE": update,

	"ROLLBACK_COMPLETE": remake,
	"ROLLBACK_FAILED":   remake,
	"CREATE_FAILED":     remake,

	"DELETE_FAILED":          refuse,
	"UPDATE_FAILED":          refuse,
	"UPDATE_ROLLBACK_FAILED": refuse,
	"IMPORT_ROLLBACK_FAILED": refuse,
	"REVIEW_IN_PROGRESS":     refuse,

	"CREATE_IN_PROGRESS":                           await,
	"UPDATE_IN_PROGRESS":                           await,
	"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":          await,
	"UPDATE_ROLLBACK_IN_PROGRESS":                  await,
	"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": await,
	"ROLLBACK_IN_PROGRESS":                         await,
	"DELETE_IN_PROGRESS":                           await,
	"IMPORT_IN_PROGRESS":                           await,
	"IMPORT_ROLLBACK_IN_PROGRESS":                  await,
}

// deedFor decides what becomes of a stack, or says who has to do what first.
func deedFor(s Stack) (deed, error) {
	d, known := deeds[s.Status]
	if known && d != refuse && d != await {
		return d, nil
	}
	says := ""
	if s.Reason != "" {
		says = ": " + s.Reason
	}
	if d == await {
		return d, plan.Failf(plan.Retry, "wait for its end: aws cloudformation describe-stacks --stack-name "+s.Name,
			"stack %s is %s: a change of it goes on, of somebody else or of an earlier call", s.Name, s.Status)
	}
	return refuse, plan.Fixf(wayOut(s), "stack %s is %s%s", s.Name, s.Status, says)
}

// wayOut is what has to be done with a stack that can't be deployed to.
func wayOut(s Stack) string {
	switch s.Status {
	case "UPDATE_ROLLBACK_FAILED":
		return "mend what is named, let it go on with: aws cloudformation continue-update-rollback --stack-name " +
			s.Name + ", and deploy again; what can't be mended is left out with --resources-to-skip NAME"
	case "UPDATE_FAILED":
		return "take it back with: aws cloudformation rollback-stack --stack-name " + s.Name + ", and deploy again"
	case "DELETE_FAILED":
		return "delete it first: catchment aws destroy --stack " + s.Name
	case "REVIEW_IN_PROGRESS":
		return "somebody looks at a change set that would make it: execute that, or delete it with: " +
			"aws cloudformation delete-stack --stack-name " + s.Name
	}
	return "look at it: aws cloudformation describe-stack-events --stack-name " + s.Name
}

// ended tells whether a stack gets no further by itself.
func ended(status string) bool { return !strings.HasSuffix(status, "_IN_PROGRESS") }

// stands tells whether an operation went well, by the state it left.
func stands(status string) bool {
	return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE" || status == "DELETE_COMPLETE"
}
