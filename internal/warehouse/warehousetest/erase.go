package warehousetest

import (
	"slices"
	"strings"

	"catchment/internal/warehouse"
)

// erased: nothing is left of a record, and no late page brings it back, not
// even into an empty table or in a rebuild.
func erased(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "three")))
	m, _, err := r.w.Mark(ctx, "Account")
	must(r.t, err)
	r.exec(`INSERT INTO "salesforce_incremental"."account" (id, name) VALUES ('1', 'staged by a user')`)
	for range 2 { // a repeat finds nothing left
		_, err = warehouse.RolesOf(r.w).Eraser.Erase(ctx, r.fence,
			warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"1", "3", "9"}, Pages: 2})
		must(r.t, err)
	}
	sameRows(r.t, r.rows("id, name"), "2|two")
	sameRows(r.t, r.query(`SELECT id FROM "salesforce_incremental"."account"`))
	sameRows(r.t, r.query(
		`SELECT record_key, row_count, staged, pages FROM "salesforce_incremental"."_catchment_erased" WHERE record_key = '1' ORDER BY row_count DESC`),
		"1|2|1|2", "1|0|0|2")
	got, _, err := r.w.Mark(ctx, "Account")
	must(r.t, err)
	same(r.t, "rows of the mark", got.Rows, int64(1))
	same(r.t, "watermark", got.Watermark, m.Watermark)
	condition, err := r.w.Inspect(ctx, r.table, got)
	must(r.t, err)
	same(r.t, "condition", condition, warehouse.Intact)

	r.read(r.puts("a2", 200, rec("1", 150, false, "late"), rec("9", 150, false, "late")))
	rebuild := r.puts("a3", 300, rec("2", 10, false, "two"), rec("3", 250, false, "late"))
	rebuild.merge.Override, rebuild.merge.Complete = true, true
	r.read(rebuild)
	sameRows(r.t, r.rows("id, name"), "2|two")
	_, err = warehouse.RolesOf(r.w).Eraser.Erase(ctx, r.fence, warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"2"}})
	must(r.t, err)
	r.read(r.puts("a4", 400, rec("2", 350, false, "late"), rec("4", 350, false, "four")))
	sameRows(r.t, r.rows("id, name"), "4|four")

	old := r.fence
	old.Number--
	_, err = warehouse.RolesOf(r.w).Eraser.Erase(ctx, old, warehouse.Erasure{Table: r.table, Column: "id", Values: []string{"4"}})
	same(r.t, "an old fence", strings.Contains(err.Error(), warehouse.ErrFenced.Error()), true)
}

// erasedByLookup: rows that tell of a record go with it.
func erasedByLookup(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "x"), rec("2", 10, false, "x"), rec("3", 10, false, "y")))
	r.exec(
		`INSERT INTO "salesforce_incremental"."_catchment_rejected" (flow, record_key, record) VALUES ('Account', '8', '{"Id":"8","Name":"x"}'), ('Account', '9', '{"Id":"9","Name":"y"}'), ('Other', '8', '{"Name":"x"}')`)
	got, err := warehouse.RolesOf(r.w).Eraser.Erase(ctx, r.fence, warehouse.Erasure{Table: r.table, Column: "name", Values: []string{"x"}})
	must(r.t, err)
	same(r.t, "rows", got, warehouse.Erased{Rows: 2, Staged: 1})
	sameRows(r.t,
		r.query(
			`SELECT flow, record_key FROM "salesforce_incremental"."_catchment_rejected" ORDER BY flow, record_key`), "Account|9", "Other|8")
	sameRows(r.t, r.rows("id, name"), "3|y")
	r.read(r.puts("a2", 200, rec("1", 150, false, "late")))
	sameRows(r.t, r.rows("id, name"), "3|y")
}

// evidence: what a reading has in staging is held against the final table.
func evidence(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "three"),
		rec("4", 10, false, "four")))
	r.read(r.puts("a2", 300, rec("5", 250, false, "read after the Ids")))
	load := func(b warehouse.Batch) {
		_, err := r.w.Load(ctx, r.fence, b)
		must(r.t, err)
	}
	load(warehouse.Batch{Table: r.table, Attempt: "a3", Job: "main", ReadAt: at(200),
		Pages: []warehouse.Page{r.page("Id,IsDeleted,SystemModstamp,Name", rec("6", 150, false, "six"))}})
	load(warehouse.Batch{Table: r.table, Attempt: "a3", Job: "ids", Op: warehouse.Seen, ReadAt: at(201),
		Pages: []warehouse.Page{r.page("Id,IsDeleted", "1,false", "3,false", "4,true", "6,false",
			"7,false", "8,true")}})
	var staged []string
	must(r.t, r.w.StagedKeys(ctx, r.table, "a3", "main", func(key string) { staged = append(staged, key) }))
	sameRows(r.t, staged, "6")
	absent, err := r.w.Absent(ctx, r.table, "a3", []string{"ids"}, at(201))
	must(r.t, err)
	sameRows(r.t, absent, "2") // 3 is deleted already, and 5 was read later
	alive, binned, err := r.w.Otherwise(ctx, r.table, "a3", []string{"ids"})
	must(r.t, err)
	sameRows(r.t, alive, "3", "7")
	sameRows(r.t, binned, "4")
	many := append([]string{"1", "3", "9"}, slices.Repeat([]string{"x"}, 600)...)
	held, err := r.w.Held(ctx, r.table, many)
	must(r.t, err)
	same(r.t, "held", len(held) == 1 && held["1"], true)
	live, err := r.w.Live(ctx, r.table)
	must(r.t, err)
	same(r.t, "live", live, 4)
}
