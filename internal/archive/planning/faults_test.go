package planning_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
)

// Whichever call goes wrong, no plan is made of what came before; and the next try makes the plan that the first
// one would have made.
func TestAnyCallMayFail(t *testing.T) {
	t.Parallel()
	w, _, _ := customers(t, "Visit__c", "Step__c")
	before := w.client.Calls()
	whole, _ := w.plan(zzz(nil))
	calls := int(w.client.Calls() - before)
	if calls < 10 {
		t.Fatalf("%d calls", calls)
	}
	for n := 1; n <= calls; n++ {
		w.org.Fault(fakeorg.Rule{Nth: n, Times: 50, Reset: true})
		sum, err := w.try(zzz(nil))
		w.org.ClearFaults()
		if err == nil || sum != nil || plan.ClassOf(err) != plan.Retry {
			t.Errorf("call %d fails: %+v, %v", n, sum, err)
		}
	}
	if again, _ := w.plan(zzz(nil)); again.Digest != whole.Digest {
		t.Errorf("%s, then %s", whole.Name, again.Name)
	}
	n := 0
	for range w.store.List(t.Context(), "archive/") {
		n++
	}
	if n != 1 {
		t.Errorf("%d plans are stored", n)
	}
}

// A store that is full has no plan, and a plan that is there already is the same one.
func TestStoreIsFull(t *testing.T) {
	t.Parallel()
	w, _, _ := customers(t, "Visit__c", "Step__c")
	full := plan.Failf(plan.Full, "", "no space left")
	w.planner.Store = broken{w.store, full}
	if _, err := w.try(zzz(nil)); !errors.Is(err, full) || plan.ClassOf(err) != plan.Full {
		t.Error(err)
	}
}

// A broken store takes half of what it is given.
type broken struct {
	blob.Store
	err error
}

func (b broken) Put(_ context.Context, _ string, r io.Reader) (blob.Info, error) {
	_, _ = io.ReadFull(r, make([]byte, 100))
	return blob.Info{}, b.err
}

// An answer that isn't about what was asked for is nothing to plan by.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{
		"another parent": `{"Id":"a0V000000000001AAA","To__c":"001000000000001AAA","IsDeleted":false,` +
			`"SystemModstamp":"2026-01-02T08:00:30.000+0000"}`,
		"no Id":    `{"To__c":"001000000000001AAA","IsDeleted":false,"SystemModstamp":"2026-01-02T08:00:30.000+0000"}`,
		"no field": `{"Id":"a0V000000000001AAA"}`,
	} {
		w, _, _ := customers(t, "Visit__c", "Step__c")
		w.org.Fault(fakeorg.Rule{Path: "FROM+Visit__c+WHERE+To__c+IN", Status: 200,
			Body: `{"totalSize":1,"done":true,"records":[` + record + `]}`})
		if sum, err := w.try(zzz(nil)); err == nil || sum != nil || plan.ClassOf(err) != plan.Bug {
			t.Errorf("%s: %+v, %v", name, sum, err)
		}
	}
}
