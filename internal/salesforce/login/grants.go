package login

import (
	"context"
	"net/url"

	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce/fault"
)

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
// security token appended where the org asks for it. platform says when Salesforce
// ends that.
type Password struct{ ClientID, ClientSecret, Username, Password string }

// Login gets a session.
func (l Password) Login(ctx context.Context, at Endpoint) (Session, error) {
	s, err := at.Grant(ctx, url.Values{
		"grant_type":    {"password"},
		"client_id":     {l.ClientID},
		"client_secret": {l.ClientSecret},
		"username":      {l.Username},
		"password":      {l.Password},
	}, "client_secret", "password")
	switch fault.CodeOf(err) {
	case "invalid_grant", "unsupported_grant_type", "unauthorized_client":
		err = plan.Fixf(platform.PasswordRefused(at.now()), "%w", err)
	}
	return s, err
}
