package pubsub

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// prefix begins each error code of the Pub/Sub API, in the trailer error-code.
const prefix = "sfdc.platform.eventbus.grpc."

// A verdict is what an error means to a subscription.
type verdict struct {
	class plan.Class
	hint  string
	renew bool // the session has ended: another one may help
	lost  bool // the position is
	slow  bool // what is asked for again at once is refused again
	event bool // it is a matter of one event, and of no other
}

const (
	troubleHint = "Salesforce has trouble, which passes; if it lasts, see status.salesforce.com"
	sightHint   = "give the user View All Data, or View All Records on the object; for User events, View All Users"
	pickHint    = "select the object in Salesforce: Setup > Change Data Capture; five objects at most without the " +
		"add-on. Then try again in a minute"
	loginHint = "check the login, the IP ranges that the user may log in from, and that org.url is of this org"
	lostHint  = "copy what changed meanwhile with: catchment run   and follow from now on, without --from"
	spentHint = "the org's allocation of delivered events of 24 hours is used up; what is missed meanwhile is kept " +
		"for 72 hours"
	elsewhereHint = "what answers there is no Pub/Sub API: check org.pubsub, and look for a proxy that answers in " +
		"its place"
	readHint    = "read the records that changed with: catchment run"
	unknownHint = "catchment doesn't know this error: do what its words say"
	oursHint    = "it is a bug of catchment: report it with what catchment version prints"
)

// judged is the table of error codes ("Handle Errors" of the guide); what begins with a line's code is meant by
// it, the first such line.
func judged() []struct {
	code string
	verdict
} {
	return []struct {
		code string
		verdict
	}{
		{"service.unavailable", verdict{class: plan.Retry, hint: troubleHint}},
		{"service.auth.headers.invalid", verdict{class: plan.Fix, hint: loginHint, renew: true}},
		{"service.auth.", verdict{class: plan.Fix, hint: loginHint, renew: true}},
		{"service.protection.", verdict{class: plan.Retry, slow: true, hint: "Salesforce asks to slow down"}},
		{"service.tenant.license", verdict{class: plan.Fix, hint: "the org's edition lacks the Pub/Sub API, or it is " +
			"switched off"}},
		{"topic.not.found", verdict{class: plan.Fix, hint: pickHint}},
		{"topic.meta.permission", verdict{class: plan.Fix, hint: sightHint}},
		{"topic.api.unavailable", verdict{class: plan.Retry, hint: troubleHint}},
		{"schema.api.unavailable", verdict{class: plan.Retry, hint: troubleHint}},
		{"schema.internal.error", verdict{class: plan.Retry, hint: troubleHint}},
		{"schema.", verdict{class: plan.Bug, event: true, hint: readHint}},
		{"subscription.fetch.replayid.", verdict{class: plan.Fix, lost: true, hint: lostHint}},
		{"subscription.limit.exceeded", verdict{class: plan.Wait, hint: spentHint}},
		{"subscription.fetch.overflow", verdict{class: plan.Bug, hint: oursHint}},
		{"subscription.fetch.", verdict{class: plan.Bug, hint: oursHint}},
		{"subscription.topic.cannot.subscribe", verdict{class: plan.Fix, hint: sightHint}},
		{"subscription.topic.", verdict{class: plan.Fix, hint: pickHint}},
		{"subscription.internal.error", verdict{class: plan.Retry, hint: troubleHint}},
		{"managed.", verdict{class: plan.Bug, hint: oursHint}},
	}
}

// byStatus is the table for errors without a code that we know: those of gRPC, and of the way there.
func byStatus(code codes.Code) verdict {
	switch code {
	case codes.Unauthenticated:
		return verdict{class: plan.Fix, hint: loginHint, renew: true}
	case codes.PermissionDenied:
		return verdict{class: plan.Fix, hint: sightHint}
	case codes.Unimplemented:
		return verdict{class: plan.Fix, hint: elsewhereHint}
	case codes.NotFound:
		return verdict{class: plan.Fix, hint: pickHint}
	case codes.InvalidArgument, codes.OutOfRange, codes.FailedPrecondition, codes.AlreadyExists:
		return verdict{class: plan.Bug, hint: unknownHint}
	case codes.ResourceExhausted:
		return verdict{class: plan.Retry, slow: true, hint: "Salesforce asks to slow down"}
	}
	return verdict{class: plan.Retry, hint: "the next try connects anew; if it lasts, check org.pubsub, look at the " +
		"line to Salesforce, and for a proxy between"}
}

// A refusal is what the Pub/Sub API answered instead of what was asked for, or what became of the connection.
type refusal struct {
	what    string // was asked
	code    string // Salesforce's, without its prefix; "" where there was none
	status  codes.Code
	message string
	verdict verdict
}

func (r *refusal) Error() string {
	text := r.what + ": " + r.status.String()
	if r.code != "" {
		text = r.what + ": " + r.code
	}
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// CodeOf gives Salesforce's code of an error, without the prefix that all of them have, or "".
func CodeOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return ""
}

// refused classes an error of a call. The token is in nothing that is said of it.
func refused(what string, err error, trailer metadata.MD, token string) error {
	s := status.Convert(err)
	r := &refusal{what: what, status: s.Code(), message: hidden(s.Message(), token)}
	r.verdict = byStatus(r.status)
	for _, code := range trailer.Get("error-code") {
		known, ours := strings.CutPrefix(strings.TrimSpace(code), prefix)
		r.code = printable.Cut(hidden(known, token), 100)
		if ours {
			r.verdict = byCode(known, r.verdict)
		}
	}
	return &plan.Failure{Class: r.verdict.class, Hint: r.verdict.hint, Err: r}
}

func byCode(code string, otherwise verdict) verdict {
	for _, line := range judged() {
		if strings.HasPrefix(code, line.code) {
			return line.verdict
		}
	}
	return otherwise
}

// hidden makes foreign words fit for a message.
func hidden(text, token string) string {
	if token != "" {
		text = strings.ReplaceAll(text, token, "[hidden]")
	}
	return printable.Message(text)
}

// verdictOf is what an error of a subscription means. What isn't Salesforce's keeps its class.
func verdictOf(err error) verdict {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.verdict
	}
	return verdict{class: plan.ClassOf(err)}
}
