package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/claim"
	"catchment/internal/warehouse/shape"
)

// Claim makes the flow's mark, or takes it over.
func (p marks) Claim(ctx context.Context, f warehouse.Fence, table, org string) (m warehouse.Mark, err error) {
	err = p.write(ctx, "claim "+f.Flow, nil, func(o *operation) error {
		if err := claim.Take(o.marks(), f.Flow, table, org); err != nil {
			return err
		}
		var known bool
		if m, known = o.mark(f.Flow); known {
			m.Fence = f.Number
			return o.hold(f)
		}
		m = warehouse.Mark{Flow: f.Flow, Table: table, Fence: f.Number, Org: org}
		o.save(m)
		return nil
	})
	return m, err
}

// Rebind gives the marks of all other orgs to this one.
func (p marks) Rebind(ctx context.Context, org string, drop bool) error {
	return p.write(ctx, "give the warehouse to org "+org, nil, func(o *operation) error {
		for _, m := range claim.Strangers(o.marks(), org) {
			m.Org, m.Fence, m.Generation, m.Watermark = org, m.Fence+1, m.Generation+1, time.Time{}
			m.Grade, m.Memory = "", ""
			o.changeOwn(tableAttempt).remove(func(r row) bool { return r["table_name"] == m.Table })
			if n := len(archivedRows(o, m.Table)); drop && n > 0 {
				return archived.LastCopy(m.Table, int64(n))
			}
			if drop {
				m.Rows, m.SyncedAt, m.Newest = 0, time.Time{}, time.Time{}
				o.clearOut(m)
			}
			o.save(m)
		}
		return nil
	})
}

// clearOut takes all rows out of a flow's final table, unless somebody else has made
// that meanwhile, and what is remembered of rows that are gone or were kept out.
func (o *operation) clearOut(m warehouse.Mark) {
	o.changeOwn(tableTombstone).remove(func(r row) bool {
		return r["table_name"] == m.Table && r["reason"] != "erased"
	})
	o.changeOwn(tableRejected).remove(func(r row) bool { return r["flow"] == m.Flow })
	if o.has(o.Schema, m.Table) && o.look(o.Schema, m.Table).find(colDeleted) >= 0 {
		o.change(o.Schema, m.Table).remove(func(row) bool { return true })
	}
}

// Mark reads what the warehouse knows of a flow.
func (p marks) Mark(ctx context.Context, flow string) (m warehouse.Mark, known bool, err error) {
	err = p.view(ctx, "mark of "+flow, func(o *operation) { m, known = o.mark(flow) })
	return m, known, err
}

// Marks reads the marks of all flows.
func (p marks) Marks(ctx context.Context) ([]warehouse.Mark, error) {
	return seen(ctx, p.process, "marks", (*operation).marks)
}

// Remember writes what is known of a flow into its mark.
func (p marks) Remember(ctx context.Context, f warehouse.Fence, memory, grade string) error {
	return p.write(ctx, "remember "+f.Flow, nil, func(o *operation) error {
		if err := o.hold(f); err != nil {
			return err
		}
		m, _ := o.mark(f.Flow)
		m.Memory = memory
		if !m.Watermark.IsZero() {
			m.Grade = grade
		}
		o.save(m)
		return nil
	})
}

// Recount has a flow's mark count the rows of its final table as they are.
func (p marks) Recount(ctx context.Context, f warehouse.Fence, t shape.Table) (rows int64, err error) {
	err = p.write(ctx, "count "+t.Name, &f, func(o *operation) error {
		m, _ := o.mark(f.Flow)
		m.Rows = int64(len(o.final(t).rows))
		rows = m.Rows
		o.save(m)
		return nil
	})
	return rows, err
}

// hold proves that no newer run has the flow, and raises its fence. An operation
// that belongs to a flow begins with it.
func (o *operation) hold(f warehouse.Fence) error {
	m, known := o.mark(f.Flow)
	if o.err != nil {
		return o.err
	}
	if !known || m.Fence > f.Number {
		return warehouse.ErrFenced
	}
	m.Fence = f.Number
	o.save(m)
	return o.err
}

func (o *operation) mark(flow string) (warehouse.Mark, bool) {
	all := o.marks()
	i := slices.IndexFunc(all, func(m warehouse.Mark) bool { return m.Flow == flow })
	if i < 0 {
		return warehouse.Mark{}, false
	}
	return all[i], true
}

func (o *operation) marks() []warehouse.Mark {
	var all []warehouse.Mark
	for _, r := range o.own(tableFlow).rows {
		all = append(all, warehouse.Mark{Flow: r["flow"], Table: r["table_name"], Fence: r.int("fence"),
			Org: r["org"], Generation: r.int("generation"), Watermark: r.time("watermark"), Grade: r["grade"],
			Rows: r.int("row_count"), SyncedAt: r.time("synced_at"), Newest: r.time("newest"),
			Attempt: r["attempt"], Memory: r["memory"]})
	}
	slices.SortFunc(all, func(a, b warehouse.Mark) int { return cmp.Compare(a.Flow, b.Flow) })
	return all
}

// save writes a mark in the place of the one that the flow had.
func (o *operation) save(m warehouse.Mark) {
	t := o.changeOwn(tableFlow)
	t.remove(func(r row) bool { return r["flow"] == m.Flow })
	t.add(values{"flow": m.Flow, "table_name": m.Table, "fence": m.Fence, "org": m.Org, "generation": m.Generation,
		"watermark": m.Watermark, "grade": m.Grade, "row_count": m.Rows, "synced_at": m.SyncedAt, "newest": m.Newest,
		"attempt": m.Attempt, "memory": m.Memory})
}

// advance is the mark after a merge. A watermark goes back only with a new
// generation (invariants 1, 12).
func advance(m warehouse.Mark, by warehouse.Merge) warehouse.Mark {
	if by.Watermark.IsZero() || by.Generation == m.Generation && by.Watermark.Before(m.Watermark) {
		return m
	}
	m.Watermark, m.Grade, m.Generation = by.Watermark.UTC().Truncate(time.Microsecond), by.Grade, by.Generation
	return m
}

// now is the clock, in microseconds.
func (p *process) now() time.Time { return p.Now().UTC().Truncate(time.Microsecond) }
