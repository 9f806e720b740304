package warehousetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/many"
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
		left := picture()
		if r.subject.Traits().Apart && ownerOf(r) == other { // the marks have moved, and all of them together
			left = before
			same(r.t, "marks that are of one org", orgsOf(r), other+" "+other)
		}
		same(r.t, "what it left when it failed", left, before)
	}
	after := picture()
	same(r.t, "it did something", after != before, true)
	must(r.t, r.w.Rebind(ctx, other, true))
	same(r.t, "what a repeat leaves", picture(), after)
	same(r.t, "a lost answer", r.under(Fault{Kind: LostAnswer}).Rebind(ctx, org, true) != nil, true)
	same(r.t, "org", ownerOf(r), org)
	must(r.t, r.w.Rebind(ctx, org, true))
}

// orgsOf are the orgs that have the flows.
func orgsOf(r *rig) string {
	marks, err := r.w.Marks(r.t.Context())
	must(r.t, err)
	var orgs []string
	for _, m := range marks {
		orgs = append(orgs, m.Org)
	}
	return strings.Join(orgs, " ")
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

// another is the rig with another flow and table of the same warehouse, which has been read once.
func another(r *rig, object string) *rig {
	ctx := r.t.Context()
	o := *r
	o.table.Object, o.table.Name = object, strings.ToLower(object)
	o.fence = warehouse.Fence{Flow: object, Number: 1}
	_, err := o.w.Claim(ctx, o.fence, o.table.Name, org)
	must(r.t, err)
	_, err = o.w.Prepare(ctx, o.fence, o.table)
	must(r.t, err)
	in := o.puts("first of "+object, 100, rec("1", 10, false, "one"))
	in.merge = warehouse.Merge{Watermark: at(90), Grade: "proven", Generation: 1}
	o.read(in)
	return &o
}

// markOf is the mark of the rig's flow.
func markOf(r *rig) warehouse.Mark {
	r.t.Helper()
	m, _, err := r.w.Mark(r.t.Context(), r.fence.Flow)
	must(r.t, err)
	return m
}

// claimsTogether: flows are claimed in one go where each would be alone, and nothing is done of the others.
func claimsTogether(r *rig) {
	ctx := r.t.Context()
	in := many.Of(r.w)
	if in == nil { // each flow is claimed alone
		return
	}
	contact, lead, task := another(r, "Contact"), another(r, "Lead"), another(r, "Task")
	before := []warehouse.Mark{markOf(contact), markOf(lead), markOf(task)}
	claims := []many.Claim{
		{Fence: warehouse.Fence{Flow: "Contact", Number: 4}, Table: "contact"},
		{Fence: warehouse.Fence{Flow: "Lead", Number: 1}, Table: "lead"},    // no newer one
		{Fence: warehouse.Fence{Flow: "Task", Number: 4}, Table: "aufgabe"}, // another table
		{Fence: warehouse.Fence{Flow: "Case", Number: 4}, Table: "case"},    // not known
	}
	none, err := in.ClaimEach(ctx, other, claims)
	must(r.t, err)
	same(r.t, "flows of another org", len(none), 0)
	for n := 0; ; n++ {
		failing := many.Of(r.under(Fault{Fails, n}))
		if _, err = failing.ClaimEach(ctx, org, claims[1:]); err == nil {
			break
		}
	}
	got, err := in.ClaimEach(ctx, org, claims)
	must(r.t, err)
	want := before[0]
	want.Fence = 4
	same(r.t, "claimed", len(got), 1)
	same(r.t, "the mark", got["Contact"], want)
	same(r.t, "the mark afterwards", markOf(contact), want)
	same(r.t, "the flow without a newer fence", markOf(lead), before[1])
	same(r.t, "the flow of another table", markOf(task), before[2])
	_, err = r.w.Consolidate(ctx, contact.fence, nothing(contact, "late", 300))
	same(r.t, "the old fence is refused", errors.Is(err, warehouse.ErrFenced), true)
}

// nothing is the merge of an attempt that has read nothing.
func nothing(r *rig, name string, to int) warehouse.Merge {
	return warehouse.Merge{Table: r.table, Attempt: name, Policy: gone.Flag, Watermark: at(to), Generation: 1,
		Grade: "proven", Memory: "of " + name}
}

// movesTogether: of attempts that have read nothing the marks move in one go, each under its own fence; whatever else
// there is of one leaves it to be consolidated alone.
func movesTogether(r *rig) {
	ctx := r.t.Context()
	in := many.Of(r.w)
	if in == nil { // each attempt is consolidated alone
		return
	}
	contact, lead, task, event := another(r, "Contact"), another(r, "Lead"), another(r, "Task"), another(r, "Event")
	all := []*rig{contact, lead, task, event, r} // nothing of r was ever consolidated
	var moves []many.Move
	for _, one := range all {
		moves = append(moves, many.Move{Fence: one.fence, Merge: nothing(one, "quiet "+one.fence.Flow, 200)})
	}
	_, err := r.w.Claim(ctx, warehouse.Fence{Flow: "Lead", Number: 5}, "lead", org)
	must(r.t, err)
	staged := task.puts("quiet Task", 150, rec("2", 120, false, "two"))
	_, err = r.w.Load(ctx, task.fence, task.batch(staged))
	must(r.t, err)
	_, err = r.w.Consolidate(ctx, event.fence, moves[3].Merge)
	must(r.t, err)
	var before []warehouse.Mark
	for _, one := range all {
		before = append(before, markOf(one))
	}
	for n := 0; ; n++ {
		if _, err = many.Of(r.under(Fault{Fails, n})).MoveEach(ctx, moves); err == nil {
			break
		}
		for i, one := range all {
			same(r.t, fmt.Sprintf("%s, failed at %d", one.fence.Flow, n), markOf(one), before[i])
		}
	}
	for range 2 { // the second time there is nothing left to do
		for i, one := range all[1:] {
			same(r.t, one.fence.Flow, markOf(one), before[i+1])
		}
		m := markOf(contact)
		same(r.t, "watermark, attempt and memory", fmt.Sprint(m.Watermark, m.Attempt, m.Memory, m.Rows, m.Fence),
			fmt.Sprint(at(200), "quiet Contact", "of quiet Contact", 1, 1))
		counts, err := r.w.Consolidate(ctx, contact.fence, moves[0].Merge)
		must(r.t, err)
		same(r.t, "counts, as the log has them", counts, warehouse.Counts{Rows: 1})
		got, err := in.MoveEach(ctx, moves)
		must(r.t, err)
		same(r.t, "moved once more", len(got), 0)
	}
	_, err = r.w.Consolidate(ctx, lead.fence, moves[1].Merge)
	same(r.t, "a lost fence is told", errors.Is(err, warehouse.ErrFenced), true)

	lost := []many.Move{{Fence: contact.fence, Merge: nothing(contact, "lost", 300)}}
	_, err = many.Of(r.under(Fault{Kind: LostAnswer})).MoveEach(ctx, lost)
	same(r.t, "a lost answer", err != nil, true)
	counts, err := r.w.Consolidate(ctx, contact.fence, lost[0].Merge)
	must(r.t, err)
	same(r.t, "and the counts of it", counts, warehouse.Counts{Rows: 1})
	same(r.t, "the mark moved once", markOf(contact).Watermark, at(300))
}

// movesWithoutRejects: what keeps records out looks after them.
func movesWithoutRejects(r *rig) {
	in := many.Of(r.w)
	if in == nil {
		return
	}
	first := r.puts("a1", 100, rec("1", 10, false, "one"))
	r.rejecting(&first.pages[0], "9")
	r.read(first)
	got, err := in.MoveEach(r.t.Context(), []many.Move{{Fence: r.fence, Merge: nothing(r, "a2", 200)}})
	must(r.t, err)
	same(r.t, "moved", len(got), 0)
}
