package replicate_test

import (
	"fmt"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// hundred is a rig with a hundred objects, of which three have records.
func hundred(t *testing.T, change func(*fakeorg.Options)) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Contact": 40, "Account": 40, "Opportunity": 40}, change)
	objects := []string{"Contact", "Account", "Opportunity"}
	for i := range 97 {
		name := fmt.Sprintf("Quiet%02d__c", i)
		if err := org.AddObject(name, fmt.Sprintf("q%02d", i)); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, name)
	}
	org.Clock().Advance(time.Hour)
	return rig.New(t, org, objects...)
}

// costs does a run in which three of a hundred objects have changed, and counts
// what it costs by the org's own counters.
func costs(r *rig.Rig, change func(*rig.Process)) (int, map[string]int, control.RunRow) {
	r.T.Helper()
	r.Later(time.Hour)
	for _, object := range []string{"Contact", "Account", "Opportunity"} {
		for _, id := range r.IDs(object)[:5] {
			r.Must(r.Org.Touch(id))
		}
	}
	r.Later(time.Hour)
	var row control.RunRow
	calls := r.Calls(func() { row = r.Done(change) })
	sum := charged(calls)
	if int64(sum) != row.Calls {
		r.T.Errorf("the run says %d calls, the org %d: %v", row.Calls, sum, calls)
	}
	return sum, calls, row
}

// TestHundredObjectsOfWhich97AreQuiet holds an incremental run to its budget:
// 330 calls, and 60 with composite requests.
func TestHundredObjectsOfWhich97AreQuiet(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a hundred tables take a while")
	}
	r := hundred(t, nil)
	together := func(p *rig.Process) { p.Options.Composite = flow.CompositeOn }
	r.Done(together)
	for _, test := range []struct {
		name  string
		run   func(*rig.Process)
		limit int
	}{{"one by one", nil, 330}, {"together", together, 60}} {
		n, calls, row := costs(r, test.run)
		t.Logf("%s: %d calls, %v", test.name, n, calls)
		if n > test.limit {
			t.Errorf("%s: %d calls, at most %d are allowed: %v", test.name, n, test.limit, calls)
		}
		quiet := 0
		for _, o := range row.Objects {
			if o.Mover == "none" {
				quiet++
			}
		}
		if quiet != 97 {
			t.Errorf("%s: %d flows were quiet", test.name, quiet)
		}
	}
	for _, fl := range r.Flows[:3] {
		p := r.Start(nil)
		p.SameAs(fl, false)
		p.Close()
	}
}

// An org that takes no such questions together is asked one by one, and auto
// remembers that.
func TestCompositeIsRefused(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{"describe", "updated", "deleted"} {
		t.Run(refused, func(t *testing.T) {
			org := rig.NewOrg(t, map[string]int{"Contact": 10, "Account": 10}, func(o *fakeorg.Options) {
				o.NotInComposite = []string{refused}
			})
			r := rig.New(t, org, "Contact", "Account")
			auto := func(p *rig.Process) { p.Options.Composite = flow.CompositeAuto }
			// the first asks getDeleted of nothing, since nothing was read before
			for run, want := range []bool{true, false, false} {
				if refused == "deleted" {
					want = run < 2
				}
				calls := r.Calls(func() { r.Done(auto) })
				if (calls["composite"] > 0) != want {
					t.Errorf("run %d: %v", run, calls)
				}
				r.Later(time.Hour)
			}
			if calls := r.Calls(func() {
				r.Done(func(p *rig.Process) { p.Options.Composite = flow.CompositeOn })
			}); calls["composite"] == 0 {
				t.Errorf("on tries again: %v", calls)
			}
			r.Same()
		})
	}
}

// Composite requests that fail for now are no refusal, and no failure either.
func TestCompositeFailsForNow(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 10, "Account": 10}, nil), "Contact", "Account")
	auto := func(p *rig.Process) { p.Options.Composite = flow.CompositeAuto }
	r.Org.Fault(fakeorg.Rule{Path: "/composite", Status: 503, Body: rig.Unavailable})
	r.Done(auto)
	r.Org.ClearFaults()
	r.Later(time.Hour)
	if calls := r.Calls(func() { r.Done(auto) }); calls["composite"] != 3 || calls["describe"] != 0 {
		t.Errorf("%v", calls)
	}
	r.Same()
}
