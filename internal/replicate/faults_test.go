package replicate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// What passes is stepped over: the run ends well, and nothing is lost.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rule fakeorg.Rule
	}{
		{"tap-salesforce#222: the session expires in the middle of the pages",
			fakeorg.Rule{Path: "/results", Nth: 2, ExpireSession: true}},
		{"reset while a page comes down", fakeorg.Rule{Path: "/results", Nth: 2, Reset: true, Truncate: 300}},
		{"reset before the answer", fakeorg.Rule{Path: "/resultPages", Nth: 1, Reset: true}},
		{"a body that is cut, and ends as if it were whole", fakeorg.Rule{Path: "/results", Nth: 3, Truncate: 400}},
		{"an empty body", fakeorg.Rule{Path: "/results", Nth: 1, Truncate: 1}},
		{"a wrong Sforce-NumberOfRecords", fakeorg.Rule{Path: "/results", Nth: 2, ExtraRecords: 1}},
		{"a page served twice", fakeorg.Rule{Path: "/results", Nth: 2, DuplicatePage: true}},
		{"the last page is one before", fakeorg.Rule{Path: "/results", Nth: 3, DuplicatePage: true}},
		{"job failed for a reason that passes",
			fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1,
				FailJob: "InternalServerError : something broke"}},
		{"503 at the job's creation", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, Status: 503,
			Body: rig.Unavailable}},
		{"the allowance of results is used up for a while",
			fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1,
				FailJob: "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"}},
		{"the daily calls are used up for a while",
			fakeorg.Rule{Path: "/results", Nth: 2, Times: 3, Answer: "daily-limit"}},
		{"the daily calls are used up before a run has begun",
			fakeorg.Rule{Path: "/describe", Nth: 1, Times: 3, Answer: "daily-limit"}},
		{"estuary/connectors#3318: the Bulk jobs of a day are used up",
			fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, Times: 3, Answer: "job-limit"}},
		{"too many long requests at once",
			fakeorg.Rule{Path: "/jobs/query", Nth: 1, Times: 2, Answer: "concurrent-limit"}},
		{"503 at a page", fakeorg.Rule{Path: "/results", Nth: 1, Status: 503, Body: rig.Unavailable}},
		{"503 at describe", fakeorg.Rule{Path: "/describe", Nth: 1, Status: 503, Body: rig.Unavailable}},
		{"503 at getUpdated", fakeorg.Rule{Path: "/updated", Nth: 1, Status: 503, Body: rig.Unavailable}},
		{"503 at the deletion of the job",
			fakeorg.Rule{Method: http.MethodDelete, Nth: 1, Status: 503, Body: rig.Unavailable}},
		{"the job is gone before its pages are listed",
			fakeorg.Rule{Path: "/resultPages", Nth: 1, Status: 404,
				Body: `[{"errorCode":"NOT_FOUND","message":"gone"}]`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Org.Fault(test.rule)
			r.Done(nil)
			r.Org.ClearFaults()
			r.Same()
			r.NothingLeft()
		})
	}
}

// What doesn't pass ends the flow's part in the run with its reason, and once
// it is mended, the next run goes on.
func TestFaultsThatLast(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		rule  fakeorg.Rule
		error string // part of what the run says
	}{
		{"503 storm", fakeorg.Rule{Path: "/results", Status: 503, Body: rig.Unavailable}, "503"},
		{"every page is cut", fakeorg.Rule{Path: "/results", Truncate: 300}, "unexpected EOF"},
		{"every count is wrong", fakeorg.Rule{Path: "/results", ExtraRecords: 1}, "Sforce-NumberOfRecords"},
		{"pages are mixed up again and again", fakeorg.Rule{Path: "/results", DuplicatePage: true},
			"different ones"},
		{"job failed: allowance, for days",
			fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Answer: "storage-limit"}, "24 hrs"},
		{"job failed: field", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1,
			FailJob: "INVALID_FIELD: No such column 'SystemModstamp' on entity 'Contact'"}, "INVALID_FIELD"},
		{"job failed: rights", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1,
			FailJob: "INSUFFICIENT_ACCESS: not authorized"}, "INSUFFICIENT_ACCESS"},
		{"daily calls are used up",
			fakeorg.Rule{Path: "/jobs/query", Status: 403,
				Body: `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`},
			"REQUEST_LIMIT_EXCEEDED"},
		{"jobs vanish again and again",
			fakeorg.Rule{Path: "/resultPages", Status: 404, Body: `[{"errorCode":"NOT_FOUND","message":"gone"}]`},
			"was gone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Org.Fault(test.rule)
			if strings.HasPrefix(test.name, "jobs vanish") {
				r.Org.Fault(fakeorg.Rule{Path: "/results", Status: 404,
					Body: `[{"errorCode":"NOT_FOUND","message":"gone"}]`})
			}
			row := r.Run(nil)
			if len(row.Objects) != 1 {
				t.Fatalf("%+v", row)
			}
			o := row.Objects[0]
			if row.State != control.Failed || o.State != control.FlowFailed || !strings.Contains(o.Error, test.error) ||
				o.Hint == "" {
				t.Errorf("%s: %s, hint %q", row.State, o.Error, o.Hint)
			}
			p := r.Start(nil)
			if f, err := p.Control.Flow(p.Ctx, "Contact"); err != nil || f.LastError != o.Error {
				t.Errorf("status would say %q, %v", f.LastError, err)
			}
			p.Close()
			r.Org.ClearFaults()
			r.Later(time.Minute)
			r.Done(nil)
			r.Same()
			r.NothingLeft()
			p = r.Start(nil)
			defer p.Close()
			if f, err := p.Control.Flow(p.Ctx, "Contact"); err != nil || f.LastError != "" {
				t.Errorf("status still says %q, %v", f.LastError, err)
			}
		})
	}
}

// A page that isn't one is refused whole, and named, without a value of it.
func TestBadPages(t *testing.T) {
	t.Parallel()
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
			r := rig.Small(t, "Contact", 20)
			r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if strings.Contains(req.URL.Path, "/results") {
					rig.Rewritten(w, req, next, spoil)
					return
				}
				next.ServeHTTP(w, req)
			})
			row := r.Run(nil)
			o := row.Objects[0]
			if row.State != control.Failed || !strings.Contains(o.Error, "page") || strings.Contains(o.Error, "\xff") {
				t.Errorf("%s: %q", row.State, o.Error)
			}
			r.Between(nil)
			r.Done(nil)
			r.Same()
		})
	}
}

func TestRetiredVersion(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		req.URL.Path = strings.Replace(req.URL.Path, "/v"+r.API+"/", "/v30.0/", 1)
		next.ServeHTTP(w, req)
	})
	row := r.Run(nil)
	if o := row.Objects[0]; row.State != control.Failed || !strings.Contains(o.Error, "410") ||
		!strings.Contains(o.Hint, "api_version") {
		t.Errorf("%+v", row)
	}
}

// A run that doesn't get as far as its flows says why.
func TestListFails(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	r.Org.Fault(fakeorg.Rule{Path: "/oauth2/token", Status: 400,
		Body: `{"error":"invalid_client","error_description":"no"}`})
	if row := r.Run(nil); row.State != control.Failed || !strings.Contains(row.Error, "invalid_client") ||
		row.Ended.IsZero() {
		t.Errorf("%+v", row)
	}
	r.Org.ClearFaults()
	r.Done(nil)
}

// One flow's trouble is its own.
func TestOneFlowFails(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 9, "Account": 9}, nil), "Contact", "Account", "Nothing__c")
	r.Org.Fault(fakeorg.Rule{Path: "/Account/describe", Status: 403,
		Body: `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no"}]`})
	row := r.Run(nil)
	states := []control.FlowState{control.FlowDone, control.FlowFailed, control.FlowFailed}
	for i, o := range row.Objects {
		if o.State != states[i] || (o.State == control.FlowFailed) != (o.Error != "" && o.Hint != "") {
			t.Errorf("%+v", o)
		}
	}
	if row.State != control.Partial {
		t.Error(row.State)
	}
	r.Org.ClearFaults()
	r.Flows = r.Flows[:2]
	r.Done(nil)
	r.Same()
}
