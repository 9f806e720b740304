package replicate_test

import (
	"cmp"
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
	"catchment/internal/rig"
)

// Each of these is what users of other extractors report, named after the
// thread: it may not happen here.

// airbyte#34082: hard deletes never arrive.
func TestPainAirbyte34082HardDeletesNeverArrive(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Account", 20)
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Account")
	r.Delete(ids[0])
	r.Must(r.Org.Purge(ids[0]))      // out of the recycle bin before anybody saw it there
	r.Must(r.Org.Purge(ids[1:3]...)) // by Bulk hardDelete, past the bin
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted != 3 {
		t.Errorf("%+v", o)
	}
	r.Same()
	if got := reasons(r, "Account", ids[:4]...); got != "purged,purged,purged," {
		t.Errorf("reasons %q", got)
	}
}

// airbyte#44845: CampaignMember knows only the hard delete.
func TestPainAirbyte44845CampaignMember(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 5}, nil)
	r := rig.New(t, org, "CampaignMember")
	r.Must(org.AddObject("CampaignMember", "00v", fakeorg.Field{Name: "Status", Type: "string"}))
	for range 20 {
		_, err := org.Create("CampaignMember", map[string]any{"Status": "Sent"})
		r.Must(err)
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("CampaignMember")
	r.Must(r.Org.Purge(ids[0]))
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.Flows[0].Sweep = week
	r.Must(r.Org.Purge(ids[1]))
	r.Later(20 * 24 * time.Hour) // nobody ran it until the log had forgotten
	if o := r.Done(nil).Objects[0]; o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// airbyte#27146, estuary/connectors#2678: a record commits after a reader has
// asked for everything up to a later moment.
func TestPainAirbyte27146CommitLag(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	ids := r.IDs("Contact")
	for _, lag := range []time.Duration{time.Second, 3 * time.Second, 90 * time.Second} {
		r.Later(time.Hour)
		slow := r.Org.Begin()
		r.Must(slow.Update(ids[0], map[string]any{"Title": lag.String()}))
		r.Later(lag)
		r.Set(ids[1], "Title", "after "+lag.String()) // stamped later, seen earlier
		r.Done(nil)
		r.Must(slow.Commit())
		r.Later(time.Minute)
		r.Done(nil)
		r.Same()
		if got := r.Table("Contact")[ids[0]].Values["title"]; got != lag.String() {
			t.Errorf("lag %s: title %q", lag, got)
		}
	}
}

// airbyte#42537, supaglue#532: records of the same second at the edge of a page
// or a window.
func TestPainAirbyte42537SameSecond(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 30}, func(o *fakeorg.Options) { o.PageRecords = 3 })
	r := rig.New(t, org, "Contact")
	r.Done(nil)
	ids := r.IDs("Contact")
	for round := range 4 { // the last second of one window is the first of the next
		r.Later(time.Hour - time.Duration(r.Org.Clock().Now().Minute())*time.Minute)
		for i := range ids {
			if i%2 == round%2 {
				r.Set(ids[i], "Title", fmt.Sprint("round ", round))
			}
		}
		r.Done(nil)
		for i := range ids {
			if i%2 != round%2 {
				r.Set(ids[i], "Title", fmt.Sprint("same second, round ", round))
			}
		}
		r.Later(time.Minute)
		r.Done(nil)
		r.Same()
	}
}

// airbyte#27048: half of the Accounts are missing, and nothing says so.
func TestPainAirbyte27048HalfOfTheAccounts(t *testing.T) {
	t.Parallel()
	for _, lasts := range []bool{false, true} {
		r := rig.Small(t, "Account", 20)
		lies := 1
		r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !strings.Contains(req.URL.Path, "/results") || lies == 0 {
				next.ServeHTTP(w, req)
				return
			}
			if !lasts {
				lies--
			}
			rig.Rewritten(w, req, next, func(body []byte) []byte { // every second record
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
		row := r.Run(func(p *rig.Process) { p.Tries = 2 })
		if (row.State == control.Done) == lasts {
			t.Errorf("lasts %v: %s, read %d: %s", lasts, row.State, row.Objects[0].Records, row.Objects[0].Error)
		}
		r.Between(nil)
		r.Done(nil)
		r.Same()
	}
}

// airbyte#37528: a default start two years ago, and what is older is never
// copied.
func TestPainAirbyte37528TwoYearsOld(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Account", 20) // of January 2026
	r.Later(5 * 365 * 24 * time.Hour)
	if o := r.Done(nil).Objects[0]; o.Records != 20 || !o.From.IsZero() {
		t.Errorf("%+v", o)
	}
	r.Same()
	r.Later(3 * 365 * 24 * time.Hour) // and so after three years without a run
	r.Set(r.IDs("Account")[3], "Site", "Hamburg")
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// A record that is updated between every two calls is at most one run stale.
func TestRecordUpdatedBetweenEveryTwoCalls(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	id := r.IDs("Contact")[7]
	n := 0
	var mu sync.Mutex // requests come side by side
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		mu.Lock()
		n++
		r.Must(r.Org.Update(id, map[string]any{"Title": fmt.Sprint(n)}))
		r.Later(20 * time.Second)
		mu.Unlock()
		next.ServeHTTP(w, req)
	})
	for run := range 6 {
		before := n
		r.Done(nil)
		rows := r.Table("Contact")
		var got int
		if _, err := fmt.Sscan(rows[id].Values["title"], &got); err != nil || run > 0 && got < before ||
			len(rows) != 20 {
			t.Errorf("run %d: title %d, before it %d (%v)", run, got, before, err)
		}
	}
	r.Between(nil)
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// A refreshed sandbox is another org: nothing of it is mixed into the old
// copy, and the hint says what to do. Done at once or with deaths at any moment, that
// makes a copy of the new org; what was open of the old one is given up.
func TestSandboxRefresh(t *testing.T) {
	t.Parallel()
	sandbox := func(seed uint64, contacts int) *fakeorg.Org {
		return rig.NewOrg(t, map[string]int{"Contact": contacts, "Account": 3}, func(o *fakeorg.Options) {
			o.Seed, o.Sandbox = seed, true
		})
	}
	r := rig.New(t, sandbox(1, 9), "Contact", "Account")
	r.Keeps("Contact", "LastName", "Title")
	r.Keeps("Account", "Name")
	r.Done(nil)
	before := r.Table("Contact")
	r.Later(time.Hour)
	r.Set(r.IDs("Contact")[0], "Title", "of the old org")
	r.Later(time.Hour)
	fate := &rig.Fate{} // a version of it waits in staging when the sandbox is refreshed
	p := r.Start(fate)
	p.Tries = 1
	p.Before = func(step string, _ plan.Task) {
		if step == replicate.Consolidate {
			fate.Last()
		}
	}
	p.Run()
	p.Close()

	old := r.Org
	r = rig.Moved(t, r, sandbox(2, 5))
	r.Later(24 * time.Hour)
	for _, lost := range []bool{false, true} {
		again := r.Fork(t)
		if lost {
			lose(again, "control.db")
		}
		if row := again.Run(nil); row.State != control.Failed || len(row.Objects) > 0 ||
			!strings.Contains(row.Error, old.ID()) || !strings.Contains(row.Hint, "run --full --new-org") {
			t.Errorf("lost %v: %+v", lost, row)
		}
		p := again.Start(nil)
		if got := p.Query("SELECT CAST(count(*) AS VARCHAR) FROM " +
			"salesforce.contact"); *got[0][0] != fmt.Sprint(len(before)) {
			t.Errorf("%s rows", *got[0][0])
		}
		p.Close()
		refreshed(again, nil, false)
	}
	for first, drop := range map[int]bool{1: false, 3: true} {
		counted := &rig.Fate{}
		refreshed(r.Fork(t), counted, drop)
		for n := first; n <= counted.Moments; n += cmp.Or(*crashEvery, 4) {
			refreshed(r.Fork(t), &rig.Fate{At: n}, drop)
		}
		t.Logf("drop %v: %d moments", drop, counted.Moments)
	}
}

// refreshed replaces the copy by one of the rig's org, and again where that died.
func refreshed(r *rig.Rig, f *rig.Fate, drop bool) {
	r.T.Helper()
	replace := func(p *rig.Process) (replicate.Replacement, error) {
		defer p.Close()
		return p.Replicator().NewOrg(p.Ctx, "replacing", drop)
	}
	done, err := replace(r.Start(f))
	if f != nil && f.Alive() != nil {
		// in between, the org is refused, or goes on with what is its own already
		if row := r.Run(rig.AllowDeletes); row.State != control.Done && !strings.Contains(row.Hint, "--new-org") {
			r.T.Errorf("died at %d, and then %+v", f.At, row)
		}
		done, err = replace(r.Start(nil))
	}
	r.Must(err)
	if done.New.Kind != "sandbox" || done.New.ID != r.Org.ID() {
		r.T.Errorf("%+v", done)
	}
	for _, o := range r.Done(func(p *rig.Process) { p.Options.Full, p.Options.AllowDeletes = true, true }).Objects {
		if o.Records == 0 {
			r.T.Errorf("%+v", o)
		}
	}
	r.Same()
	if res := r.Verified(r.Flows[0], rig.Values); res.Differs() {
		r.T.Errorf("%+v", res)
	}
	r.NothingLeft()
	p := r.Start(nil)
	defer p.Close()
	got := *p.Query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce.contact WHERE title = 'of the old org'")[0][0]
	if got != "0" {
		r.T.Errorf("%s rows of the old org's open attempt", got)
	}
}

// Productive orgs are neither replaced nor take a place, and who copies is waited for.
func TestNewOrgIsRefused(t *testing.T) {
	t.Parallel()
	org := func(seed uint64, sandbox bool) *fakeorg.Org {
		return rig.NewOrg(t, map[string]int{"Contact": 5}, func(o *fakeorg.Options) {
			o.Seed, o.Sandbox = seed, sandbox
		})
	}
	for _, c := range []struct {
		name     string
		old, new bool // whether it is a sandbox
		change   func(*rig.Rig)
		says     string
	}{
		{"a production org", false, true, nil, "the copy of a production org"},
		{"by a production org", true, false, nil, "is a production org"},
		{"while somebody copies", true, true, func(r *rig.Rig) {
			p := r.Start(nil)
			defer p.Close()
			_, err := p.Control.Acquire(p.Ctx, "Contact", "another", "another process", nil)
			r.Must(err)
		}, "is held by run another"},
		{"by one that lacks an object", true, true, func(r *rig.Rig) {
			r.Flows[0].Wrong = plan.Fixf("take it out", "the org has no object Contact")
		}, "Contact: the org has no object Contact"},
	} {
		r := rig.New(t, org(1, c.old), "Contact")
		r.Done(nil)
		r = rig.Moved(t, r, org(2, c.new))
		if c.change != nil {
			c.change(r)
		}
		p := r.Start(nil)
		p.Options.Alone = false
		before := fmt.Sprint(p.Warehouse.Marks(p.Ctx))
		_, err := p.Replicator().NewOrg(p.Ctx, "replacing", true)
		if err == nil || !strings.Contains(err.Error(), c.says) || plan.HintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", c.name, err, plan.HintOf(err))
		}
		if after := fmt.Sprint(p.Warehouse.Marks(p.Ctx)); after != before {
			t.Errorf("%s: %s, before it %s", c.name, after, before)
		}
		p.Close()
	}
}

// Two orgs can't share a pair of schemas, not even for objects that are only one's
// (case 43); in schemas of their own they share a warehouse.
func TestTwoOrgsOneWarehouse(t *testing.T) {
	t.Parallel()
	one := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 5, "Account": 4}, nil), "Contact")
	one.Done(nil)
	two := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 7, "Account": 3},
		func(o *fakeorg.Options) { o.Seed = 2 }), "Contact", "Account")
	two.Shelf = rig.Shelf{File: one.Path("warehouse.duckdb")}
	row := two.Run(nil)
	if row.State != control.Failed || !strings.Contains(row.Error, "holds a copy of org") || row.Hint == "" {
		t.Errorf("%+v", row)
	}
	for _, fl := range two.Flows {
		if _, err := two.Compare(fl); err == nil {
			t.Errorf("%s was verified", fl.Object)
		}
	}
	one.Flows = append(one.Flows, two.Flows[1])
	one.Later(time.Hour)
	one.Done(nil)
	one.Same()
	two.Schema = "second"
	two.Done(nil) // the refusal has bound nothing
	p := two.Start(nil)
	defer p.Close()
	for schema, want := range map[string]string{"salesforce": "5", "second": "7"} {
		if got := *p.Query("SELECT CAST(count(*) AS VARCHAR) FROM " + schema + ".contact")[0][0]; got != want {
			t.Errorf("%s has %s rows, want %s", schema, got, want)
		}
	}
}

// A table that is restored from yesterday's backup is found out, and reloaded
// when asked.
func TestRestoredFromYesterdaysBackup(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Exec("CREATE TABLE yesterday AS SELECT * FROM salesforce.contact")
	r.Later(24 * time.Hour)
	r.Set(r.IDs("Contact")[3], "Title", "CEO")
	r.Later(time.Hour)
	r.Done(nil)
	r.Exec("DELETE FROM salesforce.contact; INSERT INTO salesforce.contact SELECT * FROM yesterday")
	r.Later(time.Hour)
	if o := r.Run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "restored") ||
		!strings.Contains(o.Hint, "--full Contact") {
		t.Errorf("%+v", o)
	}
	r.Done(rig.Full)
	r.Same()
}

// A field is hidden between two staged versions of a record: the first waits in
// staging with the field when its process dies, the second is read without it.
// What is told of the record is the newest that may be told; the field keeps the
// value that it had, and gets its own back with the permission.
func TestFieldHiddenBetweenTwoStagedVersions(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	id := r.IDs("Contact")[4]
	r.Set(id, "Title", "before")
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Set(id, "Title", "staged")
	r.Set(id, "LastName", "First")
	r.Later(time.Hour)
	f := &rig.Fate{}
	p := r.Start(f) // dies when its page is in staging
	p.Tries = 1
	p.Before = func(step string, _ plan.Task) {
		if step == replicate.Consolidate {
			f.Last()
		}
	}
	p.Run()
	p.Close()
	if got := staged(r, "contact"); got != "1" {
		t.Fatalf("%s versions wait in staging", got)
	}
	r.Must(r.Org.HideField("Contact", "Title"))
	r.Set(id, "LastName", "Second")
	r.Later(time.Hour)
	o := r.Done(nil).Objects[0]
	if notes := strings.Join(o.Notes, " "); !strings.Contains(notes, "contact.title keeps its old values") {
		t.Errorf("notes %q", notes)
	}
	p = r.Start(nil)
	got := p.Query("SELECT CAST(lastname AS VARCHAR), CAST(title AS VARCHAR) FROM salesforce.contact WHERE id = '" +
		id + "'")[0]
	p.Close()
	if *got[0] != "Second" || *got[1] != "before" {
		t.Errorf("last name %q, title %q", *got[0], *got[1])
	}
	r.Must(r.Org.ShowField("Contact", "Title"))
	r.Later(time.Hour)
	r.Done(nil)
	if got := r.Table("Contact")[id].Values["title"]; got != "staged" {
		t.Errorf("title %q", got)
	}
	r.Same()
	r.NothingLeft()
}

// staged counts the versions that wait in the staging table.
func staged(r *rig.Rig, table string) string {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	return *p.Query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental." + table)[0][0]
}
