package replicate_test

import (
	"fmt"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
)

// hundred is a rig with a hundred objects, of which three have records.
func hundred(t *testing.T, change func(*fakeorg.Options)) *rig {
	t.Helper()
	org := newOrg(t, map[string]int{"Contact": 40, "Account": 40, "Opportunity": 40}, change)
	objects := []string{"Contact", "Account", "Opportunity"}
	for i := range 97 {
		name := fmt.Sprintf("Quiet%02d__c", i)
		if err := org.AddObject(name, fmt.Sprintf("q%02d", i)); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, name)
	}
	org.Clock().Advance(time.Hour)
	return newRig(t, org, objects...)
}

// costs does a run in which three of a hundred objects have changed, and counts
// what it costs by the org's own counters.
func (r *rig) costs(change func(*process)) (int, map[string]int, control.RunRow) {
	r.t.Helper()
	r.later(time.Hour)
	for _, object := range []string{"Contact", "Account", "Opportunity"} {
		for _, id := range r.ids(object)[:5] {
			r.must(r.org.Touch(id))
		}
	}
	r.later(time.Hour)
	var row control.RunRow
	calls := r.calls(func() { row = r.done(change) })
	sum := charged(calls)
	if int64(sum) != row.Calls {
		r.t.Errorf("the run says %d calls, the org %d: %v", row.Calls, sum, calls)
	}
	return sum, calls, row
}

// TestHundredObjectsOfWhich97AreQuiet holds an incremental run to its budget:
// 330 calls, and 60 with composite requests.
func TestHundredObjectsOfWhich97AreQuiet(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred tables take a while")
	}
	r := hundred(t, nil)
	together := func(p *process) { p.options.Composite = flow.CompositeOn }
	r.done(together)
	for _, test := range []struct {
		name  string
		run   func(*process)
		limit int
	}{{"one by one", nil, 330}, {"together", together, 60}} {
		n, calls, row := r.costs(test.run)
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
	for _, fl := range r.flows[:3] {
		p := r.start(nil)
		p.sameAs(fl, false)
		p.close()
	}
}

// An org that takes no such questions together is asked one by one, and auto
// remembers that.
func TestCompositeIsRefused(t *testing.T) {
	for _, refused := range []string{"describe", "updated", "deleted"} {
		t.Run(refused, func(t *testing.T) {
			org := newOrg(t, map[string]int{"Contact": 10, "Account": 10}, func(o *fakeorg.Options) { o.NotInComposite = []string{refused} })
			r := newRig(t, org, "Contact", "Account")
			auto := func(p *process) { p.options.Composite = flow.CompositeAuto }
			for run, want := range []bool{true, false, false} { // the first asks getDeleted of nothing, since nothing was read before
				if refused == "deleted" {
					want = run < 2
				}
				calls := r.calls(func() { r.done(auto) })
				if (calls["composite"] > 0) != want {
					t.Errorf("run %d: %v", run, calls)
				}
				r.later(time.Hour)
			}
			if calls := r.calls(func() { r.done(func(p *process) { p.options.Composite = flow.CompositeOn }) }); calls["composite"] == 0 {
				t.Errorf("on tries again: %v", calls)
			}
			r.same()
		})
	}
}

// Composite requests that fail for now are no refusal, and no failure either.
func TestCompositeFailsForNow(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 10, "Account": 10}, nil), "Contact", "Account")
	auto := func(p *process) { p.options.Composite = flow.CompositeAuto }
	r.org.Fault(fakeorg.Rule{Path: "/composite", Status: 503, Body: oops})
	r.done(auto)
	r.org.ClearFaults()
	r.later(time.Hour)
	if calls := r.calls(func() { r.done(auto) }); calls["composite"] != 3 || calls["describe"] != 0 {
		t.Errorf("%v", calls)
	}
	r.same()
}
