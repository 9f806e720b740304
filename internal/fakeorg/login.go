package fakeorg

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// Credentials is what a client needs to log in.
type Credentials struct {
	ClientID, ClientSecret string
	Username, Password     string
	RefreshToken           string
	AccessToken            string // of a session that is open already
}

// chosen fills in what was left open.
func (c Credentials) chosen(d *dice) Credentials {
	return Credentials{
		ClientID:     cmp.Or(c.ClientID, "3MVG9"+d.secret(80)),
		ClientSecret: cmp.Or(c.ClientSecret, d.secret(64)),
		Username:     cmp.Or(c.Username, "admin@"+d.secret(8)+".example.com"),
		Password:     cmp.Or(c.Password, d.secret(16)),
		RefreshToken: "5Aep861" + d.secret(60),
	}
}

// loginOptions say who may log in to what.
type loginOptions struct {
	Clock       *Clock
	Org         string // its Id
	Name        string // what the org calls itself
	Sandbox     bool
	SessionLife time.Duration
	App         App
	Credentials Credentials // secrets that are empty are made up
	Dice        *dice       // that they are made up with
}

// loginServer lets clients in, by OAuth and by SOAP, and knows their sessions.
type loginServer struct {
	clock    *Clock
	org      string
	name     string
	sandbox  bool
	life     time.Duration
	app      App
	creds    Credentials
	sessions *sessions
}

func newLogin(options loginOptions) *loginServer {
	creds := options.Credentials.chosen(options.Dice)
	l := &loginServer{
		clock: options.Clock, org: options.Org, name: options.Name, sandbox: options.Sandbox,
		life: options.SessionLife, app: options.App, creds: creds,
		sessions: newSessions(options.Dice.next(), creds.RefreshToken),
	}
	l.creds.AccessToken = l.open(nil)
	return l
}

// credentials returns what a client needs to log in.
func (l *loginServer) credentials() Credentials { return l.creds }

// expireSessions ends all sessions at once.
func (l *loginServer) expireSessions() { l.sessions.expire() }

// revokeRefreshTokens takes back what the user consented to, as an
// administrator does in Setup, and ends the sessions that came from it.
func (l *loginServer) revokeRefreshTokens() { l.sessions.withdrawAll() }

// open opens a session.
func (l *loginServer) open(from *consent) string {
	return l.sessions.begin(l.org, l.clock.Now(), l.life, from)
}

// works tells whether an access token works.
func (l *loginServer) works(token string) bool {
	_, ok := l.sessions.live(token, l.clock.Now())
	return ok
}

// check refuses a call without a session that works.
func (l *loginServer) check(c *call) error {
	kind, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth") {
		token = ""
	}
	if c.fault != nil && c.fault.ExpireSession {
		l.sessions.end(token)
	}
	if !l.works(token) {
		return refuse(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	}
	return nil
}

// routes are the ways in.
func (l *loginServer) routes() map[string]resource {
	return map[string]resource{
		"/services/oauth2/token":          {"login", true, post(l.token)},
		"/services/oauth2/introspect":     {"login", true, post(l.introspect)},
		"/services/oauth2/revoke":         {"login", true, post(l.revoke)},
		"/services/oauth2/userinfo":       {"identity", false, get(l.userInfo)},
		"/id/{org}/{user}":                {"identity", false, get(l.userInfo)},
		"/services/Soap/u/{number}":       {"login", true, post(l.soap)},
		"/services/Soap/u/{number}/{org}": {"login", true, post(l.soap)},
	}
}
