package fault

import (
	"errors"
	"strings"

	"catchment/internal/plan"
)

// A Move is a redirect that isn't followed, since it leads to somebody else.
type Move struct {
	Status   int // of HTTP
	Resource string
	From, To string // scheme and host
	Instance bool   // it isn't org.url that moved, but the instance that the login named
	Secrets  []string
}

// Moved says that an org has another address now.
func Moved(m Move) error {
	// Whoever answers chose the host, and may have made it of what was sent.
	to := &Error{Message: Bearable(m.To)}
	to.Hide(m.Secrets)
	e := &Error{Status: m.Status, Code: codeMoved, Resource: m.Resource}
	where := "if that is your org (Setup > My Domain shows its address), set org.url to " + to.Message
	if m.Instance {
		e.Message = "the login's instance " + m.From + " has moved: it sends its callers on to " + to.Message
		return &plan.Failure{Class: plan.Fix, Hint: "the org is being moved: try again later; " + where, Err: e}
	}
	e.Message = "org.url has moved: " + m.From + " sends its callers on to " + to.Message
	return &plan.Failure{Class: plan.Fix, Hint: where, Err: e}
}

// Astray says that an answer sends the request on in a way that nobody can follow.
func Astray(status int, resource, what string) error {
	return Classify(&Error{Status: status, Code: codeHTML, Resource: resource, Message: what})
}

// HasMoved tells whether err says that an org has another address now.
func HasMoved(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeMoved
}

// isHeaderTooLarge and isNoLocation tell errors of net/http that have no type.
func isHeaderTooLarge(err error) bool {
	return strings.Contains(err.Error(), "server response headers exceeded")
}

func isNoLocation(err error) bool {
	return strings.Contains(err.Error(), "failed to parse Location header")
}
