package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// Seal writes down that an attempt is in staging as a whole. Nobody here but
// Consolidate goes on with it.
func (p merger) Seal(ctx context.Context, f warehouse.Fence, m warehouse.Merge) error {
	if len(m.Forget) > 0 {
		return nil
	}
	return p.write(ctx, "count attempt "+m.Attempt, &f, func(o *operation) error {
		if _, done := o.logged(m.Attempt); done {
			return nil
		}
		if err := complete(m, o.ledger(m.Attempt)); err != nil {
			return err
		}
		attempts := o.changeOwn(tableAttempt)
		attempts.remove(func(r row) bool { return r["attempt"] == m.Attempt })
		attempts.add(values{"attempt": m.Attempt, "table_name": m.Table.Name, "policy": m.Policy, "pages": m.Pages,
			"row_count": m.Rows, "complete": m.Complete, "override": m.Override, "generation": m.Generation,
			"absent_reason": cmp.Or(m.AbsentReason, gone.Purged), "watermark": m.Watermark, "grade": m.Grade,
			"counted_at": p.now()})
		return nil
	})
}

// complete tells what an attempt's ledger lacks (invariant 6).
func complete(m warehouse.Merge, ledger []row) error {
	var rows int64
	for _, line := range ledger {
		rows += line.int("row_count")
	}
	if int64(len(ledger)) != m.Pages || rows != m.Rows {
		return plan.Failf(plan.Bug, "run it again; what was loaded is not consolidated before it is whole",
			"attempt %s should have %d pages with %d rows, the ledger holds %d with %d", m.Attempt, m.Pages, m.Rows,
			len(ledger), rows)
	}
	return nil
}

// Consolidate merges the staged versions of an attempt into the final table.
func (p merger) Consolidate(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge,
) (c warehouse.Counts, err error) {
	err = p.write(ctx, "consolidate "+m.Table.Name, &f, func(o *operation) error {
		var done bool
		if c, done = o.logged(m.Attempt); done {
			again := o.merging(m)
			again.keepOut() // of which a CALL knows nothing, nor of a memory
			o.empty(m)      // a page may have been loaded once more since
			if mark, _ := o.mark(f.Flow); m.Memory != "" && mark.Attempt == m.Attempt {
				mark.Memory, mark.Grade = m.Memory, m.Grade
				o.save(mark)
			}
			return nil
		}
		var err error
		c, err = o.merge(f, m)
		return err
	})
	return c, err
}

// Consolidated tells whether an attempt was consolidated before.
func (p merger) Consolidated(ctx context.Context, attempt string) (bool, error) {
	return seen(ctx, p.process, "log of attempt "+attempt, func(o *operation) bool {
		_, done := o.logged(attempt)
		return done
	})
}

// logged finds the counts of an attempt that was consolidated before.
func (o *operation) logged(attempt string) (warehouse.Counts, bool) {
	for _, r := range o.own(tableLog).rows {
		if attempt != "" && r["attempt"] == attempt {
			return warehouse.Counts{Staged: r.int("staged"), Inserted: r.int("inserted"), Updated: r.int("updated"),
				Patched: r.int("patched"), Deleted: r.int("deleted"), Unchanged: r.int("unchanged"),
				Rows: r.int("row_count")}, true
		}
	}
	return warehouse.Counts{}, false
}

// merge does a merge, and ends it.
func (o *operation) merge(f warehouse.Fence, by warehouse.Merge) (warehouse.Counts, error) {
	by.AbsentReason = cmp.Or(by.AbsentReason, gone.Purged)
	m := o.merging(by)
	if err := complete(by, m.ledger); err != nil {
		return warehouse.Counts{}, err
	}
	if !o.has(o.Schema, by.Table.Name) || !o.final(by.Table).isOurs(by.Table) {
		return warehouse.Counts{}, plan.Fixf("run `catchment check`; to copy the object again: `catchment run "+
			by.Table.Object+" --full`", "table %s.%s is gone, or was not made by Catchment", o.Schema, by.Table.Name)
	}
	m.final = o.change(o.Schema, by.Table.Name)
	m.fresh = len(m.final.rows) == 0
	if err := m.do(); err != nil {
		return warehouse.Counts{}, err
	}
	o.empty(by)
	o.settle(f, m)
	return m.counts, nil
}

// merging is a merge before it has done anything.
func (o *operation) merging(by warehouse.Merge) *merge {
	return &merge{Merge: by, o: o, ledger: o.ledger(by.Attempt), now: o.now(),
		staged: o.staging(by.Table).where(func(r row) bool { return r[colAttempt] == by.Attempt })}
}

// empty removes an attempt from staging.
func (o *operation) empty(m warehouse.Merge) {
	o.change(o.Staging, m.Table.Name).remove(func(r row) bool { return r[colAttempt] == m.Attempt })
	for _, name := range []string{tablePage, tableAttempt} {
		o.change(o.Staging, name).remove(func(r row) bool { return r["attempt"] == m.Attempt })
	}
}

// settle has the mark and the log say what was done.
func (o *operation) settle(f warehouse.Fence, m *merge) {
	mark, _ := o.mark(f.Flow)
	rows, newest := m.left(mark)
	if m.Attempt != "" {
		mark = advance(mark, m.Merge)
		mark.Attempt = m.Attempt
	}
	mark.Rows, mark.Newest, mark.SyncedAt = rows, newest, m.now
	mark.Memory = cmp.Or(m.Memory, mark.Memory)
	o.save(mark)
	m.counts.Rows = rows
	c := m.counts
	o.changeOwn(tableLog).add(values{"attempt": m.Attempt, "flow": f.Flow, "table_name": m.Table.Name,
		"staged": c.Staged, "inserted": c.Inserted, "updated": c.Updated, "patched": c.Patched, "deleted": c.Deleted,
		"unchanged": c.Unchanged, "row_count": c.Rows, "watermark": mark.Watermark, "grade": mark.Grade,
		"generation": mark.Generation, "synced_at": m.now})
}

// left is how many rows a merge has left, and the newest stamp of them. It is
// counted on from the mark: what somebody else took away stays missing there, so
// that Inspect tells of it until a complete reading has brought it back.
func (m *merge) left(mark warehouse.Mark) (int64, time.Time) {
	switch {
	case m.Complete || m.Override || mark.SyncedAt.IsZero(), m.fresh && m.written > 0, m.written == 0 && m.grown != 0:
		return m.final.extent()
	case m.written == 0:
		return mark.Rows, mark.Newest
	}
	return mark.Rows + m.grown, m.now
}

// Mend loads and merges at once what was read anew of records.
func (p merger) Mend(
	ctx context.Context, f warehouse.Fence, in warehouse.Mending,
) (c warehouse.Counts, err error) {
	if len(in.Batches) == 0 {
		return c, nil
	}
	m := warehouse.Merge{Table: in.Batches[0].Table, Attempt: in.Batches[0].Attempt, Policy: in.Policy, Override: true,
		AbsentReason: in.AbsentReason, AllowDeletes: in.AllowDeletes}
	for _, b := range in.Batches {
		for _, page := range b.Pages {
			m.Pages++
			m.Rows += page.Rows
		}
	}
	err = p.write(ctx, "mend "+m.Table.Name, &f, func(o *operation) error {
		var done bool
		if c, done = o.logged(m.Attempt); done {
			return nil
		}
		for _, b := range in.Batches {
			b.Op, b.Override = cmp.Or(b.Op, warehouse.Put), true
			if err := o.load(ctx, f, b); err != nil {
				return err
			}
		}
		var err error
		c, err = o.merge(f, m)
		return err
	})
	return c, err
}

// Distinct leaves one row of each key.
func (p merger) Distinct(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	return p.write(ctx, "one row of each key of "+t.Name, &f, func(o *operation) error {
		met, final := map[string]bool{}, o.change(o.Schema, t.Name)
		kept := func(r row) bool { return traitsOf(r[colReason]).Kept }
		slices.SortStableFunc(final.rows, func(a, b row) int {
			switch {
			case kept(a) && !kept(b):
				return -1
			case kept(b) && !kept(a):
				return 1
			}
			return 0
		})
		final.remove(func(r row) bool {
			again := met[keyOf(t, r)]
			met[keyOf(t, r)] = true
			return again
		})
		return nil
	})
}

// Unstamp forgets stamps that are ahead, of rows and of tombstones.
func (p merger) Unstamp(ctx context.Context, f warehouse.Fence, t shape.Table, latest time.Time) error {
	return p.write(ctx, "stamps that are ahead in "+t.Name, &f, func(o *operation) error {
		end := latest.Add(evidence.Leeway)
		forget := func(r row) {
			for _, column := range []string{colAt, colReadAt} {
				if r.time(column).After(end) {
					r.put(column, "")
				}
			}
		}
		for _, r := range o.change(o.Schema, t.Name).rows {
			forget(r)
		}
		for _, r := range o.changeOwn(tableTombstone).rows {
			if r["table_name"] == t.Name && gone.Reason(r["reason"]) != gone.Erased { // whose stamp is "never"
				forget(r)
			}
		}
		return nil
	})
}
