package login

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// The grants of the token endpoint.
const (
	grantClient   = "client_credentials"
	grantPassword = "password"
	grantRefresh  = "refresh_token"
	grantJWT      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// refused is a refusal of a login.
func refused(code, description string) error {
	return &reply.LoginRefusal{Status: http.StatusBadRequest, Code: code, Description: description}
}

// invalidGrant is the refusal that most mistakes are answered with: only its
// description tells them apart.
func invalidGrant(description string) error { return refused("invalid_grant", description) }

// token gives an access token for a login. There is no expires_in in the
// answer: a client learns of the end of a session by a 401.
func (l *Server) token(w http.ResponseWriter, c *web.Call) error {
	if err := c.ParseForm(); err != nil {
		return refused("invalid_request", "unreadable form")
	}
	app := l.app.Load()
	if app.DPoP == DPoPRequired && !proves(c.Request) {
		return refused("invalid_dpop_proof", "a valid DPoP proof is required")
	}
	from, rotated, err := l.grant(c.Request, app)
	if err != nil {
		return err
	}
	kind := "Bearer"
	if app.DPoP != "" {
		kind = schemeDPoP
	}
	identity, issued := l.IdentityURL(c.Request), strconv.FormatInt(l.clock.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(l.creds.ClientSecret))
	mac.Write([]byte(identity + issued))
	answer := map[string]string{
		"access_token": l.open(from, kind == schemeDPoP),
		"instance_url": web.BaseURL(c.Request),
		"id":           identity,
		"token_type":   kind,
		"issued_at":    issued,
		"signature":    base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"scope":        "api refresh_token",
	}
	if rotated != "" {
		answer["refresh_token"] = rotated
	}
	w.Header().Set("Cache-Control", "no-cache, no-store")
	reply.JSON(w, http.StatusOK, answer)
	return nil
}

// grant refuses whoever isn't the one client and the one user. A refresh token
// also tells which consent the session comes from, and what replaces it.
func (l *Server) grant(r *http.Request, app *App) (from *consent, rotated string, err error) {
	kind := r.PostForm.Get("grant_type")
	if kind == grantJWT {
		return nil, "", l.checkAssertion(r)
	}
	switch kind {
	case grantClient, grantRefresh:
	case grantPassword:
		// What is refused is seen in the login history only.
		if app.NoPassword || !l.clock.Now().Before(passwordFlowEnds()) {
			return nil, "", invalidGrant("authentication failure")
		}
	default:
		return nil, "", refused("unsupported_grant_type", "grant type not supported")
	}
	// A client that is public refreshes without its secret.
	if err := l.checkClient(r, kind == grantRefresh); err != nil {
		return nil, "", err
	}
	switch {
	case kind == grantClient && app.NoRunAs:
		return nil, "", invalidGrant("no client credentials user enabled")
	case app.NotApproved && kind != grantRefresh:
		return nil, "", refused("invalid_app_access", "user is not admin approved to access this app")
	case kind == grantPassword &&
		(r.PostForm.Get("username") != l.creds.Username || r.PostForm.Get("password") != l.creds.Password):
		return nil, "", invalidGrant("authentication failure")
	case kind != grantRefresh:
		return nil, "", nil
	}
	from, rotated, ok := l.sessions.redeem(r.PostForm.Get("refresh_token"), app, l.clock.Now())
	if !ok {
		return nil, "", invalidGrant("expired access/refresh token")
	}
	return from, rotated, nil
}

// checkClient refuses every client but the one.
func (l *Server) checkClient(r *http.Request, public bool) error {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id != l.creds.ClientID {
		return refused("invalid_client_id", "client identifier invalid")
	}
	if secret != l.creds.ClientSecret && (!public || secret != "") {
		return refused("invalid_client", "invalid client credentials")
	}
	return nil
}

// introspect tells whether a token works, and until when.
func (l *Server) introspect(w http.ResponseWriter, c *web.Call) error {
	if err := c.ParseForm(); err != nil {
		return refused("invalid_request", "unreadable form")
	}
	if err := l.checkClient(c.Request, false); err != nil {
		return err
	}
	token := c.PostForm.Get("token")
	answer := map[string]any{
		"active": true, "scope": "api refresh_token", "client_id": l.creds.ClientID,
		"username": l.creds.Username, "sub": l.IdentityURL(c.Request),
	}
	if s, ok := l.sessions.live(token, l.clock.Now()); ok {
		answer["token_type"] = "access_token"
		answer["iat"], answer["nbf"], answer["exp"] = s.began.Unix(), s.began.Unix(), s.until.Unix()
	} else if l.sessions.refreshes(token, l.app.Load(), l.clock.Now()) {
		answer["token_type"] = "refresh_token"
	} else {
		answer = map[string]any{"active": false}
	}
	reply.JSON(w, http.StatusOK, answer)
	return nil
}

// revoke ends a session, or all that came from a refresh token.
func (l *Server) revoke(w http.ResponseWriter, c *web.Call) error {
	if err := c.ParseForm(); err != nil || !l.sessions.revoke(c.Form.Get("token")) {
		return refused("unsupported_token_type", "this token type is not supported")
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// IdentityURL is where the running user is told about.
func (l *Server) IdentityURL(r *http.Request) string {
	return web.BaseURL(r) + "/id/" + l.org + "/" + recordid.RunningUser()
}

// userInfo tells who the session belongs to.
func (l *Server) userInfo(w http.ResponseWriter, c *web.Call) error {
	rest := web.BaseURL(c.Request) + "/services/data/v{version}/"
	reply.JSON(w, http.StatusOK, map[string]any{
		"sub":                l.IdentityURL(c.Request),
		"id":                 l.IdentityURL(c.Request),
		"user_id":            recordid.RunningUser(),
		"organization_id":    l.org,
		"username":           l.creds.Username,
		"preferred_username": l.creds.Username,
		"email":              l.creds.Username,
		"active":             true,
		"user_type":          "STANDARD",
		"urls":               map[string]string{"rest": rest, "sobjects": rest + "sobjects/", "query": rest + "query/"},
	})
	return nil
}
