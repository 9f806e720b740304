package replicate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
)

const oops = `[{"errorCode":"SERVER_UNAVAILABLE","message":"try again"}]`

// What passes is stepped over: the run ends well, and nothing is lost.
func TestFaultsThatPass(t *testing.T) {
	tests := []struct {
		name string
		rule fakeorg.Rule
	}{
		{"tap-salesforce#222: the session expires in the middle of the pages", fakeorg.Rule{Path: "/results", Nth: 2, ExpireSession: true}},
		{"reset while a page comes down", fakeorg.Rule{Path: "/results", Nth: 2, Reset: true, Truncate: 300}},
		{"reset before the answer", fakeorg.Rule{Path: "/resultPages", Nth: 1, Reset: true}},
		{"a body that is cut, and ends as if it were whole", fakeorg.Rule{Path: "/results", Nth: 3, Truncate: 400}},
		{"an empty body", fakeorg.Rule{Path: "/results", Nth: 1, Truncate: 1}},
		{"a wrong Sforce-NumberOfRecords", fakeorg.Rule{Path: "/results", Nth: 2, ExtraRecords: 1}},
		{"a page served twice", fakeorg.Rule{Path: "/results", Nth: 2, DuplicatePage: true}},
		{"the last page is one before", fakeorg.Rule{Path: "/results", Nth: 3, DuplicatePage: true}},
		{"job failed for a reason that passes", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, FailJob: "InternalServerError : something broke"}},
		{"503 at the job's creation", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, Status: 503, Body: oops}},
		{"the allowance of results is used up for a while", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, FailJob: "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"}},
		{"the daily calls are used up for a while", fakeorg.Rule{Path: "/results", Nth: 2, Times: 3, Answer: "daily-limit"}},
		{"the daily calls are used up before a run has begun", fakeorg.Rule{Path: "/describe", Nth: 1, Times: 3, Answer: "daily-limit"}},
		{"estuary/connectors#3318: the Bulk jobs of a day are used up", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, Times: 3, Answer: "job-limit"}},
		{"too many long requests at once", fakeorg.Rule{Path: "/jobs/query", Nth: 1, Times: 2, Answer: "concurrent-limit"}},
		{"503 at a page", fakeorg.Rule{Path: "/results", Nth: 1, Status: 503, Body: oops}},
		{"503 at describe", fakeorg.Rule{Path: "/describe", Nth: 1, Status: 503, Body: oops}},
		{"503 at getUpdated", fakeorg.Rule{Path: "/updated", Nth: 1, Status: 503, Body: oops}},
		{"503 at the deletion of the job", fakeorg.Rule{Method: http.MethodDelete, Nth: 1, Status: 503, Body: oops}},
		{"the job is gone before its pages are listed", fakeorg.Rule{Path: "/resultPages", Nth: 1, Status: 404, Body: `[{"errorCode":"NOT_FOUND","message":"gone"}]`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := small(t, "Contact", 20)
			r.org.Fault(test.rule)
			r.done(nil)
			r.org.ClearFaults()
			r.same()
			r.nothingLeft()
		})
	}
}

// What doesn't pass ends the flow's part in the run with its reason, and once
// it is mended, the next run goes on.
func TestFaultsThatLast(t *testing.T) {
	tests := []struct {
		name  string
		rule  fakeorg.Rule
		error string // part of what the run says
		hint  bool
	}{
		{"503 storm", fakeorg.Rule{Path: "/results", Status: 503, Body: oops}, "503", false},
		{"every page is cut", fakeorg.Rule{Path: "/results", Truncate: 300}, "unexpected EOF", false},
		{"every count is wrong", fakeorg.Rule{Path: "/results", ExtraRecords: 1}, "Sforce-NumberOfRecords", false},
		{"pages are mixed up again and again", fakeorg.Rule{Path: "/results", DuplicatePage: true}, "different ones", true},
		{"every job fails", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", FailJob: "InternalServerError : something broke"}, "something broke", true},
		{"job failed: time", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", FailJob: "retried more than 15 times"}, "15 times", true},
		{"job failed: allowance, for days", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Answer: "storage-limit"}, "24 hrs", true},
		{"job failed: field", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, FailJob: "INVALID_FIELD: No such column 'X' on entity 'Contact'"}, "INVALID_FIELD", true},
		{"job failed: rights", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, FailJob: "INSUFFICIENT_ACCESS: not authorized"}, "INSUFFICIENT_ACCESS", true},
		{"daily calls are used up", fakeorg.Rule{Path: "/jobs/query", Status: 403, Body: `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`}, "REQUEST_LIMIT_EXCEEDED", true},
		{"jobs vanish again and again", fakeorg.Rule{Path: "/resultPages", Status: 404, Body: `[{"errorCode":"NOT_FOUND","message":"gone"}]`}, "was gone", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := small(t, "Contact", 20)
			r.org.Fault(test.rule)
			if strings.HasPrefix(test.name, "jobs vanish") {
				r.org.Fault(fakeorg.Rule{Path: "/results", Status: 404, Body: `[{"errorCode":"NOT_FOUND","message":"gone"}]`})
			}
			row := r.run(nil)
			if len(row.Objects) != 1 {
				t.Fatalf("%+v", row)
			}
			o := row.Objects[0]
			if row.State != control.Failed || o.State != control.FlowFailed || !strings.Contains(o.Error, test.error) || (o.Hint == "") == test.hint {
				t.Errorf("%s: %s, hint %q", row.State, o.Error, o.Hint)
			}
			p := r.start(nil)
			if f, err := p.control.Flow(p.ctx, "Contact"); err != nil || f.LastError != o.Error {
				t.Errorf("status would say %q, %v", f.LastError, err)
			}
			p.close()
			r.org.ClearFaults()
			r.later(time.Minute)
			r.done(nil)
			r.same()
			r.nothingLeft()
			p = r.start(nil)
			defer p.close()
			if f, err := p.control.Flow(p.ctx, "Contact"); err != nil || f.LastError != "" {
				t.Errorf("status still says %q, %v", f.LastError, err)
			}
		})
	}
}

// A page that isn't one is refused whole, and named, without a value of it.
func TestBadPages(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"a field too many": func(page []byte) []byte {
			return []byte(strings.Replace(string(page), "\n\"003", "\n\"x\",\"003", 1))
		},
		"invalid UTF-8": func(page []byte) []byte {
			return []byte(strings.Replace(string(page), "\n\"003", "\n\"\xff\xfe", 1))
		},
		"cut in the middle": func(page []byte) []byte { return page[:len(page)-9] },
		"no header":         func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := small(t, "Contact", 20)
			r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if strings.Contains(req.URL.Path, "/results") {
					rewritten(w, req, next, spoil)
					return
				}
				next.ServeHTTP(w, req)
			})
			row := r.run(nil)
			o := row.Objects[0]
			if row.State != control.Failed || !strings.Contains(o.Error, "page") || strings.Contains(o.Error, "\xff") {
				t.Errorf("%s: %q", row.State, o.Error)
			}
			r.between(nil)
			r.done(nil)
			r.same()
		})
	}
}

func TestRetiredVersion(t *testing.T) {
	r := small(t, "Contact", 5)
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		req.URL.Path = strings.Replace(req.URL.Path, "/v66.0/", "/v30.0/", 1)
		next.ServeHTTP(w, req)
	})
	row := r.run(nil)
	if o := row.Objects[0]; row.State != control.Failed || !strings.Contains(o.Error, "410") || !strings.Contains(o.Hint, "api_version") {
		t.Errorf("%+v", row)
	}
}

// A run that doesn't get as far as its flows says why.
func TestListFails(t *testing.T) {
	r := small(t, "Contact", 5)
	r.org.Fault(fakeorg.Rule{Path: "/oauth2/token", Status: 400, Body: `{"error":"invalid_client","error_description":"no"}`})
	if row := r.run(nil); row.State != control.Failed || !strings.Contains(row.Error, "invalid_client") || row.Ended.IsZero() {
		t.Errorf("%+v", row)
	}
	r.org.ClearFaults()
	r.done(nil)
}

// One flow's trouble is its own.
func TestOneFlowFails(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 9, "Account": 9}, nil), "Contact", "Account", "Nothing__c")
	r.org.Fault(fakeorg.Rule{Path: "/Account/describe", Status: 403, Body: `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no"}]`})
	row := r.run(nil)
	states := []control.FlowState{control.FlowDone, control.FlowFailed, control.FlowFailed}
	for i, o := range row.Objects {
		if o.State != states[i] || (o.State == control.FlowFailed) != (o.Error != "" && o.Hint != "") {
			t.Errorf("%+v", o)
		}
	}
	if row.State != control.Partial {
		t.Error(row.State)
	}
	r.org.ClearFaults()
	r.flows = r.flows[:2]
	r.done(nil)
	r.same()
}

// nothingLeft proves that drop was thorough, in the org too.
func (r *rig) nothingLeft() {
	r.t.Helper()
	if n := r.jobs(); n != 0 {
		r.t.Errorf("%d jobs are left in the org", n)
	}
	r.nothingKept()
}

// nothingKept proves that no pages, page rows, leases or staged rows are left.
// Jobs may be: a process that dies just after it posted one can't be found out.
func (r *rig) nothingKept() {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	for info, err := range p.stage.List(p.ctx, "") {
		r.t.Errorf("%s is left in the stage, %v", info.Key, err)
	}
	attempts, err := p.control.Attempts(p.ctx, "")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range attempts {
		pages, err := p.control.Pages(p.ctx, a.ID)
		if a.State != control.Dropped || len(pages) > 0 || err != nil {
			r.t.Errorf("attempt %s is %s, with %d pages, %v", a.ID, a.State, len(pages), err)
		}
	}
	leases, err := p.control.Leases(p.ctx)
	for _, l := range leases {
		if l.Run != "" || err != nil {
			r.t.Errorf("the lease of %s is held by %s, %v", l.Flow, l.Run, err)
		}
	}
	for _, fl := range r.flows {
		for _, table := range []string{strings.ToLower(fl.Object), "_catchment_page"} {
			if got := *p.query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental." + table)[0][0]; got != "0" {
				r.t.Errorf("%s rows are left in %s", got, table)
			}
		}
	}
}

// jobs counts the query jobs that the org has.
func (r *rig) jobs() int {
	r.t.Helper()
	var list struct {
		Records []struct{ ID string } `json:"records"`
	}
	r.ask(r.session(), "/services/data/v66.0/jobs/query", &list)
	return len(list.Records)
}
