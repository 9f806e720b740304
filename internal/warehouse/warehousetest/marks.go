package warehousetest

import (
	"errors"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

func fences(r *rig) {
	ctx := r.t.Context()
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	m, err := r.w.Claim(ctx, warehouse.Fence{Flow: "Account", Number: 5}, "account", org)
	must(r.t, err)
	same(r.t, "fence", m.Fence, 5)
	_, claim := r.w.Claim(ctx, r.fence, "account", org)
	_, load := r.w.Load(ctx, r.fence, r.batch(in))
	_, merge := r.w.Consolidate(ctx, r.fence, r.mergeOf(in))
	_, prepare := r.w.Prepare(ctx, r.fence, r.table)
	_, unknown := r.w.Load(ctx, warehouse.Fence{Flow: "Nobody", Number: 9}, r.batch(in))
	for what, err := range map[string]error{"claim": claim, "load": load, "consolidate": merge, "prepare": prepare,
		"discard": r.w.Discard(ctx, r.fence, "a1"), "a flow without a mark": unknown} {
		same(r.t, what+" is refused", errors.Is(err, warehouse.ErrFenced), true)
	}
	r.fence.Number = 5
	r.read(in)
}

func otherOrg(r *rig) {
	for _, who := range [][2]string{{"account", "00D000000000002AAA"}, {"konto", org}} {
		_, err := r.w.Claim(r.t.Context(), r.fence, who[0], who[1])
		same(r.t, "class", plan.ClassOf(err), plan.Fix)
		same(r.t, "hint", plan.HintOf(err) != "", true)
	}
}

func oneFlowEach(r *rig) {
	ctx := r.t.Context()
	other := warehouse.Fence{Flow: "Acc_Ount", Number: 1}
	_, err := r.w.Claim(ctx, other, "account", org)
	same(r.t, "class", plan.ClassOf(err), plan.Fix)
	same(r.t, "hint", plan.HintOf(err) != "", true)
	_, known, err := r.w.Mark(ctx, other.Flow)
	must(r.t, err)
	same(r.t, "it has a mark", known, false)
}

// memory is written with the watermark, stays where a merge has none to write, and
// changes by itself only under the fence.
func memory(r *rig) {
	ctx := r.t.Context()
	knows := func(what, memory, grade string) {
		r.t.Helper()
		m, _, err := r.w.Mark(ctx, r.fence.Flow)
		must(r.t, err)
		same(r.t, "memory "+what, m.Memory, memory)
		same(r.t, "grade "+what, m.Grade, grade)
	}
	must(r.t, r.w.Remember(ctx, r.fence, "before", "proven"))
	knows("of a flow without a watermark", "before", "")
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	in.merge = warehouse.Merge{Watermark: at(90), Generation: 1, Grade: "proven", Memory: "merged"}
	r.read(in)
	knows("after a merge", "merged", "proven")
	r.read(r.puts("a2", 101, rec("1", 11, false, "two")))
	knows("after a merge that has none", "merged", "proven")
	must(r.t, r.w.Remember(ctx, r.fence, "doubted", "unproven"))
	must(r.t, r.w.Remember(ctx, r.fence, "doubted", "unproven"))
	knows("of its own", "doubted", "unproven")
	m, _, err := r.w.Mark(ctx, r.fence.Flow)
	must(r.t, err)
	same(r.t, "watermark", m.Watermark.Equal(at(90)), true)
	old := warehouse.Fence{Flow: r.fence.Flow, Number: r.fence.Number - 1}
	same(r.t, "an old fence is refused", errors.Is(r.w.Remember(ctx, old, "late", "proven"), warehouse.ErrFenced), true)
	knows("after one of an old fence", "doubted", "unproven")
}
