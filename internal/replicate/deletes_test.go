package replicate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

func TestDeletes(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Flows[0].Deletes = policy
			ids := r.IDs("Contact")
			r.Delete(ids[:2]...) // before the first run
			r.Later(time.Hour)
			r.Done(nil)
			r.Same()
			r.Later(time.Hour)
			r.Delete(ids[2:5]...)
			r.Later(time.Hour)
			next := r.Done(nil)
			r.Same()
			rows := r.Table("Contact")
			want := map[flow.Deletes][3]int{flow.Flag: {20, 5, 3}, flow.Remove: {15, 0, 3},
				flow.Ignore: {18, 0, 0}}[policy]
			flagged := 0
			for _, got := range rows {
				if got.Reason == "soft" {
					flagged++
				}
			}
			if got := [3]int{len(rows), flagged, int(next.Objects[0].Deleted)}; got != want {
				t.Errorf("rows, flagged, deleted: %v, want %v", got, want)
			}
			r.Later(time.Hour)
			r.Must(r.Org.Undelete(ids[0], ids[3]))
			r.Later(time.Hour)
			r.Done(nil)
			r.Same()
			if rows := r.Table("Contact"); rows[ids[3]].Values["id"] == "" || rows[ids[3]].Reason != "" {
				t.Errorf("an undeleted record didn't come back: %+v", rows[ids[3]])
			}
		})
	}
}

func TestMassDeleteStops(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 300)
	r.Done(nil)
	r.Later(time.Hour)
	r.Delete(r.IDs("Contact")[:120]...)
	r.Later(time.Hour)
	for range 2 { // it stops as often as it is tried
		row := r.Run(nil)
		o := row.Objects[0]
		if row.State != control.Failed || !strings.Contains(o.Error, "120 of 300") ||
			!strings.Contains(o.Hint, "--allow-deletes") {
			t.Fatalf("%s %+v", row.State, o)
		}
		for id, got := range r.Table("Contact") {
			if got.Reason != "" {
				t.Fatalf("%s was deleted all the same", id)
			}
		}
	}
	if o := r.Done(rig.AllowDeletes).Objects[0]; o.Deleted != 120 {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// Records that nobody saw in the recycle bin are deleted by what the delete log
// says, where it goes back far enough; else the run sweeps, and where the flow is
// never swept it says what it doesn't know: verify tells of them, and a reading of
// everything finds them.
func TestPurgeBehindTheLog(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	r.Delete(ids[0])
	r.Must(r.Org.Purge(ids[0], ids[1]))
	r.Later(20 * 24 * time.Hour)
	r.Flows[0].Sweep = schedule.Sweep{Every: schedule.Never}
	if o := r.Done(nil).Objects[0]; o.Grade != recall.Unproven || r.FlowRow("Contact").Grade != recall.Unproven ||
		len(o.Doubts) != 1 || !strings.Contains(o.Doubts[0].Hint, "verify --repair Contact") {
		t.Errorf("%+v", o)
	}
	diff, err := r.Compare(r.Flows[0])
	if err != nil || diff.Extra != 2 || !slices.Equal(diff.ExtraIDs, ids[:2]) || !diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
	r.Later(time.Hour)
	if o := r.Done(rig.Full).Objects[0]; o.Deleted != 2 || o.Mover != "bulk" {
		t.Errorf("%+v", o)
	}
	r.Same()
	if rows := r.Table("Contact"); rows[ids[0]].Reason != "purged" || rows[ids[1]].Reason != "purged" {
		t.Errorf("%+v", rows[ids[0]])
	}
	if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
}

// Rows that somebody deleted in the warehouse are missed, told, and come back.
func TestFullWhileRowsAreMissing(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	id := r.IDs("Contact")[4]
	r.Exec("DELETE FROM salesforce.contact WHERE id = '" + id + "'")
	row := r.Done(nil)
	doubts := row.Objects[0].Doubts
	if len(doubts) != 1 || !strings.Contains(doubts[0].Hint, "verify --repair Contact") {
		t.Errorf("%+v", doubts)
	}
	diff, err := r.Compare(r.Flows[0])
	if err != nil || diff.Missing != 1 || !slices.Equal(diff.MissingIDs, []string{id}) {
		t.Errorf("%+v, %v", diff, err)
	}
	r.Later(time.Hour)
	if o := r.Done(rig.Full).Objects[0]; o.Inserted != 1 {
		t.Errorf("%+v", o)
	}
	r.Same()
}
