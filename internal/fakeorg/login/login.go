// Package login lets clients in: OAuth, SOAP, and the sessions that come of them.
package login

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// Credentials is what a client needs to log in.
type Credentials struct {
	ClientID, ClientSecret string
	Username, Password     string
	RefreshToken           string
	AccessToken            string // of a session that is open already
}

// chosen fills in what was left open.
func (c Credentials) chosen(d *chance.Dice) Credentials {
	return Credentials{
		ClientID:     cmp.Or(c.ClientID, "3MVG9"+d.Secret(80)),
		ClientSecret: cmp.Or(c.ClientSecret, d.Secret(64)),
		Username:     cmp.Or(c.Username, "admin@"+d.Secret(8)+".example.com"),
		Password:     cmp.Or(c.Password, d.Secret(16)),
		RefreshToken: "5Aep861" + d.Secret(60),
	}
}

// Options say who may log in to what.
type Options struct {
	Clock       *orgtime.Clock
	Org         string // its Id
	Name        string // what the org calls itself
	Sandbox     bool
	SessionLife time.Duration
	App         App
	Credentials Credentials  // secrets that are empty are made up
	Dice        *chance.Dice // that they are made up with
}

// Server lets clients in, by OAuth and by SOAP, and knows their sessions.
type Server struct {
	clock    *orgtime.Clock
	org      string
	name     string
	sandbox  bool
	life     time.Duration
	app      App
	creds    Credentials
	sessions *sessions
}

// New makes a Server with one session open.
func New(options Options) *Server {
	creds := options.Credentials.chosen(options.Dice)
	l := &Server{
		clock: options.Clock, org: options.Org, name: options.Name, sandbox: options.Sandbox,
		life: options.SessionLife, app: options.App, creds: creds,
		sessions: newSessions(options.Dice.Next(), creds.RefreshToken),
	}
	l.creds.AccessToken = l.open(nil)
	return l
}

// Credentials returns what a client needs to log in.
func (l *Server) Credentials() Credentials { return l.creds }

// ExpireSessions ends all sessions at once.
func (l *Server) ExpireSessions() { l.sessions.expire() }

// RevokeRefreshTokens takes back what the user consented to, as an
// administrator does in Setup, and ends the sessions that came from it.
func (l *Server) RevokeRefreshTokens() { l.sessions.withdrawAll() }

// open opens a session.
func (l *Server) open(from *consent) string {
	return l.sessions.begin(l.org, l.clock.Now(), l.life, from)
}

// works tells whether an access token works.
func (l *Server) works(token string) bool {
	_, ok := l.sessions.live(token, l.clock.Now())
	return ok
}

// Check refuses a call without a session that works.
func (l *Server) Check(c *web.Call) error {
	kind, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth") {
		token = ""
	}
	if c.Fault != nil && c.Fault.ExpireSession {
		l.sessions.end(token)
	}
	if !l.works(token) {
		return reply.Refuse(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	}
	return nil
}

// Routes are the ways in.
func (l *Server) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/services/oauth2/token":      {Kind: "login", Open: true, Methods: web.Post(l.token)},
		"/services/oauth2/introspect": {Kind: "login", Open: true, Methods: web.Post(l.introspect)},
		"/services/oauth2/revoke":     {Kind: "login", Open: true, Methods: web.Post(l.revoke)},
		"/services/oauth2/userinfo":   {Kind: "identity", Methods: web.Get(l.userInfo)},
		"/id/{org}/{user}":            {Kind: "identity", Methods: web.Get(l.userInfo)},
	}
}
