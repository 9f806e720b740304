// Package login lets clients in: OAuth, SOAP, and the sessions that come of them.
package login

import (
	"cmp"
	"net/http"
	"strings"
	"sync/atomic"
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
	app      atomic.Pointer[App]
	creds    Credentials
	sessions *sessions
}

// New makes a Server with one session open.
func New(options Options) *Server {
	creds := options.Credentials.chosen(options.Dice)
	l := &Server{
		clock: options.Clock, org: options.Org, name: options.Name, sandbox: options.Sandbox,
		life: options.SessionLife, creds: creds,
		sessions: newSessions(options.Dice.Another(), creds.RefreshToken, options.Clock.Now()),
	}
	l.app.Store(&options.App)
	l.creds.AccessToken = l.open(nil, false)
	return l
}

// Credentials returns what a client needs to log in.
func (l *Server) Credentials() Credentials { return l.creds }

// ExpireSessions ends all sessions at once.
func (l *Server) ExpireSessions() { l.sessions.expire() }

// RevokeRefreshTokens takes back what the user consented to, as an
// administrator does in Setup, and ends the sessions that came from it.
func (l *Server) RevokeRefreshTokens() { l.sessions.withdrawAll() }

// open opens a session, bound to a key of the client's or not.
func (l *Server) open(from *consent, bound bool) string {
	now := l.clock.Now()
	return l.sessions.begin(l.org, session{began: now, until: now.Add(l.life), consent: from, bound: bound})
}

// works tells whether an access token works by itself: one that is bound to a key
// takes a proof too.
func (l *Server) works(token string) bool {
	one, ok := l.sessions.live(token, l.clock.Now())
	return ok && !one.bound
}

// Check refuses a call without a session that works.
func (l *Server) Check(c *web.Call) error {
	kind, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	works := l.works
	switch {
	case strings.EqualFold(kind, schemeDPoP):
		works = func(token string) bool { return l.provedWorks(c.Request, token) }
	case !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth"):
		token = ""
	}
	if c.Fault != nil && c.Fault.ExpireSession {
		l.sessions.end(token)
	}
	if !works(token) {
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
		"/_org/login":                 {Kind: web.Admin, Open: true, Methods: web.Post(l.changeApp)},
	}
}
