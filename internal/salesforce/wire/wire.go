// Package wire carries requests to Salesforce, and answers back.
//
// Whatever sends a request is a Sender: HTTP does, and what wraps another adds
// something to it. Retrying repeats what may work in a moment; a session
// (login.Signer) and a count of the calls come from those who know about them. On
// top stands an API, which knows the paths of one version, and JSON.
//
// Nothing that a server says is trusted. A redirect to another host isn't followed
// (moved.go), no secret goes in clear beyond this machine (Base), a server that is silent
// or never ends is given up (patience.go), and whatever comes is bounded (bounds.go).
// So no answer is read by json.NewDecoder or io.ReadAll, here or above: JSON comes through
// a Decoder.
//
// The package leaves to fault what an error means, and to its caller what to ask.
package wire

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"catchment/internal/plan"
)

// A Request may be sent again: its body is kept, or can be opened anew.
type Request struct {
	Method  string
	Path    string // with query; below Base
	Base    string // scheme and host; who signs the request sets it
	Header  http.Header
	Body    []byte
	Stream  *Stream  // instead of Body: one that is too large to be held
	Secrets []string // never to appear in an error
	Pages   bool     // the answer is a page of results: Bounds.Result is how large it may be, not Bounds.Answer

	// Once says that the request writes. It isn't repeated: where its answer is lost, nobody knows whether
	// it was heard (fault.Undone tells where that is certain).
	Once bool
	// Sealed writes the body where that holds the session's token, as SOAP has it. Who signs the request
	// calls it.
	Sealed func(token string) []byte
	Raw    bool // it is the body of a file, of the same size at most, and may be anything, a web page too
}

// Resource is the path without its query, which may hold a user's filter.
func (r *Request) Resource() string {
	path, _, _ := strings.Cut(r.Path, "?")
	return path
}

// A Sender sends one request. It gives an answer below 400, whose body the
// caller closes, or an error with its class; a Sender around it adds behaviour.
type Sender interface {
	Send(ctx context.Context, r *Request) (*http.Response, error)
}

// Base takes scheme and host of an org's URL. A slash at its end would double the next.
// Without TLS only an org of this machine is spoken to: secrets would go in clear.
func Base(text string) (string, error) {
	const hint = "set org.url to your My Domain, as https://acme.my.salesforce.com"
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		// The parser's own error repeats its input, which may hold a password.
		return "", plan.Fixf(hint, "org URL isn't one")
	}
	if u.Scheme != "https" && !Loopback(u.Hostname()) {
		return "", plan.Fixf(hint, "org URL must start with https://: without TLS secrets would go in clear")
	}
	return u.Scheme + "://" + u.Host, nil
}

// Loopback tells whether a host is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// LocalPath takes path and query of a URL that an answer named. Its host is
// left out: the token goes only to the session's own.
func LocalPath(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return "", plan.Strangef("an answer names a next URL that isn't one")
	}
	return u.RequestURI(), nil
}

// Date reads the Date of an answer, the org's clock: watermarks come from it, and ours
// may be wrong, so it isn't held against ours. But a date that no org can have is no clock:
// with one, a window would reach where nothing is ever written, or end before it begins.
func Date(h http.Header) (time.Time, error) {
	t, err := http.ParseTime(h.Get("Date"))
	switch t = t.UTC(); {
	case err != nil:
		return time.Time{}, plan.Failf(plan.Bug, "a proxy between may have removed it",
			"the server's answer has no Date")
	case t.Year() < firstYear || t.Year() > lastYear:
		return time.Time{}, plan.Strangef("the server's answer has a Date in the year %d", t.Year())
	}
	return t, nil
}

// The years that an org's clock can show: Salesforce began in 1999, its API later.
const (
	firstYear = 2000
	lastYear  = 2099
)
