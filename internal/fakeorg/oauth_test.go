package fakeorg_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// login posts a token request without a session.
func (c *client) login(form url.Values, header ...string) answer {
	c.token = ""
	header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	return c.do("POST", "/services/oauth2/token", form.Encode(), header...)
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestLogins(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(50))
	l := c.org.Credentials()
	good := map[string]url.Values{
		"client credentials": form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret", l.ClientSecret),
		"password": form("grant_type", "password", "client_id", l.ClientID, "client_secret", l.ClientSecret,
			"username", l.Username, "password", l.Password),
		"refresh token":            form("grant_type", "refresh_token", "client_id", l.ClientID, "client_secret", l.ClientSecret, "refresh_token", l.RefreshToken),
		"refresh without a secret": form("grant_type", "refresh_token", "client_id", l.ClientID, "refresh_token", l.RefreshToken),
	}
	for name, f := range good {
		a := c.login(f)
		var got map[string]string
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 {
			t.Fatalf("%s: %d %s", name, a.StatusCode, a.body)
		}
		for _, key := range []string{"access_token", "instance_url", "id", "token_type", "issued_at", "signature"} {
			if got[key] == "" {
				t.Errorf("%s: no %s in %s", name, key, a.body)
			}
		}
		if _, ok := got["expires_in"]; ok || got["instance_url"] != c.url || !strings.HasSuffix(got["id"], "/id/"+c.org.ID()+"/005Ho0000000001IAA") {
			t.Errorf("%s: %s", name, a.body)
		}
		c.token = got["access_token"]
		c.get(data + "/limits")
		c.get("/services/oauth2/userinfo")
		c.get(strings.TrimPrefix(got["id"], c.url))
	}
	a := c.login(form("grant_type", "client_credentials"), "Authorization", basic(l.ClientID, l.ClientSecret))
	if a.StatusCode != 200 {
		t.Errorf("basic: %s", a.body)
	}
}

func basic(user, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

func TestRefusedLogins(t *testing.T) {
	c := serve(t, fakeorg.Options{ClientID: "id", ClientSecret: "secret", Username: "u", Password: "p"}, nil)
	for code, f := range map[string]url.Values{
		"unsupported_grant_type": form("grant_type", "magic", "client_id", "id"),
		"invalid_client_id":      form("grant_type", "client_credentials", "client_id", "other", "client_secret", "secret"),
		"invalid_client":         form("grant_type", "client_credentials", "client_id", "id", "client_secret", "other"),
		"invalid_grant":          form("grant_type", "password", "client_id", "id", "client_secret", "secret", "username", "u", "password", "x"),
	} {
		a := c.login(f)
		var got struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 400 || got.Error != code || got.Description == "" {
			t.Errorf("%s: got %d %s", code, a.StatusCode, a.body)
		}
	}
	a := c.login(form("grant_type", "refresh_token", "client_id", "id", "client_secret", "secret", "refresh_token", "x"))
	if a.body != `{"error":"invalid_grant","error_description":"expired access/refresh token"}` {
		t.Error(a.body)
	}
}

func TestSessionsEnd(t *testing.T) {
	c := serve(t, fakeorg.Options{SessionLife: time.Hour}, nil)
	c.get(data + "/limits")
	c.org.Clock().Advance(time.Hour)
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")
	again := func() {
		l := c.org.Credentials()
		a := c.login(form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret", l.ClientSecret))
		var got map[string]string
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(err)
		}
		c.token = got["access_token"]
		c.get(data + "/limits")
	}
	again()
	c.ok("POST", "/_org/expire-sessions", "")
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")
	again()
	for _, wrong := range []string{"", "Bearer", "Basic abc", "Bearer 00Dwrong"} {
		c.do("GET", data+"/limits", "", "Authorization", wrong).refused(t, 401, "INVALID_SESSION_ID")
	}
	if a := c.do("GET", data+"/limits", "", "Authorization", "OAuth "+c.token); a.StatusCode != 200 {
		t.Error(a.body)
	}
}
