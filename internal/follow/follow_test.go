package follow_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/follow"
)

// A change is in its row before any window has read it; and a window proves it then.
func TestFreshAndThenProven(t *testing.T) {
	t.Parallel()
	b := newBed(t, 20, nil)
	b.live()
	ids := b.IDs("Account")
	b.Must(b.Org.Update(ids[0], map[string]any{"Name": "Fresh", "Phone": nil, "NumberOfEmployees": 7}))
	b.Must(b.Org.Update(ids[1], map[string]any{"BillingCity": "Bonn"}))
	b.Must(b.Org.Update(ids[1], map[string]any{"BillingCity": "Berlin"}))
	made, err := b.Org.Create("Account", map[string]any{"Name": "New"})
	b.Must(err)
	b.Must(b.Org.Delete(ids[2]))
	r := b.drain(func(f *follow.Follower) { f.Options.Every = 24 * time.Hour })
	if r.Err != nil || r.Counts.Updated < 2 || r.Counts.Inserted != 1 || r.Counts.Deleted != 1 || r.Events != 5 {
		t.Errorf("%+v", r)
	}
	for _, one := range []struct{ id, columns, want string }{
		{ids[0], "name,phone,numberofemployees", "Fresh||7"}, {ids[1], "billingcity", "Berlin"},
		{made, "name,isdeleted,_catchment_at", "New|false|"},
		{ids[2], "isdeleted,_catchment_delete_reason", "true|soft"},
	} {
		if got := b.row(one.id, strings.Split(one.columns, ",")...); got != one.want {
			t.Errorf("%s: %s, want %s", one.columns, got, one.want)
		}
	}
	if r.Standing.Touched < 4 {
		t.Errorf("%+v", r.Standing)
	}
	if r := b.settled(); !r.Live() {
		t.Errorf("%+v", r)
	}
}
