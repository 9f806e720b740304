package memory

import (
	"context"
	"maps"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// landing is the name of the table in which rows land.
func landing(t shape.Table, apart bool) string {
	if apart {
		return t.Name + "_landing"
	}
	return t.Name
}

// LandsIn is the table that takes rows from outside.
func (p lands) LandsIn(t shape.Table, apart bool) string {
	return p.Staging + "." + landing(t, apart)
}

// PrepareLanding makes the table in which rows land apart, or adds what it lacks.
func (p lands) PrepareLanding(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	return p.write(ctx, "prepare the landing of "+t.Name, &f, func(o *operation) error {
		t.Name = landing(t, true)
		_, err := o.shape(o.Staging, t, nil, nil)
		return err
	})
}

// Unclaimed counts the rows that landed and are no attempt's.
func (p lands) Unclaimed(ctx context.Context, t shape.Table, apart bool) (int64, error) {
	return seen(ctx, p.process, "rows of "+t.Name+" that nobody claims", func(o *operation) int64 {
		return int64(len(o.own(landing(t, apart)).where(isUnclaimed)))
	})
}

func isUnclaimed(r row) bool { return r[colAttempt] == "" }

// ClaimLanded gives the rows that landed to an attempt.
func (p lands) ClaimLanded(ctx context.Context, f warehouse.Fence, l warehouse.Landed) error {
	return p.write(ctx, "claim rows of "+l.Table.Name, &f, func(o *operation) error {
		for _, line := range o.ledger(l.Attempt) {
			if line["page"] == l.Key {
				return nil
			}
		}
		claimed := o.changeOwn(l.Table.Name).where(isUnclaimed)
		if l.Apart {
			claimed = o.gather(l.Table)
		}
		if n := int64(len(claimed)); n != l.Rows {
			return plan.Failf(plan.Retry, "", "%w: %d rows are there, %d were sent", warehouse.ErrUncounted, n, l.Rows)
		}
		l.Op = warehouse.Put
		for _, r := range claimed {
			maps.Copy(r, stagedBy(l.Batch, l.Seq))
		}
		o.enter(f, l.Batch, warehouse.Page{Key: l.Key, Seq: l.Seq, Rows: l.Rows, Digest: l.Key}, columnsFor(l.Table))
		return nil
	})
}

// gather moves rows that landed apart into staging, and tells which.
func (o *operation) gather(t shape.Table) []row {
	from, to := o.changeOwn(landing(t, true)), o.changeOwn(t.Name)
	moved := from.rows
	to.rows, from.rows = append(to.rows, moved...), nil
	return moved
}

// MergeUnclaimed consolidates the rows that are no attempt's.
func (p lands) MergeUnclaimed(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge, apart bool,
) (warehouse.Counts, error) {
	m.Attempt, m.Pages, m.Rows, m.Complete, m.Override = "", 0, 0, false, false
	if apart {
		err := p.write(ctx, "gather rows of "+m.Table.Name, &f, func(o *operation) error {
			o.gather(m.Table)
			return nil
		})
		if err != nil {
			return warehouse.Counts{}, err
		}
	}
	return merger(p).Consolidate(ctx, f, m)
}
