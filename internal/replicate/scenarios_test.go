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
	"catchment/internal/plan"
	"catchment/internal/replicate"
)

// Each of these is what users of other extractors report, named after the
// thread: it may not happen here.

// airbyte#34082: hard deletes never arrive.
func TestPainAirbyte34082HardDeletesNeverArrive(t *testing.T) {
	r := small(t, "Account", 20)
	r.done(nil)
	r.later(time.Hour)
	ids := r.ids("Account")
	r.delete(ids[0])
	r.must(r.org.Purge(ids[0]))      // out of the recycle bin before anybody saw it there
	r.must(r.org.Purge(ids[1:3]...)) // by Bulk hardDelete, past the bin
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Deleted != 3 {
		t.Errorf("%+v", o)
	}
	r.same()
	if got := r.reasons("Account", ids[:4]...); got != "purged,purged,purged," {
		t.Errorf("reasons %q", got)
	}
}

// airbyte#44845: CampaignMember knows only the hard delete.
func TestPainAirbyte44845CampaignMember(t *testing.T) {
	org := newOrg(t, map[string]int{"Contact": 5}, nil)
	r := newRig(t, org, "CampaignMember")
	r.must(org.AddObject("CampaignMember", "00v", fakeorg.Field{Name: "Status", Type: "string"}))
	for range 20 {
		_, err := org.Create("CampaignMember", map[string]any{"Status": "Sent"})
		r.must(err)
	}
	r.later(time.Hour)
	r.done(nil)
	r.later(time.Hour)
	ids := r.ids("CampaignMember")
	r.must(r.org.Purge(ids[0]))
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.flows[0].Sweep = week
	r.must(r.org.Purge(ids[1]))
	r.later(20 * 24 * time.Hour) // nobody ran it until the log had forgotten
	if o := r.done(nil).Objects[0]; o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.same()
}

// airbyte#27146, estuary/connectors#2678: a record commits after a reader has
// asked for everything up to a later moment.
func TestPainAirbyte27146CommitLag(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	ids := r.ids("Contact")
	for _, lag := range []time.Duration{time.Second, 3 * time.Second, 90 * time.Second} {
		r.later(time.Hour)
		slow := r.org.Begin()
		r.must(slow.Update(ids[0], map[string]any{"Title": lag.String()}))
		r.later(lag)
		r.set(ids[1], "Title", "after "+lag.String()) // stamped later, seen earlier
		r.done(nil)
		r.must(slow.Commit())
		r.later(time.Minute)
		r.done(nil)
		r.same()
		if got := r.table("Contact")[ids[0]].values["title"]; got != lag.String() {
			t.Errorf("lag %s: title %q", lag, got)
		}
	}
}

// airbyte#42537, supaglue#532: records of the same second at the edge of a page
// or a window.
func TestPainAirbyte42537SameSecond(t *testing.T) {
	org := newOrg(t, map[string]int{"Contact": 30}, func(o *fakeorg.Options) { o.PageRecords = 3 })
	r := newRig(t, org, "Contact")
	r.done(nil)
	ids := r.ids("Contact")
	for round := range 4 { // the last second of one window is the first of the next
		r.later(time.Hour - time.Duration(r.org.Clock().Now().Minute())*time.Minute)
		for i := range ids {
			if i%2 == round%2 {
				r.set(ids[i], "Title", fmt.Sprint("round ", round))
			}
		}
		r.done(nil)
		for i := range ids {
			if i%2 != round%2 {
				r.set(ids[i], "Title", fmt.Sprint("same second, round ", round))
			}
		}
		r.later(time.Minute)
		r.done(nil)
		r.same()
	}
}

// airbyte#27048: half of the Accounts are missing, and nothing says so.
func TestPainAirbyte27048HalfOfTheAccounts(t *testing.T) {
	for _, lasts := range []bool{false, true} {
		r := small(t, "Account", 20)
		lies := 1
		r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !strings.Contains(req.URL.Path, "/results") || lies == 0 {
				next.ServeHTTP(w, req)
				return
			}
			if !lasts {
				lies--
			}
			rewritten(w, req, next, func(body []byte) []byte { // every second record
				records := strings.SplitAfter(string(body), "\"\n")
				var half strings.Builder
				for i, line := range records {
					if i == 0 || i%2 == 1 {
						half.WriteString(line)
					}
				}
				return []byte(half.String())
			})
		})
		row := r.run(func(p *process) { p.tries = 2 })
		if (row.State == control.Done) == lasts {
			t.Errorf("lasts %v: %s, read %d: %s", lasts, row.State, row.Objects[0].Records, row.Objects[0].Error)
		}
		r.between(nil)
		r.done(nil)
		r.same()
	}
}

// airbyte#37528: a default start two years ago, and what is older is never
// copied.
func TestPainAirbyte37528TwoYearsOld(t *testing.T) {
	r := small(t, "Account", 20) // of January 2026
	r.later(5 * 365 * 24 * time.Hour)
	if o := r.done(nil).Objects[0]; o.Records != 20 || !o.From.IsZero() {
		t.Errorf("%+v", o)
	}
	r.same()
	r.later(3 * 365 * 24 * time.Hour) // and so after three years without a run
	r.set(r.ids("Account")[3], "Site", "Hamburg")
	r.later(time.Hour)
	r.done(nil)
	r.same()
}

// A record that is updated between every two calls is at most one run stale.
func TestRecordUpdatedBetweenEveryTwoCalls(t *testing.T) {
	r := small(t, "Contact", 20)
	id := r.ids("Contact")[7]
	n := 0
	var mu sync.Mutex // requests come side by side
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		mu.Lock()
		n++
		r.must(r.org.Update(id, map[string]any{"Title": fmt.Sprint(n)}))
		r.later(20 * time.Second)
		mu.Unlock()
		next.ServeHTTP(w, req)
	})
	for run := range 6 {
		before := n
		r.done(nil)
		rows := r.table("Contact")
		var got int
		if _, err := fmt.Sscan(rows[id].values["title"], &got); err != nil || run > 0 && got < before || len(rows) != 20 {
			t.Errorf("run %d: title %d, before it %d (%v)", run, got, before, err)
		}
	}
	r.between(nil)
	r.later(time.Hour)
	r.done(nil)
	r.same()
}

// A refreshed sandbox is another org: nothing of it is mixed into the old
// copy, and the hint says what to do.
func TestSandboxRefresh(t *testing.T) {
	sandbox := func(seed uint64) *fakeorg.Org {
		return newOrg(t, map[string]int{"Contact": 5}, func(o *fakeorg.Options) { o.Seed, o.Sandbox = seed, true })
	}
	r := newRig(t, sandbox(1), "Contact")
	r.done(nil)
	before := r.table("Contact")
	r.org = sandbox(2)
	r.later(time.Hour)
	if row := r.run(nil); row.State != control.Failed || !strings.Contains(row.Error, "belongs to org") {
		t.Errorf("%+v", row)
	}
	p := r.start(nil)
	defer p.close()
	if got := p.query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce.contact"); *got[0][0] != fmt.Sprint(len(before)) {
		t.Errorf("%s rows", *got[0][0])
	}
}

// Two orgs can't share a table; in schemas of their own they share a warehouse.
func TestTwoOrgsOneWarehouse(t *testing.T) {
	one := small(t, "Contact", 5)
	one.done(nil)
	two := newRig(t, newOrg(t, map[string]int{"Contact": 7}, func(o *fakeorg.Options) { o.Seed = 2 }), "Contact")
	two.shelf = shelf{file: one.path("warehouse.duckdb")}
	if o := two.run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "holds a copy of org") {
		t.Errorf("%+v", o)
	}
	one.same()
	two.schema = "second"
	two.lose("control.db")
	two.done(nil)
	p := two.start(nil)
	defer p.close()
	for schema, want := range map[string]string{"salesforce": "5", "second": "7"} {
		if got := *p.query("SELECT CAST(count(*) AS VARCHAR) FROM " + schema + ".contact")[0][0]; got != want {
			t.Errorf("%s has %s rows, want %s", schema, got, want)
		}
	}
}

// A table that is restored from yesterday's backup is found out, and reloaded
// when asked.
func TestRestoredFromYesterdaysBackup(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.exec("CREATE TABLE yesterday AS SELECT * FROM salesforce.contact")
	r.later(24 * time.Hour)
	r.set(r.ids("Contact")[3], "Title", "CEO")
	r.later(time.Hour)
	r.done(nil)
	r.exec("DELETE FROM salesforce.contact; INSERT INTO salesforce.contact SELECT * FROM yesterday")
	r.later(time.Hour)
	if o := r.run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "restored") || !strings.Contains(o.Hint, "--full Contact") {
		t.Errorf("%+v", o)
	}
	r.done(full)
	r.same()
}

// A field is hidden between two staged versions of a record: the first waits in
// staging with the field when its process dies, the second is read without it.
// What is told of the record is the newest that may be told; the field keeps the
// value that it had, and gets its own back with the permission.
func TestFieldHiddenBetweenTwoStagedVersions(t *testing.T) {
	r := small(t, "Contact", 20)
	id := r.ids("Contact")[4]
	r.set(id, "Title", "before")
	r.later(time.Hour)
	r.done(nil)
	r.later(time.Hour)
	r.set(id, "Title", "staged")
	r.set(id, "LastName", "First")
	r.later(time.Hour)
	f := &fate{}
	p := r.start(f) // dies when its page is in staging
	p.tries = 1
	p.before = func(step string, _ plan.Task) {
		if step == replicate.Consolidate {
			f.mu.Lock()
			f.at = 1
			f.mu.Unlock()
		}
	}
	p.run()
	p.close()
	if got := r.staged("contact"); got != "1" {
		t.Fatalf("%s versions wait in staging", got)
	}
	r.must(r.org.HideField("Contact", "Title"))
	r.set(id, "LastName", "Second")
	r.later(time.Hour)
	o := r.done(nil).Objects[0]
	if notes := strings.Join(o.Notes, " "); !strings.Contains(notes, "contact.title keeps its old values") {
		t.Errorf("notes %q", notes)
	}
	p = r.start(nil)
	got := p.query("SELECT CAST(lastname AS VARCHAR), CAST(title AS VARCHAR) FROM salesforce.contact WHERE id = '" + id + "'")[0]
	p.close()
	if *got[0] != "Second" || *got[1] != "before" {
		t.Errorf("last name %q, title %q", *got[0], *got[1])
	}
	r.must(r.org.ShowField("Contact", "Title"))
	r.later(time.Hour)
	r.done(nil)
	if got := r.table("Contact")[id].values["title"]; got != "staged" {
		t.Errorf("title %q", got)
	}
	r.same()
	r.nothingLeft()
}

// staged counts the versions that wait in the staging table.
func (r *rig) staged(table string) string {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	return *p.query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental." + table)[0][0]
}
