package fakeorg

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// sessions are the access tokens that work, and until when.
type sessions struct {
	mu    sync.Mutex
	dice  *dice
	until map[string]time.Time
}

// openSession makes an access token. Its life begins now and isn't prolonged
// by use, so that a test can place the end of a session.
func (o *Org) openSession(now time.Time) string {
	o.sessions.mu.Lock()
	defer o.sessions.mu.Unlock()
	token := o.id[:shortID] + "!AQE" + o.sessions.dice.secret(92)
	if o.sessions.until == nil {
		o.sessions.until = map[string]time.Time{}
	}
	o.sessions.until[token] = now.Add(o.options.SessionLife)
	return token
}

// ExpireSessions ends all sessions at once.
func (o *Org) ExpireSessions() {
	o.sessions.mu.Lock()
	defer o.sessions.mu.Unlock()
	clear(o.sessions.until)
}

func (s *sessions) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, token)
}

// checkSession refuses a call without a session that works.
func (o *Org) checkSession(c *call) error {
	kind, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth") {
		token = ""
	}
	c.token = token
	if c.fault != nil && c.fault.ExpireSession {
		o.sessions.end(token)
	}
	o.sessions.mu.Lock()
	defer o.sessions.mu.Unlock()
	until, ok := o.sessions.until[token]
	if !ok || !o.clock.Now().Before(until) {
		delete(o.sessions.until, token)
		return refuse(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	}
	return nil
}
