package warehousetest

import (
	"errors"
	"fmt"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// land puts rows where somebody else would: an id, a minute and a name each.
func (r *rig) land(apart bool, rows ...string) {
	r.t.Helper()
	var landed []Row
	for _, text := range rows {
		f := strings.Split(text, " ")
		var minute int
		_, err := fmt.Sscan(f[1], &minute)
		must(r.t, err)
		landed = append(landed,
			row("id", f[0], "systemmodstamp", moment(at(minute)), "name", f[2], "isdeleted", "false"))
	}
	side, table, _ := strings.Cut(r.roles().Lands.LandsIn(r.table, apart), ".")
	r.subject.Insert(r.t, Side(side), table, landed...)
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
		must(r.t, r.roles().Lands.PrepareLanding(ctx, r.fence, r.table))
		must(r.t, r.roles().Lands.PrepareLanding(ctx, r.fence, r.table))
		base := 100 * n
		r.land(apart, fmt.Sprint("1 ", base+10, " one"), fmt.Sprint("2 ", base+10, " two"),
			fmt.Sprint("1 ", base+20, " uno"), fmt.Sprint("2 ", base+10, " two"))
		for _, wrong := range []int64{3, 5} {
			if err := r.roles().Lands.ClaimLanded(ctx, r.fence, r.landed(attempt, wrong, apart)); !errors.Is(err,
				warehouse.ErrUncounted) {
				r.t.Errorf("%d rows were sent: %v", wrong, err)
			}
		}
		unclaimed, err := r.roles().Lands.Unclaimed(ctx, r.table, apart)
		must(r.t, err)
		same(r.t, "unclaimed", unclaimed, 4)
		must(r.t, r.roles().Lands.ClaimLanded(ctx, r.fence, r.landed(attempt, 4, apart)))
		r.land(apart, fmt.Sprint("3 ", base+10, " late")) // by an execution that nobody counted
		must(r.t, r.roles().Lands.ClaimLanded(ctx, r.fence, r.landed(attempt, 4, apart)))
		pages, rows, err := r.w.Staged(ctx, attempt, "")
		must(r.t, err)
		same(r.t, "ledger", fmt.Sprint(pages, rows), "1 4")
		m := warehouse.Merge{Table: r.table, Attempt: attempt, Policy: gone.Flag, Pages: 1, Rows: 4,
			Watermark: at(base + 50), Generation: 1}
		counts, err := r.by(ctx, r.w, r.fence, m)
		must(r.t, err)
		same(r.t, "staged", counts.Staged, 4)
		counts, err = r.roles().Lands.MergeUnclaimed(ctx, r.fence, m, apart)
		must(r.t, err)
		same(r.t, "late row", counts.Staged, 1)
		unclaimed, err = r.roles().Lands.Unclaimed(ctx, r.table, apart)
		must(r.t, err)
		same(r.t, "unclaimed", unclaimed, 0)
		sameRows(r.t, r.rows("id", "name"), "1|uno", "2|two", "3|late")
		mark, _, err := r.w.Mark(ctx, "Account")
		must(r.t, err)
		same(r.t, "watermark", mark.Watermark, at(base+50))
	}
}

// landedRetyped: a number becomes a text where rows land apart, too.
func landedRetyped(r *rig) {
	ctx := r.t.Context()
	prepare := func() {
		var err error
		r.table, _, err = r.w.Adapt(ctx, r.table)
		must(r.t, err)
		_, err = r.w.Prepare(ctx, r.fence, r.table)
		must(r.t, err)
		must(r.t, r.roles().Lands.PrepareLanding(ctx, r.fence, r.table))
	}
	prepare()
	for i, c := range r.table.Columns {
		if c.Name == "employees" {
			r.table.Columns[i].Kind = shape.Text
		}
	}
	for range 2 {
		prepare()
	}
	side, table, _ := strings.Cut(r.roles().Lands.LandsIn(r.table, true), ".")
	r.subject.Insert(r.t, Side(side), table, row("id", "1", "systemmodstamp", moment(at(10)), "isdeleted", "false",
		"employees", "many"))
	must(r.t, r.roles().Lands.ClaimLanded(ctx, r.fence, r.landed("a1", 1, true)))
	_, err := r.by(ctx, r.w, r.fence, warehouse.Merge{Table: r.table, Attempt: "a1", Policy: gone.Flag, Pages: 1,
		Rows: 1, Watermark: at(50), Generation: 1})
	must(r.t, err)
	sameRows(r.t, r.rows("id", "employees"), "1|many")
}

// landedFence: an old holder claims nothing.
func landedFence(r *rig) {
	r.land(false, "1 10 one")
	_, err := r.w.Claim(r.t.Context(), warehouse.Fence{Flow: r.fence.Flow, Number: 2}, "account", org)
	must(r.t, err)
	err = r.roles().Lands.ClaimLanded(r.t.Context(), r.fence, r.landed("a1", 1, false))
	if !errors.Is(err, warehouse.ErrFenced) {
		r.t.Error(err)
	}
}
