package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

func (c *client) state(job string) map[string]any {
	c.t.Helper()
	return c.get(data + "/jobs/query/" + job)
}

func TestJobTakesItsTime(t *testing.T) {
	c := serve(t, fakeorg.Options{JobLatency: 40 * time.Second, JobChunks: 1}, generated(100))
	asked := c.ok("POST", data+"/jobs/query", `{"operation":"query","query":"SELECT Id FROM Account"}`)
	want := map[string]any{
		"operation": "query", "object": "Account", "createdById": "005Ho0000000001IAA",
		"createdDate":    "2026-03-14T15:09:26.000+0000",
		"systemModstamp": "2026-03-14T15:09:26.000+0000", "state": "UploadComplete", "concurrencyMode": "Parallel",
		"contentType": "CSV", "apiVersion": json.Number("66.0"), "lineEnding": "LF", "columnDelimiter": "COMMA",
	}
	id := asked["id"].(string)
	delete(asked, "id")
	if fmt.Sprint(asked) != fmt.Sprint(want) || !strings.HasPrefix(id, "750") {
		t.Errorf("created: %v", asked)
	}
	results := data + "/jobs/query/" + id + "/results"
	c.do("GET", results, "").refused(t, 400, "INVALIDJOBSTATE")
	c.do("DELETE", data+"/jobs/query/"+id, "").refused(t, 400, "API_ERROR")
	c.org.Clock().Advance(9 * time.Second)
	if got := c.state(id); got["state"] != "UploadComplete" || got["jobType"] != "V2Query" {
		t.Errorf("after 9 s: %v", got)
	}
	// It hasn't started yet, so it sees this one; the next one comes too late.
	c.ok("POST", data+"/sobjects/Account", `{"Name":"in time"}`)
	c.org.Clock().Advance(time.Second)
	c.ok("POST", data+"/sobjects/Account", `{"Name":"too late"}`)
	if got := c.state(id); got["state"] != "InProgress" {
		t.Errorf("after 10 s: %v", got)
	}
	c.org.Clock().Advance(30 * time.Second)
	got := c.state(id)
	if got["state"] != "JobComplete" || got["numberRecordsProcessed"] != json.Number("25") ||
		got["totalProcessingTime"] != json.Number("40000") || got["retries"] != json.Number("0") ||
		got["isPkChunkingSupported"] != true {
		t.Errorf("at the end: %v", got)
	}
	c.do("PATCH", data+"/jobs/query/"+id, `{"state":"Aborted"}`).refused(t, 400, "INVALIDJOBSTATE")
	before := c.do("GET", results, "").body
	c.ok("DELETE", data+"/sobjects/Account/001Ho0000000001IAA", "")
	if c.do("GET", results, "").body != before {
		t.Error("a result changed after the job had run")
	}
	c.ok("DELETE", data+"/jobs/query/"+id, "")
	for _, path := range []string{data + "/jobs/query/" + id, results} {
		c.do("GET", path, "").refused(t, 404, "NOT_FOUND")
	}
}

// A job reads its parts at moments of their own: what is changed meanwhile is
// seen by those that are read later.
func TestRecordsChangeWhileAJobRuns(t *testing.T) {
	c := serve(t, fakeorg.Options{JobLatency: 40 * time.Second, JobChunks: 2}, generated(100))
	soql := "SELECT Id, Site FROM Account"
	torn, sorted := c.job(soql), c.job(soql+" ORDER BY Id")
	c.org.Clock().Advance(10 * time.Second)
	last := "001Ho000000000MIAQ" // the 22nd
	c.ok("PATCH", data+"/sobjects/Account/001Ho0000000001IAA", `{"Site":"moved"}`)
	c.ok("PATCH", data+"/sobjects/Account/"+last, `{"Site":"moved"}`)
	made := c.ok("POST", data+"/sobjects/Account", `{"Name":"new"}`)["id"].(string)
	c.org.Clock().Advance(30 * time.Second)
	_, rows := c.results(torn, 7)
	if strings.Count(rows, "moved") != 1 || !strings.Contains(rows, `"`+last+`","moved"`) ||
		!strings.Contains(rows, made) {
		t.Errorf("in parts: %s", rows)
	}
	if _, rows := c.results(sorted, 7); strings.Contains(rows, "moved") || strings.Contains(rows, made) {
		t.Errorf("in one: %s", rows)
	}
}

func TestAbort(t *testing.T) {
	c := serve(t, fakeorg.Options{JobLatency: time.Minute}, generated(100))
	id := c.job("SELECT Id FROM Account")
	c.do("PATCH", data+"/jobs/query/"+id, `{"state":"Paused"}`).refused(t, 400, "INVALIDJOBSTATE")
	if got := c.ok("PATCH", data+"/jobs/query/"+id, `{"state":"Aborted"}`); got["state"] != "Aborted" {
		t.Errorf("aborted: %v", got)
	}
	c.org.Clock().Advance(time.Hour)
	if got := c.state(id); got["state"] != "Aborted" {
		t.Errorf("later: %v", got)
	}
	c.do("GET", data+"/jobs/query/"+id+"/results", "").refused(t, 400, "INVALIDJOBSTATE")
	c.ok("DELETE", data+"/jobs/query/"+id, "")
}

func TestResultsAreKeptForAWeek(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	id := c.job("SELECT Id FROM Account")
	c.org.Clock().Advance(7*24*time.Hour - time.Second)
	c.state(id)
	c.org.Clock().Advance(time.Second)
	c.do("GET", data+"/jobs/query/"+id, "").refused(t, 404, "NOT_FOUND")
}

func TestJobsAreListed(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	var newest string
	for range 1001 {
		newest = c.job("SELECT Id FROM User LIMIT 1")
	}
	first := c.get(data + "/jobs/query?jobType=V2Query")
	records := first["records"].([]any)
	if len(records) != 1000 || first["done"] != false || records[0].(map[string]any)["id"] != newest ||
		records[0].(map[string]any)["jobType"] != "V2Query" {
		t.Fatalf("%d jobs, done %v, first %v", len(records), first["done"], records[0])
	}
	rest := c.get(first["nextRecordsUrl"].(string))
	if len(rest["records"].([]any)) != 1 || rest["done"] != true || rest["nextRecordsUrl"] != nil {
		t.Errorf("the rest: %v", rest)
	}
	if other := c.get(data + "/jobs/query?jobType=Classic"); len(other["records"].([]any)) != 0 {
		t.Errorf("classic jobs: %v", other)
	}
	c.do("GET", data+"/jobs/query?queryLocator=x", "").refused(t, 400, "INVALID_QUERY_LOCATOR")
}

func TestRefusedJobs(t *testing.T) {
	c := serve(t, fakeorg.Options{DailyQueryJobs: 1, NotInBulk: []string{"Task"}}, generated(100))
	post := func(operation, soql string) answer {
		body, _ := json.Marshal(map[string]string{"operation": operation, "query": soql})
		return c.do("POST", data+"/jobs/query", string(body))
	}
	for _, refused := range []struct{ soql, code, message string }{
		{"SELECT Id, BillingAddress FROM Account", "API_ERROR", "Selecting compound data not supported in Bulk Query"},
		{"SELECT COUNT() FROM Account", "API_ERROR", ""},
		{"SELECT Id FROM Account OFFSET 5", "API_ERROR", ""},
		{"SELECT FIELDS(ALL) FROM Account LIMIT 200", "MALFORMED_QUERY", ""},
		{"SELECT Id FROM Task", "INVALIDENTITY", "Entity 'Task' is not supported by the Bulk API."},
		{"SELECT Id FROM UserPermissionAccess", "INVALIDENTITY", ""},
		{"SELECT Id FROM Nothing", "INVALID_TYPE", ""},
		{"SELECT Nothing FROM Account", "INVALID_FIELD", ""},
		{"", "MALFORMED_QUERY", ""},
	} {
		if got := post("query", refused.soql).refused(t, 400, refused.code); refused.message != "" &&
			got != refused.message {
			t.Errorf("%s: %s", refused.soql, got)
		}
	}
	post("insert", "SELECT Id FROM Account").refused(t, 400, "INVALIDJOB")
	for _, body := range []string{
		`{"operation":"query","query":"SELECT Id FROM Account","contentType":"JSON"}`,
		`{"operation":"query","query":"SELECT Id FROM Account","columnDelimiter":"SPACE"}`,
		`{"operation":"query","query":"SELECT Id FROM Account","lineEnding":"CR"}`,
	} {
		c.do("POST", data+"/jobs/query", body).refused(t, 400, "INVALIDJOB")
	}
	c.do("POST", data+"/jobs/query", "{").refused(t, 400, "JSON_PARSER_ERROR")
	c.job("SELECT Id FROM Account")
	if got := post("query", "SELECT Id FROM Account").refused(t, 400,
		"LIMIT_EXCEEDED"); got != "Max bulk v2 query jobs (1) per 24 hrs has been reached" {
		t.Error(got)
	}
}

func TestResultPages(t *testing.T) {
	c := serve(t, fakeorg.Options{PageRecords: 100}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 1150}, 1)
	})
	id := c.job("SELECT Id FROM Account")
	_, whole := c.results(id, 100)
	var parts strings.Builder
	calls := 0
	for path := data + "/jobs/query/" + id + "/resultPages"; path != ""; calls++ {
		got := c.get(path)
		pages := got["resultPages"].([]any)
		path, _ = got["nextRecordsUrl"].(string)
		if (path == "") != got["done"].(bool) || len(pages) > 5 {
			t.Fatalf("%v", got)
		}
		for _, page := range pages {
			a := c.do("GET", page.(map[string]any)["resultUrl"].(string), "")
			_, rows, _ := strings.Cut(a.body, "\n")
			parts.WriteString(rows)
			if got := a.Header.Get("Sforce-NumberOfRecords"); got != fmt.Sprint(strings.Count(rows, "\n")) {
				t.Errorf("Sforce-NumberOfRecords %s", got)
			}
		}
	}
	if parts.String() != whole || calls != 3 {
		t.Errorf("%d calls; the pages side by side differ from those one by one", calls)
	}
	empty := c.get(data + "/jobs/query/" + c.job("SELECT Id FROM Account WHERE Name = 'x'") + "/resultPages")
	if len(empty["resultPages"].([]any)) != 1 || empty["done"] != true {
		t.Errorf("no records: %v", empty)
	}
	other := strings.Replace(data, "v66", "v65", 1) + "/jobs/query/" + id
	c.do("GET", other+"/results", "").refused(t, 409, "API_ERROR")
	c.do("GET", other+"/resultPages", "").refused(t, 409, "API_ERROR")
	c.do("GET", strings.Replace(data, "v66", "v57", 1)+"/jobs/query/"+id+"/resultPages", "").refused(t,
		404, "NOT_FOUND")
	for _, bad := range []string{"?locator=x", "?locator=OTk5OTk5", "?locator=LTU"} {
		c.do("GET", data+"/jobs/query/"+id+"/results"+bad, "").refused(t, 400, "INVALID_QUERY_LOCATOR")
	}
	c.do("GET", data+"/jobs/query/"+id+"/results?maxRecords=0", "").refused(t, 400, "INVALID_ARGUMENT_TYPE")
	if a := c.do("GET", data+"/jobs/query/"+id+"/results/?maxRecords=100000",
		""); a.Header.Get("Sforce-NumberOfRecords") != "100" ||
		a.Header.Get("Content-Type") != "text/csv; charset=UTF-8" {
		t.Errorf("%v", a.Header)
	}
}

func TestStorageOfResultsIsLimited(t *testing.T) {
	c := serve(t, fakeorg.Options{DailyResultMB: 1}, generated(20_000))
	id := c.job("SELECT Id, Name, Email, Description, CreatedDate, SystemModstamp FROM Contact")
	for range 4 {
		c.do("GET", data+"/jobs/query/"+id+"/results", "")
	}
	refusal := c.do("POST", data+"/jobs/query", `{"operation":"query","query":"SELECT Id FROM Contact"}`).refused(t,
		400, "LIMIT_EXCEEDED")
	if refusal != "Max bulk v2 query result size stored (1024) kb per 24 hrs has been exceeded" {
		t.Error(refusal)
	}
	c.org.Clock().Advance(25 * time.Hour)
	c.job("SELECT Id FROM Contact")
}

func TestListOfChunkedJobs(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	whole, sorted := c.job("SELECT Id FROM Account"), c.job("SELECT Id FROM Account ORDER BY Id")
	for chunked, want := range map[string]string{"true": whole, "false": sorted} {
		list := c.get(data + "/jobs/query?isPkChunkingEnabled=" + chunked)["records"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["id"] != want {
			t.Errorf("%s: %v", chunked, list)
		}
	}
}
