package salesforce_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/schema/kin"
)

func TestNewRefuses(t *testing.T) {
	good := salesforce.Config{URL: "https://a.my.salesforce.com/", APIVersion: "66.0", Login: login.Token{},
		HTTP: http.DefaultClient}
	client(t, good)
	for name, change := range map[string]func(*salesforce.Config){
		"no URL":      func(c *salesforce.Config) { c.URL = "" },
		"no scheme":   func(c *salesforce.Config) { c.URL = "a.my.salesforce.com" },
		"a password":  func(c *salesforce.Config) { c.URL = "ftp://u:" + secret + "@a" },
		"no version":  func(c *salesforce.Config) { c.APIVersion = "" },
		"bad version": func(c *salesforce.Config) { c.APIVersion = "v66" },
		"no login":    func(c *salesforce.Config) { c.Login = nil },
	} {
		bad := good
		change(&bad)
		if _, err := salesforce.New(bad); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOrgAndUserComeWithTheLogin(t *testing.T) {
	o := newOrg(t)
	id, err := o.Org(t.Context())
	user, err2 := o.User(t.Context())
	if id != "00D000000000001EAA" || user != "005000000000001AAA" || err != nil || err2 != nil {
		t.Errorf("%q, %q, %v, %v", id, user, err, err2)
	}
	if o.logins != 1 || o.Calls() != 0 {
		t.Errorf("%d logins, %d calls", o.logins, o.Calls())
	}
}

func TestOrgOfAToken(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/query",
		json(200, `{"totalSize":1,"done":true,"records":[{"attributes":{},"Id":"00D000000000002EAA"}]}`))
	for text, want := range map[string]string{token: "00D000000000001EAA", "opaque": "00D000000000002EAA"} {
		o.config.Login = login.Token{Token: text}
		if id, err := client(t, o.config).Org(t.Context()); id != want || err != nil {
			t.Errorf("%q, %v", id, err)
		}
	}
}

func TestGrants(t *testing.T) {
	o := newOrg(t)
	tests := []struct {
		login login.Way
		want  string
	}{
		{login.ClientCredentials{ClientID: "a", ClientSecret: "b"},
			"client_id=a&client_secret=b&grant_type=client_credentials"},
		{login.Password{ClientID: "a", ClientSecret: "b", Username: "u", Password: "p+q"},
			"client_id=a&client_secret=b&grant_type=password&password=p%2Bq&username=u"},
		{login.RefreshToken{ClientID: "a", Keeper: &held{token: "r"}},
			"client_id=a&grant_type=refresh_token&refresh_token=r"},
		{login.RefreshToken{ClientID: "a", ClientSecret: "b", Keeper: &held{token: "r"}},
			"client_id=a&client_secret=b&grant_type=refresh_token&refresh_token=r"},
	}
	for _, tt := range tests {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			got = r.PostForm.Encode()
			answer(w, 200,
				`{"access_token":"t","instance_url":"http://127.0.0.1","id":"http://127.0.0.1/id/00D000000000001EAA/005000000000001AAA"}`)
		}))
		o.config.URL, o.config.Login = server.URL, tt.login
		_, err := client(t, o.config).User(t.Context())
		server.Close()
		if err != nil || got != tt.want {
			t.Errorf("%T posts %s, %v", tt.login, got, err)
		}
	}
}

func TestLoginErrors(t *testing.T) {
	tests := []struct{ code, text, hint string }{
		{"invalid_client_id", "client identifier invalid", "client_id"},
		{"invalid_client", "invalid client credentials", "client_secret"},
		{"invalid_grant", "authentication failure", "username and password"},
		{"invalid_grant", "expired access/refresh token", "refresh token"},
		{"unsupported_grant_type", "grant type not supported", "OAuth flow"},
		{"invalid_request", "request not supported on this domain", "My Domain"},
	}
	for _, tt := range tests {
		server := httptest.NewServer(json(400, `{"error":"`+tt.code+`","error_description":"`+tt.text+` `+secret+`"}`))
		o := newOrg(t)
		o.config.URL = server.URL
		_, err := client(t, o.config).Org(t.Context())
		server.Close()
		want(t, err, plan.Fix, tt.code)
		if !strings.Contains(plan.HintOf(err), tt.hint) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v: %s", err, plan.HintOf(err))
		}
	}
}

func TestLoginAnswersThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"no token":     `{"instance_url":"https://a"}`,
		"no instance":  `{"access_token":"t"}`,
		"no JSON":      `access_token=t`,
		"odd identity": `{"access_token":"t","instance_url":"https://a.my.salesforce.com","id":"https://a/id/00D/005"}`,
	} {
		server := httptest.NewServer(json(200, text))
		o := newOrg(t)
		o.config.URL = server.URL
		_, err := client(t, o.config).Org(t.Context())
		server.Close()
		if plan.ClassOf(err) != plan.Bug {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client that has heard nothing yet asks for the time; from then on it goes
// on counting from the newest answer.
func TestServerTimeGoesOn(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		answer(w, 200, `[]`)
	})
	now := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // our own clock may be anywhere
	o.config.Now = func() time.Time { return now }
	c := client(t, o.config)
	for _, passed := range []time.Duration{0, 90 * time.Second, 90 * time.Second} {
		at, err := c.ServerTime(t.Context())
		if want := time.Date(2026, 1, 2, 3, 4, 5, 0,
			time.UTC).Add(now.Sub(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))); err != nil || !at.Equal(want) {
			t.Errorf("%v, %v, want %v", at, err, want)
		}
		now = now.Add(passed)
	}
	if n := c.Calls(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestRecordedDescribes(t *testing.T) {
	o := newOrg(t)
	for path, file := range map[string]string{"/sobjects": "Global", "/sobjects/Account/describe": "Account"} {
		text, err := os.ReadFile("../../testdata/describes/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		o.handle("GET /services/data/v66.0"+path, json(200, string(text)))
	}
	objects, err := o.Objects(t.Context())
	if err != nil || len(objects) < 10 || objects[0].Name != "Account" || !objects[0].Queryable ||
		len(objects[0].Fields) != 0 {
		t.Errorf("%d objects, %v", len(objects), err)
	}
	account, err := o.Describe(t.Context(), "Account")
	if err != nil {
		t.Fatal(err)
	}
	f, ok := account.Field("systemmodstamp")
	if !ok || f.Type != "datetime" || !account.Replicateable || len(account.Children) > 0 {
		t.Errorf("%+v", f)
	}
	account, err = o.DescribeKin(t.Context(), "Account")
	contacts := kin.Child{Object: "Contact", Field: "AccountId", Relationship: "Contacts", Cascade: true}
	if err != nil || len(account.Children) != 102 || !slices.Contains(account.Children, contacts) ||
		!account.Deletable || !account.Createable {
		t.Errorf("%+v, %v", account.Children, err)
	}
}

func TestDescribeSince(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/sobjects/A__c/describe", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Modified-Since") == "Fri, 02 Jan 2026 03:04:05 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answer(w, 200, `{"name":"A__c","keyPrefix":null,"fields":[]}`)
	})
	since := time.Date(2026, 1, 2, 4, 4, 5, 0, time.FixedZone("", 3600))
	if _, changed, err := o.DescribeSince(t.Context(), "A__c", since); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if d, changed, err := o.DescribeSince(t.Context(), "A__c", since.Add(time.Second)); !changed ||
		d.Name != "A__c" || err != nil {
		t.Errorf("%+v, %v, %v", d, changed, err)
	}
}

func TestEndedSessionIsRenewedOnce(t *testing.T) {
	o := newOrg(t)
	var mu sync.Mutex
	valid := token + "1"
	o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ok := r.Header.Get("Authorization") == "Bearer "+valid
		mu.Unlock()
		if !ok {
			refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")(w, r)
			return
		}
		answer(w, 200,
			`{"DailyApiRequests":{"Max":15000,"Remaining":14998,"Ant Migration Tool":{"Max":0,"Remaining":0}}}`)
	})
	limits, err := o.Limits(t.Context())
	if err != nil || limits["DailyApiRequests"] != (salesforce.Limit{Max: 15000, Remaining: 14998}) {
		t.Fatalf("%v, %v", limits, err)
	}
	mu.Lock()
	valid = token + "2"
	mu.Unlock()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := o.Limits(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if o.logins != 2 {
		t.Errorf("%d logins", o.logins)
	}
}

func TestLimitsThatAreNull(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits", json(200, "null"))
	if _, err := o.Limits(t.Context()); plan.ClassOf(err) != plan.ClassOf(plan.Strangef("")) {
		t.Errorf("null was taken for the org's limits: %v", err)
	}
}

func TestSessionThatStaysInvalid(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, r *http.Request) {
		refusal(401, "INVALID_SESSION_ID", "Session expired or invalid: "+r.Header.Get("Authorization"))(w, r)
	})
	_, err := o.Limits(t.Context())
	want(t, err, plan.Fix, "INVALID_SESSION_ID")
	if o.logins != 2 || o.Calls() != 2 || strings.Contains(err.Error(), "tokentoken") {
		t.Errorf("%d logins, %d calls, %v", o.logins, o.Calls(), err)
	}
}

func TestPassingTrouble(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"503": refusal(503, "SERVER_UNAVAILABLE", "Server is unavailable"),
		"500": refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. ErrorId: 1"),
		"429": json(429, ""),
		"502 page": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(502)
		},
		"reset":      reset,
		"concurrent": refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
		"406":        refusal(406, "CustomNotAcceptable", ""),
	}
	for name, trouble := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.server.Config.SetKeepAlivesEnabled(false) // net/http repeats by itself what breaks on an old connection
			o.handle("GET /services/data/v66.0/limits", trouble, trouble, json(200, `{}`))
			var share atomic.Int64
			if _, err := o.Limits(salesforce.CountInto(t.Context(), &share)); err != nil {
				t.Fatal(err)
			}
			if o.Calls() != 3 || share.Load() != 3 || len(o.sleeps) != 2 || o.sleeps[0] >= o.sleeps[1] {
				t.Errorf("%d calls, %d of them counted, waits %v", o.Calls(), share.Load(), o.sleeps)
			}
		})
	}
}

func TestTroubleThatStays(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits", refusal(503, "SERVER_UNAVAILABLE", ""))
	_, err := o.Limits(t.Context())
	want(t, err, plan.Retry, "SERVER_UNAVAILABLE")
	if o.Calls() != 5 {
		t.Errorf("%d calls", o.Calls())
	}
}

func TestRetryAfter(t *testing.T) {
	after := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Retry-After", text); w.WriteHeader(503) }
	}
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits", after("7"), after("Fri, 02 Jan 2026 03:04:35 GMT"), json(200, `{}`))
	if _, err := o.Limits(t.Context()); err != nil ||
		!slices.Equal(o.sleeps, []time.Duration{7 * time.Second, 30 * time.Second}) {
		t.Errorf("%v, %v", o.sleeps, err)
	}
	o = newOrg(t)
	o.handle("GET /services/data/v66.0/limits", after("3600"))
	_, err := o.Limits(t.Context())
	if plan.ClassOf(err) != plan.Wait || !plan.UntilOf(err).Equal(time.Date(2026, 1, 2, 4, 4, 5, 0, time.UTC)) ||
		o.Calls() != 1 {
		t.Errorf("%v until %v after %d calls", err, plan.UntilOf(err), o.Calls())
	}
}

func TestCancelled(t *testing.T) {
	o := newOrg(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, r *http.Request) { cancel(); reset(w, r) })
	if _, err := o.Limits(ctx); !isCancelled(err) {
		t.Error(err)
	}
	if _, err := o.Limits(ctx); !isCancelled(err) || o.Calls() > 2 {
		t.Errorf("%v, %d calls", err, o.Calls())
	}
}

// The real Sleep is used where Config names none.
func TestSleepEndsWithTheContext(t *testing.T) {
	o := newOrg(t)
	o.config.Sleep = nil
	ctx, cancel := context.WithCancel(t.Context())
	o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "50")
		w.WriteHeader(503)
		time.AfterFunc(20*time.Millisecond, cancel)
	})
	if _, err := client(t, o.config).Limits(ctx); !isCancelled(err) {
		t.Error(err)
	}
}

func TestWrongHosts(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>Log in</html>"))
	}))
	defer page.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = quiet()
	secure.StartTLS()
	defer secure.Close()
	tests := []struct {
		url   string
		class plan.Class
		code  string
	}{
		{closed.URL, plan.Retry, "REFUSED"},
		{page.URL, plan.Fix, "NOT_AN_API"},
		{secure.URL, plan.Fix, "TLS"},
		{strings.Replace(page.URL, "http://", "https://", 1), plan.Fix, "TLS"},
	}
	for _, tt := range tests {
		o := newOrg(t)
		o.config.URL = tt.url
		_, err := client(t, o.config).Org(t.Context())
		want(t, err, tt.class, tt.code)
		if plan.HintOf(err) == "" {
			t.Errorf("%v has no hint", err)
		}
	}
}

func TestHostThatDoesNotExist(t *testing.T) {
	o := newOrg(t)
	o.config.HTTP = &http.Client{Transport: wireFunc(func(r *http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}
	})}
	o.config.Login = login.Token{Token: token}
	c := client(t, o.config)
	_, err := c.Count(t.Context(), "SELECT COUNT() FROM A WHERE Name = '"+secret+"'", false)
	want(t, err, plan.Retry, "UNKNOWN_HOST")
	if c.Calls() != 1 || strings.Contains(err.Error(), secret) {
		t.Errorf("%v after %d calls", err, c.Calls())
	}
}
