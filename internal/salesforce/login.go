package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"catchment/internal/plan"
)

// A Session is a login that worked.
type Session struct {
	Token       string
	InstanceURL string // scheme and host of the org
	OrgID       string // 18 characters, "" where the login didn't tell
	UserID      string // 18 characters, "" where the login didn't tell

	next string // the refresh token that replaces the one just used, or ""
}

// sign makes r one of the session.
func (s Session) sign(r *request) *request {
	signed := *r
	signed.base = s.InstanceURL
	signed.header = r.header.Clone()
	if signed.header == nil {
		signed.header = http.Header{}
	}
	signed.header.Set("Authorization", "Bearer "+s.Token)
	signed.secrets = append([]string{s.Token}, r.secrets...)
	return &signed
}

// A Login gets a session. It is asked again whenever a session has ended.
type Login interface {
	Login(ctx context.Context, at Endpoint) (Session, error)
}

// An Endpoint is where a Login gets its token.
type Endpoint struct {
	url  string
	wire *wire
}

// URL gives the org's scheme and host, also the audience of a JWT.
func (e Endpoint) URL() string { return e.url }

// now is the org's time as far as its newest answer told, else ours.
func (e Endpoint) now() time.Time {
	now := e.wire.now()
	if d := e.wire.date.Load(); d != nil {
		return d.server.Add(now.Sub(d.here))
	}
	return now
}

// Grant posts an OAuth grant to the token endpoint. Values of the fields named
// in secret appear in no error.
func (e Endpoint) Grant(ctx context.Context, form url.Values, secret ...string) (Session, error) {
	r := &request{
		method: http.MethodPost,
		base:   e.url,
		path:   "/services/oauth2/token",
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
		body:   []byte(form.Encode()),
	}
	for _, field := range secret {
		r.secrets = append(r.secrets, form.Get(field))
	}
	resp, err := e.wire.send(ctx, r)
	if err != nil {
		return Session{}, err
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		InstanceURL string `json:"instance_url"`
		ID          string `json:"id"` // https://host/id/ORG/USER
		Refresh     string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return Session{}, badJSON(r, err)
	}
	base, err := baseURL(answer.InstanceURL)
	if err != nil || answer.AccessToken == "" {
		return Session{}, plan.Failf(plan.Bug, "", "the token endpoint answered without a token or an instance URL")
	}
	s := Session{Token: answer.AccessToken, InstanceURL: base, next: answer.Refresh}
	s.OrgID, s.UserID, err = identity(answer.ID)
	return s, err
}

// identity reads the Ids of org and user out of an identity URL.
func identity(text string) (org, user string, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", "", plan.Failf(plan.Bug, "", "the token endpoint answered with an identity URL that isn't one")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 3 || parts[0] != "id" {
		return "", "", nil
	}
	if org, err = ID18(parts[1]); err != nil {
		return "", "", err
	}
	user, err = ID18(parts[2])
	return org, user, err
}

// ClientCredentials logs in as the Run As user of an External Client App. It
// works at the org's own My Domain only.
type ClientCredentials struct{ ClientID, ClientSecret string }

// Login gets a session.
func (l ClientCredentials) Login(ctx context.Context, at Endpoint) (Session, error) {
	return at.Grant(ctx, url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {l.ClientID},
		"client_secret": {l.ClientSecret},
	}, "client_secret")
}

// Password logs in with a username and a password, which has the user's
// security token appended where the org asks for it.
type Password struct{ ClientID, ClientSecret, Username, Password string }

// Login gets a session.
func (l Password) Login(ctx context.Context, at Endpoint) (Session, error) {
	return at.Grant(ctx, url.Values{
		"grant_type":    {"password"},
		"client_id":     {l.ClientID},
		"client_secret": {l.ClientSecret},
		"username":      {l.Username},
		"password":      {l.Password},
	}, "client_secret", "password")
}

// Token uses an access token that somebody else got. When it ends, so does
// the work: it can't be renewed.
type Token struct{ Token string }

// Login gets a session.
func (l Token) Login(_ context.Context, at Endpoint) (Session, error) {
	if l.Token == "" {
		return Session{}, plan.Fixf("set org.login.token", "the access token is empty")
	}
	s := Session{Token: l.Token, InstanceURL: at.url}
	// A session Id starts with the Id of its org and a "!".
	if org, _, found := strings.Cut(l.Token, "!"); found && len(org) == 15 {
		s.OrgID, _ = ID18(org)
	}
	return s, nil
}

// stale is what helps when the token has ended.
func (Token) stale(string) string {
	return "the access token has ended, or is that of another org than org.url: get a new one, or use a login flow that renews itself"
}

// ID18 gives the 18-character form of an Id of 15 or 18 characters: its last
// three tell which letters are capitals.
func ID18(id string) (string, error) {
	if len(id) != 15 && len(id) != 18 {
		return "", plan.Failf(plan.Bug, "", "an Id of %d characters", len(id))
	}
	suffix := make([]byte, 0, 3)
	for part := range 3 {
		n := 0
		for i, c := range []byte(id[part*5 : part*5+5]) {
			if 'A' <= c && c <= 'Z' {
				n |= 1 << i
			}
		}
		suffix = append(suffix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n])
	}
	return id[:15] + string(suffix), nil
}
