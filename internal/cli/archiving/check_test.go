package archiving

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/report"
	"catchment/internal/archive/restored"
	"catchment/internal/project"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/memory"
)

func emptyWarehouse(t *testing.T) warehouse.Warehouse {
	t.Helper()
	o := warehouse.Options{Schema: "s", Staging: "s_incremental", Now: time.Now}
	w := memory.New().Open(o, warehousetest.Fault{})
	if err := w.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// A plan of another org, whose stage is in the same place, isn't held against this warehouse.
func TestCheckOfAnotherOrg(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	name, _ := stored(t, store, manifest.Record{Object: "Case", ID: "500000000000001AAA", Fate: manifest.In})
	for org, elsewhere := range map[string]bool{"00Dxx0000001gERAAY": false, "00Dxx0000002other": true} {
		w := emptyWarehouse(t)
		if _, err := w.Claim(t.Context(), warehouse.Fence{Flow: "Case", Number: 1}, "case", org); err != nil {
			t.Fatal(err)
		}
		d := &Desk{Project: &project.Project{Stage: store, Warehouse: w}}
		got, err := check(t.Context(), d, name)
		if err != nil || (got.Org != "") != elsewhere || got.Agrees == elsewhere {
			t.Errorf("beside the copy of %s: %+v, %v", org, got, err)
		}
	}
}

// Rows that a warehouse lost on its way back from a backup are told of as long as their records didn't come back.
func TestCheckOfLostRows(t *testing.T) {
	t.Parallel()
	w := emptyWarehouse(t)
	fence := warehouse.Fence{Flow: "Case", Number: 1}
	if _, err := w.Claim(t.Context(), fence, "case", "org"); err != nil {
		t.Fatal(err)
	}
	ledger, _ := archived.Of(w)
	line := func(id, reason, newID string) archived.Line {
		return archived.Line{Plan: "p", Object: "Case", ID: id, State: archived.Deleted, Reason: reason, NewID: newID}
	}
	lines := []archived.Line{line("1", "", ""), line("2", restored.NoRow, "9")}
	for _, want := range []string{"", "1 archived records have no row in the warehouse, and 1 another one"} {
		if err := ledger.Write(t.Context(), fence, lines); err != nil {
			t.Fatal(err)
		}
		c := report.Checked{Plan: "p", Agrees: true}
		if err := lostRows(t.Context(), ledger, &c); err != nil || !strings.HasPrefix(c.What, want) ||
			c.Agrees != (want == "") || (c.What == "") != (want == "") {
			t.Errorf("%+v, %v", c, err)
		}
		lines = append(lines, line("3", restored.NoRow, ""), line("4", restored.OtherRow, ""))
	}
}
