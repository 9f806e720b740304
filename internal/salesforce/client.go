// Package salesforce speaks Salesforce's own protocols: login, describe, REST
// query, Bulk API 2.0 query jobs, changed and deleted Ids, limits.
//
// Answers stream: no page of records is ever whole in memory. A request goes
// through three decorators of one interface, sender: retry (retry.go), auth
// (auth.go), count (count.go), and wire.go sends it. Every error carries its
// class and a hint from one table (classify.go).
//
// The package leaves to others what to read and what to do with it, and to
// its caller the http.Client: proxies and certificates come with that.
//
// Start at New and Client. The facts are those of the REST API, Bulk API 2.0
// and OAuth guides.
package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"catchment/internal/plan"
)

// Config is what a Client needs. Sleep and Now default to the real ones.
type Config struct {
	URL        string // of the org: https://acme.my.salesforce.com
	APIVersion string // as "66.0"
	Login      Login
	HTTP       *http.Client
	UserAgent  string
	Now        func() time.Time
	Sleep      func(context.Context, time.Duration) error
}

// A Client talks to one org, as one user. It may be used by many goroutines
// at once.
type Client struct {
	version string
	wire    *wire
	auth    *auth
	calls   atomic.Int64
	send    sender
}

// New makes a Client. It sends nothing: the first call logs in.
func New(c Config) (*Client, error) {
	base, err := baseURL(c.URL)
	if err != nil {
		return nil, err
	}
	if !versionForm(c.APIVersion) {
		return nil, plan.Fixf("write it as 66.0", "API version %q isn't one", c.APIVersion)
	}
	if c.Login == nil || c.HTTP == nil {
		return nil, plan.Failf(plan.Bug, "", "a client needs a login and an http.Client")
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	client := &Client{version: c.APIVersion}
	client.wire = &wire{http: c.HTTP, userAgent: c.UserAgent, now: c.Now}
	client.auth = &auth{
		next:  &counting{next: client.wire, calls: &client.calls},
		login: c.Login,
		at:    Endpoint{url: base, wire: client.wire},
		turn:  make(chan struct{}, 1),
	}
	client.send = &retrying{next: client.auth, sleep: c.Sleep, now: c.Now}
	return client, nil
}

// baseURL takes scheme and host. A slash at its end would double the next.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		// The parser's own error repeats its input, which may hold a password.
		return "", plan.Fixf("set org.url to your My Domain, as https://acme.my.salesforce.com", "org URL isn't one")
	}
	return u.Scheme + "://" + u.Host, nil
}

func versionForm(v string) bool {
	ok, err := regexp.MatchString(`^[1-9][0-9]{1,2}\.0$`, v)
	return err == nil && ok
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Version gives the API version that the client was made for.
func (c *Client) Version() string { return c.version }

// Calls tells how many API requests were sent, repeats included. Logins don't
// count against an org's limit, nor here.
func (c *Client) Calls() int64 { return c.calls.Load() }

// Org gives the 18-character Id of the org that the session belongs to.
func (c *Client) Org(ctx context.Context) (string, error) {
	s, err := c.auth.session(ctx, "")
	if err != nil {
		return "", err
	}
	if s.OrgID != "" {
		return s.OrgID, nil
	}
	for r, err := range c.Query(ctx, "SELECT Id FROM Organization", false) {
		if err != nil {
			return "", fmt.Errorf("ask for the org's Id: %w", err)
		}
		id, err := r.Text("Id")
		if err != nil {
			return "", err
		}
		return ID18(id)
	}
	return "", plan.Failf(plan.Bug, "", "the org has no Organization record")
}

// User gives the 18-character Id of the user that the session belongs to.
func (c *Client) User(ctx context.Context) (string, error) {
	s, err := c.auth.session(ctx, "")
	if err != nil || s.UserID != "" {
		return s.UserID, err
	}
	var resources struct {
		Identity string `json:"identity"`
	}
	if _, err := c.get(ctx, c.data(), &resources); err != nil {
		return "", fmt.Errorf("ask for the user's Id: %w", err)
	}
	_, user, err := identity(resources.Identity)
	if err == nil && user == "" {
		err = plan.Failf(plan.Bug, "", "the org doesn't tell whose session this is")
	}
	return user, err
}

// Versions lists the API versions that the org serves, the oldest first.
func (c *Client) Versions(ctx context.Context) ([]string, error) {
	var list []struct {
		Version string `json:"version"`
	}
	if _, err := c.get(ctx, "/services/data/", &list); err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	versions := make([]string, len(list))
	for i, v := range list {
		versions[i] = v.Version
	}
	return versions, nil
}

// ServerTime gives the time by Salesforce's own clock: the Date of the newest
// answer and what passed here since, so it is never ahead. Only a client that
// has had no answer yet makes a call.
func (c *Client) ServerTime(ctx context.Context) (time.Time, error) {
	if d := c.wire.date.Load(); d != nil {
		return d.server.Add(max(0, c.wire.now().Sub(d.here))), nil
	}
	var list []json.RawMessage
	h, err := c.get(ctx, "/services/data/", &list)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the server's time: %w", err)
	}
	return serverDate(h)
}

// serverDate reads the Date of an answer.
func serverDate(h http.Header) (time.Time, error) {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}, plan.Failf(plan.Bug, "a proxy between may have removed it", "the server's answer has no Date")
	}
	return t.UTC(), nil
}

// data gives the path of a resource of the client's API version.
func (c *Client) data(parts ...string) string {
	return dataOf(c.version, parts...)
}

// dataOf gives the path of a resource of one API version.
func dataOf(version string, parts ...string) string {
	path := "/services/data/v" + version
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// get asks for a JSON answer.
func (c *Client) get(ctx context.Context, path string, into any) (http.Header, error) {
	return c.call(ctx, &request{method: http.MethodGet, path: path}, into)
}

// call sends r and decodes its answer. With into nil the answer's text is not
// looked at.
func (c *Client) call(ctx context.Context, r *request, into any) (http.Header, error) {
	resp, err := c.send.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if into == nil {
		return resp.Header, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return nil, badJSON(r, err)
	}
	return resp.Header, nil
}

// badJSON classes what a decoder failed with: the line that broke, or text that
// isn't what the guide promises. encoding/json quotes no values.
func badJSON(r *request, err error) error {
	if plan.ClassOf(err) == plan.Retry {
		return fmt.Errorf("%s %s: %w", r.method, r.resource(), err)
	}
	return plan.Failf(plan.Bug, "", "%s %s: the answer isn't the JSON of the guide: %w", r.method, r.resource(), err)
}

// localPath takes path and query of a URL that an answer named. Its host is
// left out: the token goes only to the session's own.
func localPath(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return "", plan.Failf(plan.Bug, "", "an answer names a next URL that isn't one")
	}
	return u.RequestURI(), nil
}
