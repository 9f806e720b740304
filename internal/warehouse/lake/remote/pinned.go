package remote

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/waiting"
)

const (
	// answerAtMost is how large an answer may be. A table with ten thousand snapshots has some ten megabytes.
	answerAtMost = 512 << 20
	// tries is how often a catalog is asked that is busy.
	tries = 5
)

// pinned sends requests to the hosts of the configuration alone. Where the server sends us elsewhere, by a redirect
// or by what it has configured for us, the request isn't made: it would carry our credentials.
type pinned struct {
	next  http.RoundTripper
	hosts map[string]bool // scheme://host:port
	pause func(context.Context, time.Duration) error
}

// pin makes a transport to the hosts of some addresses, of which some may be "".
func pin(next http.RoundTripper, addresses ...string) *pinned {
	p := &pinned{next: next, hosts: map[string]bool{}, pause: waiting.For}
	for _, address := range addresses {
		if address != "" {
			p.hosts[origin(parsed(address))] = true
		}
	}
	return p
}

// parsed is an address that was checked before.
func parsed(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// origin is where a request goes.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + u.Hostname() + ":" + port
}

// RoundTrip makes a request, and makes it again where the server is busy and can't have done anything.
func (p *pinned) RoundTrip(r *http.Request) (*http.Response, error) {
	if !p.hosts[origin(r.URL)] {
		return nil, plan.Fixf("if it is the catalog's, name it in warehouse.url; oauth= is where tokens come from",
			"the catalog sends us to %s, which warehouse.url doesn't name", printable.Line(r.URL.Host))
	}
	for try := 1; ; try++ {
		resp, err := p.next.RoundTrip(r)
		if err != nil {
			return nil, plan.Failf(plan.Retry, "", "catalog of the lake: %w", printable.Error(err))
		}
		busy := isBusy(r.Method, resp.StatusCode)
		if !busy || try == tries || !rewind(r) {
			return p.judged(r, resp)
		}
		_ = resp.Body.Close()
		if err := p.pause(r.Context(), after(resp, try)); err != nil {
			return nil, err
		}
	}
}

// isBusy tells whether the same request may be made again. A change may have been made whatever the server
// says but that it didn't begin with it.
func isBusy(method string, status int) bool {
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return method == http.MethodGet || method == http.MethodHead
	}
	return false
}

// rewind makes a request one that can be sent again.
func rewind(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	if r.GetBody == nil {
		return false
	}
	body, err := r.GetBody()
	if err != nil {
		return false
	}
	r.Body = body
	return true
}

// longestPause bounds what a server may ask for.
const longestPause = 30 * time.Second

// after is how long to wait before another try.
func after(resp *http.Response, try int) time.Duration {
	if asked, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && asked > 0 {
		return min(time.Duration(asked)*time.Second, longestPause)
	}
	return min(250*time.Millisecond<<try, longestPause)
}

// judged gives what a server refuses its class, and bounds what it answers.
func (p *pinned) judged(r *http.Request, resp *http.Response) (*http.Response, error) {
	fail := func(class plan.Class, hint string) (*http.Response, error) {
		_ = resp.Body.Close()
		return nil, plan.Failf(class, hint, "catalog of the lake: %s %s answers %d", r.Method,
			printable.Line(r.URL.Redacted()), resp.StatusCode)
	}
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized, status == 419:
		return fail(plan.Fix, "see what credential, token or sign in warehouse.url names")
	case status == http.StatusForbidden:
		return fail(plan.Fix, "let the user of warehouse.url make, read and change tables in this catalog")
	case status == http.StatusTooManyRequests, status >= 500 && status != http.StatusNotImplemented:
		return fail(plan.Retry, "")
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: answerAtMost}
	return resp, nil
}

// A bounded body ends with an error where it is too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if b.left == 0 {
		return 0, plan.Failf(plan.Bug, "", "catalog of the lake: an answer has more than %d bytes", int64(answerAtMost))
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
