package replicate_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// The clocks of the org and of the machine that runs disagree, and that
// machine's is set back and forth between runs: windows follow the org's alone,
// and nothing is lost.
func TestClocksThatDisagree(t *testing.T) {
	t.Parallel()
	for _, skews := range [][]time.Duration{{-72 * time.Hour}, {72 * time.Hour},
		{72 * time.Hour, -72 * time.Hour, 0, -time.Minute}} {
		t.Run(fmt.Sprint(skews), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Keeps("Contact", "LastName", "Title", "Email")
			r.Flows[0].Sweep, r.Flows[0].Refresh = week, schedule.Refresh{Every: 24 * time.Hour}
			var before time.Time
			for n := range 6 {
				r.Skew.Store(int64(skews[n%len(skews)]))
				o := r.Done(nil).Objects[0]
				if now := r.Org.Clock().Now(); o.To.After(now) || now.Sub(o.To) > 5*time.Minute || o.To.Before(before) {
					t.Errorf("run %d is complete up to %s, the org's clock says %s", n, o.To, now)
				}
				before = o.To
				r.Same()
				if found := r.Verified(r.Flows[0], rig.Values); found.Differs() {
					t.Errorf("run %d: %+v", n, found)
				}
				r.Later(30 * time.Hour)
				r.History(12, uint64(n))
				if n == 3 {
					r.Must(r.Org.Purge(r.IDs("Contact")[2]))
				}
				r.Later(time.Minute)
			}
		})
	}
}

// A disk that fills up while pages are stored: the run says so, and the next one
// goes on behind the pages that are there.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 60)
	row := r.Run(func(p *rig.Process) {
		p.Stage = &crammed{Store: p.Stage, room: 4}
		p.Options.Downloads = 1
	})
	o := row.Objects[0]
	if row.State != control.Failed || !strings.Contains(o.Error, "no space left") ||
		!strings.Contains(o.Hint, "make room") {
		t.Errorf("%s: %s, hint %q", row.State, o.Error, o.Hint)
	}
	r.Later(time.Hour)
	calls := r.Calls(func() { r.Done(nil) })
	if calls["results"] > 9-4+1 { // of nine pages, four are there; the one after them may come again
		t.Errorf("pages came again: %v", calls)
	}
	r.Same()
	r.NothingLeft()
}

// crammed is a store with room for a few more pages.
type crammed struct {
	blob.Store
	room int
}

func (f *crammed) Put(ctx context.Context, key string, in io.Reader) (blob.Info, error) {
	if f.room == 0 {
		_, _ = io.CopyN(io.Discard, in, 100) // some of it was written
		return blob.Info{}, plan.Failf(plan.Full,
			"the stage's disk is full: make room, or lower limits.stage or stage.keep",
			"write %s: no space left on device", key)
	}
	f.room--
	return f.Store.Put(ctx, key, in)
}

// Salesforce forgets the locator of a page, by either mover: the reading begins
// anew, and nothing of the first one stays.
func TestLocatorVanishes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		mover   flow.Mover
		records int
		rule    fakeorg.Rule
	}{
		{"REST", flow.REST, 2300, fakeorg.Rule{Path: "/query/", Nth: 1, Answer: "locator-gone"}},
		{"Bulk", flow.Bulk, 40, fakeorg.Rule{Path: "/results", Nth: 3, Answer: "locator-gone"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rig.Small(t, "Contact", test.records)
			r.Keeps("Contact", "LastName", "Email")
			r.Flows[0].Mover = test.mover
			r.Org.Fault(test.rule)
			r.Done(func(p *rig.Process) { p.Tries = 3 })
			if rules := r.Org.Faults(); rules[0].Seen < 2 {
				t.Errorf("it was asked for %d pages", rules[0].Seen)
			}
			r.Org.ClearFaults()
			if n := len(r.Table("Contact")); n != test.records {
				t.Errorf("%d rows of %d records", n, test.records)
			}
			r.NothingLeft()
		})
	}
}
