package replicate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/replicate"
	"catchment/internal/rig"
)

// large is a rig of an object that is too large for REST, as small as it is.
func large(t *testing.T, records int) *rig.Rig {
	r := rig.Small(t, "Contact", records)
	r.Begun = func(p *rig.Process) { p.Options.FewRecords = 1 }
	return r
}

// A query that Salesforce can't finish in its time is read in ranges of Ids:
// nothing is lost, and nothing comes twice.
func TestQueryTimeoutIsSplit(t *testing.T) {
	t.Parallel()
	jobs := fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", TimeOutOver: 9}
	tests := []struct {
		name  string
		ready func(*rig.Rig) // before the run whose queries take too long
		rule  fakeorg.Rule
		run   func(*rig.Process)
		note  string
	}{
		{"first run", func(*rig.Rig) {}, jobs, nil, "ranges of Ids"},
		{"a text of Salesforce's, once", func(*rig.Rig) {},
			posts(fakeorg.Rule{Nth: 1, FailJob: retried}), nil, "4 ranges of Ids"},
		{"at the creation of the job", func(*rig.Rig) {},
			fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, Answer: "query-timeout"}, nil,
			"4 ranges of Ids"},
		{"increment by Bulk", func(r *rig.Rig) {
			r.Flows[0].Mover = flow.Bulk
			r.Done(nil)
			r.History(60, 3)
		}, jobs, nil, "ranges of Ids"},
		{"increment by REST", func(r *rig.Rig) { r.Done(nil); r.History(30, 3) },
			fakeorg.Rule{Path: "/queryAll?q=SELECT+Id", TimeOutOver: 3}, nil, "read by Bulk"},
		{"increment by REST, by both", func(r *rig.Rig) { r.Done(nil); r.History(60, 3) },
			fakeorg.Rule{Path: "quer", TimeOutOver: 9}, nil, "ranges of Ids"},
		{"by REST, as the flow asks for", func(r *rig.Rig) { r.Flows[0].Mover = flow.REST },
			fakeorg.Rule{Path: "/queryAll?q=SELECT+Id", TimeOutOver: 9}, nil, "ranges of Ids"},
		{"rebuild, and what is absent", func(r *rig.Rig) {
			r.Done(nil)
			r.Must(r.Org.Purge(r.IDs("Contact")[7:9]...))
			r.Later(20 * 24 * time.Hour)
		}, jobs, rig.Full, "ranges of Ids"},
		{"a sweep", func(r *rig.Rig) {
			r.Flows[0].Sweep, r.Flows[0].Mover = week, flow.Bulk
			ids := r.IDs("Contact")
			r.Must(r.Org.HideRecord(ids[1]))
			r.Done(nil)
			r.Must(r.Org.Purge(ids[7], ids[40]))
			r.Later(20 * 24 * time.Hour)
			r.Must(r.Org.ShowRecord(ids[1]))
		}, jobs, nil, "the query of sweep took too long: it is read in"},
		{"a where", func(r *rig.Rig) { r.Flows[0].Where = "LastName != 'x' OR Title = 'CEO'" }, jobs, nil,
			"ranges of Ids"},
		{"too many fields", func(*rig.Rig) {},
			fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", ComplexOver: 20}, nil, "groups of columns"},
		{"too many fields by REST", func(r *rig.Rig) { r.Done(nil); r.History(12, 3) },
			fakeorg.Rule{Path: "quer", ComplexOver: 20}, nil, "groups of columns"},
		{"a new field of every record", func(r *rig.Rig) {
			r.Must(r.Org.HideField("Contact", "Title"))
			r.Done(nil)
			r.Must(r.Org.ShowField("Contact", "Title"))
		}, fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", TimeOutOver: 9},
			func(p *rig.Process) { p.Flows[0].Mover = flow.Bulk }, "ranges of Ids"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := large(t, 50)
			if test.rule.ComplexOver == 0 && !strings.Contains(test.name, "new field") {
				r.Keeps("Contact", "LastName", "Title", "Email")
			}
			test.ready(r)
			r.Org.Fault(test.rule)
			o := r.Done(test.run).Objects[0]
			r.Org.ClearFaults()
			if !strings.Contains(strings.Join(o.Notes, "\n"), test.note) {
				t.Errorf("notes %q", o.Notes)
			}
			r.Same()
			r.NothingLeft()
			r.Later(time.Hour)
			r.History(5, 9)
			r.Done(nil)
			r.Same()
		})
	}
}

// TestGroupsOfALostReading: a process ends before it loads what it read by REST
// in groups of columns. The next one reads all of them anew, in one run.
func TestGroupsOfALostReading(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 50)
	r.Done(nil)
	r.History(12, 3)
	r.Org.Fault(fakeorg.Rule{Path: "quer", ComplexOver: 20})
	stopped(r, replicate.Load)
	if o := r.Done(nil).Objects[0]; !strings.Contains(strings.Join(o.Notes, " "), "another reads the same") {
		t.Errorf("notes %q", o.Notes)
	}
	r.Org.ClearFaults()
	r.Same()
}

// TestLostReadingThatTakesTooLong: what the process that ended had read by REST can't be
// answered any more when it is asked for again. It is read by Bulk, in the same run.
func TestLostReadingThatTakesTooLong(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 50)
	r.Done(nil)
	r.History(12, 3)
	stopped(r, replicate.Load)
	r.Org.Fault(fakeorg.Rule{Path: "/queryAll?q=SELECT+Id", TimeOutOver: 3})
	if o := r.Done(nil).Objects[0]; !strings.Contains(strings.Join(o.Notes, " "), "read by Bulk") {
		t.Errorf("notes %q", o.Notes)
	}
	r.Org.ClearFaults()
	r.Same()
}

// Where even a small range takes too long, the run fails and says what to do;
// what the other ranges have brought is kept.
func TestQueryTimeoutThatLasts(t *testing.T) {
	t.Parallel()
	r := large(t, 80)
	r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Account_Name__c", Type: "string", Length: 255,
		Formula: "Account.Name"}))
	r.Flows[0].Where = "LastName != 'x'"
	r.Org.Fault(fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 2, Times: 1000,
		FailJob: "QUERY_TIMEOUT : Your query request was running for too long."})
	r.Org.Fault(fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", TimeOutOver: 30})
	r.Org.Fault(fakeorg.Rule{Path: "/queryAll?q=SELECT+Id%2C", Answer: "query-timeout"})
	row := r.Run(nil)
	o := row.Objects[0]
	if row.State != control.Failed || !strings.Contains(o.Error, "QUERY_TIMEOUT") {
		t.Errorf("%s: %s", row.State, o.Error)
	}
	for _, what := range []string{"narrow the where", "exclude formula fields", "Account_Name__c"} {
		if !strings.Contains(o.Hint, what) {
			t.Errorf("the hint doesn't say %q: %s", what, o.Hint)
		}
	}
	for _, rule := range r.Org.Faults() {
		if rule.Seen > 1+84+1 {
			t.Errorf("%d jobs were made for nothing", rule.Seen)
		}
	}
	for range 2 { // it isn't asked for all of that in each run
		if c, row := costOf(r, nil); row.State != control.Failed || c.calls > 9 || c.jobs > 1 {
			t.Errorf("%s: %d calls, %d jobs: %s", row.State, c.calls, c.jobs, row.Objects[0].Error)
		}
	}
	r.Org.ClearFaults()
	before := r.Calls(func() { r.Done(nil) })
	if before["query"] == 0 {
		t.Errorf("%v", before)
	}
	r.Same()
	r.NothingLeft()
}
