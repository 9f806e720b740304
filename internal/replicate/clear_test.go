package replicate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/schedule"
	"catchment/internal/schema"
	"catchment/internal/value"
	"catchment/internal/verify"
)

// A watchedStore looks at everything that is ever stored: a page that is deleted
// again was on a disk too.
type watchedStore struct {
	blob.Store
	mu    *sync.Mutex
	clear map[string]bool // keys of blobs that held the text
	text  string
}

func (s watchedStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return s.Store.Put(ctx, key, io.MultiReader(bytes.NewReader(data), failing{err}))
	}
	text := data
	if strings.HasSuffix(key, ".gz") {
		if text, err = io.ReadAll(page.Unpack(bytes.NewReader(data))); err != nil {
			return blob.Info{}, err
		}
	}
	if bytes.Contains(text, []byte(s.text)) {
		s.mu.Lock()
		s.clear[key] = true
		s.mu.Unlock()
	}
	return s.Store.Put(ctx, key, bytes.NewReader(data))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// starred makes the flow of an object out of one of "*", whose masks may name
// fields that the object doesn't have, or not yet.
func starred(r *rig.Rig, object string, change func(*flow.Flow)) {
	r.T.Helper()
	star := r.Flows[0]
	star.Object = flow.Star
	flows, err := flow.Resolve(&flow.File{Flows: []flow.Flow{star}},
		[]schema.Object{{Name: object, Queryable: true, Retrieveable: true}})
	r.Must(err)
	if len(flows) != 1 {
		r.T.Fatalf("%d flows", len(flows))
	}
	r.Flows = flows
	change(&r.Flows[0])
}

// guarded is an org whose Contacts hold a clear text in fields that the flow
// masks, cuts or drops, also in one of its formulas, and the rig that copies it.
func guarded(t *testing.T, wide bool) (*rig.Rig, []string) {
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 3, "Contact": 20}, func(o *fakeorg.Options) {
		if wide {
			o.NotInBulk = []string{"Contact"}
		}
	}), "Contact")
	ids := r.IDs("Contact")
	if wide {
		for n := range 400 {
			r.Must(r.Org.AddField("Contact",
				fakeorg.Field{Name: fmt.Sprintf("A_field_with_a_name_that_is_long_%03d__c", n),
					Type: "string", Length: 80}))
		}
	}
	contacts := r.Flows
	r.Flows = []flow.Flow{{Object: "Account"}}
	for _, account := range r.IDs("Account") {
		r.Set(account, "Name", "clear account")
	}
	r.Flows = contacts
	r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Account_Name__c", Type: "string", Length: 255,
		Formula: "Account.Name"}))
	r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Later__c", Type: "string", Length: 80}))
	for i, id := range ids {
		r.Set(id, "Email", fmt.Sprintf("clear%d@acme.example", i))
		r.Set(id, "Phone", "clear 030")
		r.Set(id, "Title", "cut clear")
		r.Set(id, "Later__c", "clear later")
	}
	r.Must(r.Org.HideField("Contact", "Later__c"))
	r.Later(time.Hour)
	starred(r, "Contact", func(fl *flow.Flow) {
		fl.Salt, fl.Invalid, fl.Sweep = "env:SALT", flow.Reject, week
		fl.Refresh, fl.RefreshFields = schedule.Refresh{Every: 24 * time.Hour}, []string{"Phone"}
		fl.Changes = []value.Change{{Field: "Email", Mask: value.SHA256},
			{Field: "Phone", Mask: value.Fixed, Text: "***"},
			{Field: "Title", Truncate: 3}, {Field: "Account_Name__c", Mask: value.First, N: 6},
			{Field: "Later__c", Mask: value.SHA256}}
		fl.Drop = []string{"Fax"}
		fl.Checks = []value.Check{{Field: "LastName", Rule: value.Pattern, Pattern: "^[^!]"}}
	})
	return r, ids
}

// No clear text gets anywhere, whatever brings it: a first reading in one piece
// or in groups of columns, changes, a refresh, the backfill of a new field, what a
// sweep finds, rejected records, a repair, or a rebuild.
func TestNoClearTextAnywhere(t *testing.T) {
	t.Parallel()
	for _, wide := range []bool{false, true} {
		t.Run(fmt.Sprintf("wide %v", wide), func(t *testing.T) {
			r, ids := guarded(t, wide)
			var mu sync.Mutex
			stored := map[string]bool{}
			r.Begun = func(p *rig.Process) {
				p.Stage = watchedStore{p.Stage, &mu, stored, "clear"}
				p.Options.Keep = 1000 * time.Hour
			}
			r.Set(ids[0], "LastName", "! rejected")
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Rejected == 0 {
				t.Errorf("%+v", o)
			}
			r.Later(time.Hour)
			r.Set(ids[1], "Email", "clear again")
			r.Set(ids[2], "LastName", "! rejected")
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Rejected != 1 {
				t.Errorf("%+v", o)
			}
			r.Must(r.Org.ShowField("Contact", "Later__c"))
			r.Must(r.Org.Drift(ids[3], "Phone", "clear drift"))
			r.Must(r.Org.HideRecord(ids[4]))
			r.Later(8 * 24 * time.Hour)
			row := r.Done(rig.AllowDeletes)
			if notes := strings.Join(row.Objects[0].Notes, " "); !strings.Contains(notes, "later__c is new") {
				t.Errorf("notes %q", notes)
			}
			r.Must(r.Org.ShowRecord(ids[4]))
			r.Later(8 * 24 * time.Hour)
			if notes := strings.Join(r.Done(nil).Objects[0].Notes, " "); !strings.Contains(notes,
				"1 record is there again") || !strings.Contains(notes, "refresh: ") {
				t.Errorf("notes %q", notes)
			}
			repaired(r, ids, wide)
			got := r.Texts("contact", "id", "email", "phone", "title", "account_name__c", "later__c")
			for _, id := range ids[1:] { // the third stays as it was, and gets no new field
				row := got[id]
				if len(row) == 0 || len(row[1]) != 64 || row[2] != "***" || row[3] != "cut" ||
					row[4] != "" && row[4] != "******account" || len(row[5]) != 64 && id != ids[2] {
					t.Errorf("%s: %q", id, row)
				}
			}
			r.Later(time.Hour)
			r.Done(rig.Full)
			nowhere(r, "clear", "pepper")
			if len(stored) > 0 {
				t.Errorf("stored on the way: %v", stored)
			}
		})
	}
}

// repaired damages rows, also of a record that is rejected, and mends them. Where
// the object is too wide for a query of all its values, only stamps are compared.
func repaired(r *rig.Rig, ids []string, wide bool) {
	r.T.Helper()
	fl, method, wrong := r.Flows[0], verify.Values, int64(1)
	if wide {
		method, wrong = verify.Stamps, 0
		p := r.Start(nil)
		v := p.Verifier()
		rig.Values(&v.Options)
		if _, err := v.Flow(p.Ctx, fl); plan.ClassOf(err) != plan.Fix ||
			!strings.Contains(plan.HintOf(err), "without --digest") {
			r.T.Errorf("a digest of too many fields: %v", err)
		}
		p.Close()
	}
	look := func(o *verify.Options) { o.Method = method }
	found := r.Verified(fl, look)
	// 2 has the row of an older version, which no repair changes
	if found.Remaining() != 1 || !slices.Equal(found.RejectedIDs, ids[:1]) ||
		!slices.Equal(found.OutdatedIDs, ids[2:3]) {
		r.T.Errorf("before: %+v", found.Difference)
	}
	for _, field := range []string{"Email", "Phone", "Title", "Account_Name__c", "Later__c"} {
		if !wide && !slices.ContainsFunc(found.LeftOut,
			func(l verify.LeftOut) bool { return l.Field == field && strings.Contains(l.Reason, "the flow changes") }) {
			r.T.Errorf("%s was compared", field)
		}
	}
	r.Exec("DELETE FROM salesforce.contact WHERE id IN ('" + ids[5] + "')")
	r.Exec("UPDATE salesforce.contact SET systemmodstamp = systemmodstamp - INTERVAL 1 SECOND WHERE id = '" +
		ids[6] + "'")
	r.Exec("UPDATE salesforce.contact SET firstname = 'Wrong' WHERE id = '" + ids[7] + "'")
	r.Exec("DELETE FROM salesforce_incremental._catchment_rejected WHERE record_key = '" + ids[0] + "'")
	if found := r.Verified(fl, look); found.Missing != 2 || found.Stale != 2 || found.Wrong != wrong ||
		found.Outdated != 1 || found.Rejected != 0 {
		r.T.Errorf("damaged: %+v", found.Difference)
	}
	if mended := r.Verified(fl, func(o *verify.Options) { o.Method, o.Repair = method, true }); mended.Repaired != 3+
		wrong || mended.Remaining() != 1 {
		r.T.Errorf("repaired %d, remaining %d", mended.Repaired, mended.Remaining())
	}
	if after := r.Verified(fl, look); after.Remaining() != 1 || after.Outdated != 1 || after.Rejected != 1 {
		r.T.Errorf("after: %+v", after.Difference)
	}
	if quick := r.Verified(fl, rig.Sample); quick.Differs() || quick.Rejected == 0 {
		r.T.Errorf("a sample: %+v", quick.Difference)
	}
}

// A rejected record leaves no trace either once it is erased.
func TestEraseRejected(t *testing.T) {
	t.Parallel()
	r, ids := guarded(t, false)
	r.Begun = rig.Keep
	r.Set(ids[0], "LastName", "! rejected")
	r.Later(time.Hour)
	r.Done(nil)
	r.Must(r.Org.Purge(ids[0]))
	r.Later(time.Hour)
	if len(r.Traces(ids[0])) == 0 {
		t.Fatal("there was nothing to erase")
	}
	if _, err := r.Erase(nil, ids[0]); err != nil {
		t.Fatal(err)
	}
	if traces := r.Traces(ids[0]); len(traces) > 0 {
		t.Errorf("traces in %q", traces)
	}
	r.Later(time.Hour)
	if row := r.Run(nil); row.State != control.Done {
		t.Errorf("%+v", row)
	}
}

// A row of a record whose newest version is rejected stays as it was: no group of
// columns, backfill or sweep changes it, and no sweep reads it again and again.
func TestRejectedStaysAsItWas(t *testing.T) {
	t.Parallel()
	r, ids := guarded(t, true)
	r.Done(nil)
	before := r.Texts("contact", "id", "firstname", "lastname", "systemmodstamp")
	r.Later(time.Hour)
	r.Set(ids[0], "LastName", "! rejected")
	r.Set(ids[0], "FirstName", "New")
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Rejected != 1 {
		t.Errorf("%+v", o)
	}
	for range 2 {
		r.Later(8 * 24 * time.Hour)
		if notes := strings.Join(r.Done(nil).Objects[0].Notes, " "); strings.Contains(notes, "there again") {
			t.Errorf("notes %q", notes)
		}
	}
	r.Later(time.Hour)
	r.Done(rig.Full)
	if after := r.Texts("contact", "id", "firstname", "lastname", "systemmodstamp"); !slices.Equal(after[ids[0]],
		before[ids[0]]) {
		t.Errorf("%q, was %q", after[ids[0]], before[ids[0]])
	}
}
