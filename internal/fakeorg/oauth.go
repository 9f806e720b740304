package fakeorg

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strconv"
)

// An App says how the org's External Client App is set up. The zero App lets
// its one user in by every flow but JWT, which needs a certificate.
type App struct {
	Certificate *x509.Certificate // whose key signs the assertions of the JWT flow
	Rotates     bool              // a refresh token works once, and comes with its successor
	NotApproved bool              // no administrator has allowed the app to the user
	NoRunAs     bool              // client credentials have no user to run as
}

// The grants of the token endpoint.
const (
	grantClient   = "client_credentials"
	grantPassword = "password"
	grantRefresh  = "refresh_token"
	grantJWT      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// runningUser is who every session belongs to: the first User of the org.
func (o *Org) runningUser() string { return makeID("005", 1) }

// invalidGrant is the refusal that most mistakes are answered with: only its
// description tells them apart.
func invalidGrant(description string) error {
	return &loginError{http.StatusBadRequest, "invalid_grant", description}
}

// token gives an access token for a login. There is no expires_in in the
// answer: a client learns of the end of a session by a 401.
func (o *Org) token(w http.ResponseWriter, c *call) error {
	if err := c.ParseForm(); err != nil {
		return &loginError{http.StatusBadRequest, "invalid_request", "unreadable form"}
	}
	from, rotated, err := o.grant(c.Request)
	if err != nil {
		return err
	}
	identity, issued := o.identityURL(c.Request), strconv.FormatInt(o.clock.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(o.login.ClientSecret))
	mac.Write([]byte(identity + issued))
	answer := map[string]string{
		"access_token": o.openSession(from),
		"instance_url": baseURL(c.Request),
		"id":           identity,
		"token_type":   "Bearer",
		"issued_at":    issued,
		"signature":    base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"scope":        "api refresh_token",
	}
	if rotated != "" {
		answer["refresh_token"] = rotated
	}
	w.Header().Set("Cache-Control", "no-cache, no-store")
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// grant refuses whoever isn't the one client and the one user. A refresh token
// also tells which consent the session comes from, and what replaces it.
func (o *Org) grant(r *http.Request) (from *consent, rotated string, err error) {
	kind := r.PostForm.Get("grant_type")
	if kind == grantJWT {
		return nil, "", o.checkAssertion(r)
	}
	switch kind {
	case grantClient, grantPassword, grantRefresh:
	default:
		return nil, "", &loginError{http.StatusBadRequest, "unsupported_grant_type", "grant type not supported"}
	}
	// A client that is public refreshes without its secret.
	if err := o.checkClient(r, kind == grantRefresh); err != nil {
		return nil, "", err
	}
	switch {
	case kind == grantClient && o.options.App.NoRunAs:
		return nil, "", invalidGrant("no client credentials user enabled")
	case o.options.App.NotApproved && kind != grantRefresh:
		return nil, "", &loginError{http.StatusBadRequest, "invalid_app_access", "user is not admin approved to access this app"}
	case kind == grantPassword &&
		(r.PostForm.Get("username") != o.login.Username || r.PostForm.Get("password") != o.login.Password):
		return nil, "", invalidGrant("authentication failure")
	case kind != grantRefresh:
		return nil, "", nil
	}
	from, rotated, ok := o.sessions.redeem(r.PostForm.Get("refresh_token"), o.options.App.Rotates)
	if !ok {
		return nil, "", invalidGrant("expired access/refresh token")
	}
	return from, rotated, nil
}

// checkClient refuses every client but the one.
func (o *Org) checkClient(r *http.Request, public bool) error {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id != o.login.ClientID {
		return &loginError{http.StatusBadRequest, "invalid_client_id", "client identifier invalid"}
	}
	if secret != o.login.ClientSecret && (!public || secret != "") {
		return &loginError{http.StatusBadRequest, "invalid_client", "invalid client credentials"}
	}
	return nil
}

// introspect tells whether a token works, and until when.
func (o *Org) introspect(w http.ResponseWriter, c *call) error {
	if err := c.ParseForm(); err != nil {
		return &loginError{http.StatusBadRequest, "invalid_request", "unreadable form"}
	}
	if err := o.checkClient(c.Request, false); err != nil {
		return err
	}
	token := c.PostForm.Get("token")
	answer := map[string]any{
		"active": true, "scope": "api refresh_token", "client_id": o.login.ClientID,
		"username": o.login.Username, "sub": o.identityURL(c.Request),
	}
	if s, ok := o.sessions.live(token, o.clock.Now()); ok {
		answer["token_type"] = "access_token"
		answer["iat"], answer["nbf"], answer["exp"] = s.began.Unix(), s.began.Unix(), s.until.Unix()
	} else if o.sessions.refreshes(token) {
		answer["token_type"] = "refresh_token"
	} else {
		answer = map[string]any{"active": false}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// revoke ends a session, or all that came from a refresh token.
func (o *Org) revoke(w http.ResponseWriter, c *call) error {
	if err := c.ParseForm(); err != nil || !o.sessions.revoke(c.Form.Get("token")) {
		return &loginError{http.StatusBadRequest, "unsupported_token_type", "this token type is not supported"}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// baseURL is where the client reached the org, which is where it stays.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (o *Org) identityURL(r *http.Request) string {
	return baseURL(r) + "/id/" + o.id + "/" + o.runningUser()
}

// userInfo tells who the session belongs to.
func (o *Org) userInfo(w http.ResponseWriter, c *call) error {
	rest := baseURL(c.Request) + "/services/data/v{version}/"
	writeJSON(w, http.StatusOK, map[string]any{
		"sub":                o.identityURL(c.Request),
		"id":                 o.identityURL(c.Request),
		"user_id":            o.runningUser(),
		"organization_id":    o.id,
		"username":           o.login.Username,
		"preferred_username": o.login.Username,
		"email":              o.login.Username,
		"active":             true,
		"user_type":          "STANDARD",
		"urls":               map[string]string{"rest": rest, "sobjects": rest + "sobjects/", "query": rest + "query/"},
	})
	return nil
}
