package warehousetest

import (
	"slices"

	"catchment/internal/warehouse"
)

// evidence: what a reading has in staging is held against the final table.
func asked(r *rig) {
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

func torn(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "same"), rec("2", 10, false, "changed"), rec("3", 10, false, "gone"))
	for i, part := range []reading{in, r.patches("", 101, patchRec("1", 10, "7"), patchRec("2", 11, "8"),
		patchRec("4", 11, ""))} {
		b := r.batch(part)
		b.Attempt, b.Job = "a1", []string{"main", "further"}[i]
		_, err := r.w.Load(r.t.Context(), r.fence, b)
		must(r.t, err)
	}
	keys, err := r.w.Torn(r.t.Context(), r.table, "a1", []string{"main"}, []string{"further"})
	must(r.t, err)
	sameRows(r.t, keys, "2", "3")
}
