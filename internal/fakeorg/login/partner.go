package login

import "time"

// An Identity says who is logged in, and to what: the SOAP API tells it.
type Identity struct {
	Org, Name string // the org's Id, and what it calls itself
	Username  string
	Sandbox   bool
	Life      time.Duration // of a session
}

// Identity returns who every session belongs to.
func (l *Server) Identity() Identity {
	return Identity{Org: l.org, Name: l.name, Username: l.creds.Username, Sandbox: l.sandbox, Life: l.life}
}

// Enter opens a session for somebody who knows the user's password.
func (l *Server) Enter(username, password string) (session string, ok bool) {
	if username != l.creds.Username || password != l.creds.Password {
		return "", false
	}
	return l.open(nil, false), true
}

// Works tells whether a session works.
func (l *Server) Works(session string) bool { return l.works(session) }

// Leave ends a session.
func (l *Server) Leave(session string) { l.sessions.end(session) }
