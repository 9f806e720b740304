package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"catchment/internal/plan"
)

// auth sends requests to the session's instance, with its token. A session
// has no stated end: an answer INVALID_SESSION_ID is how it shows, and is
// answered by one new login, whoever notices it, and one repeat.
type auth struct {
	next  sender
	login Login
	at    Endpoint

	turn    chan struct{} // held by the one who reads or renews current
	current Session
}

func (a *auth) send(ctx context.Context, r *request) (*http.Response, error) {
	s, err := a.session(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := a.next.send(ctx, s.sign(r))
	if !expired(err) {
		return resp, err
	}
	if s, err = a.session(ctx, s.Token); err != nil {
		return nil, err
	}
	resp, err = a.next.send(ctx, s.sign(r))
	if l, ok := a.login.(outsider); ok && expired(err) {
		err = plan.Fixf(l.stale(a.at.URL()), "%w", err)
	}
	return resp, err
}

// An outsider is a Login whose session somebody else renews, and so knows
// better what helps when a new one has ended too.
type outsider interface{ stale(url string) string }

func expired(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusUnauthorized && e.Code == "INVALID_SESSION_ID"
}

// session gives the session, and logs in where there is none, or where its
// token is the stale one. Of many that find it stale, the first logs in.
func (a *auth) session(ctx context.Context, stale string) (Session, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return Session{}, context.Cause(ctx)
	}
	if a.current.Token != "" && a.current.Token != stale {
		return a.current, nil
	}
	s, err := a.login.Login(ctx, a.at)
	if err != nil {
		return Session{}, fmt.Errorf("log in: %w", err)
	}
	a.current = s
	return s, nil
}
