package replicate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// refuse lets one of Salesforce's logs refuse every question.
func refuse(r *rig.Rig, log string) {
	r.Org.Fault(fakeorg.Rule{Path: "/" + log, Status: http.StatusBadRequest,
		Header: map[string]string{"Content-Type": "application/json"},
		Body: `[{"message":"startDate before org replication enabled date",` +
			`"errorCode":"INVALID_REPLICATION_DATE"}]`})
}

// What the delete log refuses to tell a sweep finds in the same run. One that refuses
// for days doesn't make every run sweep, and until one does nothing is proven.
func TestDeleteLogRefuses(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	ids := r.IDs("Contact")
	refuse(r, "deleted")
	purge := func(id string) control.RunObject {
		t.Helper()
		r.Later(time.Hour)
		r.Delete(id)
		r.Must(r.Org.Purge(id))
		r.Later(time.Hour)
		return r.Done(nil).Objects[0]
	}
	o := purge(ids[0])
	if o.Grade != "proven" || o.Deleted != 1 || len(o.Doubts) > 0 ||
		!strings.Contains(strings.Join(o.Notes, " "), "INVALID_REPLICATION_DATE: this run sweeps") {
		t.Errorf("%+v", o)
	}
	r.Same()
	o = purge(ids[1])
	row := r.FlowRow("Contact")
	if o.Grade != recall.Unproven || o.Deleted != 0 || len(o.Doubts) != 1 || row.Grade != recall.Unproven ||
		o.Doubts[0].Kind != recall.DeletesUnseen || o.Doubts[0].Hint == "" {
		t.Errorf("%+v, %+v", o, row)
	}
	r.Later(24 * time.Hour)
	if o := purge(ids[2]); o.Grade != "proven" || o.Deleted != 2 {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// A flow that is never swept is told how to find what the log refused to tell, and is
// proven once somebody did that.
func TestDeleteLogRefusesAFlowWithoutSweeps(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Sweep = schedule.Sweep{Every: schedule.Never}
	r.Done(nil)
	refuse(r, "deleted")
	r.Later(time.Hour)
	id := r.IDs("Contact")[0]
	r.Delete(id)
	r.Must(r.Org.Purge(id))
	r.Later(time.Hour)
	o := r.Done(nil).Objects[0]
	if o.Grade != recall.Unproven || !strings.Contains(o.Doubts[0].Hint, "catchment verify --repair Contact") {
		t.Errorf("%+v", o)
	}
	r.Org.ClearFaults()
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Grade != recall.Unproven {
		t.Errorf("the log tells again, but not of what it refused: %+v", o)
	}
	r.Later(time.Hour)
	r.Done(rig.Full)
	r.Same()
	if row := r.FlowRow("Contact"); row.Grade != "proven" || len(row.Doubts) > 0 {
		t.Errorf("%+v", row)
	}
}

// getUpdated refuses every question: the watermark stays behind by a day, and a run
// and a reading of everything go on.
func TestUpdatedLogRefuses(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	refuse(r, "updated")
	refuse(r, "deleted")
	for _, test := range []struct {
		want   string
		change func(*rig.Process)
	}{{"proven", nil}, {"lagged", rig.Full}} {
		r.Later(time.Hour)
		r.Set(r.IDs("Contact")[0], "LastName", "Changed")
		r.Later(time.Hour)
		before := r.FlowRow("Contact")
		o := r.Done(test.change).Objects[0]
		// what was proven stays proven until the window has passed it
		if o.Grade != test.want || test.want == "proven" && !o.To.Equal(before.Watermark) ||
			!strings.Contains(strings.Join(o.Notes, " "), "getUpdated refuses") {
			t.Errorf("%+v", o)
		}
		r.Same()
	}
}

// A flow that failed, or that nobody waited for, is where it was before.
func TestFailedFlowSaysWhereItIs(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	fail := func() control.RunObject {
		t.Helper()
		r.Org.Fault(fakeorg.Rule{Path: "/query", Status: http.StatusBadRequest, Times: 99,
			Body: `[{"message":"x","errorCode":"INVALID_FIELD"}]`})
		row := r.Run(nil)
		r.Org.ClearFaults()
		if row.State != control.Failed {
			t.Fatalf("%+v", row)
		}
		return row.Objects[0]
	}
	if o := fail(); !o.To.IsZero() || o.Grade != "" || !o.From.IsZero() {
		t.Errorf("the first run: %+v", o)
	}
	before := r.Done(nil).Objects[0]
	r.Later(2 * time.Hour)
	r.Set(r.IDs("Contact")[0], "LastName", "Changed")
	r.Later(time.Hour)
	if o := fail(); !o.To.Equal(before.To) || o.Grade != before.Grade || !o.From.IsZero() {
		t.Errorf("%+v", o)
	}
	stop := make(chan struct{})
	close(stop)
	row := r.Run(func(p *rig.Process) { p.Options.Stop = stop })
	for _, o := range row.Objects {
		if !o.To.Equal(before.To) {
			t.Errorf("stopped: %+v", o)
		}
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// A verify under the new policy, before a run goes by it, tells what is still there. It
// ended with an internal error over records in the recycle bin.
func TestVerifyAfterThePolicyChanged(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Deletes = flow.Ignore
	r.Done(nil)
	r.Later(time.Hour)
	r.Delete(r.IDs("Contact")[:2]...)
	r.Later(time.Hour)
	r.Done(nil)
	r.Flows[0].Deletes = flow.Flag
	if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Extra != 2 {
		t.Errorf("%+v, %v", diff, err)
	}
}

// What was deleted while deletes were ignored is found once they aren't: also where the
// flow is never swept.
func TestPolicyChanges(t *testing.T) {
	t.Parallel()
	for _, to := range []flow.Deletes{flow.Flag, flow.Remove} {
		for _, sweep := range []time.Duration{schedule.Never, 90 * 24 * time.Hour} {
			t.Run(string(to), func(t *testing.T) {
				r := rig.Small(t, "Contact", 20)
				r.Flows[0].Deletes, r.Flows[0].Sweep = flow.Ignore, schedule.Sweep{Every: sweep}
				r.Done(nil)
				r.Later(time.Hour)
				ids := r.IDs("Contact")
				r.Delete(ids[:2]...)
				r.Must(r.Org.Purge(ids[1]))
				r.Later(time.Hour)
				r.Done(nil)
				r.Flows[0].Deletes = to
				r.Later(time.Hour)
				if o := r.Done(nil).Objects[0]; o.Deleted != 2 || o.Grade != "proven" {
					t.Errorf("%+v", o)
				}
				r.Same()
				if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() {
					t.Errorf("%+v, %v", diff, err)
				}
				r.Later(time.Hour)
				if o := r.Done(nil).Objects[0]; o.Mover != "none" || len(o.Notes) > 0 {
					t.Errorf("once more: %+v", o)
				}
			})
		}
	}
}
