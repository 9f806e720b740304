package fakeorg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

func TestFaultStatus(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.ok("POST", "/_org/faults",
		`[{"method":"GET","path":"/limits","nth":2,"status":503,"body":"[{\"message\":\"busy\",\"errorCode\":\"SERVER_UNAVAILABLE\"}]","header":{"Retry-After":"7"}}]`)
	c.get(data + "/limits")
	a := c.do("GET", data+"/limits", "")
	if a.refused(t, 503, "SERVER_UNAVAILABLE") != "busy" || a.Header.Get("Retry-After") != "7" {
		t.Errorf("%v", a.Header)
	}
	c.get(data + "/limits")
	if got := c.org.Requests()["limits"]; got != 3 {
		t.Errorf("%d requests: one that went wrong is one as well", got)
	}
	c.org.Fault(fakeorg.Rule{Status: 500, Body: "x"})
	if a := c.do("GET", data+"/limits", ""); a.StatusCode != 500 || a.body != "x" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	c.org.ClearFaults()
	c.org.Fault(fakeorg.Rule{Path: "limits", Status: 500})
	c.ok("POST", "/_org/faults", "[]")
	c.get(data + "/limits")
}

func TestFaultsOfTheConnection(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(2000))
	path := queryPath("SELECT Id, Name FROM Account")
	whole := c.do("GET", path, "").body
	c.org.Fault(fakeorg.Rule{Path: "/query", Nth: 1, Reset: true})
	c.org.Fault(fakeorg.Rule{Path: "/query", Nth: 2, Reset: true, Truncate: 1000})
	c.org.Fault(fakeorg.Rule{Path: "/query", Nth: 3, Truncate: 1000})
	// Go's client asks again by itself where a connection that it kept breaks.
	http.DefaultClient.CloseIdleConnections()
	if a := c.do("GET", path, "", "Accept-Encoding", "identity"); a.err == nil {
		t.Error("no reset")
	}
	if a := c.do("GET", path, "", "Accept-Encoding", "identity"); !errors.Is(a.err, io.ErrUnexpectedEOF) ||
		a.body != whole[:1000] {
		t.Errorf("cut off: %v after %d bytes", a.err, len(a.body))
	}
	if a := c.do("GET", path, "", "Accept-Encoding", "identity"); a.err != nil || a.body != whole[:1000] {
		t.Errorf("truncated: %v after %d bytes", a.err, len(a.body))
	}
	if a := c.do("GET", path, ""); a.body != whole {
		t.Error("a fault too many")
	}
}

// An answer that is broken off is that and no more, wherever in its packing: what else a handler dies of would be a
// fault of the fake.
func TestFaultBreaksOffAPackedAnswer(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(2000))
	path := queryPath("SELECT Id, Name FROM Account")
	for _, bytes := range []int{1, 10, 11, 1000, 4000} { // what is packed begins with a head of ten bytes
		c.org.ClearFaults()
		c.org.Fault(fakeorg.Rule{Path: "/query", Truncate: bytes, Reset: true})
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if died := recover(); died != http.ErrAbortHandler {
					t.Errorf("after %d bytes it dies of %v", bytes, died)
				}
			}()
			c.org.ServeHTTP(w, r)
		}()
		if w.Body.Len() != bytes {
			t.Errorf("%d bytes came, not %d", w.Body.Len(), bytes)
		}
	}
}

func TestFaultDelay(t *testing.T) {
	c := serve(t, fakeorg.Options{}, nil)
	c.org.Fault(fakeorg.Rule{DelaySeconds: 0.05})
	before := time.Now()
	c.get(data + "/limits")
	if took := time.Since(before); took < 50*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

func TestFaultsOfResults(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(1000))
	c.org.Fault(fakeorg.Rule{Method: "POST", Path: "/jobs/query", Nth: 1,
		FailJob: "InternalServerError : retried more than 15 times"})
	failed := c.state(c.job("SELECT Id FROM Account"))
	if failed["state"] != "Failed" || failed["errorMessage"] != "InternalServerError : retried more than 15 times" {
		t.Errorf("failed: %v", failed)
	}
	c.do("GET", data+"/jobs/query/"+failed["id"].(string)+"/results", "").refused(t, 400, "INVALIDJOBSTATE")
	job := c.job("SELECT Id FROM Account")
	path := data + "/jobs/query/" + job + "/results?maxRecords=10"
	first := c.do("GET", path, "")
	c.org.Fault(fakeorg.Rule{Path: "/results", Nth: 1, ExtraRecords: 1})
	c.org.Fault(fakeorg.Rule{Path: "locator=", Nth: 1, DuplicatePage: true})
	if a := c.do("GET", path, ""); a.Header.Get("Sforce-NumberOfRecords") != "11" || a.body != first.body {
		t.Errorf("%v", a.Header)
	}
	second := path + "&locator=" + first.Header.Get("Sforce-Locator")
	twice := c.do("GET", second, "")
	good := c.do("GET", second, "")
	if twice.body != first.body || twice.Header.Get("Sforce-Locator") != good.Header.Get("Sforce-Locator") ||
		good.body == first.body {
		t.Error("not the page before")
	}
}

func TestFaultExpiresSession(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(1000))
	c.org.Fault(fakeorg.Rule{Path: "/limits", Nth: 1, ExpireSession: true})
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")
}

func TestAdminRefuses(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, route := range []string{"clock", "undelete", "purge", "faults"} {
		c.do("POST", "/_org/"+route, "nonsense").refused(t, 400, "JSON_PARSER_ERROR")
	}
	for _, route := range []string{"undelete", "purge"} {
		c.do("POST", "/_org/"+route, `{"ids":["x"]}`).refused(t, 400, "MALFORMED_ID")
		c.do("POST", "/_org/"+route, `{"ids":["zzzHo0000000001IAA"]}`).refused(t, 404, "NOT_FOUND")
		c.do("POST", "/_org/"+route, `{"ids":["001Ho0000009999IAA"]}`).refused(t, 404, "NOT_FOUND")
	}
	c.do("POST", "/_org/clock", `{"advance":"-1h"}`).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	if got := c.ok("POST", "/_org/clock", `{"advance":"90m"}`); got["now"] != "2026-03-14T16:39:26.000Z" {
		t.Errorf("clock: %v", got)
	}
}

func TestFollowingClock(t *testing.T) {
	now := start()
	clock := fakeorg.FollowClock(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), func() time.Time { return now })
	now = now.Add(time.Minute)
	clock.Advance(time.Hour)
	if got := clock.Now().Format(time.RFC3339); got != "2020-01-01T01:01:00Z" {
		t.Error(got)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := fakeorg.New(fakeorg.Options{}); err == nil || !strings.Contains(err.Error(), "clock") {
		t.Error(err)
	}
	c := serve(t, fakeorg.Options{}, generated(10))
	if err := c.org.Generate(10, 1); err == nil {
		t.Error("generated twice")
	}
	if err := c.org.GenerateCounts(map[string]int{"Nothing": 1}, 1); err == nil {
		t.Error("generated nothing")
	}
}

// Every error that has a name, as a client sees it.
func TestNamedAnswers(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for name, want := range map[string]struct {
		status int
		code   string
	}{
		"api-disabled": {403, "API_DISABLED_FOR_ORG"}, "concurrent-limit": {403, "REQUEST_LIMIT_EXCEEDED"},
		"daily-limit": {403, "REQUEST_LIMIT_EXCEEDED"}, "job-limit": {400, "LIMIT_EXCEEDED"},
		"lock":         {400, "UNABLE_TO_LOCK_ROW"},
		"locator-gone": {400, "INVALID_QUERY_LOCATOR"}, "not-acceptable": {406, "CustomNotAcceptable"},
		"not-found":     {404, "NOT_FOUND"},
		"query-timeout": {400, "QUERY_TIMEOUT"}, "storage-limit": {400, "LIMIT_EXCEEDED"},
		"too-complicated": {400, "QUERY_TOO_COMPLICATED"},
		"unavailable":     {503, "SERVER_UNAVAILABLE"}, "unknown": {500, "UNKNOWN_EXCEPTION"},
	} {
		c.ok("POST", "/_org/faults", `[{"kind":"limits","answer":"`+name+`"}]`)
		c.do("GET", data+"/limits", "").refused(t, want.status, want.code)
		c.ok("POST", "/_org/faults", "")
	}
	c.do("POST", "/_org/faults", `[{"answer":"sunshine"}]`).refused(t, 400, "JSON_PARSER_ERROR")
	c.do("POST", "/_org/faults", `[{"sttaus":5}]`).refused(t, 400, "JSON_PARSER_ERROR")
}

// A storm: the third request of a kind and the four behind it.
func TestStorm(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	rules, err := fakeorg.ParseFaults(strings.NewReader(`[{"kind":"limits","nth":3,"times":5,"answer":"unavailable"}]`))
	if err != nil || len(rules) != 1 {
		t.Fatal(rules, err)
	}
	c.org.Fault(rules[0])
	var got []int
	for range 9 {
		got = append(got, c.do("GET", data+"/limits", "").StatusCode)
	}
	if want := []int{200, 200, 503, 503, 503, 503, 503, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.get(data + "/sobjects")
	if rules := c.org.Faults(); len(rules) != 1 || rules[0].Seen != 9 {
		t.Errorf("%v", rules)
	}
	if a := c.do("GET", "/_org/faults", ""); !strings.Contains(a.body, `"seen":9`) {
		t.Error(a.body)
	}
	c.ok("DELETE", "/_org/requests", "")
	if got := c.org.Requests(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestStuckJob(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.org.Fault(fakeorg.Rule{Method: "POST", Kind: "job", Nth: 1, StickJob: true})
	id := c.job("SELECT Id FROM Account")
	c.org.Clock().Advance(24 * time.Hour)
	if got := c.state(id); got["state"] != "InProgress" {
		t.Errorf("%v", got)
	}
	c.ok("PATCH", data+"/jobs/query/"+id, `{"state":"Aborted"}`)
}

func TestFaultsOfHeadersAndGzip(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(5000))
	path := data + "/jobs/query/" + c.job("SELECT Id, Name FROM Contact") + "/results"
	c.org.Fault(fakeorg.Rule{Kind: "results", Nth: 1, Omit: []string{"Sforce-Locator", "Sforce-NumberOfRecords"}})
	c.org.Fault(fakeorg.Rule{Kind: "results", Nth: 2, Truncate: 2000, Reset: true})
	c.org.Fault(fakeorg.Rule{Kind: "results", Nth: 3, Truncate: 2000})
	c.org.Fault(fakeorg.Rule{Kind: "results", Nth: 4, Status: 200})
	if a := c.do("GET", path, ""); a.Header.Get("Sforce-Locator") != "" ||
		a.Header.Get("Sforce-NumberOfRecords") != "" || a.body == "" {
		t.Errorf("%v", a.Header)
	}
	for range 2 { // Go's client unpacks by itself, and tells what is missing
		if a := c.do("GET", path, ""); !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("gzip broken off: %v after %d bytes", a.err, len(a.body))
		}
	}
	if a := c.do("GET", path, ""); a.err != nil || a.StatusCode != 200 || a.body != "" {
		t.Errorf("an empty body: %d %q %v", a.StatusCode, a.body, a.err)
	}
}

// What a server elsewhere would be asked: by which method and path.
func TestFaultRedirects(t *testing.T) {
	var asked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
	}))
	defer elsewhere.Close()
	c := serve(t, fakeorg.Options{}, nil)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, tt := range []struct {
		rule, location string
		status         int
	}{
		{`{"redirect":"URL"}`, elsewhere.URL + data + "/limits?x=1", 302},
		{`{"redirect":"URL/other","status":301}`, elsewhere.URL + "/other", 301},
		{`{"redirect":"/services/data/v68.0/limits","status":307}`, "/services/data/v68.0/limits", 307},
		{`{"redirect":"URL?y=2","status":308}`, elsewhere.URL + "?y=2", 308},
	} {
		c.ok("POST", "/_org/faults", "[]")
		c.ok("POST", "/_org/faults", "["+strings.Replace(tt.rule, "URL", elsewhere.URL, 1)+"]")
		resp, err := client.Get(c.url + data + "/limits?x=1")
		fine(t, err)
		resp.Body.Close()
		if resp.StatusCode != tt.status || resp.Header.Get("Location") != tt.location {
			t.Errorf("%s: %d to %s", tt.rule, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	c.ok("POST", "/_org/faults", "[]")
	c.ok("POST", "/_org/faults", `[{"kind":"login","redirect":"`+elsewhere.URL+`","status":308}]`)
	c.login(form("grant_type", "client_credentials"))
	if want := []string{"POST /services/oauth2/token"}; !slices.Equal(asked, want) {
		t.Errorf("elsewhere was asked %v", asked)
	}
	c.do("POST", "/_org/faults", `[{"redirect":"/x","status":200}]`).refused(t, 400, "JSON_PARSER_ERROR")
}

// A rule is about requests wherever they stand: by themselves, as parts of a composite
// request or of a batch, as records of a collection.
func TestFaultsOfParts(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	part := func(path string) string {
		return `{"method":"GET","url":"` + data + path + `","referenceId":"x"}`
	}
	parts := strings.Join([]string{part("/sobjects/Account/describe"), part("/sobjects/Contact/describe"),
		part("/query?q=SELECT+Id+FROM+Account+LIMIT+1")}, ",")
	rules := `[{"kind":"describe","nth":2,"answer":"unavailable"},{"kind":"query","nth":1,"answer":"query-timeout"}]`
	c.ok("POST", "/_org/faults", rules)
	got := c.ok("POST", data+"/composite", `{"compositeRequest":[`+parts+`]}`)["compositeResponse"]
	if want := "[200 503 400]"; fmt.Sprint(statuses(t, got, "httpStatusCode")) != want ||
		!strings.Contains(fmt.Sprint(got), "QUERY_TIMEOUT") {
		t.Errorf("composite: %v", got)
	}
	c.ok("POST", "/_org/faults", "[]")
	c.ok("POST", "/_org/faults", rules)
	got = c.ok("POST", data+"/composite/batch", `{"batchRequests":[`+parts+`]}`)["results"]
	if want := "[200 503 400]"; fmt.Sprint(statuses(t, got, "statusCode")) != want {
		t.Errorf("batch: %v", got)
	}

	// A part that breaks the connection off takes the whole request with it.
	c.ok("POST", "/_org/faults", "[]")
	c.ok("POST", "/_org/faults", `[{"kind":"describe","nth":1,"reset":true}]`)
	write := `{"method":"PATCH","url":"` + data + `/sobjects/Account/` + first +
		`","referenceId":"w","body":{"Site":"9"}},`
	if a := c.do("POST", data+"/composite", `{"allOrNone":true,"compositeRequest":[`+write+parts+`]}`); a.err == nil {
		t.Errorf("the connection held: %d %s", a.StatusCode, a.body)
	}
	if got := c.get(data + "/sobjects/Account/" + first)["Site"]; got == "9" {
		t.Error("the first part was kept")
	}
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Site":"8"}`)

	const second, third = "001Ho0000000002IAA", "001Ho0000000003IAA"
	record := func(id string) string {
		return `{"attributes":{"type":"Account"},"Id":"` + id + `","Site":"` + id[14:15] + `"}`
	}
	many := func(method, path, body string) string {
		t.Helper()
		a := c.do(method, data+"/composite/sobjects"+path, body)
		var saved []struct {
			Success bool
			Errors  []struct{ StatusCode, Message string }
		}
		if err := json.Unmarshal([]byte(a.body), &saved); err != nil {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		return fmt.Sprint(saved)
	}
	c.ok("POST", "/_org/faults", "[]")
	c.ok("POST", "/_org/faults", `[{"method":"PATCH","path":"/Account/`+second+`","answer":"lock"},
		{"method":"DELETE","kind":"record","nth":2,"status":400,
			"body":"[{\"errorCode\":\"DELETE_FAILED\",\"message\":\"no\"}]"},
		{"method":"POST","path":"/sobjects/Account","nth":1,"status":500,"body":"down"},
		{"method":"PATCH","path":"/composite/sobjects","delaySeconds":0.001}]`)
	if got, want := many("PATCH", "", `{"records":[`+record(first)+`,`+record(second)+`,`+record(third)+`]}`),
		"[{true []} {false [{UNABLE_TO_LOCK_ROW unable to obtain exclusive access to this record}]} "+
			"{true []}]"; got != want {
		t.Errorf("updated: %s", got)
	}
	if got := c.get(data + "/sobjects/Account/" + second)["Site"]; got == "2" {
		t.Error("the record that the rule refuses was written")
	}
	if got, want := many("POST", "", `{"records":[{"attributes":{"type":"Account"},"Name":"a"}]}`),
		"[{false [{UNKNOWN_EXCEPTION down}]}]"; got != want {
		t.Errorf("created: %s", got)
	}
	if got, want := many("DELETE", "?ids="+first+","+second, ""),
		"[{true []} {false [{DELETE_FAILED no}]}]"; got != want {
		t.Errorf("deleted: %s", got)
	}
}
