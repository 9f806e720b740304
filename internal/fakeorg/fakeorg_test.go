package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

const (
	recordings = "../../testdata"
	data       = "/services/data/v66.0"
)

// start is when the org's clock begins in tests.
func start() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

// A client talks to an org over HTTP.
type client struct {
	t     testing.TB
	org   *fakeorg.Org
	url   string
	token string
}

// serve starts an org that fill has filled. Its clock stands still unless the
// options say otherwise.
func serve(t testing.TB, options fakeorg.Options, fill func(*fakeorg.Org) error) *client {
	t.Helper()
	if options.Clock == nil {
		options.Clock = fakeorg.StillClock(start())
	}
	if options.SessionLife == 0 {
		options.SessionLife = 30 * 24 * time.Hour
	}
	org, err := fakeorg.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if fill != nil {
		if err := fill(org); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	return &client{t, org, server.URL, org.Credentials().AccessToken}
}

// generated fills an org with a few records.
func generated(records int) func(*fakeorg.Org) error {
	return func(o *fakeorg.Org) error { return o.Generate(records, 7) }
}

func npsp(o *fakeorg.Org) error { return o.LoadDir(recordings+"/npsp-1k", recordings+"/describes") }

// An answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
	err  error // of the body
}

func (c *client) do(method, path, body string, header ...string) answer {
	c.t.Helper()
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{&http.Response{}, "", err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp, string(text), err}
}

// get expects 200 and decodes the answer.
func (c *client) get(path string) map[string]any {
	c.t.Helper()
	return c.ok("GET", path, "")
}

func (c *client) ok(method, path, body string) map[string]any {
	c.t.Helper()
	a := c.do(method, path, body)
	if a.err != nil || a.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, a.StatusCode, a.body, a.err)
	}
	if a.body == "" {
		return nil
	}
	var value map[string]any
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
	}
	return value
}

// refused expects an error body with this status and code, and returns its message.
func (a answer) refused(t testing.TB, status int, code string) string {
	t.Helper()
	var errs []struct {
		Message, ErrorCode string
		Fields             []string
	}
	err := json.Unmarshal([]byte(a.body), &errs)
	if a.StatusCode != status || err != nil || len(errs) != 1 || errs[0].ErrorCode != code || errs[0].Message == "" {
		t.Fatalf("got %d %s, want %d %s", a.StatusCode, a.body, status, code)
	}
	return errs[0].Message
}

func queryPath(soql string) string { return data + "/query?q=" + url.QueryEscape(soql) }

// query reads all pages of a REST query.
func (c *client) query(path string) []map[string]any {
	c.t.Helper()
	var all []map[string]any
	for path != "" {
		page := c.get(path)
		for _, r := range page["records"].([]any) {
			all = append(all, r.(map[string]any))
		}
		path, _ = page["nextRecordsUrl"].(string)
	}
	return all
}

// job posts a Bulk query and returns its Id.
func (c *client) job(soql string, more ...string) string {
	c.t.Helper()
	asked := map[string]string{"operation": "queryAll", "query": soql}
	for i := 0; i+1 < len(more); i += 2 {
		asked[more[i]] = more[i+1]
	}
	body, _ := json.Marshal(asked)
	return c.ok("POST", data+"/jobs/query", string(body))["id"].(string)
}

// results reads all pages of a job and returns the header row and what follows.
func (c *client) results(job string, size int) (header, rows string) {
	c.t.Helper()
	var all strings.Builder
	for at := ""; at != "null"; {
		path := fmt.Sprintf("%s/jobs/query/%s/results?maxRecords=%d&locator=%s", data, job, size, at)
		a := c.do("GET", path, "")
		if a.err != nil || a.StatusCode != 200 {
			c.t.Fatalf("%s: %d %s %v", path, a.StatusCode, a.body, a.err)
		}
		first, rest, _ := strings.Cut(a.body, "\n")
		if header != "" && header != first {
			c.t.Fatalf("page at %q has header %q, the first had %q", at, first, header)
		}
		header = first
		all.WriteString(rest)
		at = a.Header.Get("Sforce-Locator")
	}
	return header, all.String()
}
