package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
)

// A Signer sends requests to the session's instance, with its token. A session
// has no stated end: an answer INVALID_SESSION_ID is how it shows, and is
// answered by one new login, whoever notices it, and one repeat.
type Signer struct {
	next wire.Sender
	way  Way
	at   Endpoint

	turn    chan struct{} // held by the one who reads or renews current
	current Session
}

// NewSigner makes a Signer that hands on to next. The first request logs in.
func NewSigner(next wire.Sender, way Way, at Endpoint) *Signer {
	return &Signer{next: next, way: way, at: at, turn: make(chan struct{}, 1)}
}

// Session gives the session, and logs in where there is none.
func (s *Signer) Session(ctx context.Context) (Session, error) { return s.session(ctx, "") }

// Renew gives the session, and another one where ended is its token: for who shows it in a protocol of its own, and
// was told that it has ended.
func (s *Signer) Renew(ctx context.Context, ended string) (Session, error) {
	return s.session(ctx, ended)
}

// Send sends r as one of the session, and once more where that has ended.
func (s *Signer) Send(ctx context.Context, r *wire.Request) (*http.Response, error) {
	session, err := s.session(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := s.next.Send(ctx, session.sign(r))
	if !expired(err) {
		return resp, err
	}
	if session, err = s.session(ctx, session.Token); err != nil {
		return nil, err
	}
	resp, err = s.next.Send(ctx, session.sign(r))
	if w, ok := s.way.(outsider); ok && expired(err) {
		err = plan.Fixf(w.stale(s.at.URL), "%w", err)
	}
	return resp, err
}

// An outsider is a Way whose session somebody else renews, and so knows
// better what helps when a new one has ended too.
type outsider interface{ stale(url string) string }

func expired(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Code == "INVALID_SESSION_ID" && (e.Status == http.StatusUnauthorized || e.SOAP)
}

// session gives the session, and logs in where there is none, or where its
// token is the stale one. Of many that find it stale, the first logs in.
func (s *Signer) session(ctx context.Context, stale string) (Session, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return Session{}, context.Cause(ctx)
	}
	if s.current.Token != "" && s.current.Token != stale {
		return s.current, nil
	}
	session, err := s.way.Login(ctx, s.at)
	if err != nil {
		return Session{}, fmt.Errorf("log in: %w", err)
	}
	s.current = session
	return session, nil
}
