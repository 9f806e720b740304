package login

import (
	"maps"
	"sync"
	"time"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/recordid"
)

// sessions are the tokens that work.
type sessions struct {
	mu      sync.Mutex
	dice    *chance.Dice
	access  map[string]session
	refresh map[string]*consent // by every refresh token it ever had
}

// A session is what an access token stands for.
type session struct {
	began, until time.Time
	consent      *consent // that it came from, or nil
	bound        bool     // to a key of the client's: whoever uses it proves that it has the key
}

// A consent is what a user once gave to the app: a refresh token, and with
// rotation its successors, of which only the newest works.
type consent struct {
	newest string
	used   time.Time // when it was last redeemed, or given
}

func newSessions(dice *chance.Dice, refreshToken string, now time.Time) *sessions {
	return &sessions{
		dice:    dice,
		access:  map[string]session{},
		refresh: map[string]*consent{refreshToken: {refreshToken, now}},
	}
}

// begin makes an access token. Its life begins now and isn't prolonged by use,
// so that a test can place the end of a session.
func (s *sessions) begin(org string, one session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := org[:recordid.Short] + "!AQE" + s.dice.Secret(92)
	s.access[token] = one
	return token
}

// expire ends all sessions at once.
func (s *sessions) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// withdrawAll ends all consents, and the sessions that came from them.
func (s *sessions) withdrawAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.refresh {
		s.withdraw(c)
	}
}

// withdraw ends a consent and its sessions; mu is held.
func (s *sessions) withdraw(c *consent) {
	c.newest = ""
	maps.DeleteFunc(s.access, func(_ string, one session) bool { return one.consent == c })
}

// redeem uses a refresh token. With rotation it works once, and next is the
// one that works from then on; who comes with a used one may have stolen it,
// so that ends everything that ever came from the same consent. One that nobody has
// used for as long as the app allows has expired.
func (s *sessions) redeem(token string, app *App, now time.Time) (c *consent, next string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.refresh[token]
	if !known || c.idle(app, now) {
		return nil, "", false
	}
	if c.newest != token {
		s.withdraw(c)
		return nil, "", false
	}
	c.used = now
	if app.Rotates {
		next = "5Aep861" + s.dice.Secret(60)
		c.newest = next
		s.refresh[next] = c
	}
	return c, next, true
}

// end ends a session.
func (s *sessions) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.access, token)
}

// revoke ends what a token of either kind gave; false where it gave nothing.
func (s *sessions) revoke(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.refresh[token]; ok && c.newest == token {
		s.withdraw(c)
		return true
	}
	_, ok := s.access[token]
	delete(s.access, token)
	return ok
}

// live finds the session of an access token that works, and forgets one whose
// time has come.
func (s *sessions) live(token string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.access[token]
	if !ok || !now.Before(one.until) {
		delete(s.access, token)
		return session{}, false
	}
	return one, true
}

// refreshes tells whether a refresh token works.
func (s *sessions) refreshes(token string, app *App, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.refresh[token]
	return ok && c.newest == token && !c.idle(app, now)
}

// idle tells whether nobody has used a consent for as long as the app allows.
func (c *consent) idle(app *App, now time.Time) bool {
	return app.RefreshIdle > 0 && now.Sub(c.used) >= app.RefreshIdle
}
