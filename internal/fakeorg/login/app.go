package login

import (
	"crypto/x509"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// An App says how the org's External Client App is set up. The zero App lets
// its one user in by every flow but JWT, which needs a certificate.
type App struct {
	Certificate *x509.Certificate // whose key signs the assertions of the JWT flow
	Rotates     bool              // a refresh token works once, and comes with its successor
	RefreshIdle time.Duration     // after which a refresh token expires that nobody uses; never
	NotApproved bool              // no administrator has allowed the app to the user
	NoRunAs     bool              // client credentials have no user to run as
	NoPassword  bool              // the username-password flow is blocked, as new orgs have it
	DPoP        string            // DPoPRequired or DPoPBound; empty: bearer tokens
}

// How an app binds its tokens to a key of the client's (RFC 9449).
const (
	DPoPRequired = "required" // nobody gets a token without proving that it has the key
	DPoPBound    = "bound"    // the token is a bound one, whether a proof came or not
)

// Check refuses an app that can't be.
func (a App) Check() error {
	switch a.DPoP {
	case "", DPoPRequired, DPoPBound:
	default:
		return reply.Bad("INVALID_ARGUMENT_TYPE", "dpop must be %s, %s or empty, not %q", DPoPRequired, DPoPBound,
			a.DPoP)
	}
	if a.RefreshIdle < 0 {
		return reply.Bad("INVALID_ARGUMENT_TYPE", "a refresh token can't expire before it is given")
	}
	return nil
}

// passwordFlowEnds is when Salesforce ends the username-password flow, for everybody
// (help 005461976). What is answered then nobody has seen; taken is what an org answers
// that blocks the flow.
func passwordFlowEnds() time.Time { return time.Date(2027, time.February, 20, 0, 0, 0, 0, time.UTC) }

// schemeDPoP is what tokens that are bound to a key are called.
const schemeDPoP = "DPoP"

// proves tells whether a request has a proof for itself: a JWT of the right kind that
// names its method and URL. Whether its signature is that of the key in it isn't looked
// at, nor whether the key is always the same.
func proves(r *http.Request) bool {
	proof, claims := r.Header.Values("DPoP"), jwt.MapClaims{}
	if len(proof) != 1 {
		return false
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(proof[0], claims)
	if err != nil || parsed.Header["typ"] != "dpop+jwt" || parsed.Header["jwk"] == nil {
		return false
	}
	target, _, _ := strings.Cut(web.BaseURL(r)+r.URL.Path, "?")
	return claims["htm"] == r.Method && claims["htu"] == target
}

// provedWorks tells whether an access token works for a request with a proof.
func (l *Server) provedWorks(r *http.Request, token string) bool {
	one, ok := l.sessions.live(token, l.clock.Now())
	return ok && one.bound && proves(r)
}

// changeApp sets the app up otherwise; what isn't named stays. Tokens that are there
// stay what they are.
func (l *Server) changeApp(w http.ResponseWriter, c *web.Call) error {
	app, asked := *l.app.Load(), struct {
		PasswordFlow, Approved, RunAs, RotateRefreshTokens *bool
		RefreshTokenIdle, DPoP                             *string
	}{}
	if err := c.Decode(&asked); err != nil {
		return err
	}
	for to, value := range map[*bool]*bool{
		&app.NoPassword: not(asked.PasswordFlow), &app.NotApproved: not(asked.Approved), &app.NoRunAs: not(asked.RunAs),
		&app.Rotates: asked.RotateRefreshTokens,
	} {
		if value != nil {
			*to = *value
		}
	}
	if asked.DPoP != nil {
		app.DPoP = *asked.DPoP
	}
	if asked.RefreshTokenIdle != nil {
		idle, err := time.ParseDuration(*asked.RefreshTokenIdle)
		if err != nil {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "refreshTokenIdle must be a duration such as 720h")
		}
		app.RefreshIdle = idle
	}
	if err := app.Check(); err != nil {
		return err
	}
	l.app.Store(&app)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// not turns an answer around, where there is one.
func not(value *bool) *bool {
	if value == nil {
		return nil
	}
	turned := !*value
	return &turned
}
