package login

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"catchment/internal/fakeorg/web"
)

// clocksDiffer is how far back the end of an assertion may lie: the clocks of
// two machines differ.
const clocksDiffer = 30 * time.Second

// checkAssertion refuses a JWT that the user's app didn't sign for this org, or
// whose time is over. The descriptions are Salesforce's own. How far ahead the
// end lies is not looked at: the guide says three minutes, but Salesforce takes
// the assertions of its own CLI, which writes milliseconds for seconds there
// (forcedotcom/sfdx-core, authInfo.ts).
func (l *Server) checkAssertion(r *http.Request) error {
	app := l.app.Load()
	if app.Certificate == nil {
		return refused("unsupported_grant_type", "grant type not supported")
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(r.PostForm.Get("assertion"), &claims,
		func(*jwt.Token) (any, error) { return app.Certificate.PublicKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
		jwt.WithTimeFunc(l.clock.Now), jwt.WithLeeway(clocksDiffer), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return invalidGrant("expired authorization code")
	case err != nil:
		return invalidGrant("invalid assertion")
	case claims.Issuer != l.creds.ClientID:
		return refused("invalid_client_id", "client identifier invalid")
	case !l.isAudience(claims.Audience, r):
		return invalidGrant("audience is invalid")
	case claims.Subject != l.creds.Username, app.NotApproved:
		return invalidGrant("user hasn't approved this consumer")
	}
	return nil
}

// isAudience tells whether an assertion was made for this org: its own domain,
// or for all that aren't sandboxes the common one. The token endpoint will do
// for its domain (RFC 7523 section 3), and ForceCLI writes that.
func (l *Server) isAudience(audience []string, r *http.Request) bool {
	return slices.ContainsFunc(audience, func(aud string) bool {
		aud = strings.TrimSuffix(aud, "/services/oauth2/token")
		return aud == web.BaseURL(r) || !l.sandbox && aud == "https://login.salesforce.com"
	})
}
