package replicate_test

import (
	"testing"
	"time"

	"catchment/internal/control"
)

// history makes changes in the org, and lets an hour pass around them.
func (r *rig) history(changes int, seed uint64) {
	r.t.Helper()
	r.later(time.Hour)
	if _, err := r.org.History(changes, seed); err != nil {
		r.t.Fatal(err)
	}
	r.later(time.Hour)
}

func TestFirstRunAndIncrements(t *testing.T) {
	counts := map[string]int{"Account": 40, "Contact": 30, "Opportunity": 15, "Case": 15, "Task": 15, "Invoice__c": 20, "User": 3}
	r := newRig(t, newOrg(t, counts, nil), "Account", "Contact", "Opportunity", "Case", "Task", "Invoice__c", "User")
	r.history(30, 5) // some records are in the recycle bin already
	first := r.done(nil)
	r.same()
	for _, o := range first.Objects {
		if o.Mover != "bulk" || o.Grade != "proven" || o.Calls == 0 {
			t.Errorf("%+v", o)
		}
	}
	for seed := range uint64(2) {
		r.history(60, seed)
		next := r.done(nil)
		r.same()
		for i, o := range next.Objects {
			if !o.From.Equal(first.Objects[i].To) || o.Mover == "bulk" {
				t.Errorf("%+v after %+v", o, first.Objects[i])
			}
		}
		first = next
	}
	if first.State != control.Done {
		t.Error(first.State)
	}
}
