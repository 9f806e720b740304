package fakeorg_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

func TestVersions(t *testing.T) {
	c := serve(t, fakeorg.Options{}, nil)
	c.do("GET", "/services/data/v30.0/limits", "").refused(t, 410, "GONE")
	for _, path := range []string{"/services/data/v99.0/limits", "/services/data/66/limits", "/nothing",
		data + "/nothing"} {
		c.do("GET", path, "").refused(t, 404, "NOT_FOUND")
	}
	c.do("GET", "/services/data/v30.0/nothing", "").refused(t, 410, "GONE")
	c.do("GET", queryPath("SELECT Id FROM Account WHERE Name = '"+strings.Repeat("x", 16_384)+"'"), "").refused(t,
		414, "URI_TOO_LONG")
	c.get("/services/data/v31.0/limits")
	urls := c.get(data)
	if urls["sobjects"] != data+"/sobjects" || urls["jobs"] != data+"/jobs" {
		t.Errorf("resources: %v", urls)
	}
	c.token = ""
	a := c.do("GET", "/services/data", "")
	var versions []struct{ Label, URL, Version string }
	if err := json.Unmarshal([]byte(a.body), &versions); err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{}
	for _, v := range versions {
		labels[v.Version] = v.Label
	}
	for version, label := range map[string]string{"31.0": "Summer '14", "32.0": "Winter '15", "33.0": "Spring '15",
		"66.0": "Spring '26", "67.0": "Summer '26", "68.0": "Winter '27"} {
		if labels[version] != label {
			t.Errorf("%s is %s, want %s", version, labels[version], label)
		}
	}
	if len(versions) != 38 || versions[37].URL != "/services/data/v68.0" {
		t.Errorf("%d versions, the last %v", len(versions), versions[len(versions)-1])
	}
}

// What a client asks for that isn't there stands by name beside the counts.
func TestUnknownPathsAreNamed(t *testing.T) {
	c := serve(t, fakeorg.Options{}, nil)
	c.do("POST", "/services/apexrest/66.0/job?token=secret", "x").refused(t, 404, "NOT_FOUND")
	for range 2 {
		c.do("GET", data+"/chatter/feeds", "").refused(t, 404, "NOT_FOUND")
	}
	c.get(data + "/limits")
	want := map[string]any{"POST /services/apexrest/66.0/job": "1", "GET " + data + "/chatter/feeds": "2"}
	counts := func() map[string]any {
		all := map[string]any{}
		for name, n := range c.get("/_org/requests") {
			if path, ok := strings.CutPrefix(name, "unknown "); ok {
				all[path] = n.(json.Number).String()
			}
		}
		return all
	}
	if got := counts(); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := c.get("/_org/requests")["unknown"]; n != json.Number("3") {
		t.Errorf("%v unknown in all", n)
	}
	for i := range 1000 {
		c.do("GET", "/"+strconv.Itoa(i)+strings.Repeat("x", 300), "").refused(t, 404, "NOT_FOUND")
	}
	many := counts()
	if len(many) > 102 || many["others"] == nil {
		t.Errorf("%d paths are remembered", len(many))
	}
	for path := range many {
		if len(path) > 200 {
			t.Errorf("a path of %d characters", len(path))
		}
	}
	if c.ok("DELETE", "/_org/requests", ""); len(counts()) != 0 {
		t.Errorf("forgotten: %v", counts())
	}
}

// An org that isn't upgraded yet, until it is.
func TestNewestVersion(t *testing.T) {
	c := serve(t, fakeorg.Options{NewestVersion: 66}, nil)
	newest := func() string {
		var versions []struct{ Version string }
		if err := json.Unmarshal([]byte(c.do("GET", "/services/data", "").body), &versions); err != nil {
			t.Fatal(err)
		}
		return versions[len(versions)-1].Version
	}
	if got := newest(); got != "66.0" {
		t.Errorf("the newest is %s", got)
	}
	c.do("GET", "/services/data/v67.0/limits", "").refused(t, 404, "NOT_FOUND")
	c.ok("POST", "/_org/versions", `{"newest":68}`)
	if got := newest(); got != "68.0" {
		t.Errorf("upgraded the newest is %s", got)
	}
	c.get("/services/data/v68.0/limits")
	c.do("GET", "/services/data/v69.0/limits", "").refused(t, 404, "NOT_FOUND")
	c.do("POST", "/_org/versions", `{"newest":69}`).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	c.ok("POST", "/_org/versions", `{"oldest":41}`) // Summer '28
	c.do("GET", "/services/data/v40.0/limits", "").refused(t, 410, "GONE")
	c.get("/services/data/v41.0/limits")
	list := c.do("GET", "/services/data", "").body
	if strings.Contains(list, `"40.0"`) || !strings.Contains(list, `"41.0"`) {
		t.Errorf("the list has retired versions: %s", list)
	}
	c.do("POST", "/_org/versions", `{"oldest":30}`).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	c.do("POST", "/_org/versions", `{"newest":40}`).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	if _, err := fakeorg.New(fakeorg.Options{Clock: fakeorg.StillClock(start()), NewestVersion: 30}); err == nil {
		t.Error("an org whose newest version is retired")
	}
}

// Before v50.0 the columns of a Bulk result come in the order of their names, since
// then as the statement names them.
func TestColumnsByVersion(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for version, want := range map[string]string{
		"v49.0": `"AccountId","Id","Owner.Name"`, "v50.0": `"Owner.Name","Id","AccountId"`,
		"v68.0": `"Owner.Name","Id","AccountId"`,
	} {
		at := "/services/data/" + version + "/jobs/query"
		id := c.ok("POST", at,
			`{"operation":"query","query":"SELECT Owner.Name, Id, AccountId FROM Contact LIMIT 1"}`)["id"]
		a := c.do("GET", at+"/"+id.(string)+"/results", "")
		header, row, _ := strings.Cut(a.body, "\n")
		if header != want {
			t.Errorf("%s: %s, want %s", version, header, want)
		}
		values, account := strings.Split(row, ","), 2
		if version == "v49.0" {
			account = 0
		}
		if len(values) != 3 || !strings.HasPrefix(values[1], `"003`) || !strings.HasPrefix(values[account], `"001`) {
			t.Errorf("%s: %s", version, row)
		}
	}
}

func TestManners(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, path := range []string{"//services//data/v66.0//limits/", data + "/query/?q=SELECT+Id+FROM+Account"} {
		c.get(path)
	}
	a := c.do("GET", data+"/limits", "")
	if got := a.Header.Get("Date"); got != "Sat, 14 Mar 2026 15:09:26 GMT" {
		t.Errorf("Date %s", got)
	}
	if got := a.Header.Get("Sforce-Limit-Info"); got != "api-usage=3/100000" {
		t.Errorf("Sforce-Limit-Info %s", got)
	}
	c.do("DELETE", data+"/limits", "").refused(t, 405, "METHOD_NOT_ALLOWED")
}

func TestGzip(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(1000))
	path := queryPath("SELECT Id, Name FROM Account")
	plain := c.do("GET", path, "", "Accept-Encoding", "identity")
	if plain.Header.Get("Content-Encoding") != "" {
		t.Error("compressed without being asked")
	}
	packed := c.do("GET", path, "", "Accept-Encoding", "gzip")
	if packed.Header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body) {
		t.Errorf("not compressed: %v", packed.Header)
	}
	if automatic := c.do("GET", path, ""); automatic.body != plain.body {
		t.Error("unpacked differs from plain")
	}
	if a := c.do("GET", data+"/sobjects", "", "If-Modified-Since", "Sat, 14 Mar 2026 15:09:26 GMT", "Accept-Encoding",
		"gzip"); a.StatusCode != 304 || a.body != "" {
		t.Errorf("304 has a body: %d %q", a.StatusCode, a.body)
	}
}

func TestQueryTypes(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	account := c.ok("POST", data+"/sobjects/Account",
		`{"Name":"A","BillingCity":"Köln","AnnualRevenue":123456789012345678}`)["id"].(string)
	contact := c.ok("POST", data+"/sobjects/Contact",
		`{"LastName":"L","AccountId":"`+account[:15]+`","HasOptedOutOfEmail":true,"Description":"a\u0001\r\n\"\\🎈</b>"}`)["id"].(string)
	a := c.do("GET", queryPath("SELECT Id, Account.Name, Account.Parent.Name, Account.AnnualRevenue, "+
		"HasOptedOutOfEmail, Phone, Description, CreatedDate, Birthdate, MailingAddress, "+
		"Account.BillingAddress FROM Contact WHERE Id = '"+contact+"'"), "")
	want :=
		`{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Contact","url":"/services/data/v66.0/sobjects/Contact/` + contact + `"},` +
			`"Id":"` + contact + `","Account":{"attributes":{"type":"Account","url":"/services/data/v66.0/sobjects/Account/` + account + `"},` +
			`"Name":"A","Parent":null,"AnnualRevenue":123456789012345678,` +
			`"BillingAddress":{"city":"Köln","country":null,"geocodeAccuracy":null,"latitude":null,"longitude":null,"postalCode":null,"state":null,"street":null}},` +
			`"HasOptedOutOfEmail":true,"Phone":null,"Description":"a\u0001\r\n\"\\🎈</b>","CreatedDate":"2026-03-14T15:09:26.000+0000","Birthdate":null,"MailingAddress":null}]}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}

func TestQueryPages(t *testing.T) {
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 4500}, 1)
	})
	first := c.get(queryPath("SELECT Id FROM Account"))
	if first["totalSize"] != json.Number("4500") || first["done"] != false || len(first["records"].([]any)) != 2000 {
		t.Fatalf("%v %v %d", first["totalSize"], first["done"], len(first["records"].([]any)))
	}
	next := first["nextRecordsUrl"].(string)
	if !strings.HasPrefix(next, data+"/query/01g") || !strings.HasSuffix(next, "-2000") {
		t.Errorf("nextRecordsUrl %s", next)
	}
	before := c.query(queryPath("SELECT Id FROM Account"))
	c.ok("DELETE", data+"/sobjects/Account/"+before[4000]["Id"].(string), "")
	rest := c.query(next)
	if len(rest) != 2500 || rest[2000]["Id"] != before[4000]["Id"] {
		t.Error("a locator doesn't keep to what it was opened on")
	}
	if got := len(c.query(queryPath("SELECT Id FROM Account"))); got != 4499 {
		t.Errorf("%d records after a delete", got)
	}
	if got := len(c.query(strings.Replace(queryPath("SELECT Id FROM Account"), "/query", "/queryAll",
		1))); got != 4500 {
		t.Errorf("queryAll has %d records after a delete", got)
	}
	a := c.do("GET", queryPath("SELECT Id FROM Account LIMIT 500 OFFSET 10"), "", "Sforce-Query-Options",
		"batchSize=200")
	if !strings.Contains(a.body, `"totalSize":500,"done":false`) || strings.Count(a.body, `"Id"`) != 200 ||
		!strings.Contains(a.body, before[10]["Id"].(string)) {
		t.Errorf("batchSize: %.200s", a.body)
	}
	c.do("GET", queryPath("SELECT Id FROM Account"), "", "Sforce-Query-Options", "batchSize=199").refused(t, 400,
		"INVALID_QUERY_OPTIONS")
	for _, bad := range []string{"01gHo0000000009IAA-2000", "nonsense", next[len(data+"/query/"):] + "999"} {
		c.do("GET", data+"/query/"+bad, "").refused(t, 400, "INVALID_QUERY_LOCATOR")
	}
	c.org.Clock().Advance(49 * time.Hour)
	c.do("GET", next, "").refused(t, 400, "INVALID_QUERY_LOCATOR")
}

func TestRefusedQueries(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for soql, code := range map[string]string{
		"":                               "MALFORMED_QUERY",
		"SELECT":                         "MALFORMED_QUERY",
		"SELECT Id FROM Nothing":         "INVALID_TYPE",
		"SELECT Nothing FROM Account":    "INVALID_FIELD",
		"SELECT Id FROM Account LIMIT x": "MALFORMED_QUERY",
	} {
		c.do("GET", queryPath(soql), "").refused(t, 400, code)
	}
	if got := c.get(queryPath("SELECT COUNT() FROM Account")); got["totalSize"] != json.Number("24") ||
		len(got["records"].([]any)) != 0 {
		t.Errorf("count: %v", got)
	}
}

func TestDailyLimit(t *testing.T) {
	c := serve(t, fakeorg.Options{DailyAPIRequests: 2}, nil)
	c.get(data + "/limits")
	limits := c.get(data + "/limits")["DailyApiRequests"].(map[string]any)
	if limits["Max"] != json.Number("2") || limits["Remaining"] != json.Number("0") {
		t.Errorf("limits: %v", limits)
	}
	a := c.do("GET", data+"/limits", "")
	a.refused(t, 403, "REQUEST_LIMIT_EXCEEDED")
	if got := a.Header.Get("Sforce-Limit-Info"); got != "api-usage=2/2" {
		t.Errorf("Sforce-Limit-Info %s", got)
	}
	c.org.Clock().Advance(25 * time.Hour)
	c.get(data + "/limits")
}

func TestWhatTheUserMaySee(t *testing.T) {
	for _, restricted := range []bool{false, true} {
		c := serve(t, fakeorg.Options{Restricted: restricted, Sandbox: restricted}, generated(100))
		user := c.query(queryPath("SELECT PermissionsViewAllData, PermissionsViewAllUsers, " +
			"PermissionsQueryAllFiles FROM UserPermissionAccess"))
		if len(user) != 1 || user[0]["PermissionsViewAllData"] != !restricted {
			t.Errorf("restricted %v: %v", restricted, user)
		}
		all := c.query(queryPath("SELECT SobjectType, PermissionsViewAllRecords FROM ObjectPermissions WHERE " +
			"SobjectType = 'Account'"))
		if len(all) != 1 || all[0]["PermissionsViewAllRecords"] != !restricted {
			t.Errorf("restricted %v: %v", restricted, all)
		}
		org := c.query(queryPath("SELECT Id, Name, OrganizationType, IsSandbox, InstanceName, NamespacePrefix, " +
			"TrialExpirationDate FROM Organization"))
		if len(org) != 1 || org[0]["Id"] != c.org.ID() || org[0]["IsSandbox"] != restricted ||
			org[0]["NamespacePrefix"] != nil {
			t.Errorf("organization: %v", org)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.get(queryPath("SELECT Id FROM Account"))
	c.get(data + "/sobjects/Account/describe")
	c.get(data + "/sobjects/Account/describe")
	resp, err := http.Get(c.url + "/_org/requests")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if string(body) != `{"admin":1,"describe":2,"query":1}` {
		t.Error(string(body))
	}
}
