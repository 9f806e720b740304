package warehousetest

import (
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// begun: the same token begins one consolidation, and Consolidate tells its counts.
func begun(r *rig) {
	ctx := r.t.Context()
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "two"))
	_, err := r.w.Load(ctx, r.fence, r.batch(in))
	must(r.t, err)
	must(r.t, r.w.Seal(ctx, r.fence, r.mergeOf(in)))
	var ids [2]string
	other := warehouse.RolesOf(r.under(Fault{})).Detacher // as another process
	for i, detacher := range []warehouse.Detacher{r.roles().Detacher, other} {
		ids[i], err = detacher.Begin(ctx, r.fence, r.procedure(), "token")
		must(r.t, err)
	}
	same(r.t, "the second id", ids[1], ids[0])
	if ids[0] != "" { // else this table has no such way
		for over := false; !over; {
			over, err = other.Ended(ctx, ids[0], time.Minute)
			must(r.t, err)
		}
	}
	done, err := r.w.Consolidated(ctx, "a1")
	must(r.t, err)
	same(r.t, "consolidated", done, ids[0] != "")
	c, err := r.w.Consolidate(ctx, r.fence, r.mergeOf(in))
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|false|soft")
	old := r.fence
	old.Number--
	_, err = other.Begin(ctx, old, r.procedure(), "another token")
	same(r.t, "an old fence", err != nil, true)
}

// procedure consolidates the rig's table, whose records carry what is below
// header.
func (r *rig) procedure() warehouse.Procedure {
	p := warehouse.Procedure{Table: r.table, Policy: gone.Flag}
	for _, c := range r.table.Columns {
		switch c.Name {
		case "id", "isdeleted", "systemmodstamp", "name":
		default:
			p.Patched = append(p.Patched, c.Name)
		}
	}
	return p
}

// installed: procedures are made anew each time, and change nothing by themselves.
func installed(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	_, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
	must(r.t, err)
	must(r.t, r.w.Seal(r.t.Context(), r.fence, r.mergeOf(in)))
	for range 2 {
		must(r.t, r.roles().Procedures.Install(r.t.Context(), []warehouse.Procedure{r.procedure()}))
	}
	done, err := r.w.Consolidated(r.t.Context(), "a1")
	must(r.t, err)
	same(r.t, "consolidated", done, false)
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Inserted: 1, Rows: 1})
}
