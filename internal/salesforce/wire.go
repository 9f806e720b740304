package salesforce

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"catchment/internal/plan"
)

// A request is small and may be sent again: its body is kept.
type request struct {
	method  string
	path    string // with query; below the session's instance URL
	base    string // scheme and host; auth sets it
	header  http.Header
	body    []byte
	secrets []string // never to appear in an error
}

// resource is the path without its query, which may hold a user's filter.
func (r *request) resource() string {
	path, _, _ := strings.Cut(r.path, "?")
	return path
}

// A sender sends one request. It gives an answer below 400, whose body the
// caller closes, or an error with its class; a sender of the same interface
// around it adds behaviour.
type sender interface {
	send(ctx context.Context, r *request) (*http.Response, error)
}

// wire sends requests over HTTP.
type wire struct {
	http      *http.Client
	userAgent string
	now       func() time.Time
	usage     atomic.Pointer[usage]
	date      atomic.Pointer[date]
}

// date is what the newest answer's Date said, and when that was by our clock.
type date struct{ server, here time.Time }

// usage is what the newest Sforce-Limit-Info said.
type usage struct{ used, max int64 }

func (w *wire) send(ctx context.Context, r *request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, plan.Failf(plan.Bug, "", "%s %s: not a request", r.method, r.resource())
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if w.userAgent != "" {
		req.Header.Set("User-Agent", w.userAgent)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return nil, w.broken(ctx, r, err)
	}
	if t, err := serverDate(resp.Header); err == nil {
		w.date.Store(&date{t, w.now()})
	}
	if used, most, ok := parseUsage(resp.Header.Get("Sforce-Limit-Info")); ok {
		w.usage.Store(&usage{used, most})
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		return nil, w.refused(r, resp)
	}
	if isHTML(resp.Header) {
		resp.Body.Close()
		return nil, classify(&Error{Status: resp.StatusCode, Code: codeHTML, Resource: r.resource(),
			Message: "a web page instead of an API answer"})
	}
	resp.Body = &body{ctx: ctx, rc: resp.Body}
	return resp, nil
}

// broken classes an error of the connection. The text of a *url.Error holds
// the whole URL, and with it the user's filter: only what is inside it is kept.
func (w *wire) broken(ctx context.Context, r *request, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return connection(r, err)
}

// refused turns an answer of 400 or more into an error.
func (w *wire) refused(r *request, resp *http.Response) error {
	e := decodeError(resp)
	e.Resource = r.resource()
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), w.now())
	for _, secret := range r.secrets {
		if len(secret) >= hideFrom {
			e.Message = strings.ReplaceAll(e.Message, secret, "[hidden]")
			e.Code = strings.ReplaceAll(e.Code, secret, "[hidden]")
		}
	}
	return classify(e)
}

// hideFrom is the length from which a secret is one: a shorter text is part of
// ordinary words.
const hideFrom = 4

func isHTML(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// parseUsage reads api-usage=25/5000; per-app-api-usage=17/250(appName=x).
func parseUsage(text string) (used, most int64, ok bool) {
	for part := range strings.SplitSeq(text, ";") {
		numbers, found := strings.CutPrefix(strings.TrimSpace(part), "api-usage=")
		if !found {
			continue
		}
		a, b, _ := strings.Cut(numbers, "/")
		used, err1 := strconv.ParseInt(a, 10, 64)
		most, err2 := strconv.ParseInt(b, 10, 64)
		return used, most, err1 == nil && err2 == nil
	}
	return 0, 0, false
}

// body classes what breaks while an answer is read: a cut answer is an error,
// never a short page.
type body struct {
	ctx context.Context
	rc  io.ReadCloser
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if cause := context.Cause(b.ctx); cause != nil {
		return n, cause
	}
	return n, plan.Failf(plan.Retry, "the line broke; the next try reads it again", "answer was cut: %w", err)
}

func (b *body) Close() error { return b.rc.Close() }
