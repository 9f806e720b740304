package warehousetest

import (
	"fmt"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// erased: nothing is left of a record, and no late page brings it back, not
// even into an empty table or in a rebuild.
func erased(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "three")))
	m, _, err := r.w.Mark(ctx, "Account")
	must(r.t, err)
	r.subject.Insert(r.t, Staging, "account", row("id", "1", "name", "staged by a user"))
	for range 2 { // a repeat finds nothing left
		_, err = r.roles().Eraser.Erase(ctx, r.fence,
			warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"1", "3", "9"}, Pages: 2})
		must(r.t, err)
	}
	sameRows(r.t, r.rows("id", "name"), "2|two")
	sameRows(r.t, r.staged("id"))
	sameRows(r.t,
		beginning("1|", r.lines(Staging, "_catchment_erased", "record_key", "row_count", "staged", "pages")),
		"1|0|0|2", fmt.Sprintf("1|2|%d|2", 1+history(r, 2)))
	got, _, err := r.w.Mark(ctx, "Account")
	must(r.t, err)
	same(r.t, "rows of the mark", got.Rows, int64(1))
	same(r.t, "watermark", got.Watermark, m.Watermark)
	condition, err := r.w.Inspect(ctx, r.table, got, at(1000))
	must(r.t, err)
	same(r.t, "condition", condition, shape.Intact)

	r.read(r.puts("a2", 200, rec("1", 150, false, "late"), rec("9", 150, false, "late")))
	rebuild := r.puts("a3", 300, rec("2", 10, false, "two"), rec("3", 250, false, "late"))
	rebuild.merge.Override, rebuild.merge.Complete = true, true
	r.read(rebuild)
	sameRows(r.t, r.rows("id", "name"), "2|two")
	_, err = r.roles().Eraser.Erase(ctx, r.fence,
		warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"2"}})
	must(r.t, err)
	r.read(r.puts("a4", 400, rec("2", 350, false, "late"), rec("4", 350, false, "four")))
	sameRows(r.t, r.rows("id", "name"), "4|four")

	r.read(r.puts("a5", 500, rec("5", 450, false, "five"), rec("6", 450, false, "six")))
	r.subject.Delete(r.t, Final, "account", "5") // by another hand: that stays missing
	_, err = r.roles().Eraser.Erase(ctx, r.fence,
		warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"6"}})
	must(r.t, err)
	got, _, err = r.w.Mark(ctx, "Account")
	must(r.t, err)
	condition, err = r.w.Inspect(ctx, r.table, got, at(1000))
	must(r.t, err)
	same(r.t, "condition", condition, shape.Fewer)

	old := r.fence
	old.Number--
	_, err = r.roles().Eraser.Erase(ctx, old, warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"4"}})
	same(r.t, "an old fence", strings.Contains(err.Error(), warehouse.ErrFenced.Error()), true)
}

// history is how many versions staging still has of what was merged, where there were so many.
func history(r *rig, versions int64) int64 {
	if r.subject.Traits().History {
		return versions
	}
	return 0
}

// erasedByLookup: rows that tell of a record go with it.
func erasedByLookup(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "x"), rec("2", 10, false, "x"), rec("3", 10, false, "y")))
	r.subject.Insert(r.t, Staging, "_catchment_rejected",
		row("flow", "Account", "record_key", "8", "record", `{"Id":"8","Name":"x"}`),
		row("flow", "Account", "record_key", "9", "record", `{"Id":"9","Name":"y"}`),
		row("flow", "Other", "record_key", "8", "record", `{"Name":"x"}`))
	got, err := r.roles().Eraser.Erase(ctx, r.fence,
		warehouse.Erasure{Table: r.table, Column: "name", Values: []string{"x"}})
	must(r.t, err)
	same(r.t, "rows", got, warehouse.Erased{Rows: 2, Staged: 1 + history(r, 2)})
	sameRows(r.t, r.lines(Staging, "_catchment_rejected", "flow", "record_key"), "Account|9", "Other|8")
	sameRows(r.t, r.rows("id", "name"), "3|y")
	r.read(r.puts("a2", 200, rec("1", 150, false, "late")))
	sameRows(r.t, r.rows("id", "name"), "3|y")
}

// erasedRejected: what the flow's rules kept out is erased too.
func erasedRejected(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	r.rejecting(&in.pages[0], "2", "4")
	r.read(in)
	out(r, warehouse.Merge{}, "2 4", 0)
	got, err := r.roles().Eraser.Erase(r.t.Context(), r.fence,
		warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"4"}})
	must(r.t, err)
	same(r.t, "erased", got, warehouse.Erased{Staged: 1})
	out(r, warehouse.Merge{}, "2", 0)
}
