package replicate_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// What users of other extractors have reported, each by the thread that it was
// reported in: none of it happens here.

// Field-level security hid a field, and granted it later: the rows that were
// there before stayed NULL (ingestr#1011).
func TestPainIngestr1011(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 30, "Account": 10}, nil), "Contact", "Account")
	r.Must(r.Org.HideField("Contact", "Email"))
	r.Must(r.Org.HideField("Account", "Site"))
	r.Done(nil)
	r.History(10, 1)
	r.Done(nil)
	r.Must(r.Org.ShowField("Contact", "Email"))
	r.Must(r.Org.ShowField("Account", "Site"))
	r.Later(time.Hour)
	row := r.Done(nil)
	r.Same()
	if row.Objects[0].Updated < 20 || row.Objects[0].Inserted > 0 {
		t.Errorf("%+v", row.Objects[0])
	}
}

// New fields were lost for up to a day, until the schema was read again
// (estuary/connectors#3493). Here a field has values in all records at once, as
// a formula has, and no stamp tells of it.
func TestPainEstuary3493(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 30, "Account": 10}, nil), "Contact")
	r.Done(nil)
	r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Account_Name__c", Type: "string", Length: 255,
		Formula: "Account.Name"}))
	r.Later(time.Minute)
	r.Done(nil)
	r.Same()
	filled := 0
	for _, row := range r.Table("Contact") {
		if row.Values["account_name__c"] != "" {
			filled++
		}
	}
	if filled < 20 {
		t.Errorf("the new field has %d values", filled)
	}
}

// A schema change lost data (airbyte#77627). Here a field is renamed, becomes a
// wider number, a text, and goes: every value that was ever copied is there.
func TestPainAirbyte77627(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Invoice__c", 20)
	r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "Rank__c", Type: "int"}))
	ids := r.IDs("Invoice__c")
	for i, id := range ids[:5] {
		r.Set(id, "Rank__c", i)
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()

	notes := func(what string) {
		t.Helper()
		r.Later(time.Hour)
		row := r.Done(nil)
		if all := strings.Join(row.Objects[0].Notes, "\n"); !strings.Contains(all, what) {
			t.Errorf("notes %q, want %q", all, what)
		}
	}
	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "Rank__c", Type: "double", Precision: 18, Scale: 2}))
	r.Set(ids[5], "Rank__c", 5.25)
	notes("column invoice__c.rank__c is DECIMAL(38,2) now")
	r.Same()

	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "Rank__c", Type: "string", Length: 80}))
	r.Set(ids[6], "Rank__c", "sixth")
	notes("column invoice__c.rank__c is VARCHAR now")
	ranks := func(want ...string) {
		t.Helper()
		has := r.Texts("invoice__c", "id", "rank__c")
		for i, id := range ids[:len(want)] {
			if got := has[id][1]; got != want[i] {
				t.Errorf("rank of record %d is %q, want %q", i, got, want[i])
			}
		}
	}
	ranks("0", "1", "2", "3", "4", "5.25", "sixth", "")
	r.Same()

	r.Must(r.Org.RenameField("Invoice__c", "Rank__c", "Place__c"))
	notes("column invoice__c.place__c is new, and rank__c is gone: if its field was renamed, " +
		"that column can be dropped")
	r.Same()
	r.Must(r.Org.DeleteField("Invoice__c", "Place__c"))
	notes("column invoice__c.place__c keeps its old values")
	ranks("0", "1", "2", "3", "4", "5.25", "sixth", "")
}

// Formulas were stale: a change in the parent leaves no stamp in the child
// (heroku/roadmap#319).
func TestPainHeroku319(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 10, "Contact": 30}, nil), "Account", "Contact")
	r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Account_Name__c", Type: "string", Length: 255,
		Formula: "Account.Name"}))
	r.Flows[1].Refresh = schedule.Refresh{Every: 24 * time.Hour}
	r.Done(nil)
	r.Same()
	account := r.IDs("Account")[0]
	r.Later(time.Hour)
	r.Set(account, "Name", "New Name")
	r.Later(time.Hour)
	row := r.Done(nil) // not due yet
	if o := row.Objects[1]; o.Records > 0 || o.Updated > 0 {
		t.Errorf("%+v", o)
	}
	r.Later(23 * time.Hour)
	row = r.Done(nil)
	r.Same()
	o := row.Objects[1]
	if notes := strings.Join(o.Notes, " "); o.Updated == 0 || o.Updated > 20 ||
		!strings.Contains(notes, fmt.Sprintf("refresh: %d of 30 records had other values", o.Updated)) {
		t.Errorf("%+v", o)
	}
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[1]; o.Records > 0 {
		t.Errorf("refreshed again: %+v", o)
	}
}

// A field that describe doesn't call calculated behaved like a formula
// (estuary/connectors#3414): the flow names it.
func TestPainEstuary3414(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 30)
	r.Flows[0].Refresh, r.Flows[0].RefreshFields = schedule.Refresh{Every: time.Hour}, []string{"Title"}
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.Drift(r.IDs("Contact")[3], "Title", "changed without a stamp"))
	row := r.Done(nil)
	r.Same()
	if o := row.Objects[0]; o.Updated != 1 || !strings.Contains(strings.Join(o.Notes, " "), "refresh: 1 of 30") {
		t.Errorf("%+v", o)
	}
}

// A sample tells that fields are out of date before anybody has asked for a
// refresh, and mends what it read.
func TestRefreshBySample(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 30)
	r.Flows[0].Refresh, r.Flows[0].RefreshFields = schedule.Refresh{Sample: true}, []string{"Title"}
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	last := ids[len(ids)-1] // is in every sample
	r.Must(r.Org.Drift(last, "Title", "changed without a stamp"))
	row := r.Done(nil)
	if o := row.Objects[0]; o.Updated != 1 || !strings.Contains(strings.Join(o.Notes, " "), "sample: 1 of ") {
		t.Errorf("%+v", o)
	}
	r.Same()
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Updated != 0 || len(o.Notes) > 0 || o.Records == 0 {
		t.Errorf("%+v", o)
	}
}

// A wide object could be read neither by REST, since its query didn't fit into
// a URI, nor by Bulk (airbyte#20703); and who splits by columns skips what
// changes in between. Here records change, go and come between the groups.
func TestPainAirbyte20703(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 30}, func(o *fakeorg.Options) {
		o.NotInBulk = []string{"Contact"}
	}), "Contact")
	ids := r.IDs("Contact") // the test's own reading doesn't fit into a URI later
	field := func(n int) string { return fmt.Sprintf("A_field_with_a_name_that_is_long_%03d__c", n) }
	const fields = 500 // 20,000 bytes of names
	for n := range fields {
		r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: field(n), Type: "string", Length: 80}))
	}
	for i, id := range ids {
		r.Set(id, field(i*17%fields), "before "+id)
		r.Set(id, field(fields-1), "last before")
	}
	r.Later(time.Hour)
	var once sync.Once
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		next.ServeHTTP(w, req)
		// the first group
		if strings.Contains(req.URL.Path, "/queryAll") && strings.Contains(req.URL.RawQuery, field(0)) {
			once.Do(func() {
				r.Later(time.Second)
				r.Set(ids[3], field(0), "while it was read")
				r.Set(ids[3], field(fields-1), "while it was read")
				r.Must(r.Org.Delete(ids[4]))
			})
		}
	})
	row := r.Done(nil)
	r.Between(nil)
	notes := strings.Join(row.Objects[0].Notes, " ")
	if row.Objects[0].Mover != "rest" || !strings.Contains(notes, "is read in 2 groups of columns") {
		t.Errorf("%+v", row.Objects[0])
	}
	look := func(id string, want ...string) {
		t.Helper()
		p := r.Start(nil)
		defer p.Close()
		got := p.Query(fmt.Sprintf("SELECT CAST(%s AS VARCHAR), CAST(%s AS VARCHAR) FROM salesforce.contact "+
			"WHERE id = '%s'", strings.ToLower(field(0)), strings.ToLower(field(fields-1)), id))
		var texts []string
		for _, v := range got[0] {
			if v == nil {
				texts = append(texts, "~")
			} else {
				texts = append(texts, *v)
			}
		}
		if strings.Join(texts, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %q, want %q", id, texts, want)
		}
	}
	look(ids[0], "before "+ids[0], "last before")
	look(ids[1], "~", "last before")
	look(ids[3], "while it was read", "while it was read") // not half of each
	r.Later(time.Hour)
	r.Set(ids[5], field(fields-1), "later")
	r.Later(time.Hour)
	r.Done(nil)
	look(ids[5], "~", "later")
	if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
}

// Redshift's error 1023 made the task crash and begin anew, again and again
// (estuary/connectors#5218). Here every second commit of a run is refused: what
// was committed stays, only the step that was undone is done again.
func TestPainEstuary5218(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Shelf = shelfOf(t, "redshift")
	conflicts := 0
	refuse := func(p *rig.Process) {
		p.Tries = 4
		p.Before = func(step string, _ plan.Task) {
			if step == replicate.Load || step == replicate.Consolidate {
				if conflicts++; conflicts%2 == 1 {
					r.Shelf.Redshift.Faults().RefuseCommit(1 + conflicts%3)
				}
			}
		}
	}
	for range 3 {
		calls := r.Calls(func() {
			if o := r.Done(refuse).Objects[0]; o.State != control.FlowDone {
				t.Errorf("%+v", o)
			}
		})
		if calls["job"] > 1+4 { // create, polls and delete: the job is the same
			t.Errorf("it began anew: %v", calls)
		}
		r.Shelf.Redshift.Faults().RefuseCommit(0)
		r.Same()
		r.Later(time.Hour)
		r.History(10, uint64(conflicts))
	}
	if conflicts < 6 {
		t.Errorf("only %d steps were spoilt", conflicts)
	}
	r.Done(nil)
	r.Same()
	r.NothingLeft()
}

// QUERY_TIMEOUT was reported as success, with no rows (airbyte#17503). A query
// that Salesforce can't answer at all fails the run, moves no watermark and loses
// nothing, whatever words Salesforce has for it.
func TestPainAirbyte17503(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]fakeorg.Rule{
		"Bulk": {Method: http.MethodPost, Path: "/jobs/query",
			FailJob: "QUERY_TIMEOUT : Your query request was running for too long."},
		"Bulk, at once": {Method: http.MethodPost, Path: "/jobs/query", Answer: "query-timeout"},
		"Bulk, retrying": {Method: http.MethodPost, Path: "/jobs/query",
			FailJob: "InternalServerError : Retried more than thirty times"},
		"REST": {Path: "/queryAll", Answer: "query-timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 9)
			r.Keeps("Contact", "LastName", "Email")
			r.Flows[0].Mover = flow.Bulk
			if name == "REST" {
				r.Flows[0].Mover = flow.REST
			}
			r.Org.Fault(rule)
			if name != "REST" { // which would read what Bulk can't
				r.Org.Fault(queries(fakeorg.Rule{Answer: "query-timeout"}))
			}
			row := r.Run(nil)
			if o := row.Objects[0]; row.State != control.Failed || o.State != control.FlowFailed ||
				o.Error == "" || o.Hint == "" {
				t.Errorf("%s: %+v", row.State, o)
			}
			if f := r.FlowRow("Contact"); !f.Watermark.IsZero() || f.LastError == "" {
				t.Errorf("%+v", f)
			}
			r.Org.ClearFaults()
			if o := r.Done(nil).Objects[0]; o.Records != 9 {
				t.Errorf("%+v", o)
			}
			r.Same()
		})
	}
}

// The session expired during a download (singer tap-salesforce#222): here with
// every second page, by Bulk, and between the two answers of a REST query.
func TestPainTapSalesforce222(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 60) // nine pages
	r.Keeps("Contact", "LastName", "Email")
	for n := 2; n <= 8; n += 2 {
		r.Org.Fault(fakeorg.Rule{Path: "/results", Nth: n, ExpireSession: true})
	}
	if o := r.Done(func(p *rig.Process) { p.Options.Downloads = 1 }).Objects[0]; o.Records != 60 {
		t.Errorf("%+v", o)
	}
	if met := r.Org.Faults()[3].Seen; met != 9+4 {
		t.Errorf("nine pages were asked for %d times", met)
	}
	r.Org.ClearFaults()
	r.Same()
	rest := rig.Small(t, "Contact", 2300)
	rest.Keeps("Contact", "LastName", "Email")
	rest.Flows[0].Mover = flow.REST
	rest.Org.Fault(fakeorg.Rule{Path: "/query/", Nth: 1, ExpireSession: true})
	if o := rest.Done(nil).Objects[0]; o.Records != 2300 {
		t.Errorf("%+v", o)
	}
	if met := rest.Org.Faults()[0].Seen; met == 0 {
		t.Error("no session expired")
	}
	rest.Org.ClearFaults()
	if n := len(rest.Table("Contact")); n != 2300 {
		t.Errorf("%d rows", n)
	}
}

// A position in the log of changes had expired, and was skipped silently with two
// days of events (CometD.NetCore.Salesforce#20). Here nobody runs for 40 days:
// getUpdated reaches back 30, getDeleted 15, and the watermark is behind both.
func TestPainCometD20(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	r := rig.Small(t, "Contact", 30)
	r.Flows[0].Sweep = week
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Later(day)
	r.Set(ids[0], "LastName", "Changed")
	r.Must(r.Org.Purge(ids[1]))
	r.Delete(ids[2])
	r.Later(20 * day)
	r.Must(r.Org.Purge(ids[3]))
	r.Later(19 * day)
	if o := r.Done(nil).Objects[0]; o.Records < 1 || o.From.After(r.Org.Clock().Now().Add(-39*day)) {
		t.Errorf("%+v", o)
	}
	r.Same()
	if got := r.Table("Contact")[ids[0]].Values["lastname"]; got != "Changed" {
		t.Errorf("the change of the first day: %q", got)
	}
	if got := reasons(r, "Contact", ids[1], ids[2], ids[3]); strings.Contains(","+got+",", ",,") {
		t.Errorf("reasons %q", got)
	}
}
