package removal_test

import (
	"context"
	"errors"
	"testing"

	"catchment/internal/archive/removal"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/rig"
)

// deathbed is a house of two small families, about to leave, of which a trigger takes a Memo along
// and a Visit is refused at first.
func deathbed(t *testing.T, in string) *house {
	h := newHouse(t, in, nil)
	h.Flows = h.Flows[:2] // of Accounts and Visits
	h.single("one")
	h.single("two")
	h.add("two memo", "Memo__c", map[string]any{"Account__c": h.ids["two"]})
	h.Must(h.Org.SetTriggers(fakeorg.Trigger{Object: "Account", On: "delete", Deletes: []string{"Memo__c.Account__c"}}))
	h.noteClear("two memo", "Memo__c", "two")
	h.ready([]string{"one", "two"}, nil)
	h.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/Visit__c/" + h.ids["two v1"], Answer: "lock", Nth: 1})
	return h
}

// A run may die at every moment: the next one goes on, and at rest everything is as if none had.
func TestCrashAtEveryMoment(t *testing.T) {
	for _, c := range []struct {
		name, in string
		change   func(*removal.Remover)
		deaths   int // of a short test
	}{
		{"calls in duckdb", "duckdb", nil, 7},
		{"jobs in duckdb", "duckdb", byJob, 6},
		{"calls in postgres", "postgres", nil, 4},
		{"calls in a lake", "lake", nil, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := &rig.Fate{}
			h := deathbed(t, c.in)
			if _, err := h.run(first, c.change); err != nil {
				t.Fatal(err)
			}
			deathbedEnds(h)
			every := *crashEvery
			if every == 0 {
				every = max(1, first.Moments/c.deaths)
			}
			t.Logf("%d moments, every %d", first.Moments, every)
			for n := *crashFirst; n <= first.Moments; n += every {
				h := deathbed(t, c.in)
				if _, err := h.run(&rig.Fate{At: n}, c.change); err == nil && n < first.Moments-10 {
					t.Fatalf("at moment %d it didn't die", n)
				}
				if _, err := h.run(nil, nil); err != nil {
					t.Errorf("the next run: %v", err)
				}
				deathbedEnds(h)
				if t.Failed() {
					t.Fatalf("died at moment %d of %d, %s", n, first.Moments, first.Kinds[min(n, len(first.Kinds))-1])
				}
			}
		})
	}
}

// deathbedEnds: all have left but the Account whose delete takes a Memo.
func deathbedEnds(h *house) {
	h.t.Helper()
	h.want(map[string]string{"one": "deleted", "two ": "deleted",
		"two": "changed: a record outside the plan went with it"})
	h.sound()
	h.told(1)
}

// Stopped, it finishes the batch, and goes on later.
func TestStop(t *testing.T) {
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	stop := make(chan struct{})
	_, err := h.run(nil, func(r *removal.Remover) {
		r.Stop = stop
		r.Tell = func(n removal.News) {
			if n.Deleted > 0 {
				close(stop)
			}
		}
	})
	if !errors.Is(err, plan.ErrStopped) {
		t.Fatalf("stopped: %v", err)
	}
	if gone := h.gone(); len(gone) != 2 {
		t.Errorf("%q are deleted", gone)
	}
	if status, err := h.run(nil, nil); err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	h.want(map[string]string{"one": "deleted"})
	h.sound()
}

// Ended from outside, in the midst of a request, it goes on as well.
func TestCancelled(t *testing.T) {
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	p := h.Start(nil)
	ctx, cancel := context.WithCancel(p.Ctx)
	h.Org.Fault(fakeorg.Rule{Method: "DELETE", Kind: "collection", Nth: 1, Hear: cancel})
	if _, err := h.remover(p).Run(ctx, h.plan, true); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Close()
	h.Org.ClearFaults()
	if status, err := h.run(nil, nil); err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	h.want(map[string]string{"one": "deleted"})
	h.sound()
}
