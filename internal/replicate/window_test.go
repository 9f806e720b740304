package replicate_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/replicate"
)

func (r *rig) forecast(fl flow.Flow) replicate.Forecast {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	rep := p.replicator()
	rep.Steps()
	f, err := rep.Forecast(p.ctx, fl)
	r.must(err)
	return f
}

// A relative window reads again what changed since yesterday's midnight, of the
// calendar it names, and plan states both ends.
func TestRelativeWindow(t *testing.T) {
	r := small(t, "Contact", 20)
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	r.must(err)
	r.flows[0].Window = flow.Window{Last: 1, Zone: tokyo}
	if o := r.done(nil).Objects[0]; !o.From.IsZero() || o.Records != 20 {
		t.Fatalf("the first run reads everything: %+v", o)
	}
	r.later(24 * time.Hour)
	r.set(r.ids("Contact")[3], "Title", "CEO")
	r.later(time.Minute)
	r.done(nil)
	r.later(time.Hour)
	want := time.Date(2026, 1, 1, 15, 0, 0, 0, time.UTC) // the 2nd in Tokyo, where it is the 3rd
	if f := r.forecast(r.flows[0]); !f.Window.From.Equal(want) || f.Window.To.Before(r.org.Clock().Now().Add(-time.Minute)) || f.Why != "relative" {
		t.Errorf("%+v", f)
	}
	if o := r.done(nil).Objects[0]; !o.From.Equal(want) || o.Records != 1 || o.Inserted+o.Deleted != 0 {
		t.Errorf("what was read before is read again: %+v", o)
	}
	r.same()
}

// By default the days are those of the org's own zone, which is asked for once.
func TestRelativeWindowOfTheOrg(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 5, "Account": 5}, nil), "Contact", "Account")
	for i := range r.flows {
		r.flows[i].Window = flow.Window{Last: 1}
	}
	r.done(nil)
	r.later(time.Hour)
	var row control.RunRow
	calls := r.calls(func() { row = r.done(nil) })
	want := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if o := row.Objects[0]; !o.From.Equal(want) || calls["query"] > 2+2 {
		t.Errorf("%+v, calls %v", o, calls)
	}
}

// Nobody ran it for five days: what changed meanwhile is not lost.
func TestRelativeWindowAfterMissedDays(t *testing.T) {
	r := small(t, "Contact", 20)
	r.flows[0].Window = flow.Window{Last: 1, Zone: time.UTC}
	first := r.done(nil).Objects[0]
	r.later(24 * time.Hour)
	r.set(r.ids("Contact")[3], "Title", "CEO")
	r.later(4 * 24 * time.Hour)
	if o := r.done(nil).Objects[0]; !o.From.Equal(first.To) || o.Updated != 1 {
		t.Errorf("%+v, want it from %s", o, first.To)
	}
	r.same()
}

// TestFourHourTransaction: it delays no other row, status can name it, and when
// it commits nothing of it is lost (airbyte#27146).
func TestFourHourTransaction(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.later(time.Hour)
	ids := r.ids("Contact")
	began := r.org.Clock().Now()
	slow := r.org.Begin()
	r.must(slow.Update(ids[0], map[string]any{"Title": "late"}))
	for hour := range 4 {
		r.later(time.Hour)
		r.set(ids[1+hour], "Title", "on time")
		r.later(time.Minute)
		row := r.done(nil)
		o := row.Objects[0]
		if got := r.table("Contact")[ids[1+hour]].values["title"]; got != "on time" {
			t.Errorf("hour %d: another record's title is %q", hour, got)
		}
		if o.To.After(began) || !strings.Contains(strings.Join(o.Notes, " "), "still open") {
			t.Errorf("hour %d: %+v", hour, o)
		}
		if pinned := r.flowRow("Contact").PinnedSince; pinned.IsZero() || pinned.After(began) {
			t.Errorf("status names %s, it began at %s", pinned, began)
		}
	}
	r.must(slow.Commit())
	r.later(time.Minute)
	r.done(nil)
	r.same()
	if pinned := r.flowRow("Contact").PinnedSince; !pinned.IsZero() {
		t.Errorf("still pinned since %s", pinned)
	}
}

// TestTransactionWhileTheLogsAreSilent: Salesforce leaves out how far it is
// complete, and a transaction of more than an hour is open. The window stays so
// far behind that nothing of it is lost (TestSoak, seed 20261323).
func TestTransactionWhileTheLogsAreSilent(t *testing.T) {
	r := small(t, "Contact", 20)
	silent := func() {
		r.org.Fault(fakeorg.Rule{Path: "/updated", Omit: []string{"latestDateCovered"}})
		r.org.Fault(fakeorg.Rule{Path: "/deleted", Omit: []string{"latestDateCovered"}})
	}
	for range 2 { // the first reading, and one after it
		r.later(time.Hour)
		slow := r.org.Begin()
		r.must(slow.Update(r.ids("Contact")[0], map[string]any{"Title": "late"}))
		r.later(70 * time.Minute)
		silent()
		began := r.org.Clock().Now()
		if o := r.done(nil).Objects[0]; o.Grade == "proven" && o.To.After(began) {
			t.Errorf("nobody said so: %+v", o)
		}
		r.org.ClearFaults()
		r.must(slow.Commit())
		r.later(time.Minute)
		r.done(nil)
		r.same()
	}
}

func (r *rig) flowRow(object string) control.FlowRow {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	row, err := p.control.Flow(p.ctx, object)
	r.must(err)
	return row
}
