package fakeorg_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

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
		"client credentials": form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret",
			l.ClientSecret),
		"password": form("grant_type", "password", "client_id", l.ClientID, "client_secret", l.ClientSecret,
			"username", l.Username, "password", l.Password),
		"refresh token": form("grant_type", "refresh_token", "client_id", l.ClientID, "client_secret",
			l.ClientSecret, "refresh_token", l.RefreshToken),
		"refresh without a secret": form("grant_type", "refresh_token", "client_id", l.ClientID, "refresh_token",
			l.RefreshToken),
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
		if _, ok := got["expires_in"]; ok || got["instance_url"] != c.url ||
			!strings.HasSuffix(got["id"], "/id/"+c.org.ID()+"/005Ho0000000001IAA") {
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
		"invalid_client_id": form("grant_type", "client_credentials", "client_id", "other",
			"client_secret", "secret"),
		"invalid_client": form("grant_type", "client_credentials", "client_id", "id", "client_secret", "other"),
		"invalid_grant": form("grant_type", "password", "client_id", "id", "client_secret", "secret",
			"username", "u", "password", "x"),
	} {
		a := c.login(f)
		var got struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 400 || got.Error != code ||
			got.Description == "" {
			t.Errorf("%s: got %d %s", code, a.StatusCode, a.body)
		}
	}
	a := c.login(form("grant_type", "refresh_token", "client_id", "id", "client_secret", "secret",
		"refresh_token", "x"))
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

// A certificate and its key, as an administrator makes them with openssl.
func keyPair(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start(), NotAfter: start().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

func TestAssertions(t *testing.T) {
	certificate, key := keyPair(t)
	_, other := keyPair(t)
	c := serve(t, fakeorg.Options{App: fakeorg.App{Certificate: certificate}}, nil)
	l := c.org.Credentials()
	const (
		good    = ""
		invalid = "invalid_grant: invalid assertion"
	)
	claims := func(change string, value any) jwt.MapClaims {
		all := jwt.MapClaims{"iss": l.ClientID, "sub": l.Username, "aud": c.url,
			"exp": start().Add(2 * time.Minute).Unix()}
		if all[change] = value; value == nil {
			delete(all, change)
		}
		return all
	}
	at := func(d time.Duration) int64 { return start().Add(d).Unix() }
	tests := map[string]struct {
		method jwt.SigningMethod
		key    any
		claims jwt.MapClaims
		want   string
	}{
		"good":                {jwt.SigningMethodRS256, key, claims("sub", l.Username), good},
		"the common audience": {jwt.SigningMethodRS256, key, claims("aud", "https://login.salesforce.com"), good},
		"a clock behind":      {jwt.SigningMethodRS256, key, claims("exp", at(-20*time.Second)), good},
		"another key":         {jwt.SigningMethodRS256, other, claims("sub", l.Username), invalid},
		"another method":      {jwt.SigningMethodRS384, key, claims("sub", l.Username), invalid},
		"no signature": {jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType,
			claims("sub", l.Username), invalid},
		"a public key as HMAC":   {jwt.SigningMethodHS256, certificate.Raw, claims("sub", l.Username), invalid},
		"no end":                 {jwt.SigningMethodRS256, key, claims("exp", nil), invalid},
		"an end in milliseconds": {jwt.SigningMethodRS256, key, claims("exp", start().UnixMilli()+300), good},
		"expired": {jwt.SigningMethodRS256, key, claims("exp", at(-time.Minute)),
			"invalid_grant: expired authorization code"},
		"another audience": {jwt.SigningMethodRS256, key, claims("aud", "https://test.salesforce.com"),
			"invalid_grant: audience is invalid"},
		"no audience": {jwt.SigningMethodRS256, key, claims("aud", nil),
			"invalid_grant: audience is invalid"},
		"another user": {jwt.SigningMethodRS256, key, claims("sub", "x@example.com"),
			"invalid_grant: user hasn't approved this consumer"},
		"another app": {jwt.SigningMethodRS256, key, claims("iss", "3MVG9x"),
			"invalid_client_id: client identifier invalid"},
	}
	for name, tt := range tests {
		signed, err := jwt.NewWithClaims(tt.method, tt.claims).SignedString(tt.key)
		if err != nil {
			t.Fatal(name, err)
		}
		a := c.login(form("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", signed))
		if got := a.loginError(t); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if strings.Contains(a.body, `"refresh_token":`) {
			t.Errorf("%s: a refresh token came: %s", name, a.body)
		}
	}
	if got := c.login(form("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion",
		"x.y")).loginError(t); got != invalid {
		t.Error(got)
	}
}

// tokenOf gives the access token of an answer.
func tokenOf(t *testing.T, a answer) string {
	t.Helper()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Token == "" {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	return got.Token
}

// loginError gives error and description of an answer, "" where it is a token.
func (a answer) loginError(t *testing.T) string {
	t.Helper()
	var got struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Token       string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || (got.Token == "") == (a.StatusCode == 200) {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	if got.Token != "" {
		return ""
	}
	return got.Error + ": " + got.Description
}

func TestAppsThatLetNobodyIn(t *testing.T) {
	certificate, key := keyPair(t)
	c := serve(t, fakeorg.Options{App: fakeorg.App{Certificate: certificate, NotApproved: true}}, nil)
	l := c.org.Credentials()
	client := form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret", l.ClientSecret)
	if got := c.login(client).loginError(t); got != "invalid_app_access: user is not admin approved to "+
		"access this app" {
		t.Error(got)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": l.ClientID, "sub": l.Username, "aud": c.url, "exp": start().Add(time.Minute).Unix()}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	assertion := form("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", signed)
	if got := c.login(assertion).loginError(t); got != "invalid_grant: user hasn't approved this consumer" {
		t.Error(got)
	}

	c = serve(t, fakeorg.Options{App: fakeorg.App{NoRunAs: true}}, nil)
	if got := c.login(client).loginError(t); got != "invalid_grant: no client credentials user enabled" {
		t.Error(got)
	}
	if got := c.login(assertion).loginError(t); got != "unsupported_grant_type: grant type not supported" {
		t.Error(got)
	}
}

// With rotation a refresh token works once; whoever uses it again ends
// everything that came from it.
func TestRefreshTokensRotate(t *testing.T) {
	c := serve(t, fakeorg.Options{App: fakeorg.App{Rotates: true}}, nil)
	l := c.org.Credentials()
	refresh := func(token string) (got map[string]string, refused string) {
		a := c.login(form("grant_type", "refresh_token", "client_id", l.ClientID, "refresh_token", token))
		if refused = a.loginError(t); refused == "" {
			if err := json.Unmarshal([]byte(a.body), &got); err != nil {
				t.Fatal(err)
			}
		}
		return got, refused
	}
	first, _ := refresh(l.RefreshToken)
	second, _ := refresh(first["refresh_token"])
	if next := second["refresh_token"]; next == "" || next == first["refresh_token"] || next == l.RefreshToken {
		t.Fatalf("the token didn't change: %q", next)
	}
	c.token = second["access_token"]
	c.get(data + "/limits")
	const ended = "invalid_grant: expired access/refresh token"
	for _, token := range []string{l.RefreshToken, second["refresh_token"], "5Aep861other"} {
		if _, refused := refresh(token); refused != ended {
			t.Errorf("%.10s...: %q", token, refused)
		}
	}
	c.token = second["access_token"]
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")
}

func TestIntrospectionAndRevocation(t *testing.T) {
	c := serve(t, fakeorg.Options{SessionLife: time.Hour}, nil)
	l := c.org.Credentials()
	ask := func(path, token string) answer {
		return c.do("POST", path, form("token", token, "client_id", l.ClientID, "client_secret",
			l.ClientSecret).Encode(),
			"Content-Type", "application/x-www-form-urlencoded")
	}
	active := func(token, kind string) {
		t.Helper()
		var got struct {
			Active bool
			Kind   string `json:"token_type"`
			Exp    int64
		}
		if err := json.Unmarshal([]byte(ask("/services/oauth2/introspect", token).body), &got); err != nil {
			t.Fatal(err)
		}
		if got.Active != (kind != "") || got.Kind != kind || kind == "access_token" &&
			got.Exp != start().Add(time.Hour).Unix() {
			t.Errorf("%+v, want kind %q", got, kind)
		}
	}
	a := c.login(form("grant_type", "refresh_token", "client_id", l.ClientID, "refresh_token", l.RefreshToken))
	var got map[string]string
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	active(got["access_token"], "access_token")
	active(l.RefreshToken, "refresh_token")
	active("x", "")
	if a := ask("/services/oauth2/revoke", l.RefreshToken); a.StatusCode != 200 {
		t.Error(a.body)
	}
	active(got["access_token"], "") // what came from a refresh token ends with it
	active(l.RefreshToken, "")
	if got := ask("/services/oauth2/revoke",
		l.RefreshToken).loginError(t); got != "unsupported_token_type: this token type is not supported" {
		t.Error(got)
	}
	active(l.AccessToken, "access_token") // what didn't goes on
	ask("/services/oauth2/revoke", l.AccessToken)
	c.token = l.AccessToken
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")

	c = serve(t, fakeorg.Options{}, nil)
	l = c.org.Credentials()
	c.org.RevokeRefreshTokens()
	f := form("grant_type", "refresh_token", "client_id", l.ClientID, "refresh_token", l.RefreshToken)
	if got := c.login(f).loginError(t); got != "invalid_grant: expired access/refresh token" {
		t.Error(got)
	}
	l.ClientSecret = "wrong"
	if got := ask("/services/oauth2/introspect",
		l.AccessToken).loginError(t); got != "invalid_client: invalid client credentials" {
		t.Error(got)
	}
}

// The username-password flow can be blocked, and ends for everybody on 20 February
// 2027. An org tells no more than that it failed: why stands in its login history.
func TestPasswordFlowEnds(t *testing.T) {
	last := fakeorg.StillClock(time.Date(2027, 2, 19, 23, 59, 59, 0, time.UTC))
	c := serve(t, fakeorg.Options{Clock: last}, nil)
	l := c.org.Credentials()
	login := func() string {
		return c.login(form("grant_type", "password", "client_id", l.ClientID, "client_secret", l.ClientSecret,
			"username", l.Username, "password", l.Password)).loginError(t)
	}
	const failed = "invalid_grant: authentication failure"
	if got := login(); got != "" {
		t.Errorf("a second before: %s", got)
	}
	c.ok("POST", "/_org/login", `{"passwordFlow":false}`)
	if got := login(); got != failed {
		t.Errorf("blocked: %q", got)
	}
	c.ok("POST", "/_org/login", `{"passwordFlow":true}`)
	if got := login(); got != "" {
		t.Errorf("allowed again: %s", got)
	}
	last.Advance(time.Second)
	if got := login(); got != failed {
		t.Errorf("on the day: %q", got)
	}
	if got := c.login(form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret",
		l.ClientSecret)).loginError(t); got != "" {
		t.Errorf("another flow: %s", got)
	}
	c = serve(t, fakeorg.Options{App: fakeorg.App{NoPassword: true}}, nil)
	if l = c.org.Credentials(); login() != failed {
		t.Error("an org that blocks the flow from the start lets it in")
	}
}

// A refresh token that nobody uses for thirty days expires where the app says so; each
// use begins its days anew.
func TestRefreshTokensExpireUnused(t *testing.T) {
	const days = 24 * time.Hour
	c := serve(t, fakeorg.Options{App: fakeorg.App{RefreshIdle: 30 * days, Rotates: true}}, nil)
	l := c.org.Credentials()
	token := l.RefreshToken
	refresh := func() string {
		a := c.login(form("grant_type", "refresh_token", "client_id", l.ClientID, "refresh_token", token))
		var got map[string]string
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(err)
		}
		if next := got["refresh_token"]; next != "" {
			token = next
		}
		return a.loginError(t)
	}
	for range 3 {
		c.org.Clock().Advance(30*days - time.Second)
		if got := refresh(); got != "" {
			t.Fatalf("used in time: %s", got)
		}
	}
	c.org.Clock().Advance(30 * days)
	if got := refresh(); got != "invalid_grant: expired access/refresh token" {
		t.Errorf("unused for thirty days: %q", got)
	}
	c.ok("POST", "/_org/login", `{"refreshTokenIdle":"0s"}`)
	if got := refresh(); got != "" {
		t.Errorf("valid until revoked: %s", got)
	}
	for _, wrong := range []string{`{"refreshTokenIdle":"a month"}`, `{"refreshTokenIdle":"-1h"}`, `{"dpop":"maybe"}`} {
		c.do("POST", "/_org/login", wrong).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	}
}

// A token that is bound to a key works with a proof only.
func TestBoundTokens(t *testing.T) {
	_, key := keyPair(t)
	c := serve(t, fakeorg.Options{App: fakeorg.App{DPoP: fakeorg.DPoPRequired}}, nil)
	l := c.org.Credentials()
	proof := func(method, path string) string {
		claims := jwt.MapClaims{"htm": method, "htu": c.url + path, "jti": "1", "iat": start().Unix()}
		made := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		made.Header["typ"], made.Header["jwk"] = "dpop+jwt", map[string]string{"kty": "RSA"}
		signed, err := made.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	grant := form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret", l.ClientSecret)
	for _, wrong := range []string{"", "x", proof("GET", "/services/oauth2/token"), proof("POST", "/elsewhere")} {
		var header []string
		if wrong != "" {
			header = []string{"DPoP", wrong}
		}
		if got := c.login(grant, header...).loginError(t); !strings.HasPrefix(got, "invalid_dpop_proof: ") {
			t.Errorf("proof %.9q: %q", wrong, got)
		}
	}
	use := func(a answer, limits string) {
		t.Helper()
		if !strings.Contains(a.body, `"token_type":"DPoP"`) {
			t.Fatal(a.body)
		}
		c.token = tokenOf(t, a)
		c.do("GET", limits, "").refused(t, 401, "INVALID_SESSION_ID")
		c.do("GET", limits, "", "Authorization", "DPoP "+c.token).refused(t, 401, "INVALID_SESSION_ID")
		good := c.do("GET", limits+"?x=1", "", "Authorization", "DPoP "+c.token, "DPoP", proof("GET", limits))
		if good.StatusCode != 200 {
			t.Errorf("with a proof: %d %s", good.StatusCode, good.body)
		}
	}
	use(c.login(grant, "DPoP", proof("POST", "/services/oauth2/token")), data+"/limits")
	c.ok("POST", "/_org/login", `{"dpop":"bound"}`)
	use(c.login(grant), data+"/limits")
	c.ok("POST", "/_org/login", `{"dpop":""}`)
	bearer := c.login(grant)
	c.token = tokenOf(t, bearer)
	c.get(data + "/limits")
	c.do("GET", data+"/limits", "", "Authorization", "DPoP "+c.token, "DPoP", proof("GET", data+"/limits")).refused(t,
		401, "INVALID_SESSION_ID")
}
