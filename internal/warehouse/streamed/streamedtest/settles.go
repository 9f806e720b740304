package streamedtest

import (
	"errors"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/streamed"
)

func position(t *testing.T, d *desk) {
	_, known, err := d.stream.Position(t.Context(), "Account")
	must(t, err)
	same(t, "before", known, false)
	want := streamed.Position{Replay: "00ff", Event: "uuid", At: at(5), Seam: at(6)}
	_, err = d.stream.Apply(t.Context(), d.fence, streamed.Delta{Table: d.table, Position: want})
	must(t, err)
	got, known, err := d.stream.Position(t.Context(), "Account")
	must(t, err)
	same(t, "known", known, true)
	same(t, "position", got, want)
	must(t, d.w.Rebind(t.Context(), "00D000000000002AAA", false))
	_, known, err = d.stream.Position(t.Context(), "Account")
	must(t, err)
	same(t, "of another org", known, false)
}

func unsettled(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"))
	m := d.stage(t, "a2", 20, rec("1", 15, false, "read before"))
	delta := d.delta("ff", event("1", streamed.Set, 30, "name", "event"))
	if _, err := d.stream.Apply(t.Context(), d.fence, delta); !errors.Is(err, streamed.ErrUnsettled) {
		t.Error(err)
	}
	_, err := d.w.Consolidate(t.Context(), d.fence, m)
	must(t, err)
	same(t, "row", d.says(t, "id", "name"), "1|read before")
	_, err = d.stream.Apply(t.Context(), d.fence, delta)
	must(t, err)
	same(t, "row", d.says(t, "id", "name"), "1|event*")
	m = d.stage(t, "a3", 40, rec("1", 35, false, "given up"))
	must(t, d.w.Discard(t.Context(), d.fence, m.Attempt))
	d.events(t, event("1", streamed.Set, 41, "name", "event again"))
}

func provenByAVersion(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"), rec("2", 1, false, "two"), rec("3", 1, false, "three"))
	d.events(t, event("1", streamed.Set, 20, "name", "eins"), event("2", streamed.Gone, 20),
		event("3", streamed.Set, 20, "name", "drei", "employees", "3"), event("4", streamed.Make, 20, "name", "vier"))
	d.window(t, "a2", 30, rec("1", 20, false, "ONE"), rec("2", 20, true, "TWO"), rec("4", 20, false, "FOUR"))
	same(t, "rows", d.says(t, "id", "name", "isdeleted", "_catchment_at"), "1|ONE|false|2026-03-01 00:20:00+00 "+
		"2|TWO|true|2026-03-01 00:20:00+00 3|drei|false|2026-03-01 00:01:00+00* 4|FOUR|false|2026-03-01 00:20:00+00")
	same(t, "what no version came of", d.unproven(t, true), "3")
	standing, err := d.stream.Standing(t.Context(), d.table)
	must(t, err)
	same(t, "standing", standing, streamed.Standing{Touched: 1})
}

func provenByARepair(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 5, false, "one"))
	d.events(t, event("1", streamed.Set, 20, "name", "wrong"), event("2", streamed.Set, 20, "name", "x"))
	_, err := d.w.Mend(t.Context(), d.fence, warehouse.Mending{Policy: gone.Flag, Batches: []warehouse.Batch{{
		Table: d.table, Attempt: "r1", Job: "r1-read", ReadAt: at(21), Op: warehouse.Put,
		Pages: []warehouse.Page{d.page(rec("1", 5, false, "one"), rec("2", 20, false, "two"))}}}})
	must(t, err)
	same(t, "rows", d.says(t, "id", "name"), "1|one 2|two")
}

func proven(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 5, false, "one"), rec("2", 5, false, "two"))
	d.events(t, event("1", streamed.Set, 20, "name", "eins"), event("2", streamed.Set, 20, "name", "zwei"),
		event("3", streamed.Read, 20))
	same(t, "unproven", d.unproven(t, true), "1 2 3")
	must(t, d.stream.Proven(t.Context(), d.fence, d.table, []string{"1", "3", "9"}))
	same(t, "unproven", d.unproven(t, true), "2")
	same(t, "rows", d.says(t, "id", "name"), "1|eins 2|zwei*")
}

// intact: what events wrote is nobody else's work, and no row is missed.
func intact(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 5, false, "one"))
	d.events(t, event("1", streamed.Set, 20, "name", "eins"), event("2", streamed.Make, 20, "name", "zwei"))
	m, _, err := d.w.Mark(t.Context(), "Account")
	must(t, err)
	same(t, "rows", m.Rows, 2)
	condition, err := d.w.Inspect(t.Context(), d.table, m, at(30))
	must(t, err)
	same(t, "condition", condition, shape.Intact)
	_, err = d.w.Prepare(t.Context(), d.fence, d.table)
	must(t, err)
	same(t, "rows after the window", d.window(t, "a2", 30, rec("2", 20, false, "two")).Rows, 2)
	m, _, err = d.w.Mark(t.Context(), "Account")
	must(t, err)
	condition, err = d.w.Inspect(t.Context(), d.table, m, at(30))
	must(t, err)
	same(t, "condition", condition, shape.Intact)
}

func special(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 5, false, "one"), rec("2", 5, false, "two"), rec("3", 5, false, "three"))
	ledger, ok := archived.Of(d.w)
	if !ok {
		t.Skip("no archives")
	}
	line := archived.Line{Plan: "p", Object: "Account", ID: "1", State: archived.Deleted, Stamp: at(5), Digest: "d",
		ProvenAt: at(6), EndedAt: at(15)}
	posted := line
	posted.ID, posted.State = "2", archived.Posted
	must(t, ledger.Settle(t.Context(), d.fence, d.table, []archived.Line{line}))
	must(t, ledger.Write(t.Context(), d.fence, []archived.Line{posted}))
	if eraser := warehouse.RolesOf(d.w).Eraser; eraser != nil {
		_, err := eraser.Erase(t.Context(), d.fence, warehouse.Erasure{Table: d.table, Column: "id",
			Values: []string{"3"}})
		must(t, err)
	}
	c := d.events(t, event("1", streamed.Gone, 20), event("2", streamed.Gone, 20),
		event("3", streamed.Make, 20, "name", "x"))
	same(t, "counts", c, streamed.Counts{Dirty: 1})
	same(t, "rows", d.says(t, "id", "_catchment_delete_reason"), "1|archived 2|~")
}
