package salesforce_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/login"
)

// sendOn answers with a redirect.
func sendOn(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

// elsewhere is a server that nobody configured, and counts who comes.
func elsewhere(t *testing.T) (url string, came *atomic.Int64) {
	t.Helper()
	came = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came.Add(1)
		answer(w, 200, `{}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, came
}

func redirects() []int { return []int{301, 302, 303, 307, 308} }

func TestRedirectToAnotherHostIsRefused(t *testing.T) {
	for _, status := range redirects() {
		for name, way := range map[string]login.Way{
			"a secret": login.ClientCredentials{ClientID: "id", ClientSecret: secret},
			"a token":  login.Token{Token: token},
		} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				to, came := elsewhere(t)
				moved := httptest.NewServer(sendOn(status, to+"/services/oauth2/token?"+secret))
				defer moved.Close()
				o := newOrg(t)
				o.config.URL, o.config.Login = moved.URL, way
				c := client(t, o.config)
				_, err := c.Limits(t.Context())
				_, err2 := c.CreateQueryJob(t.Context(), soql, true)
				for _, err := range []error{err, err2} {
					want(t, err, plan.Fix, "MOVED")
					text := err.Error() + plan.HintOf(err)
					if !strings.Contains(text, "org.url has moved: "+moved.URL) ||
						!strings.HasSuffix(text, "set org.url to "+to) ||
						strings.Contains(text, secret) || strings.Contains(text, token) {
						t.Errorf("%v (hint: %s)", err, plan.HintOf(err))
					}
				}
				if came.Load() > 0 {
					t.Errorf("%d requests to a host that nobody configured", came.Load())
				}
			})
		}
	}
}

func TestRedirectWithoutTLSIsRefused(t *testing.T) {
	var clear string
	o := newOrg(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sendOn(307, clear+r.URL.Path)(w, r)
	}))
	defer server.Close()
	clear = "http" + strings.TrimPrefix(server.URL, "https")
	o.config.URL, o.config.HTTP, o.config.Login = server.URL, server.Client(), login.Token{Token: token}
	_, err := client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "MOVED")
	server.Client().CloseIdleConnections()
}

// An instance may move while org.url still answers logins.
func TestInstanceThatMoved(t *testing.T) {
	o := newOrg(t)
	to, came := elsewhere(t)
	instance := httptest.NewServer(sendOn(301, to))
	defer instance.Close()
	at := httptest.NewServer(json(200, fmt.Sprintf(`{"access_token":"t","instance_url":%q}`, instance.URL)))
	defer at.Close()
	o.config.URL = at.URL
	_, err := client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "MOVED")
	if !strings.Contains(err.Error(), "the login's instance "+instance.URL) || came.Load() > 0 {
		t.Errorf("%v, %d came", err, came.Load())
	}
}

func TestRedirectWithinAHost(t *testing.T) {
	const from, to = "/services/data/v66.0/limits", "/services/data/v66.0/elsewhere"
	for _, status := range redirects() {
		o := newOrg(t)
		o.handle("GET "+from, sendOn(status, to))
		o.handle("GET "+to, json(200, `{"A":{"Max":1}}`))
		o.handle("POST /services/data/v66.0/jobs/query", sendOn(status, "/services/data/v66.0/jobs/moved"))
		posted := 0
		o.handle("/services/data/v66.0/jobs/moved", func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			if posted++; r.Method != http.MethodPost || !strings.Contains(string(text), "queryAll") {
				t.Errorf("%d makes %s %q of a POST", status, r.Method, text)
			}
			w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
			answer(w, 200, `{"id":"750","state":"UploadComplete"}`)
		})
		if limits, err := o.Limits(t.Context()); err != nil || limits["A"].Max != 1 {
			t.Errorf("%d: %v, %v", status, limits, err)
		}
		_, err := o.CreateQueryJob(t.Context(), soql, true)
		if keeps := status == 307 || status == 308; keeps != (err == nil) || keeps != (posted == 1) {
			t.Errorf("%d: %v after %d posts", status, err, posted)
		} else if !keeps {
			want(t, err, plan.Fix, "NOT_AN_API")
		}
	}
}

func TestRedirectsThatLeadNowhere(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no location": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) },
		"in a circle": sendOn(302, "/services/data/v66.0/limits"),
		"a user": func(w http.ResponseWriter, r *http.Request) {
			sendOn(302, "http://u:p@"+r.Host+"/")(w, r)
		},
		"no URL":           sendOn(302, "http://%zz"),
		"an escape":        sendOn(302, "http://a%1b%07.example.com/"),
		"another scheme":   sendOn(302, "file:///etc/passwd"),
		"not what we hold": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) },
		"several choices":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(300) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.handle("GET /services/data/v66.0/limits", h)
			_, err := o.Limits(t.Context())
			want(t, err, plan.Fix, "NOT_AN_API")
			if strings.ContainsAny(err.Error()+plan.HintOf(err), "\x1b\a") || o.Calls() != 1 {
				t.Errorf("%q after %d calls", err, o.Calls())
			}
		})
	}
}

// Whoever answers chooses the host that the message names.
func TestMovedRepeatsNoSecret(t *testing.T) {
	o := newOrg(t)
	server := httptest.NewServer(sendOn(301, "https://"+secret+".example.com/"))
	defer server.Close()
	o.config.URL = server.URL
	_, err := client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "MOVED")
	if text := err.Error() + plan.HintOf(err); strings.Contains(text, secret) {
		t.Error(text)
	}
}

// A terminal shows the name of that host, and obeys none of it.
func TestMovedIsPrintable(t *testing.T) {
	o := newOrg(t)
	server := httptest.NewServer(sendOn(302, "https://\u202eelpmaxe.live\u009b31m"))
	defer server.Close()
	o.config.URL = server.URL
	_, err := client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "MOVED")
	for _, text := range []string{err.Error(), plan.HintOf(err)} {
		if !strings.Contains(text, `\u202eelpmaxe.live\u009b31m`) || printable.Line(text) != text {
			t.Errorf("%q", text)
		}
	}
}

func TestClientOfTheCallerStaysAsItIs(t *testing.T) {
	o := newOrg(t)
	if o.server.Client().CheckRedirect != nil || o.config.HTTP.Timeout != 0 {
		t.Error("the client has changed")
	}
	o.config.URL = "http://acme.my.salesforce.com"
	if _, err := salesforce.New(o.config); plan.ClassOf(err) != plan.Fix || fault.CodeOf(err) != "" {
		t.Errorf("an org without TLS: %v", err)
	}
}

// A token's answer names where the token goes, and whoever gave it may not be trusted with that.
func TestRefusedInstanceGetsNoToken(t *testing.T) {
	came := map[string]int{}
	o := newOrg(t)
	o.config.URL = "https://acme.my.salesforce.com"
	o.config.HTTP = &http.Client{Transport: wireFunc(func(r *http.Request) (*http.Response, error) {
		came[r.URL.Scheme+"://"+r.URL.Host]++
		text := `{}`
		if strings.HasSuffix(r.URL.Path, "/token") {
			text = `{"access_token":"t","instance_url":"https://gateway.example.com","refresh_token":"r2"}`
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}, nil
	})}
	keeper := &held{token: "r1"}
	o.config.Login = login.RefreshToken{ClientID: "a", Keeper: keeper}
	_, err := client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "")
	if len(came) != 1 || !strings.Contains(plan.HintOf(err), "instance_hosts: [gateway.example.com]") {
		t.Errorf("asked %v: %v (hint: %s)", came, err, plan.HintOf(err))
	}
	if keeper.token != "r2" {
		t.Error("the refresh token is lost: the one that was used works no more")
	}
	o.config.InstanceHosts = []string{"gateway.example.com"}
	if _, err = client(t, o.config).Limits(t.Context()); err != nil || came["https://gateway.example.com"] != 1 {
		t.Errorf("an instance that the configuration allows: %v, asked %v", err, came)
	}
}
