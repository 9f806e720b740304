package fakeorg_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// A web page reaches every port of the machine that shows it, by a name of its own
// too; so does the network an org that listens to it.
func TestAdminAPIAnswersThisMachineOnly(t *testing.T) {
	c := serve(t, fakeorg.Options{}, nil)
	org := c.org
	ask := func(change func(*http.Request)) int {
		r := httptest.NewRequest("POST", "http://127.0.0.1:8080/_org/clock", strings.NewReader(`{"advance":"1h"}`))
		r.RemoteAddr = "127.0.0.1:50000"
		change(r)
		w := httptest.NewRecorder()
		org.ServeHTTP(w, r)
		return w.Code
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	sender := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	tests := map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"localhost":                 {host("localhost:8080"), 200},
		"localhost without a port":  {host("LOCALHOST"), 200},
		"another loopback address":  {host("127.8.9.1:1"), 200},
		"IPv6":                      {host("[::1]:8080"), 200},
		"IPv6 without a port":       {host("[::1]"), 200},
		"IPv4 within IPv6":          {host("[::ffff:127.0.0.1]:1"), 200},
		"a unix socket":             {sender("@"), 200},
		"a sender by IPv6":          {sender("[::1]:9"), 200},
		"its own page":              {header("Origin", "http://127.0.0.1:8080"), 200},
		"typed into a browser":      {header("Sec-Fetch-Site", "none"), 200},
		"curl -d":                   {header("Content-Type", "application/x-www-form-urlencoded"), 200},
		"a name made to mean it":    {host("attacker.example:8080"), 403},
		"a name that begins so":     {host("localhost.attacker.example"), 403},
		"a name with its numbers":   {host("127.0.0.1.attacker.example"), 403},
		"an address of the network": {host("192.168.1.5:8080"), 403},
		"every address":             {host("0.0.0.0:8080"), 403},
		"no host":                   {host(""), 403},
		"from the network":          {sender("192.168.1.9:50000"), 403},
		"another page":              {header("Origin", "https://attacker.example"), 403},
		"a page of another port":    {header("Origin", "http://127.0.0.1:3000"), 403},
		"a page without an origin":  {header("Origin", "null"), 403},
		"an old form":               {header("Content-Type", "text/plain;charset=UTF-8"), 403},
		"a form with files":         {header("Content-Type", "multipart/form-data; boundary=x"), 403},
		"a browser of another site": {header("Sec-Fetch-Site", "cross-site"), 403},
		"a browser of a port aside": {header("Sec-Fetch-Site", "same-site"), 403},
	}
	for name, tt := range tests {
		before := org.Clock().Now()
		if got := ask(tt.change); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
		if done := org.Clock().Now().After(before); done != (tt.want == 200) {
			t.Errorf("%s: it was done: %v", name, done)
		}
	}

	// The APIs of Salesforce themselves are reached by any name: proxies are.
	r := httptest.NewRequest("GET", "http://org.internal:8080/services/data", nil)
	w := httptest.NewRecorder()
	if org.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("the API by another name: %d %s", w.Code, w.Body)
	}
}

// Beyond this machine everybody needs the token, whatever host a request names.
func TestAdminAPIBeyondThisMachine(t *testing.T) {
	c := serve(t, fakeorg.Options{}, nil)
	admin := c.org.GuardAdmin()
	if len(admin) < 32 || admin == c.token {
		t.Fatalf("token %q", admin)
	}
	for _, header := range [][]string{{"Authorization", ""}, {"Authorization", "Bearer " + c.token},
		{"Authorization", "Basic " + admin}, {"Authorization", "Bearer " + admin[1:]}} {
		c.do("POST", "/_org/clock", `{"advance":"1h"}`, header...).refused(t, 401, "INVALID_SESSION_ID")
	}
	if now := c.org.Clock().Now(); !now.Equal(start()) {
		t.Errorf("the clock moved to %s", now)
	}
	if a := c.do("GET", "/_org/requests", "", "Authorization", "Bearer "+admin); a.StatusCode != 200 {
		t.Errorf("with the token: %d %s", a.StatusCode, a.body)
	}
	c.do("GET", "/_org/requests", "", "Authorization", "Bearer "+admin, "Origin", "https://attacker.example").refused(
		t, 403, "INSUFFICIENT_ACCESS")
	r := httptest.NewRequest("GET", "http://org.internal:8080/_org/requests", nil)
	r.Header.Set("Authorization", "Bearer "+admin)
	w := httptest.NewRecorder()
	if c.org.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("from the network with the token: %d %s", w.Code, w.Body)
	}
}

// A seed makes the same secrets again; without one nobody can work them out, the
// tokens of later sessions neither.
func TestSecretsAreRandomUnlessSeeded(t *testing.T) {
	secrets := func(options fakeorg.Options) []string {
		c := serve(t, options, nil)
		l := c.org.Credentials()
		a := c.login(form("grant_type", "client_credentials", "client_id", l.ClientID, "client_secret", l.ClientSecret))
		return []string{l.ClientID, l.ClientSecret, l.Username, l.Password, l.RefreshToken, l.AccessToken,
			c.org.GuardAdmin(), tokenOf(t, a)}
	}
	first, again := secrets(fakeorg.Options{Seed: 3}), secrets(fakeorg.Options{Seed: 3})
	zeros := secrets(fakeorg.Options{Seed: 3, Random: bytes.NewReader(make([]byte, 1<<20))})
	ones := secrets(fakeorg.Options{Seed: 3, Random: bytes.NewReader(bytes.Repeat([]byte{1}, 1<<20))})
	for i := range first {
		if first[i] != again[i] {
			t.Errorf("secret %d: %q, then %q", i, first[i], again[i])
		}
		if zeros[i] == ones[i] || zeros[i] == first[i] {
			t.Errorf("secret %d doesn't come from the random source: %q", i, zeros[i])
		}
	}
}
