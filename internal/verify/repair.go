package verify

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// repairAtMost is how many records are mended by their Ids; a full reading of
// more is cheaper.
const repairAtMost = 50_000

// repair mends what differs, so many records at a time, and reads each of them
// once more. It ends when nothing is left, or when what is left stays so.
func (w *visit) repair(ctx context.Context, r *warehouse.Reading, fence warehouse.Fence) error {
	found := differing(w.res.Difference)
	if found > repairAtMost {
		return plan.Fixf("load it anew with: catchment run --full "+w.flow.Object, "%d records differ: that is more than a repair reads one by one", found)
	}
	w.res.mended = true
	now := w.res.Difference
	for round := 1; differing(now) > 0; round++ {
		suspects, err := r.Ask(ctx, askAtMost)
		if err != nil {
			return err
		}
		if err := w.mend(ctx, fence, round, suspects); err != nil {
			return err
		}
		if err := w.lookAgain(ctx, r, suspects); err != nil {
			return err
		}
		after, err := r.Difference(ctx, 0)
		if err != nil {
			return err
		}
		stuck := differing(after) >= differing(now)
		now = after
		if stuck {
			break
		}
	}
	w.res.left = now.Missing + now.Extra + now.Stale + now.Wrong + now.Duplicates
	w.res.Repaired = found - differing(now)
	return nil
}

// mend reads records whole, treats them as the flow wants it, and writes them over
// their rows, by one transaction.
// A crash before it leaves everything as it was, one after it leaves nothing to
// do (invariant 2).
func (w *visit) mend(ctx context.Context, fence warehouse.Fence, round int, suspects []warehouse.Suspect) error {
	// What is read below is as new as this, at least.
	readAt, err := w.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	look, err := w.again(ctx, idsOf(suspects), fieldsOf(w.table), w.mended())
	pages := slices.Clone(look.live)
	defer func() { w.forget(ctx, pages) }()
	if err != nil {
		return err
	}
	m := warehouse.Mending{Policy: warehouse.Policy(w.flow.Deletes), AbsentReason: warehouse.AbsentReason(w.flow.Where), AllowDeletes: w.Options.AllowDeletes}
	attempt := fmt.Sprintf("%s-%s-repair-%d", w.flow.Object, w.Options.Run, round)
	add := func(name string, op warehouse.Op, pages []warehouse.Page) {
		if len(pages) > 0 {
			m.Batches = append(m.Batches, warehouse.Batch{Table: w.table, Attempt: attempt, Job: attempt + "-" + name, Op: op, ReadAt: readAt, Pages: pages})
		}
	}
	add("read", warehouse.Put, look.live)
	deleted, gone := known(look, suspects)
	if len(deleted) > 0 {
		p, err := w.statePage(ctx, deleted)
		if err != nil {
			return err
		}
		pages = append(pages, p)
		add("deleted", warehouse.Put, []warehouse.Page{p})
	}
	if len(gone) > 0 {
		p, err := w.page(ctx, w.compared(), []string{"Id"}, func(write func([]string) error) error {
			for _, id := range gone {
				if err := write([]string{id}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		pages = append(pages, p)
		add("gone", warehouse.Delete, []warehouse.Page{p})
	}
	return w.write(ctx, fence, m, suspects)
}

// write has the warehouse mend its rows.
func (w *visit) write(ctx context.Context, fence warehouse.Fence, m warehouse.Mending, suspects []warehouse.Suspect) error {
	if err := w.held.Renew(ctx); err != nil {
		return err
	}
	if slices.ContainsFunc(suspects, func(s warehouse.Suspect) bool { return s.How == "duplicate" }) {
		if err := w.Warehouse.Distinct(ctx, fence, w.table); err != nil {
			return err
		}
	}
	counts, err := w.Warehouse.Mend(ctx, fence, m)
	if err != nil || len(m.Batches) == 0 {
		return err
	}
	_, err = w.Control.UpdateFlow(ctx, w.flow.Object, func(f *control.FlowRow) { f.Rows = counts.Rows })
	return err
}

// known picks, of what a look found deleted or gone, the records that have a
// row. One that was missing here and is deleted by now has none to flag: its
// delete is stamped past the watermark, and the next run brings it whole.
func known(l look, suspects []warehouse.Suspect) (deleted []state, gone []string) {
	missing := map[string]bool{}
	for _, s := range suspects {
		missing[s.ID] = missing[s.ID] || s.How == "missing"
	}
	for _, s := range l.states {
		if !missing[s.id] {
			deleted = append(deleted, s)
		}
	}
	for _, id := range l.gone {
		if !missing[id] {
			gone = append(gone, id)
		}
	}
	return deleted, gone
}
