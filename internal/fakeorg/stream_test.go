package fakeorg_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// accountFields are the columns of a full copy of a generated Account.
const accountFields = "Id,IsDeleted,Name,Type,ParentId,BillingStreet,BillingCity,BillingState,BillingPostalCode," +
	"BillingCountry,Phone,AccountNumber,Website,Industry,AnnualRevenue,NumberOfEmployees,Description,Rating,Site," +
	"OwnerId,CreatedDate,CreatedById,LastModifiedDate,LastModifiedById,SystemModstamp"

// A counter is a ResponseWriter that keeps nothing of the body.
type counter struct {
	header http.Header
	bytes  int
	high   uint64 // most heap in use
}

func (c *counter) Header() http.Header { return c.header }
func (c *counter) WriteHeader(int)     {}
func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	if c.bytes>>22 != (c.bytes-len(p))>>22 { // every 4 MB
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		c.high = max(c.high, m.HeapAlloc)
	}
	return len(p), nil
}

// stream reads the only page of a job without a network between.
func stream(c *client, job string) *counter {
	r := httptest.NewRequest("GET", data+"/jobs/query/"+job+"/results", nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := &counter{header: http.Header{}}
	c.org.ServeHTTP(w, r)
	return w
}

func TestStreamingHoldsNothing(t *testing.T) {
	const records = 300_000
	c := serve(t, fakeorg.Options{PageRecords: records}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": records, "User": 100}, 1)
	})
	job := c.job("SELECT " + accountFields + " FROM Account")
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	w := stream(c, job)
	if got := w.header.Get("Sforce-NumberOfRecords"); got != "300000" {
		t.Fatalf("Sforce-NumberOfRecords %s", got)
	}
	if w.bytes < records*300 {
		t.Errorf("%d bytes are too few for %d Accounts", w.bytes, records)
	}
	// Garbage between two collections may be as much as what was alive before.
	if grown := int64(w.high) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes while %d were streamed", grown, w.bytes)
	}
}

func BenchmarkAccountCSV(b *testing.B) {
	const records = 50_000
	c := serve(b, fakeorg.Options{}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": records, "User": 100}, 1)
	})
	job := c.job("SELECT " + accountFields + " FROM Account")
	b.SetBytes(int64(stream(c, job).bytes))
	b.ReportMetric(float64(stream(c, job).bytes)/records, "B/record")
	b.ReportAllocs()
	for b.Loop() {
		stream(c, job)
	}
}

func TestPagesJoinToTheSameRecords(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(5_000))
	if _, err := c.org.History(300, 3); err != nil {
		t.Fatal(err)
	}
	for _, soql := range []string{
		"SELECT Id, Name, Account.Name, Amount, SystemModstamp FROM Opportunity",
		"SELECT Id, Name FROM Opportunity WHERE StageName = 'Closed Won'",
		"SELECT Id, Amount FROM Opportunity ORDER BY Amount DESC, Id LIMIT 333",
		"SELECT Id FROM Opportunity WHERE IsDeleted = true",
		"SELECT Id FROM Opportunity WHERE Name = 'nobody'",
	} {
		job := c.job(soql)
		header, whole := c.results(job, 100_000)
		for _, size := range []int{1000, 333, 7} {
			h, rows := c.results(job, size)
			if h != header || rows != whole {
				t.Errorf("%s: pages of %d differ from one page", soql, size)
			}
		}
		if _, again := c.results(c.job(soql), 500); again != whole {
			t.Errorf("%s: a second job differs", soql)
		}
	}
}

// parse reads a Bulk result; encoding/csv is fine where no CRLF is compared.
func parse(t *testing.T, text string) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	var all [][]string
	for {
		record, err := r.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, record)
	}
}

func TestFormsOfCSV(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(200))
	id := c.ok("POST", data+"/sobjects/Account",
		`{"Name":"a \"b\"; c,\t|^`+"`"+`","BillingStreet":"1\r\n2\n3","AnnualRevenue":123456789012345678}`)["id"].(string)
	soql := "SELECT Name, BillingStreet, AnnualRevenue, Type FROM Account WHERE Id = '" + id + "'"
	for name, delimiter := range map[string]string{"COMMA": ",", "TAB": "\t", "PIPE": "|", "CARET": "^",
		"SEMICOLON": ";", "BACKQUOTE": "`"} {
		for ending, text := range map[string]string{"LF": "\n", "CRLF": "\r\n"} {
			job := c.job(soql, "columnDelimiter", name, "lineEnding", ending)
			want := strings.Join([]string{`"Name"`, `"BillingStreet"`, `"AnnualRevenue"`, `"Type"`}, delimiter) + text +
				strings.Join([]string{`"a ""b""; c,` + "\t|^`" + `"`, "\"1\r\n2\n3\"", `"123456789012345678"`, `""`},
					delimiter) + text
			a := c.do("GET", data+"/jobs/query/"+job+"/results", "")
			if a.body != want {
				t.Errorf("%s %s: got %q, want %q", name, ending, a.body, want)
			}
		}
	}
}

func TestEmptyResultHasHeader(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(200))
	job := c.job("SELECT Id FROM Account WHERE Name = 'nobody'")
	a := c.do("GET", data+"/jobs/query/"+job+"/results", "")
	if a.body != "\"Id\"\n" || a.Header.Get("Sforce-NumberOfRecords") != "0" ||
		a.Header.Get("Sforce-Locator") != "null" {
		t.Errorf("got %q %v", a.body, a.Header)
	}
}

func TestSameSeedSameOrg(t *testing.T) {
	read := func(seed uint64) string {
		c := serve(t, fakeorg.Options{Seed: seed}, func(o *fakeorg.Org) error { return o.Generate(2_000, seed) })
		if _, err := c.org.History(100, seed); err != nil {
			t.Fatal(err)
		}
		var all bytes.Buffer
		for _, object := range c.org.Objects() {
			if object == "UserPermissionAccess" {
				continue
			}
			_, rows := c.results(c.job("SELECT "+strings.Join(plainFields(c, object), ",")+" FROM "+object), 1000)
			all.WriteString(rows)
		}
		return c.org.ID() + c.token + all.String()
	}
	first := read(1)
	if first != read(1) {
		t.Error("the same seed made two orgs")
	}
	if first == read(2) {
		t.Error("two seeds made one org")
	}
}

// plainFields are the fields of an object that Bulk can read.
func plainFields(c *client, object string) []string {
	c.t.Helper()
	var names []string
	for _, f := range c.get(data + "/sobjects/" + object + "/describe")["fields"].([]any) {
		if field := f.(map[string]any); field["type"] != "address" {
			names = append(names, field["name"].(string))
		}
	}
	return names
}
