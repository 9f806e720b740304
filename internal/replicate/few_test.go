package replicate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// fewContacts is a rig whose records were copied.
func fewContacts(t *testing.T, records int) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Contact": records}, func(o *fakeorg.Options) { o.PageRecords = 10_000 })
	r := rig.New(t, org, "Contact")
	r.Keeps("Contact", "LastName", "Title", "Email")
	r.Done(nil)
	r.Later(time.Hour)
	return r
}

// retitle changes a field of many records, as programs do.
func retitle(r *rig.Rig, title string, ids []string) {
	r.T.Helper()
	token := r.Session()
	for len(ids) > 0 {
		some := ids[:min(len(ids), 200)]
		ids = ids[len(some):]
		var records []map[string]any
		for _, id := range some {
			records = append(records, map[string]any{"attributes": map[string]string{"type": "Contact"}, "Id": id,
				"Title": title})
		}
		body, err := json.Marshal(map[string]any{"records": records})
		r.Must(err)
		req := httptest.NewRequest(http.MethodPatch, "/services/data/v66.0/composite/sobjects", bytes.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		got := httptest.NewRecorder()
		r.Org.ServeHTTP(got, req)
		if got.Code != http.StatusOK || strings.Contains(got.Body.String(), `"success":false`) {
			r.T.Fatalf("change %d records: %d %s", len(some), got.Code, got.Body)
		}
	}
}

// queriesOf are the questions of a run that the org's log has, by kind.
func queriesOf(r *rig.Rig, run func()) (calls map[string]int, sum int) {
	calls = r.Calls(run)
	for kind, n := range calls {
		if kind != "login" && kind != "versions" && kind != "admin" {
			sum += n
		}
	}
	return calls, sum
}

// A run with 2,600 changes reads them by two answers of REST, and takes six calls besides:
// the org's own log of requests says so, and plan says it beforehand.
func TestRunWithFewChanges(t *testing.T) {
	t.Parallel()
	r := fewContacts(t, 3000)
	ids := r.IDs("Contact")
	retitle(r, "changed", ids[:2500])
	r.Delete(ids[2500:2600]...)
	for _, id := range ids[2500:2520] {
		r.Must(r.Org.Purge(id))
	}
	r.Later(time.Hour)
	p := r.Start(nil)
	forecast, err := p.Replicator().Forecast(p.Ctx, r.Flows[0])
	r.Must(err)
	p.Close()
	var row control.RunRow
	calls, sum := queriesOf(r, func() { row = r.Done(nil) })
	o := row.Objects[0]
	if o.Mover != "rest" || o.Records != 2580 || row.Jobs != 0 || calls["job"]+calls["results"] != 0 {
		t.Errorf("%d records by %s, %d jobs: %v", o.Records, o.Mover, row.Jobs, calls)
	}
	if besides, pages := 6, 2; calls["query-more"] != pages-1 || sum > pages+besides || int64(sum) != row.Calls {
		t.Errorf("%d calls, the run tells of %d: %v", sum, row.Calls, calls)
	}
	// what was purged is asked about by Ids, of which a plan doesn't know
	if forecast.Mover != "rest" || forecast.Jobs != 0 || forecast.Calls != o.Calls-1 {
		t.Errorf("the plan says %+v, the run took %d calls", forecast, o.Calls)
	}
	if calls["describe"] != 1 {
		t.Errorf("it was described %d times", calls["describe"])
	}
	r.Same()
	r.NothingLeft()
}

// narrowAnswers has Salesforce send so few records at a time.
func narrowAnswers(r *rig.Rig, size int) {
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Path, "/query") {
			req.Header.Set("Sforce-Query-Options", fmt.Sprintf("batchSize=%d", size))
		}
		next.ServeHTTP(w, req)
	})
}

// Salesforce sends wide records fewer at a time. Where that takes more calls than a job,
// Bulk reads them, and the next run knows that before it asks.
func TestWideRecords(t *testing.T) {
	t.Parallel()
	r := fewContacts(t, 3000)
	ids := r.IDs("Contact")
	narrowAnswers(r, 200)
	run := func(changes int, mover string, queries, more, jobs int, answer int64) {
		t.Helper()
		retitle(r, fmt.Sprint("title ", r.Now()), ids[:changes])
		r.Later(time.Hour)
		var row control.RunRow
		calls := r.Calls(func() { row = r.Done(nil) })
		o := row.Objects[0]
		if o.Mover != mover || row.Jobs != int64(jobs) || calls["query-more"] != more {
			t.Errorf("%d changes were read by %s and %d jobs: %v", changes, o.Mover, row.Jobs, calls)
		}
		if got := calls["query"]; got != queries {
			t.Errorf("%d changes took %d queries, it should be %d: %v", changes, got, queries, calls)
		}
		if f := r.FlowRow("Contact"); f.Answer != answer {
			t.Errorf("%d changes: an answer is remembered to hold %d records, not %d", changes, f.Answer, answer)
		}
		r.Same()
	}
	run(2600, "bulk", 2, 0, 1, 200) // it is counted, and asked for once in vain
	run(1000, "bulk", 1, 0, 1, 200)
	run(390, "rest", 2, 1, 0, 200)
	narrowAnswers(r, 2000)
	run(400, "rest", 2, 0, 0, 400) // they fit into one answer: more is worth a try
	run(800, "rest", 2, 0, 0, 800)
	run(1600, "rest", 2, 0, 0, 1600)
	run(2600, "rest", 2, 1, 0, 0)
	r.NothingLeft()
}

// What can go wrong between the answers of REST is stepped over, and nothing is lost.
func TestFaultsBetweenAnswers(t *testing.T) {
	t.Parallel()
	once := func(of string, do func(http.ResponseWriter, *http.Request, http.Handler)) func(
		http.ResponseWriter, *http.Request, http.Handler,
	) {
		done := false
		return func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !done && strings.Contains(req.URL.Path, of) {
				done = true
				do(w, req, next)
				return
			}
			next.ServeHTTP(w, req)
		}
	}
	type between = func(http.ResponseWriter, *http.Request, http.Handler)
	tests := []struct {
		name    string
		rule    fakeorg.Rule
		between func(r *rig.Rig, ids []string) between
	}{
		{name: "the cursor is gone", rule: fakeorg.Rule{Path: "/query/", Nth: 1, Answer: "locator-gone"}},
		{name: "an answer is cut", rule: fakeorg.Rule{Path: "/query/", Nth: 1, Truncate: 500}},
		{name: "the connection breaks", rule: fakeorg.Rule{Path: "/query/", Nth: 1, Reset: true, Truncate: 500}},
		{name: "503", rule: fakeorg.Rule{Path: "/query/", Nth: 1, Status: 503, Body: rig.Unavailable}},
		{name: "the session expires", rule: fakeorg.Rule{Path: "/query/", Nth: 1, ExpireSession: true}},
		{name: "the first answer is cut", rule: fakeorg.Rule{Path: "/queryAll?q=SELECT+Id", Nth: 1, Truncate: 500}},
		{name: "a record of the second answer is left out of it", between: func(*rig.Rig, []string) between {
			return once("/query/", func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				rig.Rewritten(w, req, next, func(body []byte) []byte {
					var answer map[string]any
					if json.Unmarshal(body, &answer) != nil {
						return body
					}
					answer["records"] = answer["records"].([]any)[1:]
					text, _ := json.Marshal(answer)
					return text
				})
			})
		}},
		{name: "records change between the answers", between: func(r *rig.Rig, ids []string) between {
			return once("/query/", func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				retitle(r, "between", []string{ids[0], ids[2200], ids[2900]})
				next.ServeHTTP(w, req)
			})
		}},
		{name: "records are deleted and purged between the answers", between: func(r *rig.Rig, ids []string) between {
			return once("/query/", func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				r.Delete(ids[1], ids[2], ids[2201], ids[2202])
				r.Must(r.Org.Purge(ids[1]))
				r.Must(r.Org.Purge(ids[2201]))
				next.ServeHTTP(w, req)
			})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := fewContacts(t, 3000)
			ids := r.IDs("Contact")
			retitle(r, "changed", ids[:2500])
			r.Later(time.Hour)
			if test.between != nil {
				r.Between(test.between(r, ids))
			} else {
				r.Org.Fault(test.rule)
			}
			row := r.Done(nil)
			if o := row.Objects[0]; o.Mover != "rest" || row.Jobs != 0 {
				t.Errorf("read by %s, %d jobs", o.Mover, row.Jobs)
			}
			r.Org.ClearFaults()
			r.Between(nil)
			r.Later(time.Hour)
			r.Done(nil) // what changed in between is of the next window, at the latest
			r.Same()
			r.NothingLeft()
		})
	}
}

// A job is asked for the first time when such a job had its result the last time.
func TestJobsAreAskedByWhatTheyTook(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 50}, func(o *fakeorg.Options) {
		o.PageRecords, o.JobLatency = 1000, 3*time.Second
	})
	r := rig.New(t, org, "Contact")
	r.Keeps("Contact", "LastName", "Title", "Email")
	passes := func(p *rig.Process) { p.Sleep = func() { r.Later(time.Second) } } // whatever it waits for
	polls := func(change func(*rig.Process)) int {
		calls := r.Calls(func() {
			r.Done(func(p *rig.Process) {
				passes(p)
				change(p)
			})
		})
		return calls["job"]
	}
	first := polls(func(*rig.Process) {})
	took := r.FlowRow("Contact").Took["main"]
	if took < 3*time.Second || took > 5*time.Second {
		t.Errorf("it is remembered that a job of three seconds took %s", took)
	}
	r.Later(time.Hour)
	if next := polls(rig.Full); next != first-1 {
		t.Errorf("the first job was asked %d times, the next one %d", first, next)
	}
	r.Same()
}
