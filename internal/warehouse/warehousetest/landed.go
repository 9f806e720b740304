package warehousetest

import (
	"errors"
	"fmt"
	"strings"

	"catchment/internal/warehouse"
)

// land puts rows where somebody else would: an id, a minute and a name each.
func (r *rig) land(apart bool, rows ...string) {
	r.t.Helper()
	var values []string
	for _, row := range rows {
		f := strings.Split(row, " ")
		var minute int
		_, err := fmt.Sscan(f[1], &minute)
		must(r.t, err)
		values = append(values, fmt.Sprintf("('%s', TIMESTAMPTZ '%s', '%s', false)", f[0],
			at(minute).Format("2006-01-02 15:04:05+00"), f[2]))
	}
	schema, table, _ := strings.Cut(warehouse.RolesOf(r.w).Lands.LandsIn(r.table, apart), ".")
	r.exec(fmt.Sprintf(`INSERT INTO "%s"."%s" (id, systemmodstamp, name, isdeleted) VALUES %s`, schema, table,
		strings.Join(values, ", ")))
}

func (r *rig) landed(attempt string, rows int64, apart bool) warehouse.Landed {
	return warehouse.Landed{Batch: warehouse.Batch{Table: r.table, Attempt: attempt, Job: attempt + "-job",
		ReadAt: at(500)},
		Key: "landed/" + attempt, Seq: 1, Rows: rows, Apart: apart}
}

// landedRows: AppFlow's rows are claimed, doubles and all, and only if they
// are as many as were sent.
func landedRows(r *rig) {
	for n, apart := range []bool{false, true} {
		ctx, attempt := r.t.Context(), fmt.Sprint("a", n)
		must(r.t, warehouse.RolesOf(r.w).Lands.PrepareLanding(ctx, r.fence, r.table))
		must(r.t, warehouse.RolesOf(r.w).Lands.PrepareLanding(ctx, r.fence, r.table))
		base := 100 * n
		r.land(apart, fmt.Sprint("1 ", base+10, " one"), fmt.Sprint("2 ", base+10, " two"),
			fmt.Sprint("1 ", base+20, " uno"), fmt.Sprint("2 ", base+10, " two"))
		for _, wrong := range []int64{3, 5} {
			if err := warehouse.RolesOf(r.w).Lands.ClaimLanded(ctx, r.fence, r.landed(attempt, wrong, apart)); !errors.Is(err,
				warehouse.ErrUncounted) {
				r.t.Errorf("%d rows were sent: %v", wrong, err)
			}
		}
		unclaimed, err := warehouse.RolesOf(r.w).Lands.Unclaimed(ctx, r.table, apart)
		must(r.t, err)
		same(r.t, "unclaimed", unclaimed, 4)
		must(r.t, warehouse.RolesOf(r.w).Lands.ClaimLanded(ctx, r.fence, r.landed(attempt, 4, apart)))
		r.land(apart, fmt.Sprint("3 ", base+10, " late")) // by an execution that nobody counted
		must(r.t, warehouse.RolesOf(r.w).Lands.ClaimLanded(ctx, r.fence, r.landed(attempt, 4, apart)))
		pages, rows, err := r.w.Staged(ctx, attempt, "")
		must(r.t, err)
		same(r.t, "ledger", fmt.Sprint(pages, rows), "1 4")
		m := warehouse.Merge{Table: r.table, Attempt: attempt, Policy: warehouse.Flag, Pages: 1, Rows: 4,
			Watermark: at(base + 50), Generation: 1}
		counts, err := r.by(ctx, r.w, r.fence, m)
		must(r.t, err)
		same(r.t, "staged", counts.Staged, 4)
		counts, err = warehouse.RolesOf(r.w).Lands.MergeUnclaimed(ctx, r.fence, m, apart)
		must(r.t, err)
		same(r.t, "late row", counts.Staged, 1)
		unclaimed, err = warehouse.RolesOf(r.w).Lands.Unclaimed(ctx, r.table, apart)
		must(r.t, err)
		same(r.t, "unclaimed", unclaimed, 0)
		sameRows(r.t, r.rows("id, name"), "1|uno", "2|two", "3|late")
		mark, _, err := r.w.Mark(ctx, "Account")
		must(r.t, err)
		same(r.t, "watermark", mark.Watermark, at(base+50))
	}
}

// landedFence: an old holder claims nothing.
func landedFence(r *rig) {
	r.land(false, "1 10 one")
	_, err := r.w.Claim(r.t.Context(), warehouse.Fence{Flow: r.fence.Flow, Number: 2}, "account", org)
	must(r.t, err)
	if err := warehouse.RolesOf(r.w).Lands.ClaimLanded(r.t.Context(), r.fence, r.landed("a1", 1, false)); !errors.Is(err, warehouse.ErrFenced) {
		r.t.Error(err)
	}
}
