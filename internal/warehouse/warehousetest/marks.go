package warehousetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// other is the org Id of somebody else.
const other = "00D000000000002AAA"

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

// otherOrg is refused for the flows that are there, and for those that aren't yet.
func otherOrg(r *rig) {
	ctx := r.t.Context()
	contact := warehouse.Fence{Flow: "Contact", Number: 1}
	for _, who := range []struct {
		fence      warehouse.Fence
		table, org string
	}{{r.fence, "account", other}, {r.fence, "konto", org}, {contact, "contact", other}} {
		_, err := r.w.Claim(ctx, who.fence, who.table, who.org)
		same(r.t, "class", plan.ClassOf(err), plan.Fix)
		same(r.t, "hint", plan.HintOf(err) != "", true)
	}
	_, known, err := r.w.Mark(ctx, "Contact")
	must(r.t, err)
	same(r.t, "it has a mark", known, false)
	_, err = r.w.Claim(ctx, contact, "contact", org)
	must(r.t, err)
}

// twoOrgsAtOnce: who is first has the schemas, and nobody else gets in beside him.
func twoOrgsAtOnce(r *rig) {
	ctx := r.t.Context()
	for range 5 {
		r.subject.Delete(r.t, Staging, "_catchment_flow")
		var wait sync.WaitGroup
		errs := make([]error, 2)
		for i, who := range []struct{ flow, org string }{{"Account", org}, {"Contact", other}} {
			w := r.under(Fault{})
			wait.Go(func() {
				fence := warehouse.Fence{Flow: who.flow, Number: 1}
				_, errs[i] = w.Claim(ctx, fence, strings.ToLower(who.flow), who.org)
			})
		}
		wait.Wait()
		marks, err := r.w.Marks(ctx)
		must(r.t, err)
		same(r.t, "marks", len(marks), 1)
		same(r.t, "one is refused", (errs[0] == nil) != (errs[1] == nil), true)
		same(r.t, "class", plan.ClassOf(errors.Join(errs...)), plan.Fix)
	}
}

// twoOrgsInside are what an older version has let in: each goes on with its own
// flows, and neither gets another one.
func twoOrgsInside(r *rig) {
	ctx := r.t.Context()
	text := func(s string) *string { return &s }
	r.subject.Insert(r.t, Staging, "_catchment_flow", Row{"flow": text("Contact"), "table_name": text("contact"),
		"fence": text("1"), "org": text(other), "generation": text("1"), "grade": text(""), "row_count": text("0"),
		"attempt": text("")})
	for _, c := range []struct{ flow, org, refused string }{
		{"Account", org, ""}, {"Contact", other, ""}, {"Contact", org, other + " (Contact)"},
		{"Account", other, org + " (Account)"}, {"Case", org, other + " (Contact)"},
		{"Case", other, org + " (Account)"},
	} {
		_, err := r.w.Claim(ctx, warehouse.Fence{Flow: c.flow, Number: 2}, strings.ToLower(c.flow), c.org)
		same(r.t, c.flow+" of "+c.org+" is refused", err != nil, c.refused != "")
		if err != nil {
			same(r.t, err.Error()+" names "+c.refused, strings.Contains(err.Error(), c.refused), true)
		}
	}
}

// otherOrgTakesOver: the rows stay, or go where that is asked for, and nothing that
// was read of the old org gets in any more.
func otherOrgTakesOver(r *rig) {
	ctx := r.t.Context()
	for _, drop := range []bool{false, true} {
		now := org
		if !drop {
			now = other
		}
		r.fence.Number++
		before, err := r.w.Claim(ctx, r.fence, "account", ownerOf(r))
		must(r.t, err)
		done := r.puts(fmt.Sprint("done", drop), 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"))
		done.merge = warehouse.Merge{Watermark: at(90), Grade: "proven", Generation: before.Generation, Override: true}
		r.read(done)
		late := r.puts(fmt.Sprint("late", drop), 200, rec("3", 120, false, "three"))
		_, err = r.w.Load(ctx, r.fence, r.batch(late))
		must(r.t, err)
		must(r.t, r.w.Seal(ctx, r.fence, r.mergeOf(late)))

		for range 2 { // a repeat finds nothing to do
			must(r.t, r.w.Rebind(ctx, now, drop))
			m, _, err := r.w.Mark(ctx, "Account")
			must(r.t, err)
			same(r.t, "org", m.Org, now)
			same(r.t, "generation", m.Generation, before.Generation+1)
			same(r.t, "no watermark", m.Watermark.IsZero() && m.Grade == "", true)
			same(r.t, "rows remembered", m.Rows, map[bool]int64{false: 2, true: 0}[drop])
		}
		_, err = r.w.Consolidate(ctx, r.fence, r.mergeOf(late))
		same(r.t, "the old run is refused", errors.Is(err, warehouse.ErrFenced), true)
		same(r.t, "sealed", len(r.subject.Look(r.t, Staging, "_catchment_attempt")), 0)
		_, err = r.w.Claim(ctx, warehouse.Fence{Flow: "Account", Number: 99}, "account", before.Org)
		same(r.t, "the old org is refused", plan.ClassOf(err), plan.Fix)
		want := []string{"1|one|true|~", "2|two|true|~"}
		if drop {
			want = nil
		}
		sameRows(r.t, r.rows(columns...), want...)
		m, _, err := r.w.Mark(ctx, "Account")
		must(r.t, err)
		condition, err := r.w.Inspect(ctx, r.table, m, at(1000))
		must(r.t, err)
		same(r.t, "condition", condition, shape.Intact)
		r.fence.Number = m.Fence
	}
}

// takeOverThatFails leaves everything to the old org, and can be done again.
func takeOverThatFails(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	_, err := r.w.Claim(ctx, warehouse.Fence{Flow: "Contact", Number: 1}, "contact", org)
	must(r.t, err)
	picture := func() string {
		marks, err := r.w.Marks(ctx)
		must(r.t, err)
		return fmt.Sprintf("%+v %q", marks, r.rows(columns...))
	}
	before := picture()
	for n := 0; ; n++ {
		if r.under(Fault{Fails, n}).Rebind(ctx, other, true) == nil {
			same(r.t, "it can fail", n > 2, true)
			break
		}
		same(r.t, "what it left when it failed", picture(), before)
	}
	after := picture()
	same(r.t, "it did something", after != before, true)
	must(r.t, r.w.Rebind(ctx, other, true))
	same(r.t, "what a repeat leaves", picture(), after)
	same(r.t, "a lost answer", r.under(Fault{Kind: LostAnswer}).Rebind(ctx, org, true) != nil, true)
	same(r.t, "org", ownerOf(r), org)
	must(r.t, r.w.Rebind(ctx, org, true))
}

// ownerOf is the org that has the rig's flow.
func ownerOf(r *rig) string {
	m, _, err := r.w.Mark(r.t.Context(), r.fence.Flow)
	must(r.t, err)
	return m.Org
}

func oneFlowEach(r *rig) {
	ctx := r.t.Context()
	second := warehouse.Fence{Flow: "Acc_Ount", Number: 1}
	_, err := r.w.Claim(ctx, second, "account", org)
	same(r.t, "class", plan.ClassOf(err), plan.Fix)
	same(r.t, "hint", plan.HintOf(err) != "", true)
	_, known, err := r.w.Mark(ctx, second.Flow)
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
