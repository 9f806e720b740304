package sql

import (
	"cmp"
	"context"
	"slices"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// Mend loads and merges in one transaction, so that a crash leaves nothing
// half done. What was read wins over rows of any stamp, as in a rebuild, but
// not over what was read later; the watermark stays where it is. Doing it
// again changes nothing (invariant 2).
func (w *merger) Mend(ctx context.Context, f warehouse.Fence, m warehouse.Mending) (warehouse.Counts, error) {
	var c warehouse.Counts
	if len(m.Batches) == 0 {
		return c, nil
	}
	merge := warehouse.Merge{Table: m.Batches[0].Table, Attempt: m.Batches[0].Attempt, Policy: m.Policy, Override: true,
		AbsentReason: m.AbsentReason, AllowDeletes: m.AllowDeletes}
	merge.AbsentReason = absentReason(merge)
	for _, b := range m.Batches {
		for _, p := range b.Pages {
			merge.Pages++
			merge.Rows += p.Rows
		}
	}
	what := "mend " + merge.Table.Name
	in := intake{fence: f, what: what}
	batches := make([]warehouse.Batch, len(m.Batches))
	for i, b := range m.Batches {
		b.Op, b.Override = cmp.Or(b.Op, warehouse.Put), true
		batches[i] = b
		in.pages = append(in.pages, w.loads.copies(b, nil)...)
	}
	needy := func(b warehouse.Batch) bool { return w.needy(b.Table, b.Pages) }
	if slices.ContainsFunc(batches, needy) {
		in.look = func(tx Tx) (need, error) { return w.needOf(ctx, tx, merge.Attempt, batches) }
	}
	in.write = func() error {
		return w.merging(ctx, merging{fence: f, what: what, m: merge, write: func(tx Tx, columns []string) error {
			old, done, err := w.logged(ctx, tx, merge.Attempt)
			if err != nil || done {
				c = old
				return err
			}
			if err := (&firsts{w.store}).demote(ctx, tx, merge.Table); err != nil {
				return err
			}
			for _, b := range batches {
				if err := w.loads.loadFresh(ctx, tx, f, b); err != nil {
					return err
				}
			}
			c, err = w.merge(ctx, tx, f, merge, columns)
			return err
		}})
	}
	if err := roomy(ctx, w.store, f, merge.Table, func() error { return w.take(ctx, in) }); err != nil {
		return warehouse.Counts{}, err
	}
	return c, nil
}

// needOf is what batches of an attempt need that wasn't consolidated yet.
func (w *merger) needOf(ctx context.Context, tx Tx, attempt string, batches []warehouse.Batch) (need, error) {
	var all need
	_, done, err := w.logged(ctx, tx, attempt)
	if err != nil || done {
		return all, err
	}
	for _, b := range batches {
		if len(b.Pages) == 0 {
			continue
		}
		one, err := w.loads.needOf(ctx, tx, b)
		if err != nil || len(one.steps) > 0 { // the next one's is decided when these are done
			return one, err
		}
		all.copies = append(all.copies, one.copies...)
	}
	return all, nil
}

// Distinct leaves one row of each key, and gives the final table its key back.
// Which row stays doesn't matter: Mend replaces it. They are two transactions,
// since not every warehouse makes a key over rows that its own transaction has
// deleted.
func (w *merger) Distinct(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	what := "one row of each key of " + t.Name
	err := w.fencedOn(ctx, f, what, []string{w.final(t)}, func(tx Tx) error {
		has, err := finalColumns(ctx, tx, w.store, t.Name)
		if err != nil {
			return err
		}
		s := w.of(t).Over(has)
		keyed, err := w.keyed(ctx, tx, s)
		if err != nil || keyed && w.d.Enforces {
			return err
		}
		if w.d.RowID != "" {
			return do(ctx, tx, s.Single())
		}
		names := make([]string, len(has))
		for i, c := range has {
			names[i] = c.Name
		}
		return do(ctx, tx, s.SingleApart(names)...)
	})
	if err != nil {
		return err
	}
	return w.restoreKey(ctx, f, what, t)
}

// Unstamp forgets what rows and tombstones say of their versions where that is later
// than latest, which can't be true: what is read of their records wins from then on.
func (w *merger) Unstamp(ctx context.Context, f warehouse.Fence, t shape.Table, latest time.Time) error {
	what := "stamps that are ahead in " + t.Name
	return w.fencedOn(ctx, f, what, []string{w.final(t)}, func(tx Tx) error {
		return do(ctx, tx, w.of(t).Unstamp(latest)...)
	})
}
