package verify_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"catchment/internal/control/verified"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// What a comparison found stands in the control table, without Ids; what the next one
// couldn't find out stands beside it, until one can. One that its user ended leaves nothing.
func TestVerifyLeavesItsResult(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	p := r.Start(nil)
	last := func() verified.Row {
		t.Helper()
		rows, err := p.Control.Verified().All(p.Ctx)
		r.Must(err)
		if len(rows) != 1 {
			t.Fatalf("the control table has %+v", rows)
		}
		return rows[0]
	}
	if _, err := p.Compare(r.Flows[0]); err == nil {
		t.Error("what was never copied was compared")
	}
	if row := last(); !row.At.IsZero() || !strings.Contains(row.Error, "never copied") || row.Hint == "" ||
		row.Class != "fix" || row.FailedAt.IsZero() {
		t.Errorf("it was never copied: %+v", row)
	}
	p.Close()
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Exec("DELETE FROM salesforce.contact WHERE id = '" + ids[0] + "'")
	p = r.Start(nil)
	defer p.Close()
	res, err := p.Compare(r.Flows[0])
	r.Must(err)
	row := last()
	want := verified.Row{
		Object: "Contact", At: res.EndedAt, AsOf: res.AsOf, Compared: "stamps", Grade: res.Grade,
		Source: 20, Warehouse: 19, Missing: 1, Remaining: 1, Calls: res.Calls,
	}
	row.At, row.AsOf, want.At, want.AsOf = row.At.UTC(), row.AsOf.UTC(), want.At.UTC(), want.AsOf.UTC()
	if row != want || want.At.IsZero() || want.Calls == 0 {
		t.Errorf("left %+v, want %+v", row, want)
	}

	r.Org.Fault(fakeorg.Rule{Path: "/results", Truncate: 100})
	if _, err := p.Compare(r.Flows[0]); err == nil {
		t.Error("a page that is cut was compared")
	}
	if row := last(); row.Error == "" || row.Missing != 1 || !row.At.Equal(want.At) {
		t.Errorf("the last one found out nothing: %+v", row)
	}
	r.Org.ClearFaults()
	ctx, cancel := context.WithTimeout(p.Ctx, time.Hour)
	cancel()
	if _, err := p.Verifier().Flow(ctx, r.Flows[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("it was ended: %v", err)
	}
	if row := last(); row.Error == "" || strings.Contains(row.Error, "canceled") {
		t.Errorf("one that was ended left %+v", row)
	}
}
