package salesforce_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/login"
)

// held keeps a refresh token in memory, or fails to keep the next one.
type held struct {
	token string
	full  error
}

func (h *held) Renew(_ context.Context, use func(string) (string, error)) error {
	next, err := use(h.token)
	if err != nil || next == "" {
		return err
	}
	h.token = next
	return h.full
}

func TestRotatedTokenIsKept(t *testing.T) {
	o := newOrg(t)
	valid, logins := "r1", 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if got := r.PostForm.Get("refresh_token"); got != valid {
			answer(w, 400, `{"error":"invalid_grant","error_description":"expired access/refresh token"}`)
			return
		}
		logins++
		valid = fmt.Sprintf("r%d", logins+1)
		answer(w, 200, fmt.Sprintf(`{"access_token":"t","instance_url":%q,"refresh_token":%q}`, o.server.URL, valid))
	}))
	defer server.Close()
	keeper := &held{token: "r1"}
	o.config.URL, o.config.Login = server.URL, login.RefreshToken{ClientID: "a", Keeper: keeper}
	o.handle("GET /services/data/v66.0/limits", json(200, `{}`),
		refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"), json(200, `{}`))
	c := client(t, o.config)
	for range 2 {
		if _, err := c.Limits(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if logins != 2 || keeper.token != "r3" {
		t.Errorf("%d logins, keeps %s", logins, keeper.token)
	}

	keeper.full = plan.Fixf("", "disk full")
	_, err := client(t, o.config).Limits(t.Context())
	if !errors.Is(err, keeper.full) {
		t.Errorf("a token that could not be kept: %v", err)
	}
	keeper.token = "r1"
	_, err = client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "invalid_grant")
	if !strings.Contains(plan.HintOf(err), "used a second time") {
		t.Error(plan.HintOf(err))
	}
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// claims reads an assertion without regard to its end, which a test's clock
// decides.
func claims(t *testing.T, assertion string, key *rsa.PrivateKey) jwt.MapClaims {
	t.Helper()
	all := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(assertion, all,
		func(*jwt.Token) (any, error) { return &key.PublicKey, nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAssertionsFollowTheServersClock(t *testing.T) {
	server := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key := newKey(t)
	for ours, wantLogins := range map[time.Duration]int{0: 1, 15 * time.Second: 1, -10 * time.Minute: 2,
		10 * time.Minute: 2, 24 * time.Hour: 2} {
		o := newOrg(t)
		var ends []time.Duration
		token := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			w.Header().Set("Date", server.Format(http.TimeFormat))
			all := claims(t, r.PostForm.Get("assertion"), key)
			if all["iss"] != "id" || all["sub"] != "u" || all["aud"] != o.config.URL ||
				r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
				t.Errorf("%v", r.PostForm)
			}
			end := time.Unix(int64(all["exp"].(float64)), 0).Sub(server)
			ends = append(ends, end)
			if end <= 0 || end > 3*time.Minute {
				answer(w, 400, `{"error":"invalid_grant","error_description":"expired authorization code"}`)
				return
			}
			answer(w, 200,
				fmt.Sprintf(
					`{"access_token":"t","instance_url":%q,"id":"https://x/id/00D000000000001EAA/005000000000001AAA"}`, o.server.URL))
		}))
		o.config.URL, o.config.Now = token.URL, func() time.Time { return server.Add(ours) }
		o.config.Login = login.JWT{ClientID: "id", Username: "u", Key: key}
		_, err := client(t, o.config).Org(t.Context())
		token.Close()
		if err != nil || len(ends) != wantLogins || ends[len(ends)-1] < time.Minute {
			t.Errorf("our clock %v: ends %v, %v", ours, ends, err)
		}
	}
}

// A refusal by a server whose clock agrees with ours stands.
func TestRefusedAssertionIsNotRepeated(t *testing.T) {
	o := newOrg(t)
	logins := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logins++
		_ = r.ParseForm()
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		answer(w, 400, `{"error":"invalid_grant","error_description":"audience is invalid `+
			r.PostForm.Get("assertion")+`"}`)
	}))
	defer server.Close()
	o.config.URL = server.URL
	o.config.Login = login.JWT{ClientID: "id", Username: "u", Key: newKey(t), Audience: "https://test.salesforce.com"}
	_, err := client(t, o.config).Org(t.Context())
	want(t, err, plan.Fix, "invalid_grant")
	if logins != 1 || !strings.Contains(plan.HintOf(err), "org.login.audience") ||
		strings.Contains(err.Error(), "eyJ") {
		t.Errorf("%d logins, %v (hint: %s)", logins, err, plan.HintOf(err))
	}
}

// sf answers as the Salesforce CLI does, in turn; the last answer stays.
type sf struct {
	calls   []string
	answers []string
	err     error
}

func (s *sf) run(_ context.Context, name string, args ...string) ([]byte, error) {
	s.calls = append(s.calls, name+" "+strings.Join(args, " "))
	return []byte(s.answers[min(len(s.calls), len(s.answers))-1]), s.err
}

func display(url, token string) string {
	return fmt.Sprintf(
		`{"status":0,"result":{"id":"00D000000000001","apiVersion":"67.0","accessToken":%q,"instanceUrl":%q,"username":"u@example.com"},"warnings":["x"]}`, token, url)
}

const redacted = "[REDACTED] Use 'sf org auth show-access-token' to view"

func TestSessionOfTheSalesforceCLI(t *testing.T) {
	const asksOrg, asksToken = "sf org display --target-org acme --json",
		"sf org auth show-access-token --target-org acme --json"
	tests := map[string]struct {
		answers func(url string) []string
		calls   []string
	}{
		"before May 2026": {func(url string) []string { return []string{display(url+"/", token)} }, []string{asksOrg}},
		"since": {func(url string) []string {
			return []string{display(url, redacted), `{"status":0,"result":{"accessToken":"` + token + `"}}`}
		}, []string{asksOrg, asksToken}},
	}
	for name, tt := range tests {
		o := newOrg(t)
		o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+token {
				t.Errorf("%s: another token", name)
			}
			answer(w, 200, `{}`)
		})
		o.handle("GET /services/data/v66.0",
			json(200, `{"identity":"https://x/id/00D000000000001EAA/005000000000001AAA"}`))
		cli := &sf{answers: tt.answers(o.server.URL)}
		o.config.Login = login.SalesforceCLI{Alias: "acme", Run: cli.run}
		c := client(t, o.config)
		_, err := c.Limits(t.Context())
		org, err2 := c.Org(t.Context())
		user, err3 := c.User(t.Context())
		if errors.Join(err, err2, err3) != nil || org != "00D000000000001EAA" || user != "005000000000001AAA" ||
			!slices.Equal(cli.calls, tt.calls) {
			t.Errorf("%s: org %s, user %s, %v, %v, %v, calls %v", name, org, user, err, err2, err3, cli.calls)
		}
	}
}

func TestSalesforceCLIThatCannotHelp(t *testing.T) {
	o := newOrg(t)
	failed := errors.New("exit status 1")
	sfError := func(name, message string) string {
		return fmt.Sprintf(`{"status":1,"name":%q,"message":%q,"exitCode":1}`, name, message)
	}
	again := "sf org login web --alias acme --instance-url " + o.server.URL
	tests := map[string]struct {
		answers     []string
		err         error
		words, hint string
	}{
		"not installed": {[]string{""}, &exec.Error{Name: "sf", Err: exec.ErrNotFound}, "no program sf", "npm install"},
		"not logged in": {[]string{sfError("NamedOrgNotFoundError", "No authorization information found for acme.")},
			failed, "No authorization information", again},
		"login ended": {[]string{display(o.server.URL, redacted),
			sfError("RefreshTokenAuthError", "expired access/refresh token "+token)}, nil,
			"expired access/refresh token [hidden]", again},
		"something else": {[]string{sfError("TypeError", "Cannot read properties")}, failed, "TypeError: Cannot read",
			"sf org display --target-org acme"},
		"no JSON": {[]string{"Warning: " + token}, nil, "didn't answer in JSON", "sf org display"},
		"another org": {[]string{display("https://other.my.salesforce.com", token)}, nil,
			"https://other.my.salesforce.com", "set org.url to https://other.my.salesforce.com"},
		"no instance": {[]string{display("", token)}, nil, "no instance URL", "sf org display"},
		"no token at all": {[]string{display(o.server.URL, redacted), `{"status":0,"result":{}}`}, nil,
			"no access token", "sf update"},
		"too old for that": {[]string{display(o.server.URL, redacted), "command org:auth:show-access-token not found"},
			failed, "show-access-token didn't answer", ""},
	}
	for name, tt := range tests {
		cli := &sf{answers: tt.answers, err: tt.err}
		o.config.Login = login.SalesforceCLI{Alias: "acme", Run: cli.run}
		_, err := client(t, o.config).Org(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.words) || !strings.Contains(plan.HintOf(err), tt.hint) ||
			strings.Contains(err.Error(), "tokentoken") {
			t.Errorf("%s: %v (hint: %s)", name, err, plan.HintOf(err))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.config.Login = login.SalesforceCLI{Alias: "acme", Run: func(context.Context, string, ...string) ([]byte, error) {
		cancel()
		return nil, errors.New("signal: killed")
	}}
	if _, err := client(t, o.config).Org(ctx); !isCancelled(err) {
		t.Error(err)
	}
}

// Where somebody else renews a session, an ended one has a hint of its own.
func TestSessionsThatCannotBeRenewed(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits", refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"))
	cli := &sf{answers: []string{display(o.server.URL, token)}}
	for hint, way := range map[string]login.Way{
		"sf org login web": login.SalesforceCLI{Alias: "acme", Run: cli.run},
		"another org":      login.Token{Token: token},
	} {
		o.config.Login = way
		_, err := client(t, o.config).Limits(t.Context())
		want(t, err, plan.Fix, "INVALID_SESSION_ID")
		if !strings.Contains(plan.HintOf(err), hint) {
			t.Errorf("%T: %s", way, plan.HintOf(err))
		}
	}
	if len(cli.calls) != 2 {
		t.Errorf("sf was asked %d times, not again after the 401", len(cli.calls))
	}
}

// Every refusal has a hint, and names what an administrator sets up where it
// is about that.
func TestLoginRefusals(t *testing.T) {
	tests := []struct {
		flow, code, text string
		hint             string
		setup            string // words of it; "" for none
	}{
		{"client_credentials", "invalid_grant", "no client credentials user enabled", "Run As", "Run As"},
		{"client_credentials", "invalid_client_id", "client identifier invalid", "Consumer Key",
			"New External Client App"},
		{"client_credentials", "invalid_app_access", "user is not admin approved to access this app", "pre-authorize",
			"Query All Files"},
		{"client_credentials", "invalid_request", "request not supported on this domain", "My Domain", ""},
		{"jwt", "invalid_grant", "invalid assertion", "certificate", "upload the certificate"},
		{"jwt", "invalid_grant", "audience is invalid", "org.login.audience", ""},
		{"jwt", "invalid_grant", "expired authorization code", "clock", ""},
		{"jwt", "invalid_grant", "user hasn't approved this consumer", "pre-authorize", "pre-authorized"},
		{"jwt", "app_not_found", "External client app is not installed in this org", "install",
			"Enable JWT Bearer Flow"},
		{"refresh_token", "invalid_grant", "expired access/refresh token", "file:", "Refresh Token Policy"},
		{"password", "invalid_grant", "authentication failure", "security token",
			"Allow OAuth Username-Password Flows"},
		{"password", "inactive_user", "user is inactive", "activate", "Permission Sets"},
		{"jwt", "invalid_grant", "something new", "login history", "pre-authorized"},
		{"token", "API_DISABLED_FOR_ORG", "The REST API is not enabled", "API Enabled", "API Enabled"},
		{"jwt", "inactive_org", "organization is locked", "ask Salesforce", ""},
		{"jwt", "invalid_scope", "x", "scopes", "scopes"},
		{"jwt", "unauthorized_client", "x", "allow this OAuth flow", "Enable JWT"},
	}
	for _, tt := range tests {
		server := httptest.NewServer(json(400, fmt.Sprintf(`{"error":%q,"error_description":%q}`, tt.code, tt.text)))
		o := newOrg(t)
		o.config.URL = server.URL
		_, err := client(t, o.config).Org(t.Context())
		server.Close()
		want(t, err, plan.Fix, tt.code)
		if !strings.Contains(plan.HintOf(err), tt.hint) {
			t.Errorf("%s %s: hint %s", tt.code, tt.text, plan.HintOf(err))
		}
		steps := strings.Join(fault.LoginSetup(tt.flow, err), "\n")
		if (steps == "") != (tt.setup == "") || !strings.Contains(steps, tt.setup) {
			t.Errorf("%s %s %s: set up %q", tt.flow, tt.code, tt.text, steps)
		}
	}
	server := httptest.NewServer(json(400, `{"error":"rate_limit_exceeded","error_description":"x"}`))
	defer server.Close()
	o := newOrg(t)
	o.config.URL = server.URL
	_, err := client(t, o.config).Org(t.Context())
	want(t, err, plan.Wait, "rate_limit_exceeded")
	if fault.LoginSetup("jwt", err) != nil || fault.LoginSetup("jwt", errors.New("x")) != nil {
		t.Error("an administrator is to change what is not wrong")
	}
}

// Salesforce gives one answer to a wrong password and to a flow that isn't allowed any
// more: the org's clock, not ours, tells the one from the other.
func TestPasswordFlowEnds(t *testing.T) {
	for date, words := range map[string]string{
		"Fri, 19 Feb 2027 23:59:59 GMT": "check username and password",
		"Sat, 20 Feb 2027 00:00:00 GMT": "Salesforce ended the username-password flow on 20 February 2027",
	} {
		for code, refused := range map[string]bool{
			"invalid_grant": true, "unsupported_grant_type": true, "invalid_client": false,
		} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", date)
				answer(w, 400, `{"error":"`+code+`","error_description":"authentication failure"}`)
			}))
			o := newOrg(t)
			o.config.URL = server.URL
			o.config.Login = login.Password{ClientID: "a", ClientSecret: "b", Username: "c", Password: secret}
			_, err := client(t, o.config).Org(t.Context())
			server.Close()
			want(t, err, plan.Fix, code)
			if strings.Contains(plan.HintOf(err), words) != refused {
				t.Errorf("%s, %s: %s", date, code, plan.HintOf(err))
			}
		}
	}
}

// Whatever Salesforce says of a refresh token that it takes no more, the hint names the
// thirty days; what isn't about the token keeps its own hint.
func TestRefreshTokenEnds(t *testing.T) {
	for text, words := range map[string]string{
		`{"error":"invalid_grant","error_description":"expired access/refresh token"}`: "30 days without use",
		`{"error":"invalid_grant","error_description":"token validity expired"}`:       "30 days without use",
		`{"error":"invalid_grant","error_description":"something new"}`:                "30 days without use",
		`{"error":"inactive_user","error_description":"user is inactive"}`:             "activate the user",
	} {
		server := httptest.NewServer(json(400, text))
		o := newOrg(t)
		o.config.URL = server.URL
		o.config.Login = login.RefreshToken{ClientID: "a", Keeper: &held{token: "r"}}
		_, err := client(t, o.config).Org(t.Context())
		server.Close()
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), words) {
			t.Errorf("%v: hint %s", err, plan.HintOf(err))
		}
	}
}
