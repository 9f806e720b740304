package fakeorg

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
)

// runningUser is who every session belongs to: the first User of the org.
func (o *Org) runningUser() string { return makeID("005", 1) }

// token gives an access token for a login. There is no expires_in in the
// answer: a client learns of the end of a session by a 401.
func (o *Org) token(w http.ResponseWriter, c *call) error {
	if err := c.ParseForm(); err != nil {
		return &loginError{http.StatusBadRequest, "invalid_request", "unreadable form"}
	}
	if err := o.checkLogin(c.Request); err != nil {
		return err
	}
	now := o.clock.Now()
	identity, issued := o.identityURL(c.Request), strconv.FormatInt(now.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(o.login.ClientSecret))
	mac.Write([]byte(identity + issued))
	w.Header().Set("Cache-Control", "no-cache, no-store")
	writeJSON(w, http.StatusOK, map[string]string{
		"access_token": o.openSession(now),
		"instance_url": baseURL(c.Request),
		"id":           identity,
		"token_type":   "Bearer",
		"issued_at":    issued,
		"signature":    base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"scope":        "api refresh_token",
	})
	return nil
}

// checkLogin refuses whoever isn't the one client and the one user.
func (o *Org) checkLogin(r *http.Request) error {
	no := func(code, description string) error {
		return &loginError{http.StatusBadRequest, code, description}
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	grant := r.PostForm.Get("grant_type")
	switch grant {
	case "client_credentials", "password", "refresh_token":
	default:
		return no("unsupported_grant_type", "grant type not supported")
	}
	if id != o.login.ClientID {
		return no("invalid_client_id", "client identifier invalid")
	}
	// A client that is public refreshes without its secret.
	if secret != o.login.ClientSecret && (grant != "refresh_token" || secret != "") {
		return no("invalid_client", "invalid client credentials")
	}
	if grant == "password" &&
		(r.PostForm.Get("username") != o.login.Username || r.PostForm.Get("password") != o.login.Password) {
		return no("invalid_grant", "authentication failure")
	}
	if grant == "refresh_token" && r.PostForm.Get("refresh_token") != o.login.RefreshToken {
		return no("invalid_grant", "expired access/refresh token")
	}
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
