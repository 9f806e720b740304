package replicate_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

func forecast(r *rig.Rig, fl flow.Flow) replicate.Forecast {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	f, err := p.Replicator().Forecast(p.Ctx, fl)
	r.Must(err)
	return f
}

// A relative window reads again what changed since yesterday's midnight, of the
// calendar it names, and plan states both ends.
func TestRelativeWindow(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	r.Must(err)
	r.Flows[0].Window = schedule.Window{Last: 1, Zone: tokyo}
	if o := r.Done(nil).Objects[0]; !o.From.IsZero() || o.Records != 20 {
		t.Fatalf("the first run reads everything: %+v", o)
	}
	r.Later(24 * time.Hour)
	r.Set(r.IDs("Contact")[3], "Title", "CEO")
	r.Later(time.Minute)
	r.Done(nil)
	r.Later(time.Hour)
	want := time.Date(2026, 1, 1, 15, 0, 0, 0, time.UTC) // the 2nd in Tokyo, where it is the 3rd
	if f := forecast(r, r.Flows[0]); !f.Window.From.Equal(want) ||
		f.Window.To.Before(r.Org.Clock().Now().Add(-time.Minute)) || f.Why != "relative" {
		t.Errorf("%+v", f)
	}
	if o := r.Done(nil).Objects[0]; !o.From.Equal(want) || o.Records != 1 || o.Inserted+o.Deleted != 0 {
		t.Errorf("what was read before is read again: %+v", o)
	}
	r.Same()
}

// By default the days are those of the org's own zone, which is asked for once.
func TestRelativeWindowOfTheOrg(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 5, "Account": 5}, nil), "Contact", "Account")
	for i := range r.Flows {
		r.Flows[i].Window = schedule.Window{Last: 1}
	}
	r.Done(nil)
	r.Later(time.Hour)
	var row control.RunRow
	calls := r.Calls(func() { row = r.Done(nil) })
	want := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if o := row.Objects[0]; !o.From.Equal(want) || calls["query"] > 2+2 {
		t.Errorf("%+v, calls %v", o, calls)
	}
}

// Nobody ran it for five days: what changed meanwhile is not lost.
func TestRelativeWindowAfterMissedDays(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Window = schedule.Window{Last: 1, Zone: time.UTC}
	first := r.Done(nil).Objects[0]
	r.Later(24 * time.Hour)
	r.Set(r.IDs("Contact")[3], "Title", "CEO")
	r.Later(4 * 24 * time.Hour)
	if o := r.Done(nil).Objects[0]; !o.From.Equal(first.To) || o.Updated != 1 {
		t.Errorf("%+v, want it from %s", o, first.To)
	}
	r.Same()
}

// TestFourHourTransaction: it delays no other row, status can name it, and when
// it commits nothing of it is lost (airbyte#27146).
func TestFourHourTransaction(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	began := r.Org.Clock().Now()
	slow := r.Org.Begin()
	r.Must(slow.Update(ids[0], map[string]any{"Title": "late"}))
	for hour := range 4 {
		r.Later(time.Hour)
		r.Set(ids[1+hour], "Title", "on time")
		r.Later(time.Minute)
		row := r.Done(nil)
		o := row.Objects[0]
		if got := r.Table("Contact")[ids[1+hour]].Values["title"]; got != "on time" {
			t.Errorf("hour %d: another record's title is %q", hour, got)
		}
		if o.To.After(began) || !strings.Contains(strings.Join(o.Notes, " "), "still open") {
			t.Errorf("hour %d: %+v", hour, o)
		}
		if pinned := r.FlowRow("Contact").PinnedSince; pinned.IsZero() || pinned.After(began) {
			t.Errorf("status names %s, it began at %s", pinned, began)
		}
	}
	r.Must(slow.Commit())
	r.Later(time.Minute)
	r.Done(nil)
	r.Same()
	if pinned := r.FlowRow("Contact").PinnedSince; !pinned.IsZero() {
		t.Errorf("still pinned since %s", pinned)
	}
}

// TestTransactionWhileTheLogsAreSilent: Salesforce leaves out how far it is
// complete, and a transaction of more than an hour is open. The window stays so
// far behind that nothing of it is lost (TestSoak, seed 20261323).
func TestTransactionWhileTheLogsAreSilent(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	silent := func() {
		r.Org.Fault(fakeorg.Rule{Path: "/updated", Omit: []string{"latestDateCovered"}})
		r.Org.Fault(fakeorg.Rule{Path: "/deleted", Omit: []string{"latestDateCovered"}})
	}
	for range 2 { // the first reading, and one after it
		r.Later(time.Hour)
		slow := r.Org.Begin()
		r.Must(slow.Update(r.IDs("Contact")[0], map[string]any{"Title": "late"}))
		r.Later(70 * time.Minute)
		silent()
		began := r.Org.Clock().Now()
		if o := r.Done(nil).Objects[0]; o.Grade == "proven" && o.To.After(began) {
			t.Errorf("nobody said so: %+v", o)
		}
		r.Org.ClearFaults()
		r.Must(slow.Commit())
		r.Later(time.Minute)
		r.Done(nil)
		r.Same()
	}
}
