package fault

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"

	"catchment/internal/plan"
	"catchment/internal/platform"
)

// Codes of ours, for answers that aren't Salesforce's.
const (
	codeHTML    = "NOT_AN_API"
	codeHost    = "UNKNOWN_HOST"
	codeTLS     = "TLS"
	codeRefused = "REFUSED"
	codeReset   = "CONNECTION"
	codeMoved   = "MOVED"
	codeHeader  = "HEADER_TOO_LARGE"
)

// A verdict is what an error means to a run.
type verdict struct {
	class  plan.Class
	resend bool // the very same request may work in a moment
	hint   string
}

// Classify gives an error its class and hint: by its code, else by its status.
func Classify(e *Error) error {
	v, ok := byCode(e)
	if !ok {
		v = byStatus(e)
	}
	e.resend = v.resend
	return &plan.Failure{Class: v.class, Hint: v.hint, Err: e}
}

// byCode is the table of errorcodes (REST API guide) and of OAuth's errors.
func byCode(e *Error) (verdict, bool) {
	// Several codes are seen with "Max bulk v2 query jobs (10000) per 24 hrs has
	// been reached" and "... result size stored ... has been exceeded".
	if strings.Contains(e.Message, "per 24 hrs has been") {
		return verdict{plan.Wait, false,
			"the org's Bulk allowance of 24 hours is used up: `catchment plan` shows it"}, true
	}
	switch e.Code {
	case "INVALID_SESSION_ID":
		return verdict{plan.Fix, false, "the session ended and a new login didn't help: " +
			"check the login and the IP ranges that the user may log in from"}, true
	case "REQUEST_LIMIT_EXCEEDED":
		return requestLimit(e.Message), true
	case "API_CURRENTLY_DISABLED", "FUNCTIONALITY_NOT_ENABLED":
		return verdict{plan.Fix, false,
			"check that the org's edition has the API, and that it is not switched off for now"}, true
	case "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY":
		return verdict{plan.Fix, false, "give the user View All Data, or View All Records on this object"}, true
	case "INVALID_TYPE":
		return verdict{plan.Fix, false, "check the object's name, and that the user may read it"}, true
	case "INVALID_TYPE_FOR_OPERATION":
		return verdict{plan.Fix, false, "Salesforce lets nobody query this object: take it out of the flows"}, true
	case "INVALIDENTITY":
		return verdict{plan.Fix, false, "Bulk can't read this object: set mover: rest or auto"}, true
	case "INVALID_FIELD":
		return verdict{plan.Fix, false,
			"check the fields and the where of the flow: one was removed, or hidden from the user"}, true
	case "EXTERNAL_OBJECT_EXCEPTION", "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "BIG_OBJECT_UNSUPPORTED_OPERATION",
		"DATACLOUD_API_DISABLED_EXCEPTION":
		return verdict{plan.Fix, false,
			"Salesforce doesn't let this object be read as a whole: take it out of the flows"}, true
	case "MALFORMED_QUERY", "ID_REQUIRED":
		if NeedsFilter(e.Message) {
			return verdict{plan.Fix, false, filterHint}, true
		}
		return verdict{plan.Fix, false, "check the where of the flow: Salesforce can't read it"}, true
	case "QUERY_TIMEOUT", "QUERY_TOO_COMPLICATED", "OPERATION_TOO_LARGE":
		return verdict{plan.Fix, false,
			"read less at once: exclude formula fields, narrow the where, or set mover: bulk"}, true
	case "INVALID_QUERY_LOCATOR":
		return verdict{plan.Retry, false, "the query's cursor expired; the next try starts it anew"}, true
	case "INVALID_REPLICATION_DATE":
		return verdict{plan.Fix, false, "Salesforce doesn't remember deletes that long: run with --full"}, true
	case "EXCEEDED_ID_LIMIT":
		return verdict{plan.Fix, false, "more than 600,000 records changed: run with --full"}, true
	case "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW":
		return verdict{plan.Retry, true, troubleHint}, true
	}
	if v, ok := byLogin(e); ok {
		return v, true
	}
	return byTransport(e.Code)
}

// filterHint is what to do about an object that NeedsFilter speaks of.
const filterHint = "leave the object out, or give its flow a where that Salesforce accepts, " +
	"as ContentDocumentId IN ('069...'); ContentDocumentLink can be read without one by a user who has the " +
	"permission Query All Files"

// NeedsFilter tells whether Salesforce refuses a query since the object is read
// only by its Ids, or by those of its parents. Describe doesn't tell, and there
// is no code of its own: these are the words of ContentDocumentLink, Vote,
// ContentVersionRenditionContent, and of the objects of the setup.
func NeedsFilter(message string) bool {
	message = strings.ToLower(message)
	for _, words := range []string{"implementation restriction", "requires a filter", "must filter",
		"must be specified in your query", "filter on a reified column"} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// IsFiltered tells whether err is such a refusal.
func IsFiltered(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && NeedsFilter(e.Message)
}

// byTransport is the part of the table that comes from the way to Salesforce.
func byTransport(code string) (verdict, bool) {
	switch code {
	case codeHTML:
		return verdict{plan.Fix, false, "set org.url to your My Domain, as https://acme.my.salesforce.com, " +
			"and look for a proxy that answers in its place"}, true
	case codeHost: // who connects has tried it again already, see package dns
		return verdict{plan.Retry, false, "check the host in org.url, and that this machine can resolve names"}, true
	case codeTLS:
		return verdict{plan.Fix, false, "check org.url, and if a proxy stands between, " +
			"put the certificate of its authority into the file that SSL_CERT_FILE names"}, true
	case codeRefused:
		return verdict{plan.Retry, true,
			"nobody listens there: check the host and port of org.url, or try again later"}, true
	case codeReset:
		return verdict{plan.Retry, true,
			"the next try connects anew; if it lasts, look at the line to Salesforce, and for a proxy between"}, true
	case codeHeader:
		return verdict{plan.Fix, false, plan.NoOrg}, true
	}
	return verdict{}, false
}

// byStatus is the table for answers without a code that we know.
func byStatus(e *Error) verdict {
	switch e.Status {
	case http.StatusTooManyRequests, 420:
		return verdict{plan.Retry, true, "Salesforce asks to slow down"}
	case http.StatusNotAcceptable:
		// CustomNotAcceptable: undocumented, and passes (tap-salesforce).
		return verdict{plan.Retry, true, troubleHint}
	case http.StatusUnauthorized, http.StatusForbidden:
		return verdict{plan.Fix, false, "check the user's permissions and the login"}
	case http.StatusNotFound:
		return verdict{plan.Fix, false, missingHint(e.Resource)}
	case http.StatusConflict:
		return verdict{plan.Bug, false, "results must be read with the API version that made the job"}
	case http.StatusGone:
		return verdict{plan.Fix, false,
			"set org.api_version to one that the org serves: " + platform.Oldest + " to " + platform.Newest +
				" are known; `catchment check` lists them"}
	case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return verdict{plan.Fix, false, "the query is too long for REST: exclude fields, or set mover: bulk"}
	}
	if e.Status >= 500 {
		return verdict{plan.Retry, true, troubleHint}
	}
	return verdict{plan.Bug, false, unknownHint}
}

// missingHint is what to do where a resource isn't there, by its path: of each something
// else is missing.
func missingHint(resource string) string {
	switch path := strings.Trim(resource, "/") + "/"; {
	case strings.Contains(path, "/sobjects/") && !strings.HasSuffix(path, "/sobjects/"):
		return "check the object's name and org.url, and that the user may read the object"
	case strings.HasPrefix(path, "services/data/v"):
		return "the org serves no such resource: check org.url; `catchment check` asks for all that a run needs"
	}
	return "no org answers like that: check that org.url is the org's My Domain, as https://acme.my.salesforce.com, " +
		"and look for a proxy that answers in its place"
}

// troubleHint is what to do about a Salesforce that can't answer for now.
const troubleHint = "Salesforce has trouble, which passes: the next try asks again; " +
	"if it lasts, see status.salesforce.com"

// unknownHint is what to do about an answer whose code and status nobody knows.
const unknownHint = "catchment doesn't know this error: do what its words say, where they come from your org; " +
	"else look for a proxy that answers in its place, and at what org.url names"

// requestLimit tells the two causes of one code apart: too many calls in a
// day, and too many long ones at once.
func requestLimit(message string) verdict {
	if strings.Contains(strings.ToLower(message), "concurrent") {
		return verdict{plan.Retry, true, "too many long requests at once: lower limits.flows"}
	}
	return verdict{plan.Wait, false,
		"the org's API calls of 24 hours are used up: `catchment plan` shows the share of each flow"}
}

// Broken classes what happened before there was an answer.
func Broken(resource string, err error) error {
	e := &Error{Resource: resource, Code: codeReset, Message: Bearable(err.Error()), err: err}
	_, isDNS := errors.AsType[*net.DNSError](err)
	_, badCert := errors.AsType[*tls.CertificateVerificationError](err)
	_, badName := errors.AsType[x509.HostnameError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case isDNS: // by a resolver that doesn't answer, too
		e.Code = codeHost
	case badCert, badName, notTLS, errors.Is(err, http.ErrSchemeMismatch):
		e.Code = codeTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Code = codeRefused
	case isHeaderTooLarge(err):
		e.Code = codeHeader
	case isNoLocation(err):
		e.Code, e.Message = codeHTML, "a redirect that leads nowhere"
	}
	return Classify(e)
}
