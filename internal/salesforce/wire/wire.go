// Package wire carries requests to Salesforce, and answers back.
//
// Whatever sends a request is a Sender: HTTP does, and what wraps another adds
// something to it. Retrying repeats what may work in a moment; a session
// (login.Signer) and a count of the calls come from those who know about them. On
// top stands an API, which knows the paths of one version, and JSON.
//
// The package leaves to fault what an error means, and to its caller what to ask.
package wire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"catchment/internal/plan"
)

// A Request is small and may be sent again: its body is kept.
type Request struct {
	Method  string
	Path    string // with query; below Base
	Base    string // scheme and host; who signs the request sets it
	Header  http.Header
	Body    []byte
	Secrets []string // never to appear in an error
}

// Resource is the path without its query, which may hold a user's filter.
func (r *Request) Resource() string {
	path, _, _ := strings.Cut(r.Path, "?")
	return path
}

// BadJSON classes what a decoder of the answer failed with: a connection that broke, or
// text that isn't what the guide promises. encoding/json quotes no values.
func (r *Request) BadJSON(err error) error {
	if plan.ClassOf(err) == plan.Retry {
		return fmt.Errorf("%s %s: %w", r.Method, r.Resource(), err)
	}
	return plan.Failf(plan.Bug, "", "%s %s: the answer isn't the JSON of the guide: %w", r.Method, r.Resource(), err)
}

// A Sender sends one request. It gives an answer below 400, whose body the
// caller closes, or an error with its class; a Sender around it adds behaviour.
type Sender interface {
	Send(ctx context.Context, r *Request) (*http.Response, error)
}

// Base takes scheme and host of a URL. A slash at its end would double the next.
func Base(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		// The parser's own error repeats its input, which may hold a password.
		return "", plan.Fixf("set org.url to your My Domain, as https://acme.my.salesforce.com", "org URL isn't one")
	}
	return u.Scheme + "://" + u.Host, nil
}

// LocalPath takes path and query of a URL that an answer named. Its host is
// left out: the token goes only to the session's own.
func LocalPath(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return "", plan.Failf(plan.Bug, "", "an answer names a next URL that isn't one")
	}
	return u.RequestURI(), nil
}

// Date reads the Date of an answer.
func Date(h http.Header) (time.Time, error) {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}, plan.Failf(plan.Bug, "a proxy between may have removed it",
			"the server's answer has no Date")
	}
	return t.UTC(), nil
}
