package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

// HTTP sends requests over the network.
type HTTP struct {
	client    *http.Client
	userAgent string
	now       func() time.Time
	usage     atomic.Pointer[usage]
	date      atomic.Pointer[date]
}

// NewHTTP makes an HTTP that sends by client, and says who it is where userAgent
// isn't "".
func NewHTTP(client *http.Client, userAgent string, now func() time.Time) *HTTP {
	return &HTTP{client: client, userAgent: userAgent, now: now}
}

// date is what the newest answer's Date said, and when that was by our clock.
type date struct{ server, here time.Time }

// usage is what the newest Sforce-Limit-Info said.
type usage struct{ used, most int64 }

// Date gives the Date of the newest answer, and when that came by our own clock.
func (h *HTTP) Date() (server, here time.Time, ok bool) {
	d := h.date.Load()
	if d == nil {
		return server, here, false
	}
	return d.server, d.here, true
}

// Usage tells how many of the org's API calls in 24 hours are used, as the newest
// answer told it, and how many there are. Both are zero before the first answer.
func (h *HTTP) Usage() (used, most int64) {
	if u := h.usage.Load(); u != nil {
		return u.used, u.most
	}
	return 0, 0
}

// Send sends r once.
func (h *HTTP) Send(ctx context.Context, r *Request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.Base+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, plan.Failf(plan.Bug, "", "%s %s: not a request", r.Method, r.Resource())
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if h.userAgent != "" {
		req.Header.Set("User-Agent", h.userAgent)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, broken(ctx, r, err)
	}
	if t, err := Date(resp.Header); err == nil {
		h.date.Store(&date{t, h.now()})
	}
	if used, most, ok := parseUsage(resp.Header.Get("Sforce-Limit-Info")); ok {
		h.usage.Store(&usage{used, most})
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		return nil, h.refused(r, resp)
	}
	if err := fault.WebPage(resp, r.Resource()); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body = &body{ctx: ctx, rc: resp.Body}
	return resp, nil
}

// broken classes an error of the connection. The text of a *url.Error holds
// the whole URL, and with it the user's filter: only what is inside it is kept.
func broken(ctx context.Context, r *Request, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fault.Broken(r.Resource(), err)
}

// refused turns an answer of 400 or more into an error.
func (h *HTTP) refused(r *Request, resp *http.Response) error {
	e := fault.Decode(resp)
	e.Resource = r.Resource()
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), h.now())
	e.Hide(r.Secrets)
	return fault.Classify(e)
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
