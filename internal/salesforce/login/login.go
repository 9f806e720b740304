// Package login gets sessions of Salesforce, in the several ways that there are.
//
// A Way says how: by what an External Client App is given (grants.go, jwt.go,
// refresh.go), by a session that the Salesforce CLI keeps (sf.go), or by a token that
// somebody else got (token.go). A Signer asks it whenever a session has ended, and
// signs each request with the one there is.
//
// Start at Way. The facts are those of Salesforce's OAuth guide.
package login

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
	"catchment/internal/schema"
)

// A Session is a login that worked.
type Session struct {
	Token       string
	InstanceURL string // scheme and host of the org
	OrgID       string // 18 characters, "" where the login didn't tell
	UserID      string // 18 characters, "" where the login didn't tell

	next string // the refresh token that replaces the one just used, or ""
}

// sign makes r one of the session: the token goes to the session's instance, and nowhere else.
func (s Session) sign(r *wire.Request) *wire.Request {
	signed := *r
	signed.Base = s.InstanceURL
	signed.Header = r.Header.Clone()
	if signed.Header == nil {
		signed.Header = http.Header{}
	}
	signed.Header.Set("Authorization", "Bearer "+s.Token)
	signed.Secrets = append([]string{s.Token}, r.Secrets...)
	if r.Sealed != nil {
		signed.Body = r.Sealed(s.Token)
	}
	return &signed
}

// A Way gets a session. It is asked again whenever a session has ended.
type Way interface {
	Login(ctx context.Context, at Endpoint) (Session, error)
}

// An Endpoint is where a Way gets its token.
type Endpoint struct {
	URL  string // the org's scheme and host, also the audience of a JWT
	HTTP *wire.HTTP
	Now  func() time.Time

	Instances []string // hosts that a token's answer may name as well, as the configuration allows
}

// now is the org's time as far as its newest answer told, else ours.
func (e Endpoint) now() time.Time {
	now := e.Now()
	if server, here, ok := e.HTTP.Date(); ok {
		return server.Add(now.Sub(here))
	}
	return now
}

// Grant posts an OAuth grant to the token endpoint. Values of the fields named
// in secret appear in no error.
func (e Endpoint) Grant(ctx context.Context, form url.Values, secret ...string) (Session, error) {
	r := &wire.Request{
		Method: http.MethodPost,
		Base:   e.URL,
		Path:   "/services/oauth2/token",
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
		Body:   []byte(form.Encode()),
	}
	for _, field := range secret {
		r.Secrets = append(r.Secrets, form.Get(field))
	}
	resp, err := e.HTTP.Send(ctx, r)
	if err != nil {
		return Session{}, err
	}
	defer resp.Body.Close()
	answer, err := readGranted(resp.Body)
	if err != nil {
		return Session{}, r.BadJSON(err)
	}
	return answer.session(e)
}

// Identity reads the Ids of org and user out of an identity URL.
func Identity(text string) (org, user string, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", "", plan.Strangef("the token endpoint answered with an identity URL that isn't one")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 3 || parts[0] != "id" {
		return "", "", nil
	}
	if org, err = schema.ID18(parts[1]); err != nil {
		return "", "", err
	}
	user, err = schema.ID18(parts[2])
	return org, user, err
}
