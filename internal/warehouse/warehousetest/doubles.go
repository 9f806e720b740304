package warehousetest

import (
	"fmt"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
)

// doubles loads keys more than once, in one page and in two, alike and not.
func doubles(r *rig) {
	ctx := r.t.Context()
	load := func(job string, pages ...warehouse.Page) {
		_, err := r.w.Load(ctx, r.fence, warehouse.Batch{Table: r.table, Attempt: "a1", Job: job, ReadAt: at(100),
			Pages: pages})
		must(r.t, err)
	}
	ask := func(job string) string {
		found, err := r.w.Repeated(ctx, r.table, "a1", job)
		must(r.t, err)
		return fmt.Sprintf("%+v", found)
	}
	one := rec("1", 10, false, "one")
	load("once", r.page(header, one, rec("2", 10, false, "two")), r.page(header, rec("3", 10, false, "three")))
	same(r.t, "keys that came once", ask("once"), fmt.Sprintf("%+v", evidence.Repeats{}))
	same(r.t, "keys of no job", ask("none"), fmt.Sprintf("%+v", evidence.Repeats{}))

	load("alike", r.page(header, one, one, one, rec("2", 10, false, "two")), r.page(header, rec("4", 10, true, ""),
		rec("4", 10, true, "")))
	same(r.t, "records that came more than once", ask("alike"),
		fmt.Sprintf("%+v", evidence.Repeats{Rows: 3, Keys: []string{"1", "4"}}))

	load("apart", r.page(header, one, rec("2", 10, false, "two")), r.page(header, one))
	same(r.t, "a record in two pages", ask("apart"),
		fmt.Sprintf("%+v", evidence.Repeats{Rows: 1, Apart: 1, Keys: []string{"1"}}))

	load("differing", r.page(header, one, one, rec("2", 10, false, "two"), rec("2", 10, false, ""),
		rec("3", 10, false, "x"), rec("3", 11, false, "x"), rec("4", 10, true, "x"), rec("4", 10, false, "x"),
		rec("5", 10, false, "x"), rec("5", 10, false, "y"), rec("5", 10, false, "x")))
	same(r.t, "keys with records that differ", ask("differing"),
		fmt.Sprintf("%+v", evidence.Repeats{Rows: 6, Differing: 4, Keys: []string{"2", "3", "4"}}))
}
