package replicate_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/value"
)

// picky is a flow of twenty contacts, which are fine but for two.
func picky(t *testing.T) (*rig.Rig, []string) {
	t.Helper()
	r := rig.Small(t, "Contact", 20)
	ids := r.IDs("Contact")
	for _, id := range ids {
		r.Set(id, "Title", "fine")
	}
	r.Set(ids[4], "Title", "bad")
	r.Set(ids[9], "Title", "bad")
	r.Later(time.Hour)
	fl := &r.Flows[0]
	fl.Invalid = flow.Reject
	fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^fine$"}}
	return r, ids
}

// runs does a run, and proves the grade that it, the flow and the mark have.
func runs(r *rig.Rig, grade string, change func(*rig.Process)) control.RunObject {
	r.T.Helper()
	o := r.Done(change).Objects[0]
	p := r.Start(nil)
	defer p.Close()
	mark, _, err := p.Warehouse.Mark(p.Ctx, "Contact")
	r.Must(err)
	if row := r.FlowRow("Contact"); o.Grade != grade || row.Grade != grade || mark.Grade != grade ||
		o.KeptOut != row.Rejected.Records {
		r.T.Errorf("grades %q, %q and %q, want %q; %d kept out", o.Grade, row.Grade, mark.Grade, grade, o.KeptOut)
	}
	return o
}

// marked are the rows that say that a newer version was kept out.
func marked(r *rig.Rig) []string {
	var ids []string
	for id, row := range r.Texts("contact", "id", "_catchment_rejected_at") {
		if row[1] != "" {
			ids = append(ids, id)
		}
	}
	return slices.Sorted(slices.Values(ids))
}

// All others arrive, the grade says how many don't, and a row says that it is old.
func TestProvenExcept(t *testing.T) {
	t.Parallel()
	r, ids := picky(t)
	o := runs(r, "proven except 2", nil)
	notes := strings.Join(o.Notes, "\n")
	if o.Inserted != 18 || !strings.Contains(notes, "2 records were kept out") ||
		!strings.Contains(notes, ids[4]+` (Title: pattern "^fine$")`) || strings.Contains(notes, "bad") {
		t.Errorf("%+v", o)
	}
	r.Later(time.Hour)
	r.Set(ids[4], "Title", "fine") // mended
	r.Set(ids[5], "Title", "bad")  // spoilt
	r.Later(time.Hour)
	runs(r, "proven except 2", nil)
	if got := r.FlowRow("Contact").Rejected; got.Records != 2 || got.Rows != 1 || !slices.Equal(marked(r), ids[5:6]) {
		t.Errorf("%+v, marked %v", got, marked(r))
	}

	res := r.Verified(r.Flows[0], rig.Values)
	if res.Rejected != 1 || res.Stale != 1 || res.Outdated != 1 || !res.Differs() || res.Grade != "proven except 2" ||
		len(res.KeptOut) != 1 || res.KeptOut[0].ID != ids[5] || res.KeptOut[0].Rule != `pattern "^fine$"` {
		t.Errorf("%+v", res)
	}
	if res = r.Verified(r.Flows[0], rig.Repair); res.Remaining() != 1 || res.Repaired != 0 || res.Outdated != 1 {
		t.Errorf("%+v", res)
	}
	if row := r.FlowRow("Contact"); row.Doubts != nil {
		t.Errorf("%+v", row.Doubts)
	}

	r.Later(time.Hour)
	r.Set(ids[5], "Title", "fine")
	r.Later(time.Hour)
	runs(r, "proven except 1", nil)
	if got := marked(r); got != nil {
		t.Errorf("marked %v", got)
	}
	r.Later(time.Hour)
	r.Delete(ids[9])
	r.Later(time.Hour)
	runs(r, "proven", nil)
	if got := r.FlowRow("Contact").Rejected; got != (recall.Rejected{}) {
		t.Errorf("%+v", got)
	}
	if res := r.Verified(r.Flows[0], rig.Values); res.Differs() || res.Rejected != 0 {
		t.Errorf("%+v", res)
	}
}

// What is doubted beside is worth more than what is kept out.
func TestUnprovenBesideRejected(t *testing.T) {
	t.Parallel()
	r, _ := picky(t)
	runs(r, "proven except 2", nil)
	r.Exec("UPDATE salesforce.contact SET systemmodstamp = TIMESTAMPTZ '2020-01-01' WHERE id = " +
		"(SELECT min(id) FROM salesforce.contact)")
	if res := r.Verified(r.Flows[0], nil); res.Stale != 1 || res.Outdated != 0 || res.Grade != recall.Unproven {
		t.Errorf("%+v", res)
	}
	if res := r.Verified(r.Flows[0], rig.Repair); res.Remaining() != 0 || res.Grade != "proven except 2" {
		t.Errorf("%+v", res)
	}
}

// again is what a run has cost beyond one of a flow of which nothing is kept out.
func again(r *rig.Rig, change func(*rig.Process)) map[string]int {
	r.T.Helper()
	return r.Calls(func() { r.Done(change) })
}

// What is kept out is read again once a week, and when another version of Catchment or
// another column may take it; on all other nights it costs no call.
func TestReadAgain(t *testing.T) {
	t.Parallel()
	clean := rig.Small(t, "Contact", 20)
	clean.Done(nil)
	r, ids := picky(t)
	sweepless := func(r *rig.Rig) { r.Flows[0].Sweep.Every = 0 }
	sweepless(clean)
	sweepless(r)
	// its value comes wrong once, and right ever after under the same stamp
	r.Set(ids[4], "Title", "fine")
	r.Set(ids[2], "Title", "odd one")
	r.Later(time.Hour)
	r.Flows[0].Mover = flow.Bulk
	r.Flows[0].Checks[0].Pattern = "^(fine|odd one)$"
	r.SpoilPages("odd one", "odd 1")
	runs(r, "proven except 2", nil)
	r.Between(nil)

	quiet := func() {
		t.Helper()
		r.Later(24 * time.Hour)
		clean.Later(24 * time.Hour)
		got, want := again(r, nil), again(clean, nil)
		if !maps.Equal(got, want) {
			t.Errorf("a quiet run took %v, and %v where nothing is kept out", got, want)
		}
	}
	quiet()
	quiet()
	if got := r.FlowRow("Contact"); got.Grade != "proven except 2" {
		t.Errorf("%q", got.Grade)
	}
	r.Later(5 * 24 * time.Hour)
	calls := r.Calls(func() { runs(r, "proven except 1", nil) })
	if calls["collection"] != 1 {
		t.Errorf("read again by %v", calls)
	}
	if got := r.Texts("contact", "id", "title"); len(got) != 19 || got[ids[2]][1] != "odd one" {
		t.Errorf("%d rows, %q", len(got), got[ids[2]])
	}
	clean.Later(5 * 24 * time.Hour)
	clean.Done(nil)
	quiet()

	newer := func(p *rig.Process) { p.Options.Version = "2" }
	r.Later(24 * time.Hour)
	if o := r.Done(newer).Objects[0]; o.Rejected != 1 || o.Grade != "proven except 1" {
		t.Errorf("%+v", o)
	}
	r.Later(24 * time.Hour)
	if o := r.Done(newer).Objects[0]; o.Rejected != 0 || o.Grade != "proven except 1" {
		t.Errorf("%+v", o)
	}
	r.Later(24 * time.Hour)
	r.Hide("MailingStreet") // a column less
	if o := r.Done(newer).Objects[0]; o.Rejected != 1 || o.Grade != "proven except 1" {
		t.Errorf("%+v", o)
	}
	r.Between(nil)
	r.Later(24 * time.Hour)
	if o := r.Done(func(p *rig.Process) { newer(p); p.Options.Full = true }).Objects[0]; o.Rejected != 1 {
		t.Errorf("%+v", o)
	}
}

// A record that was read again, and a column that is filled right after that, within the
// same second of the org: what was read later is newer, whatever the two clocks say.
func TestFilledWithinTheSecond(t *testing.T) {
	t.Parallel()
	r, ids := picky(t)
	for _, id := range ids {
		r.Set(id, "MailingCity", "Open")
	}
	r.Later(time.Hour)
	r.Hide("MailingCity")
	runs(r, "proven except 2", nil)
	r.Later(8 * 24 * time.Hour)
	r.Must(r.Org.Drift(ids[4], "Title", "fine"))
	runs(r, "proven except 1", nil) // it is due
	r.Between(nil)
	runs(r, "proven except 1", nil)
	rows := r.Texts("contact", "id", "mailingcity")
	if len(rows) != 19 {
		t.Errorf("%d rows", len(rows))
	}
	for id, row := range rows {
		if row[1] != "Open" {
			t.Errorf("%s isn't filled: %q", id, row[1])
		}
	}
}

// An object that can't be read by Ids goes on without: what is kept out is told, and tried
// again a week later.
func TestReadAgainIsRefused(t *testing.T) {
	t.Parallel()
	r, ids := picky(t)
	runs(r, "proven except 2", nil)
	r.Later(8 * 24 * time.Hour)
	r.Set(ids[1], "MailingCity", "Open")
	r.Later(time.Hour)
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Path, "/composite/sobjects/") {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Date", r.Org.Clock().Now().UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`[{"errorCode":"INVALID_TYPE_FOR_OPERATION","message":"Contact isn't supported"}]`))
			return
		}
		next.ServeHTTP(w, req)
	})
	o := runs(r, "proven except 2", nil)
	if o.Updated != 1 || !strings.Contains(strings.Join(o.Notes, "\n"), "can't be read again by its Ids") {
		t.Errorf("%+v", o)
	}
	r.Later(24 * time.Hour)
	if o := runs(r, "proven except 2", nil); len(o.Notes) > 0 {
		t.Errorf("the night after: %q", o.Notes)
	}
	r.Between(nil)
	r.Later(7 * 24 * time.Hour)
	if o := runs(r, "proven except 2", nil); o.Rejected != 2 {
		t.Errorf("a week later: %+v", o)
	}
}

// What is read again and isn't there any more, or meets the flow's filter no more, is
// kept out no more.
func TestReadAgainIsGone(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"", "MailingCity != 'Secret'"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			r, ids := picky(t)
			for _, id := range ids {
				r.Set(id, "MailingCity", "Open")
			}
			r.Later(time.Hour)
			r.Flows[0].Where, r.Flows[0].Sweep.Every = where, 0
			runs(r, "proven except 2", nil)
			r.Later(time.Hour)
			if where == "" {
				r.Must(r.Org.Purge(ids[4]))
			} else {
				r.Set(ids[4], "MailingCity", "Secret")
			}
			r.Later(8 * 24 * time.Hour)
			runs(r, "proven except 1", nil)
			if got := r.Texts("contact", "id", "title"); len(got) != 18 {
				t.Errorf("%d rows", len(got))
			}
		})
	}
}

// With rejects: fail nothing is copied beside a record that can't be, until it is mended.
func TestRejectsFail(t *testing.T) {
	t.Parallel()
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			t.Parallel()
			r, ids := picky(t)
			r.Flows[0].Rejects, r.Flows[0].Mover = flow.Refuse, mover
			row := r.Run(nil)
			o := row.Objects[0]
			if row.State != control.Failed || !strings.Contains(o.Error, "2 records can't be copied") ||
				!strings.Contains(o.Error, ids[4]+` (Title: pattern "^fine$"), `+ids[9]) ||
				strings.Contains(o.Error, "bad") || !strings.Contains(o.Hint, "rejects: keep") {
				t.Errorf("%+v", o)
			}
			r.Later(time.Hour)
			r.Set(ids[4], "Title", "fine")
			r.Set(ids[9], "Title", "fine")
			r.Later(time.Hour)
			runs(r, "proven", nil) // by another job
			r.Later(time.Hour)
			r.Set(ids[3], "Title", "bad")
			r.Set(ids[2], "Title", "fine")
			r.Later(time.Hour)
			before := r.FlowRow("Contact").Watermark
			r.Run(nil)
			got := r.FlowRow("Contact")
			if !got.Watermark.Equal(before) || got.Rejected.Records != 0 || marked(r) != nil {
				t.Errorf("%+v", got)
			}
			r.Flows[0].Rejects = ""
			runs(r, "proven except 1", nil)
			if got := marked(r); !slices.Equal(got, ids[3:4]) {
				t.Errorf("marked %v", got)
			}
		})
	}
}

// A table of a version that knew of no marks gets the column, and goes on.
func TestOlderTableIsMarked(t *testing.T) {
	t.Parallel()
	r, ids := picky(t)
	runs(r, "proven except 2", nil)
	r.Exec("CREATE TABLE salesforce.old AS SELECT * EXCLUDE (_catchment_rejected_at) FROM salesforce.contact")
	r.Exec("DROP TABLE salesforce.contact")
	r.Exec("ALTER TABLE salesforce.old RENAME TO contact")
	r.Later(time.Hour)
	r.Set(ids[5], "Title", "bad")
	r.Later(time.Hour)
	runs(r, "proven except 3", nil)
	if got := marked(r); !slices.Equal(got, ids[5:6]) {
		t.Errorf("marked %v", got)
	}
}

// A plan says what a run reads again, and only where it does.
func TestReadAgainIsForeseen(t *testing.T) {
	t.Parallel()
	r, _ := picky(t)
	r.Flows[0].Sweep.Every = 0
	runs(r, "proven except 2", nil)
	extras := func() (names []string) {
		p := r.Start(nil)
		defer p.Close()
		f, err := p.Replicator().Forecast(p.Ctx, r.Flows[0])
		r.Must(err)
		for _, e := range f.Extra {
			if names = append(names, e.Name); e.Records != 2 || e.Calls == 0 || e.Jobs != 0 {
				t.Errorf("%+v", e)
			}
		}
		return names
	}
	r.Later(24 * time.Hour)
	if got := extras(); got != nil {
		t.Errorf("tonight: %v", got)
	}
	r.Later(6 * 24 * time.Hour)
	if got := extras(); !slices.Equal(got, []string{"again"}) {
		t.Errorf("after a week: %v", got)
	}
}

// A repair that brings what was kept out says so in the grade: rows that another version
// of the rules would take are there.
func TestRepairBringsWhatWasKeptOut(t *testing.T) {
	t.Parallel()
	r, ids := picky(t)
	r.Flows[0].Mover = flow.Bulk
	r.Set(ids[9], "Title", "fine")
	r.Set(ids[4], "Title", "fine")
	r.Set(ids[2], "Title", "fine, odd")
	r.Later(time.Hour)
	r.Flows[0].Checks[0].Pattern = "^fine(, odd)?$"
	r.SpoilPages("fine, odd", "fine, bad")
	runs(r, "proven except 1", nil)
	r.Between(nil)
	r.Exec("DELETE FROM salesforce_incremental._catchment_rejected")
	r.Exec("INSERT INTO salesforce_incremental._catchment_rejected BY NAME SELECT 'Contact' AS flow, '" + ids[2] +
		"' AS record_key, 'Title' AS field, 'pattern' AS rule, 'old' AS _catchment_attempt, " +
		"TIMESTAMPTZ '2020-01-01' AS stamp, TIMESTAMPTZ '2020-01-01' AS _catchment_read_at")
	res := r.Verified(r.Flows[0], rig.Repair) // of a version that the org has no more
	if res.Missing != 1 || res.Repaired != 1 || res.Remaining() != 0 || res.Grade != "proven" {
		t.Errorf("%+v", res)
	}
	if got := r.FlowRow("Contact"); got.Grade != "proven" || got.Rejected != (recall.Rejected{}) {
		t.Errorf("%+v", got)
	}
}

// A run that reads again may die at any moment as well.
func TestCrashWhileReadingAgain(t *testing.T) {
	t.Parallel()
	template, ids := picky(t)
	runs(template, "proven except 2", nil)
	template.Later(8 * 24 * time.Hour)
	template.Must(template.Org.Purge(ids[4]))
	moments := countMoments(t, template, func(*rig.Process) {})
	for _, n := range deathsAmong(t, moments, 8) {
		r := template.Fork(t)
		dies(r, n, func(*rig.Process) {})
		r.Later(time.Second) // the forks share an org, whose clock only goes on
		r.Done(nil)
		p := r.Start(nil)
		kept := p.Query("SELECT CAST(record_key AS VARCHAR) FROM salesforce_incremental._catchment_rejected")
		if row := r.FlowRow("Contact"); len(kept) != 1 || *kept[0][0] != ids[9] || row.Grade != "proven except 1" {
			t.Fatalf("died at moment %d of %d: %d are kept out, %q", n, moments, len(kept), row.Grade)
		}
		p.Close()
	}
}
