package salesforce_test

import (
	"bytes"
	"compress/gzip"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
)

const jobs = "/services/data/v66.0/jobs/query"

var job = salesforce.QueryJob{ID: "750R0000000zxr8IAA", Version: "66.0"}

func TestCreateQueryJob(t *testing.T) {
	o := newOrg(t)
	o.handle("POST "+jobs, func(w http.ResponseWriter, r *http.Request) {
		var got map[string]string
		if err := stdjson.NewDecoder(r.Body).Decode(&got); err != nil || got["operation"] != "queryAll" ||
			got["query"] != soql ||
			got["contentType"] != "CSV" || got["lineEnding"] != "LF" || got["columnDelimiter"] != "COMMA" {
			t.Errorf("%v, %v", got, err)
		}
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		answer(w, 200,
			`{"id":"750R0000000zlh9IAA","operation":"queryAll","object":"Account","createdById":"005R0000000GiwjIAC",
			"createdDate":"2018-12-10T17:50:19.000+0000","systemModstamp":"2018-12-10T17:50:19.000+0000","state":"UploadComplete",
			"concurrencyMode":"Parallel","contentType":"CSV","apiVersion":66.0,"lineEnding":"LF","columnDelimiter":"COMMA"}`)
	}, reset, json(200, `{"id":"750","state":"UploadComplete","apiVersion":66}`),
		json(200, `{"id":"750","state":"UploadComplete","apiVersion":0}`),
		json(200, `{"id":"750","state":"UploadComplete","apiVersion":60.0}`))
	want := salesforce.QueryJob{ID: "750R0000000zlh9IAA", Version: "66.0", State: salesforce.UploadComplete,
		Object:     "Account",
		ServerDate: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if got, err := o.CreateQueryJob(t.Context(), soql, true); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := o.CreateQueryJob(t.Context(), soql, true); got.ID != "750" || got.Version != "66.0" || err != nil {
		t.Errorf("after a reset: %+v, %v", got, err)
	}
	for _, version := range []string{"0.0", "60.0"} {
		_, err := o.CreateQueryJob(t.Context(), soql, true)
		want := plan.ClassOf(plan.Strangef(""))
		if plan.ClassOf(err) != want || !strings.Contains(fmt.Sprint(err), version) {
			t.Errorf("a job of version %s: %v", version, err)
		}
	}
}

func TestQueryJob(t *testing.T) {
	o := newOrg(t)
	o.handle("GET "+jobs+"/{id}",
		json(200,
			`{"id":"750R0000000zxr8IAA","object":"Account","state":"JobComplete","jobType":"V2Query","numberRecordsProcessed":740003,"retries":0,"totalProcessingTime":35640,"apiVersion":66.0,"isPkChunkingSupported":true}`),
		json(200, `{"id":"750","state":"Failed","errorMessage":"INVALID_FIELD: no such column"}`),
		refusal(404, "NOT_FOUND", "The requested resource does not exist"),
		json(200, `{}`))
	if j, err := o.QueryJob(t.Context(), job.ID); j.State != salesforce.JobComplete ||
		j.Records != 740003 || err != nil {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err := o.QueryJob(t.Context(), job.ID); j.State != salesforce.Failed || j.Error == "" || err != nil {
		t.Errorf("%+v, %v", j, err)
	}
	_, err := o.QueryJob(t.Context(), job.ID)
	want(t, err, plan.Fix, "NOT_FOUND")
	if _, err = o.QueryJob(t.Context(), job.ID); plan.ClassOf(err) != plan.Bug {
		t.Error(err)
	}
}

func TestDailyJobLimit(t *testing.T) {
	o := newOrg(t)
	o.handle("POST "+jobs, refusal(400, "EXCEEDED_QUOTA", "Max bulk v2 query jobs (10000) per 24 hrs has been reached"))
	_, err := o.CreateQueryJob(t.Context(), soql, true)
	want(t, err, plan.Wait, "EXCEEDED_QUOTA")
}

func TestResultPages(t *testing.T) {
	o := newOrg(t)
	o.handle("GET "+jobs+"/{id}/resultPages", json(200,
		`{"resultPages":[{"resultUrl":"/services/data/v66.0/jobs/query/750R0000000zxr8IAA/results?locator=a"},{"resultUrl":"b"}],
		"nextRecordsUrl":"/services/data/v66.0/jobs/query/750R0000000zxr8IAA/resultpages?locator=x","done":false}`))
	o.handle("GET "+jobs+"/{id}/resultpages",
		json(200, `{"resultPages":[{"resultUrl":"c"}],"done":true}`),
		json(200, `{"resultPages":[],"done":false}`),
		json(200, `{"resultPages":[]}`),
		json(200, `{"resultPages":[],"nextRecordsUrl":"/x"}`),
		json(200, `{"resultPages":[],"nextRecordsUrl":"/x","done":true}`))
	pages, next, err := o.ResultPages(t.Context(), job, "")
	if len(pages) != 2 || next == "" || err != nil {
		t.Fatalf("%v, %q, %v", pages, next, err)
	}
	if pages, last, err := o.ResultPages(t.Context(), job, next); !slices.Equal(pages, []string{"c"}) ||
		last != "" || err != nil {
		t.Errorf("%v, %q, %v", pages, last, err)
	}
	for _, says := range []string{
		"isn't the last (done), and names no next one",
		"says neither that it is the last (done) nor where the next one is",
		"doesn't say whether it is the last (done)",
		"is the last (done), and names a next one all the same",
	} {
		_, _, err := o.ResultPages(t.Context(), job, next)
		if plan.ClassOf(err) != plan.Bug || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// csv answers one page.
func csv(text string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = w.Write([]byte(text))
	}
}

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

const text = "\"Id\"\n\"001\"\n"

func TestResults(t *testing.T) {
	tests := []struct {
		name string
		h    http.HandlerFunc
		body string
		want salesforce.Result
	}{
		{"plain", csv(text, "Sforce-NumberOfRecords", "1", "Sforce-Locator", "null"), text,
			salesforce.Result{Records: 1}},
		{"gzip", csv(packed(text), "Content-Encoding", "gzip", "Sforce-NumberOfRecords", "1", "Sforce-Locator", "a b"),
			packed(text),
			salesforce.Result{Gzip: true, Records: 1, Next: jobs + "/750R0000000zxr8IAA/results?locator=a+b"}},
		{"without headers", csv(text), text, salesforce.Result{Records: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrg(t)
			o.handle("GET "+jobs+"/{id}/results", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept-Encoding") != "gzip" || r.Header.Get("Accept") != "text/csv" {
					t.Errorf("asks with %v", r.Header)
				}
				tt.h(w, r)
			})
			for _, url := range []string{"", jobs + "/" + job.ID + "/results?locator=x",
				"https://elsewhere.example" + jobs + "/" + job.ID + "/results"} {
				res, err := o.Results(t.Context(), job, url)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res)
				if string(body) != tt.body || err != nil || res.Gzip != tt.want.Gzip ||
					res.Records != tt.want.Records || res.Next != tt.want.Next {
					t.Errorf("%q, %+v, %v", body, res, err)
				}
				if err := res.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestResultsThatAreWrong(t *testing.T) {
	tests := []struct {
		name  string
		h     http.HandlerFunc
		class plan.Class
	}{
		{"JSON", json(200, `[]`), plan.Bug},
		{"a web page", csv("<html>", "Content-Type", "text/html"), plan.Fix},
		{"odd encoding", csv(text, "Content-Encoding", "br"), plan.Bug},
		{"odd count", csv(text, "Sforce-NumberOfRecords", "many"), plan.Bug},
		{"another version", json(409, `[{"errorCode":"API_VERSION_MISMATCH","message":"use the version of the job"}]`),
			plan.Bug},
		{"cut", cut(http.Header{"Content-Type": {"text/csv"}}, text), plan.Retry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrg(t)
			o.handle("GET "+jobs+"/{id}/results", tt.h)
			res, err := o.Results(t.Context(), job, "")
			if err == nil {
				_, err = io.ReadAll(res)
				_ = res.Close()
			}
			if err == nil || plan.ClassOf(err) != tt.class {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
			if tt.name == "cut" && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
		})
	}
}

func TestDeleteQueryJob(t *testing.T) {
	running := refusal(400, "API_ERROR", "job is not in a terminal state")
	tests := []struct {
		name    string
		deletes []http.HandlerFunc
		aborts  int
		ok      bool
	}{
		{"done", []http.HandlerFunc{json(204, "")}, 0, true},
		{"gone", []http.HandlerFunc{refusal(404, "NOT_FOUND", "")}, 0, true},
		{"running", []http.HandlerFunc{running, json(204, "")}, 1, true},
		{"stuck", []http.HandlerFunc{running}, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrg(t)
			aborts := 0
			o.handle("DELETE "+jobs+"/{id}", tt.deletes...)
			o.handle("PATCH "+jobs+"/{id}", func(w http.ResponseWriter, r *http.Request) {
				aborts++
				if body, _ := io.ReadAll(r.Body); string(body) != `{"state":"Aborted"}` {
					t.Errorf("patches %s", body)
				}
				answer(w, 200, `{}`)
			})
			if err := o.DeleteQueryJob(t.Context(), job); (err == nil) != tt.ok || aborts != tt.aborts {
				t.Errorf("%v after %d aborts", err, aborts)
			}
		})
	}
}

type wireFunc func(*http.Request) (*http.Response, error)

func (f wireFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a server answers, a query ends, and only a whole answer is
// taken for one.
func FuzzQueryAnswer(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `{"totalSize":1,"done":true,"records":[{"Id":"1"}]}`, `{"records":[null,1],"done":true}`,
		`{"totalSize":0,"done":true,"records":null}`, `[]`, `{"totalSize":1e3,"done":true,"records":[{}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		answers := 0
		c, err := salesforce.New(salesforce.Config{
			URL: "https://a.my.salesforce.com", APIVersion: "66.0", Login: login.Token{Token: "t"},
			HTTP: &http.Client{Transport: wireFunc(func(*http.Request) (*http.Response, error) {
				if answers++; answers > 3 {
					return nil, errors.New("enough")
				}
				h := http.Header{"Date": {"Fri, 02 Jan 2026 03:04:05 GMT"}}
				return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(bytes.NewReader(text))}, nil
			})},
			Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		b, err := c.QueryBatch(t.Context(), soql, false, func(r salesforce.Record) error {
			n++
			_, _ = r.Text("Id")
			return nil
		})
		if err == nil && b.Records != int64(n) {
			t.Errorf("%d records, but it says %d", n, b.Records)
		}
		if err == nil && !stdjson.Valid(text) {
			t.Errorf("%q is taken for an answer", text)
		}
	})
}
