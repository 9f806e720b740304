package replicate_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/schedule"
	"catchment/internal/value"
	"catchment/internal/verify"
	"catchment/internal/warehouse/archived"
)

// An archived third is a table of which a third is out of Salesforce, and that is looked at after everything that
// may happen to it.
type archivedThird struct {
	*rig.Rig
	gone []string            // the Ids of that third
	was  map[string][]string // their rows, as they were archived
	live []string            // the others
}

// thirdColumns are those that an archived row is held to.
var thirdColumns = []string{"id", "lastname", "title", "isdeleted", "_catchment_delete_reason", "_catchment_deleted_at"}

// newThird archives a third of 330 contacts: more than a run would delete without being told.
func newThird(t *testing.T, kind string, policy flow.Deletes) *archivedThird {
	org := rig.NewOrg(t, map[string]int{"Contact": 330}, func(o *fakeorg.Options) { o.PageRecords = 100 })
	r := rig.New(t, org, "Contact")
	r.Shelf = shelfOf(t, kind)
	r.Keeps("Contact", "LastName", "Title", "Email")
	r.Flows[0].Deletes, r.Flows[0].Sweep = policy, week
	r.Flows[0].Refresh, r.Flows[0].RefreshFields = schedule.Refresh{Every: 24 * time.Hour}, []string{"Title"}
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	third := &archivedThird{Rig: r, gone: ids[:110], live: ids[110:]}
	r.Delete(third.gone...)
	r.Later(time.Minute)
	rig.Archived(r, r.Flows[0], archived.Deleted, third.gone, nil)
	third.was = third.rows()
	if got := third.was[ids[0]]; len(third.was) != 110 || got[3] != "true" || got[4] != "archived" || got[1] == "" {
		t.Fatalf("%d rows, %q", len(third.was), got)
	}
	return third
}

// rows are those of the archived third.
func (r *archivedThird) rows() map[string][]string {
	all := r.Texts("contact", thirdColumns...)
	maps.DeleteFunc(all, func(id string, _ []string) bool { return !slices.Contains(r.gone, id) })
	return all
}

// stays holds the archived rows to what they were, and all others to the org.
func (r *archivedThird) stays(what string) {
	r.T.Helper()
	if now := r.rows(); !maps.EqualFunc(now, r.was, slices.Equal) {
		lost := 0
		for id, was := range r.was {
			if now[id] == nil {
				lost++
			} else if !slices.Equal(now[id], was) {
				r.T.Errorf("%s: %q was %q", what, now[id], was)
				break
			}
		}
		r.T.Fatalf("%s: %d of %d archived rows are lost", what, lost, len(r.was))
	}
}

// done is a run that has to end well, without --allow-deletes, and that deletes nothing.
func (r *archivedThird) done(what string, change func(*rig.Process)) control.RunObject {
	r.T.Helper()
	o := r.Done(change).Objects[0]
	if o.Deleted != 0 {
		r.T.Errorf("%s: %d rows were deleted", what, o.Deleted)
	}
	r.stays(what)
	return o
}

// agrees compares the flow with the org in a way that has to find nothing.
func (r *archivedThird) agrees(what string, how func(*verify.Options)) {
	r.T.Helper()
	got := r.Verified(r.Flows[0], how)
	d := got.Difference
	certified := verify.Certify([]verify.Result{got}, "org", "version", r.Now()).Objects[0]
	if d.Missing+d.Extra+d.Stale+d.Wrong+d.Duplicates+got.Repaired+got.Remaining() > 0 ||
		d.Source != int64(len(r.live)) || d.Warehouse != d.Source {
		r.T.Errorf("%s: %+v", what, got)
	}
	if got.Method != verify.Counts && (d.Archived != int64(len(r.gone)) || certified.Archived != d.Archived) {
		r.T.Errorf("%s: %d archived rows, %d are certified", what, d.Archived, certified.Archived)
	}
	r.stays(what)
}

// everything that reads the org, or merges: no archived row is lost, counted as deleted, or as a difference.
func (r *archivedThird) everything(when string) {
	r.T.Helper()
	r.Later(time.Hour)
	r.done(when+": run", nil)
	r.agrees(when+": verify", nil)
	r.agrees(when+": verify --digest", rig.Values)
	r.agrees(when+": verify --repair", rig.Repair)
	r.agrees(when+": verify by counts", rig.Sample)
	r.Later(time.Hour)
	r.done(when+": run --full", rig.Full)
	r.agrees(when+": verify after --full", rig.Values)
	r.Later(8 * 24 * time.Hour)
	r.done(when+": a sweep and a refresh are due", nil)
	r.agrees(when+": verify after a sweep", rig.Values)
}

// A third of a table is archived, purged later, and nothing that Catchment does loses a row of it, or takes it for a
// loss.
func TestArchivedThirdStays(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"duckdb", "postgres"} {
		for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
			t.Run(kind+"/"+string(policy), func(t *testing.T) {
				t.Parallel()
				r := newThird(t, kind, policy)
				r.everything("in the recycle bin")
				r.Must(r.Org.Purge(r.gone...))
				r.everything("purged")
				r.Later(20 * 24 * time.Hour)
				r.everything("past the delete log")

				// a mask reaches what left Salesforce before it was asked for; a new field leaves it as it is
				r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Level__c", Type: "string", Length: 80}))
				r.Keeps("Contact", "LastName", "Title", "Email", "Level__c")
				r.Flows[0].Changes = []value.Change{{Field: "Email", Mask: value.SHA256}}
				r.Flows[0].Salt = "env:SALT"
				r.Later(time.Hour)
				r.done("a new field and a mask", nil)
				for id, got := range r.Texts("contact", "id", "email") {
					if slices.Contains(r.gone, id) && got[1] != "" {
						t.Fatalf("%s still has its address", id)
					}
				}
				r.agrees("after the mask", rig.Values)
			})
		}
	}
}

// Who undeletes an archived record has it live again, and the ledger says so.
func TestArchivedComesBack(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			r := newThird(t, "duckdb", policy)
			back := r.gone[0]
			r.Must(r.Org.Undelete(back))
			r.gone, r.live = r.gone[1:], append(r.live, back)
			delete(r.was, back)
			r.everything("one is back")
			p := r.Start(nil)
			defer p.Close()
			ledger, _ := archived.Of(p.Warehouse)
			got, err := ledger.Tally(p.Ctx, rig.OldPlan)
			want := []archived.Count{{Object: "Contact", State: archived.Deleted, Records: 110, Back: 1}}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// An archive that died between the delete and its settlement loses nothing to the runs before somebody goes on
// with it.
func TestPostedIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			org := rig.NewOrg(t, map[string]int{"Contact": 330}, func(o *fakeorg.Options) { o.PageRecords = 100 })
			r := rig.New(t, org, "Contact")
			r.Keeps("Contact", "LastName", "Title")
			r.Flows[0].Deletes, r.Flows[0].Sweep = policy, week
			r.Done(nil)
			r.Later(time.Hour)
			ids := r.IDs("Contact")[:110]
			rig.Archived(r, r.Flows[0], archived.Posted, ids, nil)
			r.Delete(ids...)
			for _, later := range []time.Duration{time.Hour, 8 * 24 * time.Hour} { // a run, and a sweep
				r.Later(later)
				if o := r.Done(nil).Objects[0]; o.Deleted != 0 {
					t.Errorf("%d rows were deleted", o.Deleted)
				}
			}
			r.Done(rig.Full)
			rig.Archived(r, r.Flows[0], archived.Deleted, ids, nil)
			rows := r.Texts("contact", "id", "lastname", "_catchment_delete_reason")
			for _, id := range ids {
				if got := rows[id]; len(got) != 3 || got[1] == "" || got[2] != "archived" {
					t.Fatalf("%s: %q", id, got)
				}
			}
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Deleted != 0 {
				t.Errorf("%d rows were deleted", o.Deleted)
			}
		})
	}
}

// An object that is read in groups of columns has no group of an archived record written over its row, although
// the record was changed on its way in and out of the recycle bin.
func TestArchivedInGroupsOfColumns(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) {
		o.NotInBulk = []string{"Contact"}
	}), "Contact")
	id := r.IDs("Contact")[3]
	const field = "A_field_with_a_name_that_is_long_%03d__c"
	for n := range 400 {
		r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: fmt.Sprintf(field, n), Type: "string", Length: 80}))
	}
	r.Flows[0].Deletes = flow.Remove
	first, last := fmt.Sprintf(field, 0), fmt.Sprintf(field, 399)
	r.Set(id, first, "as it was")
	r.Set(id, last, "as it was")
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; !strings.Contains(strings.Join(o.Notes, " "), "groups of columns") {
		t.Fatalf("%+v", o)
	}
	r.Later(time.Hour)
	r.Delete(id)
	r.Later(time.Minute)
	rig.Archived(r, r.Flows[0], archived.Deleted, []string{id}, nil)
	r.Must(r.Org.Undelete(id))
	r.Set(id, first, "changed")
	r.Set(id, last, "changed")
	r.Delete(id)
	for _, change := range []func(*rig.Process){nil, rig.Full} {
		r.Later(time.Hour)
		r.Done(change)
		got := r.Texts("contact", "id", strings.ToLower(first), strings.ToLower(last), "_catchment_delete_reason")[id]
		if want := []string{id, "as it was", "as it was", "archived"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
