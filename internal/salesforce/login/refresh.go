package login

import (
	"cmp"
	"context"
	"net/url"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

// A Keeper keeps a refresh token from one login to the next.
type Keeper interface {
	// Renew hands the token to use, and keeps what use gives in its place; ""
	// leaves it as it is. Nobody else uses the token meanwhile: an app that
	// rotates its tokens takes a second use for theft, and ends them all.
	Renew(ctx context.Context, use func(token string) (next string, err error)) error
}

// RefreshToken logs in with the refresh token of an earlier consent. The
// secret may be "" where the app needs none. Where the app rotates its tokens,
// the new one is kept before the session is used.
type RefreshToken struct {
	ClientID, ClientSecret string
	Keeper                 Keeper
}

// Login gets a session.
func (l RefreshToken) Login(ctx context.Context, at Endpoint) (Session, error) {
	var s Session
	var refused error // of a grant that used the token up: the next one is kept first
	err := l.Keeper.Renew(ctx, func(token string) (string, error) {
		form := url.Values{
			"grant_type":    {"refresh_token"},
			"client_id":     {l.ClientID},
			"refresh_token": {token},
		}
		if l.ClientSecret != "" {
			form.Set("client_secret", l.ClientSecret)
		}
		s, refused = redeem(ctx, at, form)
		if s.next == "" {
			return "", refused
		}
		return s.next, nil
	})
	if err = cmp.Or(err, refused); err != nil {
		return Session{}, err
	}
	s.next = ""
	return s, nil
}

// redeem posts a refresh token. Whatever the words are by which Salesforce doesn't take it
// any more, they leave open why.
func redeem(ctx context.Context, at Endpoint, form url.Values) (Session, error) {
	s, err := at.Grant(ctx, form, "client_secret", "refresh_token")
	if fault.CodeOf(err) == "invalid_grant" {
		err = plan.Fixf(fault.RefreshEnded, "%w", err)
	}
	return s, err
}
