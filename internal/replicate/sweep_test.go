package replicate_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
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

var week = schedule.Sweep{Every: 7 * 24 * time.Hour}

// reasons tells for which reason each row of a table is deleted, in the order
// of ids.
func reasons(r *rig.Rig, object string, ids ...string) string {
	rows := r.Table(object)
	var all []string
	for _, id := range ids {
		all = append(all, rows[id].Reason)
	}
	return strings.Join(all, ",")
}

// What left no trace that a run could meet is found by a sweep, when it is due.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Flows[0].Sweep, r.Flows[0].Deletes = week, policy
			r.Done(nil)
			r.Later(time.Hour)
			ids := r.IDs("Contact")
			r.Must(r.Org.Purge(ids[0]))
			r.Later(20 * 24 * time.Hour) // past the delete log
			row := r.Done(nil)
			r.Same()
			if want := int64(1); policy != flow.Ignore &&
				(row.Objects[0].Deleted != want ||
					r.FlowRow("Contact").SweptAt.Before(r.Org.Clock().Now().Add(-time.Hour))) {
				t.Errorf("%+v", row.Objects[0])
			}
			if policy == flow.Flag && reasons(r, "Contact", ids[0]) != "purged" {
				t.Errorf("reason %q", reasons(r, "Contact", ids[0]))
			}
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Records != 0 || o.Calls > 3 {
				t.Errorf("the next one isn't due: %+v", o)
			}
		})
	}
}

// The delete log tells a purged record from one that went out of sight.
func TestSweepTellsHiddenFromPurged(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Sweep = week
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Later(7*24*time.Hour - time.Minute)
	r.Must(r.Org.HideRecord(ids[0]))
	r.Later(2 * time.Minute)
	row := r.Done(nil)
	if o := row.Objects[0]; o.Deleted != 1 ||
		!strings.Contains(strings.Join(o.Notes, " "), "out of this user's sight") {
		t.Errorf("%+v", o)
	}
	if got := reasons(r, "Contact", ids[0], ids[1]); got != "hidden," {
		t.Errorf("reasons %q", got)
	}
}

// TestViewAllDataIsLost: an integration user who loses View All Data overnight
// doesn't look like a mass deletion, neither to a run nor to a sweep.
func TestViewAllDataIsLost(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 60)
	r.Flows[0].Sweep = week
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Later(time.Hour)
	r.Must(r.Org.HideRecord(ids[:50]...))
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted != 0 {
		t.Errorf("an incremental run: %+v", o)
	}
	r.Later(7 * 24 * time.Hour)
	for range 2 {
		row := r.Run(nil)
		o := row.Objects[0]
		if row.State != control.Failed ||
			!strings.Contains(o.Error, "50 of 60 rows of Contact are out of this user's sight") ||
			!strings.Contains(o.Hint, "View All Data") {
			t.Fatalf("%s %+v", row.State, o)
		}
	}
	for id, got := range r.Table("Contact") {
		if got.Reason != "" {
			t.Fatalf("%s was deleted all the same", id)
		}
	}
	r.Must(r.Org.ShowRecord(ids[:50]...)) // the administrator gives it back
	if o := r.Done(nil).Objects[0]; o.Deleted != 0 {
		t.Errorf("%+v", o)
	}
	r.Same()
	r.Later(7 * 24 * time.Hour)
	r.Must(r.Org.HideRecord(ids[:50]...)) // and takes it for good
	if o := r.Done(rig.AllowDeletes).Objects[0]; o.Deleted != 50 {
		t.Errorf("%+v", o)
	}
	if got := reasons(r, "Contact", ids[0], ids[49], ids[50]); got != "hidden,hidden," {
		t.Errorf("reasons %q", got)
	}
}

// The stop before a mass delete holds for what a sweep finds, too.
func TestMassPurgeStops(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 300)
	r.Flows[0].Sweep = week
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.Purge(r.IDs("Contact")[:120]...))
	r.Later(20 * 24 * time.Hour)
	if o := r.Run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "120 of 300") ||
		!strings.Contains(o.Hint, "--allow-deletes") {
		t.Fatalf("%+v", o)
	}
	if o := r.Done(rig.AllowDeletes).Objects[0]; o.Deleted != 120 {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// A sweep marks absence only for rows consolidated before its job was created:
// here the main part is read anew after it, and brings a record that the sweep
// can't have seen.
func TestSweepIsOlderThanARow(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) { o.JobLatency = 0 })
	r := rig.New(t, org, "Contact")
	r.Flows[0].Sweep, r.Flows[0].Mover = week, flow.Bulk
	r.Done(nil)
	r.Later(8 * 24 * time.Hour)
	r.Must(r.Org.Touch(r.IDs("Contact")[0]))
	r.Later(time.Minute)
	var late string
	p := r.Start(nil)
	var jobs atomic.Int64
	p.Before = func(step string, _ plan.Task) {
		if step != "load" || late != "" {
			return
		}
		r.Later(time.Minute)
		id, err := r.Org.Create("Contact", map[string]any{"LastName": "Late"})
		r.Must(err)
		late = id
		r.Later(time.Minute)
	}
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		// of the main part, which is loaded first
		if strings.Contains(req.URL.Path, "resultPages") && late != "" && jobs.CompareAndSwap(0, 1) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`[{"errorCode":"NOT_FOUND","message":"gone"}]`))
			return
		}
		if strings.HasSuffix(req.URL.Path, "/results") && late != "" && jobs.CompareAndSwap(1, 2) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`[{"errorCode":"NOT_FOUND","message":"gone"}]`))
			return
		}
		next.ServeHTTP(w, req)
	})
	row := p.Run()
	p.Close()
	r.Between(nil)
	if row.State != control.Done || jobs.Load() != 2 {
		t.Fatalf("%d, %+v", jobs.Load(), row)
	}
	if got := r.Table("Contact")[late]; got.Values["lastname"] != "Late" || got.Reason != "" {
		t.Errorf("the late record: %+v", got)
	}
	r.Same()
}

// A sweep that lacks a record which is there doesn't delete it.
func TestSweepThatLies(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Sweep, r.Flows[0].Mover = week, flow.REST
	r.Done(nil)
	r.Later(8 * 24 * time.Hour)
	lies := 1
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if q := req.URL.Query().Get("q"); lies == 0 || q != "SELECT Id, IsDeleted FROM Contact" {
			next.ServeHTTP(w, req)
			return
		}
		lies--
		rig.Rewritten(w, req, next, func(body []byte) []byte { return withoutFirst(t, body) })
	})
	if o := r.Done(func(p *rig.Process) { p.Tries = 3 }).Objects[0]; lies != 0 || o.Deleted != 0 ||
		!strings.Contains(strings.Join(o.Notes, " "), "the sweep lacks it") {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// withoutFirst takes the first record out of an answer, and its count with it.
func withoutFirst(t *testing.T, body []byte) []byte {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Error(err)
		return body
	}
	records := answer["records"].([]any)
	if len(records) > 0 {
		answer["records"], answer["totalSize"] = records[1:], answer["totalSize"].(float64)-1
	}
	body, err := json.Marshal(answer)
	if err != nil {
		t.Error(err)
	}
	return body
}

// A changed Id that doesn't come fails the run, and is read again
// (invariant 6).
func TestChangedRecordDoesNotCome(t *testing.T) {
	t.Parallel()
	for _, lasts := range []bool{false, true} {
		r := rig.Small(t, "Contact", 20)
		r.Done(nil)
		r.Later(time.Hour)
		ids := r.IDs("Contact")
		r.Set(ids[3], "Title", "CEO")
		r.Set(ids[4], "Title", "CFO")
		r.Later(time.Hour)
		lies := 1
		r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if q := req.URL.Query().Get("q"); lies == 0 || !strings.Contains(q, "SystemModstamp >=") ||
				strings.Contains(q, "COUNT()") {
				next.ServeHTTP(w, req)
				return
			}
			if !lasts {
				lies--
			}
			rig.Rewritten(w, req, next, func(body []byte) []byte { return withoutFirst(t, body) })
		})
		row := r.Run(func(p *rig.Process) { p.Tries = 3 })
		o := row.Objects[0]
		if (row.State == control.Done) == lasts ||
			lasts && !strings.Contains(o.Error, ids[3]+" of Contact changed within the window, and didn't come") {
			t.Errorf("lasts %v: %s %+v", lasts, row.State, o)
		}
		r.Between(nil)
		r.Done(nil)
		r.Same()
	}
}

// A record that leaves the flow's where is out of it, with the next run.
func TestRecordLeavesTheWhere(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Flows[0].Where, r.Flows[0].Deletes = "Title != 'Gone'", policy
			r.Done(nil)
			ids := r.IDs("Contact")
			r.Later(time.Hour)
			r.Set(ids[0], "Title", "Gone")
			r.Set(ids[1], "Title", "Still here")
			r.Later(time.Hour)
			o := r.Done(nil).Objects[0]
			rows := r.Table("Contact")
			_, there := rows[ids[0]]
			if there != (policy != flow.Remove) || (rows[ids[0]].Reason == "out_of_filter") != (policy == flow.Flag) ||
				rows[ids[1]].Values["title"] != "Still here" {
				t.Errorf("%+v\n%+v", o, rows[ids[0]])
			}
			r.Later(time.Hour)
			r.Set(ids[0], "Title", "Back")
			r.Later(time.Hour)
			r.Done(nil)
			r.Same()
		})
	}
}

// getDeleted is a hint, not proof: it lies for CurrencyType.
func TestDeleteLogLies(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	id := r.IDs("Contact")[2]
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.Contains(req.URL.Path, "/deleted") {
			next.ServeHTTP(w, req)
			return
		}
		rig.Rewritten(w, req, next, func(body []byte) []byte {
			return []byte(strings.Replace(string(body), `"deletedRecords":[]`,
				`"deletedRecords":[{"id":"`+id+`","deletedDate":"2026-01-02T09:30:00.000+0000"}]`, 1))
		})
	})
	if o := r.Done(nil).Objects[0]; o.Deleted != 0 {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// Records that go with their parent may keep their stamps, and those that come
// back too: no run would read them. The delete log names the ones, a sweep finds
// the others.
func TestQuietCascade(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Account": 5}, func(o *fakeorg.Options) {
		o.QuietCascades, o.QuietUndeletes = true, true
	})
	err := org.AddObject("Visit__c", "a0V",
		fakeorg.Field{Name: "Account__c", Type: "reference", References: []string{"Account"}, Cascade: true})
	if err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, "Account", "Visit__c")
	account := r.IDs("Account")[0]
	for range 3 {
		_, err := org.Create("Visit__c", map[string]any{"Account__c": account})
		r.Must(err)
	}
	r.Flows[0].Sweep, r.Flows[1].Sweep = week, week
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Delete(account)
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[1]; o.Deleted != 3 || o.Mover != "none" {
		t.Errorf("%+v", o)
	}
	visits := r.IDs("Visit__c")
	if got := reasons(r, "Visit__c", visits...); got != "soft,soft,soft" {
		t.Errorf("reasons %q", got)
	}
	r.Later(time.Hour)
	r.Must(org.Undelete(account))
	r.Later(8 * 24 * time.Hour)
	if o := r.Done(nil).Objects[1]; !strings.Contains(strings.Join(o.Notes, " "), "3 records are there again") {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// Who may see records again gets them again.
func TestHiddenRecordsComeBack(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove} {
		r := rig.Small(t, "Contact", 400)
		r.Flows[0].Sweep, r.Flows[0].Deletes = week, policy
		r.Done(nil)
		ids := r.IDs("Contact")
		r.Must(r.Org.HideRecord(ids[:3]...))
		r.Later(8 * 24 * time.Hour)
		if o := r.Done(nil).Objects[0]; o.Deleted != 3 {
			t.Errorf("%+v", o)
		}
		r.Must(r.Org.ShowRecord(ids[:3]...))
		r.Later(8 * 24 * time.Hour)
		r.Done(nil)
		r.Same()
		if got := reasons(r, "Contact", ids[:4]...); got != ",,," {
			t.Errorf("reasons %q", got)
		}
	}
}

// A record is found again by an attempt that was begun before a field came: it
// is read with the fields of its attempt, and the next run fills the new one.
// Found by the soak: the page had a field for which the table had no column, in
// every run that followed.
func TestFoundAfterAFieldCame(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 40)
	r.Flows[0].Sweep = week
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Must(r.Org.HideRecord(ids[:2]...))
	r.Later(8 * 24 * time.Hour)
	r.Done(nil)
	r.Must(r.Org.ShowRecord(ids[:2]...))
	r.Later(8 * 24 * time.Hour)

	stopped(r, replicate.Load)
	r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Later__c", Type: "string", Length: 80}))
	r.Set(ids[0], "Later__c", "here")
	if o := r.Done(nil).Objects[0]; !strings.Contains(strings.Join(o.Notes, " "), "2 records are there again") {
		t.Errorf("notes %q", o.Notes)
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// The losers of a merge say so.
func TestMergeLosers(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	r.Must(r.Org.Merge(ids[0], ids[1], ids[2]))
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	if got := reasons(r, "Contact", ids[0], ids[1], ids[2]); got != ",merged,merged" {
		t.Errorf("reasons %q", got)
	}
	if got := r.Table("Contact")[ids[1]].Values["masterrecordid"]; got != ids[0] {
		t.Errorf("the winner is %q, want %s", got, ids[0])
	}
}

// A delete log that was trimmed says nothing; a sweep does.
func TestTrimmedDeleteLog(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 30}, func(o *fakeorg.Options) { o.DeleteLog = 2 })
	r := rig.New(t, org, "Contact")
	r.Flows[0].Sweep = week
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	for _, id := range ids[:5] {
		r.Must(r.Org.Purge(id))
		r.Later(10 * time.Minute)
	}
	r.Done(nil)
	r.Later(8 * 24 * time.Hour)
	r.Done(nil)
	r.Same()
}

// A sweep and a refresh come at their times, in the zone that they name or in
// the org's own; plan says what they cost.
func TestSweepAtItsTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at     schedule.Cron
		before time.Time // the sweep, by a minute
	}{
		{"TZ=Asia/Tokyo 0 3 * * SUN", time.Date(2026, 1, 3, 17, 59, 0, 0, time.UTC)},
		{"0 3 * * SUN", time.Date(2026, 1, 4, 2, 59, 0, 0, time.UTC)}, // the org's zone is UTC
	} {
		r := rig.Small(t, "Contact", 20) // it is Friday
		r.Keeps("Contact", "LastName", "Title")
		r.Flows[0].Sweep, r.Flows[0].Refresh, r.Flows[0].RefreshFields = schedule.Sweep{At: test.at},
			schedule.Refresh{At: test.at}, []string{"Title"}
		r.Done(nil)
		r.Must(r.Org.HideRecord(r.IDs("Contact")[0]))
		sweeps := func() bool {
			t.Helper()
			var names []string
			f := forecast(r, r.Flows[0])
			for _, e := range f.Extra {
				names = append(names, e.Name)
				if e.Records != 19 || e.Calls == 0 {
					t.Errorf("%+v", e)
				}
			}
			o := r.Done(nil).Objects[0]
			if swept := o.Deleted == 1; swept != (strings.Join(names, " ") == "refresh sweep") {
				t.Errorf("swept: %v, foreseen were %q", swept, names)
			}
			return o.Deleted == 1
		}
		r.Later(test.before.Sub(r.Org.Clock().Now()))
		if sweeps() {
			t.Errorf("%s: a minute too early", test.at)
		}
		r.Later(2 * time.Minute)
		if !sweeps() {
			t.Errorf("%s: not on time", test.at)
		}
		r.Later(6 * 24 * time.Hour)
		if row := r.FlowRow("Contact"); row.SweptAt.Before(test.before) || row.RefreshedAt.Before(test.before) {
			t.Errorf("%+v", row)
		}
		if f := forecast(r, r.Flows[0]); len(f.Extra) > 0 {
			t.Errorf("again before a week is over: %+v", f.Extra)
		}
	}
}
