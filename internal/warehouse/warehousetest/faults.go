package warehousetest

import (
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// faults are what holds when something goes wrong: of one operation of each role
// under every kind of fault, and in words.
func faults(roles []Role) []test {
	tests := []test{
		{"a lost answer to COMMIT", lostAnswer},
		{"a transaction that fails leaves nothing", atomic},
	}
	for _, o := range operations() {
		if o.role == "" || slices.Contains(roles, o.role) {
			tests = append(tests, test{o.name, o.underFaults})
		}
	}
	return tests
}

func lostAnswer(r *rig) {
	ctx := r.t.Context()
	lost := r.under(Fault{Kind: LostAnswer})
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "two"))
	_, err := lost.Load(ctx, r.fence, r.batch(in))
	same(r.t, "load", err != nil, true)
	n, err := r.w.Load(ctx, r.fence, r.batch(in))
	must(r.t, err)
	same(r.t, "rows in the ledger", n, 2)
	_, err = lost.Consolidate(ctx, r.fence, r.mergeOf(in))
	same(r.t, "consolidate", err != nil, true)
	c, err := r.w.Consolidate(ctx, r.fence, r.mergeOf(in))
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|false|soft")
}

func atomic(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	in := r.puts("a2", 200, rec("1", 120, true, "one"), rec("3", 120, false, "three"))
	in.merge.Policy = gone.Remove
	before := r.rows(columns...)
	for n := 0; ; n++ {
		_, err := r.under(Fault{Fails, n}).Load(ctx, r.fence, r.batch(in))
		if err == nil {
			break
		}
		same(r.t, "nothing staged", len(r.staged("id")), 0)
	}
	for n := 0; ; n++ {
		c, err := r.under(Fault{Fails, n}).Consolidate(ctx, r.fence, r.mergeOf(in))
		if err == nil {
			same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 1, Deleted: 1, Rows: 2})
			break
		}
		sameRows(r.t, r.rows(columns...), before...)
	}
	sameRows(r.t, r.rows(columns...), "2|two|true|~", "3|three|true|~")
}
