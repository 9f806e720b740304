package replicate_test

import (
	"testing"

	"catchment/internal/control"
	"catchment/internal/rig"
)

func TestFirstRunAndIncrements(t *testing.T) {
	t.Parallel()
	counts := map[string]int{"Account": 40, "Contact": 30, "Opportunity": 15, "Case": 15, "Task": 15,
		"Invoice__c": 20, "User": 3}
	r := rig.New(t, rig.NewOrg(t, counts, nil), "Account", "Contact", "Opportunity", "Case", "Task",
		"Invoice__c", "User")
	r.History(30, 5) // some records are in the recycle bin already
	first := r.Done(nil)
	r.Same()
	for _, o := range first.Objects {
		if o.Mover != "bulk" || o.Grade != "proven" || o.Calls == 0 {
			t.Errorf("%+v", o)
		}
	}
	for seed := range uint64(2) {
		r.History(60, seed)
		next := r.Done(nil)
		r.Same()
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
