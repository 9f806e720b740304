package replicate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/rig"
)

// titles counts the rows of contacts that have a title.
func titles(r *rig.Rig) (n int) {
	for _, row := range r.Table("Contact") {
		if row.Values["title"] != "" {
			n++
		}
	}
	return n
}

// A field that describe shows and every query refuses is left out: the object's others
// arrive in the same run, its column keeps what it has, and is filled once the field can be
// read (invariant 8). Salesforce is asked for it once a day.
func TestFieldThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, by := range []flow.Mover{flow.Bulk, flow.REST} {
		t.Run(string(by), func(t *testing.T) {
			t.Parallel()
			r := contacts(t)
			r.Flows[0].Mover = by
			ids := r.IDs("Contact")
			for _, id := range ids[:9] {
				r.Set(id, "Title", "CEO")
			}
			r.Later(time.Hour)
			r.Done(nil)
			had := titles(r)
			r.History(30, 4)
			r.Between(refuses(r, "Title"))
			o := r.Done(nil).Objects[0]
			if notes := strings.Join(o.Notes, "\n"); !strings.Contains(notes, "field Title is left out") {
				t.Errorf("notes %q", notes)
			}
			if had == 0 || titles(r) < had/2 {
				t.Errorf("%d titles of %d are left", titles(r), had)
			}
			r.Keeps("Contact", "LastName", "Email") // Title apart, all is as in the org
			r.Same()
			r.Keeps("Contact", "LastName", "Title", "Email")

			r.Later(time.Hour)
			c, row := costOf(r, nil)
			if c.calls > 3 || !strings.Contains(strings.Join(row.Objects[0].Notes, "\n"), "keeps its old values") {
				t.Errorf("an hour later: %d calls, %q", c.calls, row.Objects[0].Notes)
			}
			r.Later(25 * time.Hour)
			if c, _ = costOf(r, nil); c.calls > 6 || c.jobs > 0 { // once a day it asks for what is new, too
				t.Errorf("a day later: %d calls, %d jobs", c.calls, c.jobs)
			}
			r.Between(nil)
			r.Later(24 * time.Hour)
			o = r.Done(nil).Objects[0]
			if notes := strings.Join(o.Notes, "\n"); !strings.Contains(notes, "title is back") {
				t.Errorf("notes %q", notes)
			}
			r.Same()
			r.NothingLeft()
		})
	}
}

// Only a field of the flow's own that nothing else needs is left out: what Salesforce names
// may be anything.
func TestFieldThatIsNeeded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field  string
		change func(*flow.Flow)
	}{
		{"SystemModstamp", func(*flow.Flow) {}},
		{"IsDeleted", func(*flow.Flow) {}},
		{"Title", func(fl *flow.Flow) { fl.Where = "LastName != 'x' AND Title != 'y'" }},
		{"Title", func(fl *flow.Flow) { fl.Rename = map[string]string{"Title": "function"} }},
	}
	for _, test := range tests {
		t.Run(test.field, func(t *testing.T) {
			t.Parallel()
			r := contacts(t)
			test.change(&r.Flows[0])
			r.Between(refuses(r, test.field))
			o := r.Run(nil).Objects[0]
			if o.State != control.FlowFailed || o.Class != plan.Fix || !strings.Contains(o.Error, "INVALID_FIELD") {
				t.Errorf("%+v", o)
			}
			r.Between(nil)
			r.Later(time.Minute)
			r.Done(nil)
			r.Same()
		})
	}
}

// The job of a first run fails over a field: it is read without it, at once.
func TestFieldThatAJobFailsOver(t *testing.T) {
	t.Parallel()
	r := contacts(t)
	r.Org.Fault(posts(fakeorg.Rule{Nth: 1, FailJob: "INVALID_FIELD: No such column 'Title' on entity 'Contact'"}))
	o := r.Done(nil).Objects[0]
	if notes := strings.Join(o.Notes, "\n"); o.Records != 50 || !strings.Contains(notes, "field Title is left out") {
		t.Errorf("%d records, %q", o.Records, notes)
	}
	r.Org.ClearFaults()
	r.Later(25 * time.Hour)
	r.Done(nil)
	r.Same()
}

// circles are lists of pages that have no end.
func circles() map[string]func(w http.ResponseWriter, req *http.Request, next http.Handler) {
	changed := func(w http.ResponseWriter, req *http.Request, next http.Handler, change func(map[string]any)) {
		rig.Rewritten(w, req, next, func(body []byte) []byte {
			var answer map[string]any
			if json.Unmarshal(body, &answer) != nil {
				return body
			}
			change(answer)
			text, _ := json.Marshal(answer)
			return text
		})
	}
	pages := func(change func(req *http.Request, answer map[string]any)) func(
		http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !strings.Contains(strings.ToLower(req.URL.Path), "resultpages") {
				next.ServeHTTP(w, req)
				return
			}
			changed(w, req, next, func(answer map[string]any) { change(req, answer) })
		}
	}
	return map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"one page again and again": pages(func(_ *http.Request, answer map[string]any) {
			first := answer["resultPages"].([]any)[0]
			answer["resultPages"] = []any{first, first, first, first, first}
		}),
		"a list that names itself": pages(func(req *http.Request, answer map[string]any) {
			answer["resultPages"], answer["nextRecordsUrl"], answer["done"] = []any{}, req.URL.RequestURI(), false
		}),
		"a list that always goes on": pages(func(req *http.Request, answer map[string]any) {
			answer["nextRecordsUrl"] = req.URL.Path + fmt.Sprintf("?n=%d", len(req.URL.RawQuery))
			answer["done"] = false
		}),
		"one locator again and again": func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			switch {
			case strings.Contains(strings.ToLower(req.URL.Path), "resultpages"):
				req.URL.Path += "-is-no-resource"
				next.ServeHTTP(w, req)
			case strings.HasSuffix(req.URL.Path, "/results"):
				got, first := httptest.NewRecorder(), req.Clone(req.Context())
				first.URL.RawQuery = ""
				next.ServeHTTP(got, first)
				for name, values := range got.Header() {
					w.Header()[name] = values
				}
				w.Header().Set("Sforce-Locator", "MTAwMDA")
				_, _ = w.Write(got.Body.Bytes())
			default:
				next.ServeHTTP(w, req)
			}
		},
	}
}

// A server whose list of pages has no end is left at the first repetition. Another job may
// do better; REST gives the records.
func TestPagesWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for name, circle := range circles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rig.Small(t, "Contact", 50)
			r.Keeps("Contact", "LastName", "Title", "Email")
			r.Between(circle)
			c, row := costOf(r, nil)
			if o := row.Objects[0]; row.State != control.Done || c.calls > 50 || c.jobs != 2 || o.Mover != "rest" {
				t.Errorf("%s by %s: %d calls, %d jobs, %q", row.State, o.Mover, c.calls, c.jobs, o.Notes)
			}
			r.Between(nil)
			r.Same()
			r.NothingLeft()
		})
	}
}

// The same by REST, which nobody stands behind: the run fails, and says where to look.
func TestAnswersWithoutAnEnd(t *testing.T) {
	t.Parallel()
	cursor := func(change func(answer map[string]any, nth int)) func(http.ResponseWriter, *http.Request, http.Handler) {
		nth := 0
		return func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !strings.Contains(req.URL.Path, "/query") || strings.Contains(req.URL.RawQuery, "COUNT") {
				next.ServeHTTP(w, req)
				return
			}
			if strings.Contains(req.URL.Path, "01gSAME") {
				req = req.Clone(req.Context())
				req.URL.Path = "/services/data/v66.0/queryAll"
				req.URL.RawQuery = "q=SELECT+Id,LastName,Title,Email,SystemModstamp,IsDeleted+FROM+Contact"
				req.RequestURI = req.URL.RequestURI()
			}
			nth++
			rig.Rewritten(w, req, next, func(body []byte) []byte {
				var answer map[string]any
				if json.Unmarshal(body, &answer) != nil {
					return body
				}
				change(answer, nth)
				text, _ := json.Marshal(answer)
				return text
			})
		}
	}
	for name, circle := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"the same answer again and again": cursor(func(answer map[string]any, _ int) {
			answer["totalSize"], answer["done"] = 1_000_000, false
			answer["nextRecordsUrl"] = "/services/data/v66.0/query/01gSAME-2000"
		}),
		"more than was announced": cursor(func(answer map[string]any, nth int) {
			next := fmt.Sprintf("/services/data/v66.0/query/01gSAME-%d", nth)
			answer["done"], answer["nextRecordsUrl"] = false, next
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := contacts(t)
			r.Flows[0].Mover = flow.REST
			r.Between(circle)
			c, row := costOf(r, nil)
			o := row.Objects[0]
			if row.State != control.Failed || o.Class != plan.Bug || !strings.Contains(o.Hint, "proxy") ||
				c.calls > 14 {
				t.Errorf("%s: %d calls, %s: %s, hint %q", row.State, c.calls, o.Class, o.Error, o.Hint)
			}
			r.Between(nil)
			r.Later(time.Minute)
			r.Done(nil)
			r.Same()
		})
	}
}

// REST reads in the place of Bulk what it can read in some calls, and says of more what it
// would take.
func TestTooManyForREST(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 50)
	r.Keeps("Contact", "LastName", "Title", "Email")
	r.Begun = func(p *rig.Process) { p.Options.FewRecords = 2 } // so that 40 are the most
	r.Org.Fault(failsJobs(noSense))
	for range 2 {
		c, row := costOf(r, nil)
		o := row.Objects[0]
		if o.State != control.FlowFailed || o.Class != plan.Fix || !strings.Contains(o.Error, "calls of REST") ||
			c.jobs < 1 || c.jobs > 2 {
			t.Errorf("%d jobs, %+v", c.jobs, o)
		}
		r.Later(time.Hour)
	}
	r.Org.ClearFaults()
	r.Done(nil)
	r.Same()
	r.NothingLeft()
}
