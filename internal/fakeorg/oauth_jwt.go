package fakeorg

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// clocksDiffer is how far back the end of an assertion may lie: the clocks of
// two machines differ.
const clocksDiffer = 30 * time.Second

// checkAssertion refuses a JWT that the user's app didn't sign for this org, or
// whose time is over. The descriptions are Salesforce's own. How far ahead the
// end lies is not looked at: the guide says three minutes, but Salesforce takes
// the assertions of its own CLI, which writes milliseconds for seconds there
// (forcedotcom/sfdx-core, authInfo.ts).
func (o *Org) checkAssertion(r *http.Request) error {
	if o.options.App.Certificate == nil {
		return &loginError{http.StatusBadRequest, "unsupported_grant_type", "grant type not supported"}
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(r.PostForm.Get("assertion"), &claims,
		func(*jwt.Token) (any, error) { return o.options.App.Certificate.PublicKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
		jwt.WithTimeFunc(o.clock.Now), jwt.WithLeeway(clocksDiffer), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return invalidGrant("expired authorization code")
	case err != nil:
		return invalidGrant("invalid assertion")
	case claims.Issuer != o.login.ClientID:
		return &loginError{http.StatusBadRequest, "invalid_client_id", "client identifier invalid"}
	case !o.isAudience(claims.Audience, r):
		return invalidGrant("audience is invalid")
	case claims.Subject != o.login.Username, o.options.App.NotApproved:
		return invalidGrant("user hasn't approved this consumer")
	}
	return nil
}

// isAudience tells whether an assertion was made for this org: its own domain,
// or for all that aren't sandboxes the common one. The token endpoint will do
// for its domain (RFC 7523 section 3), and ForceCLI writes that.
func (o *Org) isAudience(audience []string, r *http.Request) bool {
	return slices.ContainsFunc(audience, func(aud string) bool {
		aud = strings.TrimSuffix(aud, "/services/oauth2/token")
		return aud == baseURL(r) || !o.options.Sandbox && aud == "https://login.salesforce.com"
	})
}
