package replicate_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
)

// ids lists the records of an object that the org has, in order.
func (r *rig) ids(object string) []string {
	return slices.Sorted(maps.Keys(r.truth(object, "")))
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) delete(ids ...string) {
	r.t.Helper()
	for _, id := range ids {
		r.must(r.org.Delete(id))
	}
}

// table reads one table in a process of its own.
func (r *rig) table(object string) map[string]row {
	p := r.start(nil)
	defer p.close()
	return p.rows(object)
}

func TestDeletes(t *testing.T) {
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			r := small(t, "Contact", 20)
			r.flows[0].Deletes = policy
			ids := r.ids("Contact")
			r.delete(ids[:2]...) // before the first run
			r.later(time.Hour)
			r.done(nil)
			r.same()
			r.later(time.Hour)
			r.delete(ids[2:5]...)
			r.later(time.Hour)
			next := r.done(nil)
			r.same()
			rows := r.table("Contact")
			want := map[flow.Deletes][3]int{flow.Flag: {20, 5, 3}, flow.Remove: {15, 0, 3}, flow.Ignore: {18, 0, 0}}[policy]
			flagged := 0
			for _, got := range rows {
				if got.reason == "soft" {
					flagged++
				}
			}
			if got := [3]int{len(rows), flagged, int(next.Objects[0].Deleted)}; got != want {
				t.Errorf("rows, flagged, deleted: %v, want %v", got, want)
			}
			r.later(time.Hour)
			r.must(r.org.Undelete(ids[0], ids[3]))
			r.later(time.Hour)
			r.done(nil)
			r.same()
			if rows := r.table("Contact"); rows[ids[3]].values["id"] == "" || rows[ids[3]].reason != "" {
				t.Errorf("an undeleted record didn't come back: %+v", rows[ids[3]])
			}
		})
	}
}

func TestMassDeleteStops(t *testing.T) {
	r := small(t, "Contact", 300)
	r.done(nil)
	r.later(time.Hour)
	r.delete(r.ids("Contact")[:120]...)
	r.later(time.Hour)
	for range 2 { // it stops as often as it is tried
		row := r.run(nil)
		o := row.Objects[0]
		if row.State != control.Failed || !strings.Contains(o.Error, "120 of 300") || !strings.Contains(o.Hint, "--allow-deletes") {
			t.Fatalf("%s %+v", row.State, o)
		}
		for id, got := range r.table("Contact") {
			if got.reason != "" {
				t.Fatalf("%s was deleted all the same", id)
			}
		}
	}
	if o := r.done(allowDeletes).Objects[0]; o.Deleted != 120 {
		t.Errorf("%+v", o)
	}
	r.same()
}

// Records that nobody saw in the recycle bin are deleted by what the delete log
// says, where it goes back far enough; else verify tells of them, and a reading
// of everything finds them.
func TestPurgeBehindTheLog(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.later(time.Hour)
	ids := r.ids("Contact")
	r.delete(ids[0])
	r.must(r.org.Purge(ids[0], ids[1]))
	r.later(20 * 24 * time.Hour)
	r.done(nil)
	diff, err := r.compare(r.flows[0])
	if err != nil || diff.Extra != 2 || !slices.Equal(diff.ExtraIDs, ids[:2]) || !diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
	r.later(time.Hour)
	if o := r.done(full).Objects[0]; o.Deleted != 2 || o.Mover != "bulk" {
		t.Errorf("%+v", o)
	}
	r.same()
	if rows := r.table("Contact"); rows[ids[0]].reason != "purged" || rows[ids[1]].reason != "purged" {
		t.Errorf("%+v", rows[ids[0]])
	}
	if diff, err := r.compare(r.flows[0]); err != nil || diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
}

// Rows that somebody deleted in the warehouse are missed, told, and come back.
func TestFullWhileRowsAreMissing(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.later(time.Hour)
	id := r.ids("Contact")[4]
	r.exec("DELETE FROM salesforce.contact WHERE id = '" + id + "'")
	row := r.done(nil)
	if notes := strings.Join(row.Objects[0].Notes, " "); !strings.Contains(notes, "catchment verify Contact") {
		t.Errorf("notes %q", notes)
	}
	diff, err := r.compare(r.flows[0])
	if err != nil || diff.Missing != 1 || !slices.Equal(diff.MissingIDs, []string{id}) {
		t.Errorf("%+v, %v", diff, err)
	}
	r.later(time.Hour)
	if o := r.done(full).Objects[0]; o.Inserted != 1 {
		t.Errorf("%+v", o)
	}
	r.same()
}
