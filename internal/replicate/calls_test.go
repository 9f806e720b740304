package replicate_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// Texts of Salesforce's.
const (
	noSense = "Unexpected exception encountered in query processing. " +
		"Please contact support with the following id: 1-2 (3)"
	retried    = "InternalServerError : Retried more than fifteen times"
	retried15  = "InternalServerError : Retried more than 15 times"
	timedOut   = "QUERY_TIMEOUT : Your query request was running for too long."
	ghost      = "INVALID_FIELD: No such column 'Ghost__c' on entity 'Account'"
	notEnabled = "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED"
	denied     = "INSUFFICIENT_ACCESS: not authorized"
)

// posts makes a rule one for the jobs that are made.
func posts(rule fakeorg.Rule) fakeorg.Rule {
	rule.Method, rule.Path = http.MethodPost, "/jobs/query"
	return rule
}

// failsJobs has each job fail with a text.
func failsJobs(text string) fakeorg.Rule { return posts(fakeorg.Rule{FailJob: text}) }

// forbidden has Salesforce refuse each job.
func forbidden(code string) fakeorg.Rule {
	return posts(fakeorg.Rule{Status: http.StatusForbidden, Body: `[{"errorCode":"` + code + `","message":"no"}]`})
}

// queries makes a rule one for what REST reads of records.
func queries(rule fakeorg.Rule) fakeorg.Rule {
	rule.Path = "/queryAll?q=SELECT+Id"
	return rule
}

// refuses lets no query read a field, whoever asks and however.
func refuses(r *rig.Rig, field string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		if asks := req.URL.RawQuery + string(body); strings.Contains(asks, "SELECT") && strings.Contains(asks, field) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Date", r.Org.Clock().Now().UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `[{"errorCode":"INVALID_FIELD","message":"\nSELECT Id,`+field+
				`\n ^\nERROR at Row:1:Column:12\nNo such column '`+field+`' on entity 'Contact'."}]`)
			return
		}
		next.ServeHTTP(w, req)
	}
}

// A lastingFailure is one that doesn't pass, and how the runs end that meet it.
type lastingFailure struct {
	what    string
	rules   []fakeorg.Rule
	refused string // a field
	state   control.RunState
	resent  int64 // so often the client sends one request again, whatever it is
}

// lastings are the failures of docs/howto/api-budget.md.
func lastings() []lastingFailure {
	const done, failed = control.Done, control.Failed
	rules := func(all ...fakeorg.Rule) []fakeorg.Rule { return all }
	return []lastingFailure{
		{what: "a job fails with a text that says nothing", rules: rules(failsJobs(noSense)), state: done},
		{what: "a job fails without a text", rules: rules(failsJobs(" ")), state: done},
		{what: "a job is \"retried more than fifteen times\"", rules: rules(failsJobs(retried)), state: done},
		{what: "the same, \"more than 15 times\"", rules: rules(failsJobs(retried15)), state: done},
		{what: "a job fails over a field that nobody asked for", rules: rules(failsJobs(ghost)), state: done},
		{what: "queries refuse a field that describe shows", refused: "Title", state: done},
		{what: "jobs are refused: FUNCTIONALITY_NOT_ENABLED", rules: rules(forbidden("FUNCTIONALITY_NOT_ENABLED")),
			state: done},
		{what: "a job fails with FUNCTIONALITY_NOT_ENABLED", rules: rules(failsJobs(notEnabled)), state: done},
		{what: "jobs are refused: 403 FORBIDDEN", rules: rules(forbidden("FORBIDDEN")), state: done},
		{what: "a job fails with INSUFFICIENT_ACCESS", rules: rules(failsJobs(denied)), state: failed},
		{what: "a job says nothing, and REST refuses the query", state: failed, rules: rules(failsJobs(noSense),
			queries(fakeorg.Rule{Status: 400, Body: `[{"errorCode":"MALFORMED_QUERY","message":"no"}]`}))},
		{what: "a job says nothing, and REST answers 500", state: failed, resent: 4,
			rules: rules(failsJobs(noSense), queries(fakeorg.Rule{Answer: "unknown"}))},
		{what: "QUERY_TIMEOUT by Bulk", rules: rules(failsJobs(timedOut)), state: done},
		{what: "QUERY_TIMEOUT as a job is made", state: done,
			rules: rules(posts(fakeorg.Rule{Answer: "query-timeout"}))},
		{what: "QUERY_TIMEOUT by Bulk and by REST", state: failed,
			rules: rules(failsJobs(timedOut), queries(fakeorg.Rule{Answer: "query-timeout"}))},
	}
}

// kindsOfRun prepares the runs of docs/howto/api-budget.md that work.
func kindsOfRun() map[string]func(*rig.Rig) func(*rig.Process) {
	after := func(prepare func(*rig.Rig)) func(*rig.Rig) func(*rig.Process) {
		return func(r *rig.Rig) func(*rig.Process) {
			r.Done(nil)
			r.Later(time.Hour)
			prepare(r)
			return nil
		}
	}
	return map[string]func(*rig.Rig) func(*rig.Process){
		"the first run":             func(*rig.Rig) func(*rig.Process) { return nil },
		"nothing has changed":       after(func(*rig.Rig) {}),
		"some records have changed": after(func(r *rig.Rig) { r.History(10, 3) }),
		"`run --full`": func(r *rig.Rig) func(*rig.Process) {
			r.Done(nil)
			r.Later(time.Hour)
			return rig.Full
		},
		"a field is new": func(r *rig.Rig) func(*rig.Process) {
			r.Must(r.Org.HideField("Contact", "Title"))
			r.Flows[0].Fields = nil
			r.Done(nil)
			r.Later(time.Hour)
			r.Must(r.Org.ShowField("Contact", "Title"))
			return nil
		},
		"a sweep is due": after(func(r *rig.Rig) {
			r.Flows[0].Sweep = week
			r.Later(8 * 24 * time.Hour)
		}),
		"a refresh is due": after(func(r *rig.Rig) {
			r.Flows[0].Refresh = schedule.Refresh{Every: 24 * time.Hour}
			r.Flows[0].RefreshFields = []string{"Title"}
			r.Later(23 * time.Hour)
		}),
	}
}

// A cost is what a run takes of the org's limits.
type cost struct{ calls, jobs int64 }

// costOf counts what a run takes.
func costOf(r *rig.Rig, change func(*rig.Process)) (cost, control.RunRow) {
	r.T.Helper()
	const never = 1 << 30
	posted := func() (n int64) {
		for _, rule := range r.Org.Faults() {
			if rule.Nth == never {
				n = int64(rule.Seen)
			}
		}
		return n
	}
	before := posted()
	if before == 0 {
		r.Org.Fault(posts(fakeorg.Rule{Nth: never})) // it spoils nothing, and counts
	}
	row := r.Run(change)
	return cost{row.Calls, posted() - before}, row
}

// contacts is a rig of a small object that Bulk reads.
func contacts(t *testing.T) *rig.Rig {
	org := rig.NewOrg(t, map[string]int{"Contact": 50}, func(o *fakeorg.Options) { o.PageRecords = 1000 })
	r := rig.New(t, org, "Contact")
	r.Keeps("Contact", "LastName", "Title", "Email")
	return r
}

// moreAtMost is how many calls a lasting failure of one object may cost a run more than
// the run that works.
const moreAtMost = 5

// What docs/howto/api-budget.md says of the calls and jobs of runs is what they are, and a
// failure that lasts costs little more than what works.
func TestCallsOfARun(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/howto/api-budget.md")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	works := map[string]cost{}
	says := func(t *testing.T, line string) {
		t.Helper()
		if !strings.Contains(string(page), line+"\n") {
			t.Errorf("docs/howto/api-budget.md doesn't say what was measured:\n%s", line)
		}
	}
	t.Run("works", func(t *testing.T) {
		for what, prepare := range kindsOfRun() {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				r := contacts(t)
				change := prepare(r)
				c, row := costOf(r, change)
				if row.State != control.Done {
					t.Errorf("%s: %+v", row.State, row.Objects)
				}
				if row.Jobs != c.jobs {
					t.Errorf("the run tells of %d jobs, and made %d", row.Jobs, c.jobs)
				}
				says(t, fmt.Sprintf("| %s | %d | %d |", what, c.calls, c.jobs))
				mu.Lock()
				defer mu.Unlock()
				works[what] = c
			})
		}
	})
	t.Run("fails", func(t *testing.T) {
		for _, l := range lastings() {
			t.Run(l.what, func(t *testing.T) {
				t.Parallel()
				first, next := costsOf(t, l)
				says(t, fmt.Sprintf("| %s | %d | %d | %d | %d |", l.what, first.calls, first.jobs, next.calls,
					next.jobs))
				if most := works["the first run"].calls + moreAtMost + l.resent; first.calls > most {
					t.Errorf("the first run takes %d calls, %d are the most", first.calls, most)
				}
				if most := works["`run --full`"].calls + moreAtMost + l.resent; next.calls > most {
					t.Errorf("the next run takes %d calls, %d are the most", next.calls, most)
				}
			})
		}
	})
}

// costsOf is what the first run costs over which a failure lasts, and the next that reads
// everything. Once it has passed, all is as in the org.
func costsOf(t *testing.T, l lastingFailure) (first, next cost) {
	t.Helper()
	r := contacts(t)
	for _, rule := range l.rules {
		r.Org.Fault(rule)
	}
	if l.refused != "" {
		r.Between(refuses(r, l.refused))
	}
	first, row := costOf(r, nil)
	told(t, l, row)
	r.Later(time.Hour)
	next, row = costOf(r, rig.Full)
	told(t, l, row)
	r.Org.ClearFaults()
	r.Between(nil)
	if l.state == control.Done && l.refused == "" {
		r.Same()
	}
	r.Later(25 * time.Hour)
	r.Done(nil)
	r.Same()
	r.NothingLeft()
	return first, next
}

// told looks that a run ends as it should, says what to do, and tells each thing once.
func told(t *testing.T, l lastingFailure, row control.RunRow) {
	t.Helper()
	if row.State != l.state {
		t.Errorf("%s: %+v", row.State, row.Objects)
	}
	o := row.Objects[0]
	all := strings.Join(append(o.Notes, o.Error), "\n")
	for _, what := range []string{noSense, retried, retried15, timedOut, ghost, notEnabled, denied} {
		if n := strings.Count(all, what); n > 1 {
			t.Errorf("%q is told %d times:\n%s", what, n, all)
		}
	}
	if l.state == control.Failed && (o.Error == "" || o.Hint == "") {
		t.Errorf("error %q, hint %q", o.Error, o.Hint)
	}
}
