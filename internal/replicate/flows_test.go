package replicate_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
)

// calls counts API requests of the org by kind, and what f adds to them.
func (r *rig) calls(f func()) map[string]int {
	before := r.org.Requests()
	f()
	added := map[string]int{}
	for kind, n := range r.org.Requests() {
		if n > before[kind] {
			added[kind] = n - before[kind]
		}
	}
	return added
}

// charged is how many of such requests count against an org's limit: logins don't.
func charged(calls map[string]int) int {
	sum := 0
	for kind, n := range calls {
		if kind != "login" {
			sum += n
		}
	}
	return sum
}

func TestQuietFlowCostsThreeCalls(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.later(time.Hour)
	var row control.RunRow
	calls := r.calls(func() { row = r.done(nil) })
	delete(calls, "login")
	if want := map[string]int{"describe": 1, "deleted": 1, "query": 1}; !maps.Equal(calls, want) {
		t.Errorf("a quiet flow cost %v", calls)
	}
	if o := row.Objects[0]; o.Mover != "none" || o.Calls != 3 || row.Calls != 3 || o.To.Before(r.org.Clock().Now().Add(-time.Minute)) {
		t.Errorf("%+v", row)
	}
	r.same()
}

// A record that a new where leaves out is out of the flow.
func TestWhereAddedLater(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.later(time.Hour)
	r.flows[0].Where = "HasOptedOutOfEmail = false"
	inside := r.truth("Contact", r.flows[0].Where)
	if len(inside) == 20 || len(inside) == 0 {
		t.Fatalf("%d of 20 records are inside", len(inside))
	}
	row := r.done(nil)
	if o := row.Objects[0]; o.Records != int64(len(inside)) || !o.From.IsZero() || o.Deleted != int64(20-len(inside)) {
		t.Errorf("%+v", o)
	}
	r.same()
	for id, got := range r.table("Contact") {
		if _, in := inside[id]; in != (got.reason == "") || !in && got.reason != "out_of_filter" {
			t.Errorf("%s: inside %v, deleted for %q", id, in, got.reason)
		}
	}
	if diff, err := r.compare(r.flows[0]); err != nil || diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
	r.later(time.Hour)
	r.flows[0].Where = "" // and back
	r.done(nil)
	r.same()
}

// hide takes a field out of describe, as permissions do.
func (r *rig) hide(field string) {
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.HasSuffix(req.URL.Path, "/describe") {
			next.ServeHTTP(w, req)
			return
		}
		rewritten(w, req, next, func(body []byte) []byte {
			var about map[string]any
			if err := json.Unmarshal(body, &about); err != nil {
				return body
			}
			about["fields"] = slices.DeleteFunc(about["fields"].([]any), func(f any) bool { return f.(map[string]any)["name"] == field })
			body, _ = json.Marshal(about)
			return body
		})
	})
}

// set changes a field of a record through REST.
func (r *rig) set(id, field string, value any) {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{field: value})
	if err != nil {
		r.t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPatch, "/services/data/v66.0/sobjects/"+r.flows[0].Object+"/"+id, strings.NewReader(string(body)))
	req.Header.Set("Authorization", "Bearer "+r.session())
	got := httptest.NewRecorder()
	r.org.ServeHTTP(got, req)
	if got.Code != http.StatusNoContent {
		r.t.Fatalf("set %s.%s: %d %s", id, field, got.Code, got.Body)
	}
}

// A field that vanishes keeps its column and its values (invariant 8); one that
// is new, or comes back, is filled in every row by the next run, and by that
// one only.
func TestFieldsComeAndGo(t *testing.T) {
	r := small(t, "Contact", 12)
	r.must(r.org.HideField("Contact", "Title"))
	r.done(nil)
	ids := r.ids("Contact")
	r.must(r.org.ShowField("Contact", "Title"))
	r.later(time.Hour)
	r.set(ids[0], "Title", "CEO, \"acting\"\r\n🎈")
	r.later(time.Hour)
	row := r.done(nil)
	if notes := strings.Join(row.Objects[0].Notes, " "); !strings.Contains(notes, "contact.title is new") {
		t.Errorf("notes %q", notes)
	}
	r.same()
	r.later(time.Hour)
	if row = r.done(nil); len(row.Objects[0].Notes) > 0 || row.Objects[0].Records > 1 {
		t.Errorf("filled again: %+v", row.Objects[0])
	}
	titles := func() (all [][]*string) {
		p := r.start(nil)
		defer p.close()
		return p.query("SELECT CAST(id AS VARCHAR), CAST(title AS VARCHAR) FROM salesforce.contact ORDER BY id")
	}
	before := titles()
	r.must(r.org.HideField("Contact", "Title"))
	r.later(time.Hour)
	r.set(ids[0], "LastName", "New")
	r.later(time.Hour)
	for range 2 {
		row = r.done(nil)
		if notes := strings.Join(row.Objects[0].Notes, " "); strings.Count(notes, "contact.title keeps its old values") != 1 {
			t.Errorf("notes %q", notes)
		}
		r.later(time.Hour)
	}
	if after := titles(); !reflect.DeepEqual(before, after) {
		t.Errorf("titles were %v, are %v", before, after)
	}

	// It comes back. What changed meanwhile is old, which no stamp tells.
	r.must(r.org.ShowField("Contact", "Title"))
	r.set(ids[1], "Title", "set while it was hidden")
	r.must(r.org.HideField("Contact", "Title"))
	r.later(time.Hour)
	r.done(nil)
	r.must(r.org.ShowField("Contact", "Title"))
	r.later(time.Hour)
	row = r.done(nil)
	if notes := strings.Join(row.Objects[0].Notes, " "); !strings.Contains(notes, "contact.title is back") {
		t.Errorf("notes %q", notes)
	}
	r.same()
	r.later(time.Hour)
	if row = r.done(nil); len(row.Objects[0].Notes) > 0 {
		t.Errorf("notes after it was filled: %q", row.Objects[0].Notes)
	}
	r.same()
}

// A field that vanishes while an attempt that reads it is open: another begins.
func TestFieldGoesInTheMiddle(t *testing.T) {
	r := small(t, "Contact", 12)
	r.org.Fault(fakeorg.Rule{Path: "/results", Status: 503, Body: oops})
	r.run(nil)
	r.org.ClearFaults()
	r.hide("Title")
	r.done(nil)
	p := r.start(nil)
	defer p.close()
	attempts, err := p.control.Attempts(p.ctx, "Contact")
	if err != nil || len(attempts) != 2 || !strings.Contains(strings.Join(attempts[0].Notes, " "), "given up: a field") {
		t.Errorf("%+v, %v", attempts, err)
	}
	r.nothingLeft()
}

func TestPaused(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 5, "Account": 5}, nil), "Contact", "Account")
	r.flows[0].Paused = true // by the file
	p := r.start(nil)
	if _, err := p.control.UpdateFlow(p.ctx, "Account", func(f *control.FlowRow) { f.Paused = true }); err != nil { // by command
		t.Fatal(err)
	}
	p.close()
	row := r.done(nil)
	for _, o := range row.Objects {
		if o.State != control.FlowPaused || o.Attempt != "" {
			t.Errorf("%+v", o)
		}
	}
}

// What Bulk refuses goes by REST, and from then on at once.
func TestBulkRefuses(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 30}, func(o *fakeorg.Options) { o.NotInBulk = []string{"Contact"} }), "Contact")
	if o := r.done(nil).Objects[0]; o.Mover != "rest" {
		t.Errorf("%+v", o)
	}
	r.same()
	r.later(time.Hour)
	calls := r.calls(func() { r.done(full) })
	if calls["job"] != 0 {
		t.Errorf("Bulk was asked again: %v", calls)
	}
	r.same()
	if diff, err := r.compare(r.flows[0]); err != nil || diff.Differs() || diff.Source != 30 {
		t.Errorf("%+v, %v", diff, err)
	}
}

func TestCannotBeQueried(t *testing.T) {
	r := small(t, "Contact", 5)
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		rewritten(w, req, next, func(body []byte) []byte {
			return []byte(strings.Replace(string(body), `"queryable":true`, `"queryable":false`, 1))
		})
	})
	row := r.run(nil)
	if o := row.Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "can't be queried") || o.Hint == "" {
		t.Errorf("%+v", o)
	}
}

// Values that others break: nothing is rounded, cut or guessed.
func TestValuesStay(t *testing.T) {
	r := small(t, "Invoice__c", 8)
	r.done(nil)
	r.later(time.Hour)
	ids := r.ids("Invoice__c")
	for i, notes := range []string{"null", "N/A", "None", "007", " ", "a\r\nb\rc\n", `"`, strings.Repeat("🎈", 60_000)} {
		r.set(ids[i], "Notes__c", notes)
	}
	r.later(time.Hour)
	r.done(nil)
	r.same()
	r.flows[0].Mover = flow.Bulk // and the same by the other way
	r.later(time.Hour)
	r.done(full)
	r.same()
}

// A decimal may have more digits than describe declares: the column grows.
func TestMoreDigitsThanDeclared(t *testing.T) {
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			r := small(t, "Invoice__c", 8)
			r.flows[0].Mover = mover
			r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if !strings.HasSuffix(req.URL.Path, "/describe") {
					next.ServeHTTP(w, req)
					return
				}
				rewritten(w, req, next, func(body []byte) []byte {
					var about map[string]any
					_ = json.Unmarshal(body, &about)
					for _, f := range about["fields"].([]any) {
						f.(map[string]any)["scale"] = 0
					}
					body, _ = json.Marshal(about)
					return body
				})
			})
			r.done(nil)
			r.same()
		})
	}
}

// spoilPages puts a NUL character into the first page, after a mark in it.
func (r *rig) spoilPages(old, with string) {
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "/results") {
			rewritten(w, req, next, func(body []byte) []byte {
				return []byte(strings.Replace(string(body), old, with, 1))
			})
			return
		}
		next.ServeHTTP(w, req)
	})
}

func TestNUL(t *testing.T) {
	r := small(t, "Contact", 8)
	id := r.ids("Contact")[3]
	r.set(id, "Title", "before|after")
	r.later(time.Minute)
	r.spoilPages("before|after", "before\x00after")
	r.flows[0].NUL = flow.Fail
	o := r.run(nil).Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, id) || !strings.Contains(o.Error, "Title") || strings.Contains(o.Error, "before") || o.Hint == "" {
		t.Errorf("%+v", o)
	}
	r.flows[0].NUL = flow.Replace // DuckDB can keep it
	o = r.done(nil).Objects[0]
	if notes := strings.Join(o.Notes, " "); !strings.Contains(notes, "1 NUL characters were kept, the first in "+id+".Title") {
		t.Errorf("notes %q", notes)
	}
	if got := r.table("Contact")[id].values["title"]; got != "before\x00after" {
		t.Errorf("title is %q", got)
	}
}
