package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	Options
	usage atomic.Pointer[usage]
	date  atomic.Pointer[date]
	end   *ending
}

// Options are what an HTTP works with. All but Client, Org and Now may be left out.
type Options struct {
	Client    *http.Client // proxies and certificates come with it; it stays as it is
	Org       string       // scheme and host of org.url
	UserAgent string       // says who sends
	Now       func() time.Time
	Bounds    Bounds
	Patience  Patience
}

// NewHTTP makes an HTTP. Whatever its client does about redirects, it follows none by itself.
func NewHTTP(o Options) *HTTP {
	own := *o.Client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.Client, o.Bounds, o.Patience = &own, o.Bounds.filled(), o.Patience.filled()
	return &HTTP{Options: o, end: newEnding()}
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

// Send sends r once, and on within its host where that says so.
func (h *HTTP) Send(ctx context.Context, r *Request) (*http.Response, error) {
	sent := *r
	for range hopsAtMost {
		resp, err := h.send(ctx, &sent)
		if err != nil || !isRedirect(resp.StatusCode) {
			return resp, err
		}
		_ = resp.Body.Close()
		if sent.Path, err = next(&sent, resp.StatusCode, resp.Header.Get("Location"), h.Org); err != nil {
			return nil, err
		}
	}
	return nil, fault.Astray(0, r.Resource(), "redirects without an end")
}

// send sends r to the host that it is for, and to no other.
func (h *HTTP) send(ctx context.Context, r *Request) (*http.Response, error) {
	if h.end.passed() {
		return nil, fmt.Errorf("%s: %w", r.Resource(), stopped())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := h.request(ctx, r)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	var resp *http.Response
	w := h.Patience.watch(h.end, cancel)
	w.wait(w.Answer, w.unanswered(), func() { resp, err = h.Client.Do(req) })
	if err != nil {
		err = broken(ctx, r, err)
		w.end()
		return nil, err
	}
	most := h.Bounds.Answer
	if r.Pages || r.Raw {
		most = h.Bounds.Result
	}
	resp.Body = &body{ctx: ctx, rc: resp.Body, watch: w, now: h.Now, most: most}
	if err := h.judge(ctx, r, resp); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

func (h *HTTP) request(ctx context.Context, r *Request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.Base+r.Path, bytes.NewReader(r.Body))
	// What an answer named is part of the path, and must not become one of the host.
	if err != nil || !strings.HasPrefix(r.Path, "/") || req.URL.Scheme+"://"+req.URL.Host != r.Base {
		return nil, plan.Strangef("%s %s: not a request", r.Method, r.Resource())
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if h.UserAgent != "" {
		req.Header.Set("User-Agent", h.UserAgent)
	}
	return req, nil
}

// judge gives an error where an answer isn't what was asked for.
func (h *HTTP) judge(ctx context.Context, r *Request, resp *http.Response) error {
	if size := headerSize(resp.Header); size > h.Bounds.Header {
		return beyond("%s: the answer's header is larger than %d bytes", r.Resource(), h.Bounds.Header)
	}
	if t, err := Date(resp.Header); err == nil {
		h.date.Store(&date{t, h.Now()})
	}
	if used, most, ok := parseUsage(resp.Header.Get("Sforce-Limit-Info")); ok {
		h.usage.Store(&usage{used, most})
	}
	switch {
	case resp.StatusCode >= 400:
		return h.refused(ctx, r, resp)
	case isRedirect(resp.StatusCode):
		return nil
	case resp.StatusCode == http.StatusNotModified && r.Header.Get("If-Modified-Since") != "":
		return nil
	case resp.StatusCode >= 300:
		return fault.Astray(resp.StatusCode, r.Resource(), "an answer to something else")
	case r.Raw:
		return nil
	}
	return fault.WebPage(resp, r.Resource())
}

// broken classes an error of the connection. The text of a *url.Error holds
// the whole URL, and with it the user's filter: only what is inside it is kept.
func broken(ctx context.Context, r *Request, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", r.Resource(), cause)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	err = fault.Broken(r.Resource(), err)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		e.Hide(r.Secrets) // net/http quotes headers that are none
	}
	return err
}

// refused turns an answer of 400 or more into an error.
func (h *HTTP) refused(ctx context.Context, r *Request, resp *http.Response) error {
	e := fault.Decode(resp)
	if cause := context.Cause(ctx); errors.Is(cause, ErrStopped) { // before its text had come
		return fmt.Errorf("%s: %w", r.Resource(), cause)
	}
	e.Resource = r.Resource()
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), h.Now())
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
		return used, most, err1 == nil && err2 == nil && used >= 0 && most >= 0
	}
	return 0, 0, false
}
