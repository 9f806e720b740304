// Package salesforce speaks Salesforce's own protocols: login, describe, REST
// query, Bulk API 2.0 query jobs, changed and deleted Ids, limits.
//
// Answers stream: no page of records is ever whole in memory. Its rooms are parts of
// one client. A request goes through three decorators of one interface, wire.Sender:
// wire.Retrying, login.Signer, and the count of count.go; then wire.HTTP sends it. Every
// error carries its class and a hint from the table in fault. soql writes queries.
//
// The package leaves to others what to read and what to do with it, and to
// its caller the http.Client: proxies and certificates come with that. What a server
// says is bounded and checked here, whatever client it is; package wire says how.
//
// Start at New and Client. The facts are those of the REST API, Bulk API 2.0
// and OAuth guides.
package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/wire"
	"catchment/internal/schema"
	"catchment/internal/waiting"
)

// Bounds are how much of an answer is taken, and Patience how long one is waited for.
type (
	Bounds   = wire.Bounds
	Patience = wire.Patience
)

// ErrStopped says that the user wanted an end while Salesforce was waited for.
var ErrStopped = wire.ErrStopped

// Config is what a Client needs. Sleep and Now default to the real ones.
type Config struct {
	URL        string // of the org: https://acme.my.salesforce.com
	APIVersion string // as platform.Newest
	Login      login.Way
	HTTP       *http.Client
	UserAgent  string
	Now        func() time.Time
	Sleep      func(context.Context, time.Duration) error

	InstanceHosts []string // where a login may send us, besides Salesforce's own and org.url's
	Bounds        Bounds
	Patience      Patience
}

// A Client talks to one org, as one user. It may be used by many goroutines
// at once.
type Client struct {
	api    wire.API
	open   wire.API // without a session, and uncounted
	base   string   // the org's scheme and host
	http   *wire.HTTP
	signer *login.Signer
	calls  atomic.Int64
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

// New makes a Client. It sends nothing: the first call logs in.
func New(c Config) (*Client, error) {
	base, err := wire.Base(c.URL)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(c.APIVersion); err != nil {
		return nil, err
	}
	if c.Login == nil || c.HTTP == nil {
		return nil, plan.Failf(plan.Bug, "", "a client needs a login and an http.Client")
	}
	if c.Sleep == nil {
		c.Sleep = waiting.For
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	client := &Client{now: c.Now, sleep: c.Sleep, http: wire.NewHTTP(wire.Options{
		Client: c.HTTP, Org: base, UserAgent: c.UserAgent, Now: c.Now, Bounds: c.Bounds, Patience: c.Patience,
	})}
	counted := &counting{next: client.http, calls: &client.calls}
	client.signer = login.NewSigner(counted, c.Login, login.Endpoint{
		URL: base, HTTP: client.http, Now: c.Now, Instances: c.InstanceHosts,
	})
	repeat := wire.Retrying{Sleep: c.Sleep, Now: c.Now, Stop: c.Patience.Stop}
	signed, unsigned := repeat, repeat
	signed.Next, unsigned.Next = client.signer, client.http
	client.api = wire.API{
		Sender:  &signed,
		Version: c.APIVersion,
		Bounds:  c.Bounds,
	}
	client.base, client.open = base, client.api
	client.open.Sender = &unsigned
	return client, nil
}

// checkVersion refuses what is no version, and one that no org serves any more.
func checkVersion(version string) error {
	switch {
	case platform.Number(version) == 0:
		return plan.Fixf("write it as "+platform.Newest, "API version %q isn't one", version)
	case platform.Retired(version):
		return plan.Fixf(platform.Pin(platform.Newest),
			"Salesforce has removed API version %s: %s is the oldest there is", version, platform.Oldest)
	}
	return nil
}

// Calls tells how many API requests were sent, repeats included. Logins don't
// count against an org's limit, nor here.
func (c *Client) Calls() int64 { return c.calls.Load() }

// Org gives the 18-character Id of the org that the session belongs to.
func (c *Client) Org(ctx context.Context) (string, error) {
	s, err := c.signer.Session(ctx)
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
		return schema.ID18(id)
	}
	return "", plan.Strangef("the org has no Organization record")
}

// Session gives the session of a client with the org's Id, for who shows it in a protocol of its own; where ended is
// its token, another one.
func Session(ctx context.Context, c *Client, ended string) (login.Session, error) {
	s, err := c.signer.Renew(ctx, ended)
	if err == nil && s.OrgID == "" {
		s.OrgID, err = c.Org(ctx)
	}
	return s, err
}

// User gives the 18-character Id of the user that the session belongs to.
func (c *Client) User(ctx context.Context) (string, error) {
	s, err := c.signer.Session(ctx)
	if err != nil || s.UserID != "" {
		return s.UserID, err
	}
	var resources struct {
		Identity string `json:"identity"`
	}
	if _, err := c.api.Get(ctx, c.api.Path(), &resources); err != nil {
		return "", fmt.Errorf("ask for the user's Id: %w", err)
	}
	_, user, err := login.Identity(resources.Identity)
	if err == nil && user == "" {
		err = plan.Strangef("the org doesn't tell whose session this is")
	}
	return user, err
}

// ServerTime gives the time by Salesforce's own clock: the Date of the newest
// answer and what passed here since, so it is never ahead. Only a client that
// has had no answer yet makes a call.
func (c *Client) ServerTime(ctx context.Context) (time.Time, error) {
	if server, here, ok := c.http.Date(); ok {
		return server.Add(max(0, c.now().Sub(here))), nil
	}
	var list []json.RawMessage
	h, err := c.api.Get(ctx, "/services/data/", &list)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the server's time: %w", err)
	}
	return wire.Date(h)
}
