package memory

import (
	"context"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// landing is the table in which rows land.
func (p *process) landing(t warehouse.Table, apart bool) string {
	if apart {
		return t.Name + "_landing"
	}
	return t.Name
}

// LandsIn is the table that takes rows from outside.
func (p *process) LandsIn(t warehouse.Table, apart bool) string {
	return p.o.Staging + "." + p.landing(t, apart)
}

// PrepareLanding makes the table in which rows land apart, or adds what it lacks.
func (p *process) PrepareLanding(ctx context.Context, f warehouse.Fence, t warehouse.Table) error {
	return p.write(ctx, "prepare the landing of "+t.Name, &f, func(o *operation) error {
		t.Name = p.landing(t, true)
		_, err := o.shape(o.o.Staging, t, nil, nil)
		return err
	})
}

// Unclaimed counts the rows that landed and are no attempt's.
func (p *process) Unclaimed(ctx context.Context, t warehouse.Table, apart bool) (n int64, err error) {
	err = p.view(ctx, "rows of "+t.Name+" that nobody claims", func(o *operation) error {
		n = int64(len(o.look(o.o.Staging, p.landing(t, apart)).where(isUnclaimed)))
		return nil
	})
	return n, err
}

func isUnclaimed(r row) bool { return r[colAttempt] == "" }

// ClaimLanded gives the rows that landed to an attempt.
func (p *process) ClaimLanded(ctx context.Context, f warehouse.Fence, l warehouse.Landed) error {
	return p.write(ctx, "claim rows of "+l.Table.Name, &f, func(o *operation) error {
		for _, line := range o.ledger(l.Attempt) {
			if line["page"] == l.Key {
				return nil
			}
		}
		claimed := o.change(o.o.Staging, l.Table.Name).where(isUnclaimed)
		if l.Apart {
			claimed = o.gather(l.Table)
		}
		if int64(len(claimed)) != l.Rows {
			return plan.Failf(plan.Retry, "", "%w: %d rows are there, %d were sent", warehouse.ErrUncounted, len(claimed),
				l.Rows)
		}
		for _, r := range claimed {
			for name, value := range record(map[string]any{colAttempt: l.Attempt, colOp: warehouse.Put, colJob: l.Job,
				colSeq: l.Seq, colReadAt: l.ReadAt}) {
				r[name] = value
			}
		}
		var columns []column
		for _, c := range l.Table.Columns {
			columns = append(columns, columnFor(c))
		}
		ledger := o.change(o.o.Staging, tablePage)
		ledger.rows = append(ledger.rows, record(map[string]any{"attempt": l.Attempt, "page": l.Key, "flow": f.Flow,
			"job": l.Job, "op": warehouse.Put, "seq": l.Seq, "row_count": l.Rows, "digest": l.Key,
			"columns": names(columns), "read_at": l.ReadAt, "reason": l.Reason, "override": l.Override}))
		return nil
	})
}

// gather moves rows that landed apart into staging, and tells which.
func (o *operation) gather(t warehouse.Table) []row {
	from, to := o.change(o.o.Staging, o.landing(t, true)), o.change(o.o.Staging, t.Name)
	moved := from.rows
	to.rows, from.rows = append(to.rows, moved...), nil
	return moved
}

// MergeUnclaimed consolidates the rows that are no attempt's.
func (p *process) MergeUnclaimed(
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
	return p.Consolidate(ctx, f, m)
}
