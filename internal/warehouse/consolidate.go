package warehouse

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/plan"
)

// Consolidate merges the staged versions of an attempt into the final table:
// the newest version of each key wins, and never replaces a newer row
// (invariant 4). Rows, counts, watermark and the emptied staging are one
// transaction (invariants 1 and 5).
//
// A repeat does nothing and returns the counts of the first time, which it
// finds in the log (invariant 2).
func (w *Warehouse) Consolidate(ctx context.Context, f Fence, m Merge) (Counts, error) {
	if m.AbsentReason == "" {
		m.AbsentReason = "purged"
	}
	var c Counts
	err := w.fenced(ctx, f, "consolidate "+m.Table.Name, func(tx Tx) error {
		old, done, err := w.logged(ctx, tx, m.Attempt)
		if err != nil {
			return err
		}
		if done {
			c = old
			return w.empty(ctx, tx, m) // a page may have been loaded once more since
		}
		ledger, err := w.ledger(ctx, tx, m.Attempt)
		if err != nil {
			return err
		}
		if err := complete(m, ledger); err != nil {
			return err
		}
		j, err := w.newJoin(ctx, tx, m, ledger)
		if err != nil {
			return err
		}
		if err := j.merge(ctx, tx); err != nil {
			return err
		}
		err = w.settle(ctx, tx, f, m, j)
		c = j.counts
		return err
	})
	if err != nil {
		return Counts{}, err
	}
	return c, nil
}

// complete tells what an attempt's ledger lacks (invariant 6).
func complete(m Merge, ledger []entry) error {
	var rows int64
	for _, e := range ledger {
		rows += e.Rows
	}
	if int64(len(ledger)) != m.Pages || rows != m.Rows {
		return plan.Failf(plan.Bug, "run it again; what was loaded is not consolidated before it is whole",
			"attempt %s should have %d pages with %d rows, the ledger holds %d with %d", m.Attempt, m.Pages, m.Rows, len(ledger), rows)
	}
	return nil
}

// massDelete is the stop before a merge that deletes too much of what was
// live: more than 5 % and more than 100 rows.
func massDelete(m Merge, deletes, live int64) error {
	if m.AllowDeletes || deletes <= 100 || deletes*20 <= live {
		return nil
	}
	return plan.Fixf("look at what was deleted in Salesforce; if it is right, run again with --allow-deletes",
		"%w", &MassDelete{Table: m.Table.Name, Deletes: deletes, Rows: live})
}

// logged finds the counts of an attempt that was consolidated before: the
// answer to its COMMIT was lost, or a step is repeated.
func (w *Warehouse) logged(ctx context.Context, tx Tx, attempt string) (Counts, bool, error) {
	var c Counts
	if attempt == "" {
		return c, false, nil
	}
	ok, err := queryRow(ctx, tx, []any{&c.Staged, &c.Inserted, &c.Updated, &c.Deleted, &c.Unchanged, &c.Rows},
		"SELECT staged, inserted, updated, deleted, unchanged, row_count FROM "+w.own(tableLog)+" WHERE attempt = $1", attempt)
	return c, ok, err
}

// settle ends a merge: nothing of the attempt stays in staging, and the log
// and the mark say what was done.
func (w *Warehouse) settle(ctx context.Context, tx Tx, f Fence, m Merge, j *join) error {
	if err := w.empty(ctx, tx, m); err != nil {
		return err
	}
	rows, newest, err := w.extent(ctx, tx, m.Table)
	if err != nil {
		return err
	}
	j.counts.Rows = rows
	old, _, err := w.mark(ctx, tx, f.Flow)
	if err != nil {
		return err
	}
	mark := old
	if m.Attempt != "" {
		mark = advance(old, m)
		mark.Attempt = m.Attempt
	}
	mark.Rows, mark.Newest, mark.SyncedAt = rows, newest, j.now
	if err := w.saveMark(ctx, tx, mark); err != nil {
		return err
	}
	c := j.counts
	return insert(ctx, tx, w.own(tableLog), [][]any{{m.Attempt, f.Flow, m.Table.Name, c.Staged, c.Inserted, c.Updated,
		c.Deleted, c.Unchanged, c.Rows, stamp(mark.Watermark), mark.Grade, mark.Generation, stamp(j.now)}})
}

// empty removes an attempt's versions from staging, and its ledger.
func (w *Warehouse) empty(ctx context.Context, tx Tx, m Merge) error {
	s := mergeSQL{d: w.d, o: w.o, m: m}
	ledger := statement{"DELETE FROM " + w.own(tablePage) + " WHERE attempt = $1", []any{m.Attempt}}
	return do(ctx, tx, s.clear(), ledger)
}

// A join is one merge on its way.
type join struct {
	mergeSQL
	now    time.Time
	parts  []part
	keyed  bool  // the final table has its primary key
	rows   int64 // of the final table before
	live   int64 // of those, the ones not deleted
	counts Counts
}

// newJoin looks at the final table and plans the parts of the merge.
func (w *Warehouse) newJoin(ctx context.Context, tx Tx, m Merge, ledger []entry) (*join, error) {
	has, err := storedColumns(ctx, tx, w.o.Schema, m.Table.Name)
	if err != nil {
		return nil, err
	}
	if !isOurs(has, m.Table) {
		return nil, plan.Fixf("run `catchment check`; to copy the object again: `catchment run "+m.Table.Object+" --full`",
			"table %s.%s is gone, or was not made by Catchment", w.o.Schema, m.Table.Name)
	}
	now := w.now()
	j := &join{now: now, parts: parts(m, ledger)}
	j.mergeSQL = mergeSQL{d: w.d, o: w.o, m: m, columns: payload(has), now: now}
	j.readAt, err = w.readAt(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	keys, err := count(ctx, tx, "SELECT count(*) FROM information_schema.table_constraints WHERE table_catalog = current_database() "+
		"AND table_schema = $1 AND table_name = $2 AND constraint_type = 'PRIMARY KEY'", w.o.Schema, m.Table.Name)
	if err != nil {
		return nil, err
	}
	j.keyed = keys > 0
	_, err = queryRow(ctx, tx, []any{&j.rows, &j.live},
		fmt.Sprintf("SELECT count(*), count(*) - count(%s) FROM %s", w.d.Quote(colDeleted), j.final()))
	return j, err
}

// readAt is when the attempt began to read: what it lacks was absent then.
// An attempt without pages has read nothing, and its absences are as of now.
func (w *Warehouse) readAt(ctx context.Context, tx Tx, m Merge) (any, error) {
	var at *time.Time
	if _, err := queryRow(ctx, tx, []any{&at}, "SELECT min(read_at) FROM "+w.own(tablePage)+" WHERE attempt = $1", m.Attempt); err != nil {
		return nil, err
	}
	if at == nil {
		return w.now(), nil
	}
	return stamp(*at), nil
}

// merge does the parts in read order, then what is absent, then the key.
func (j *join) merge(ctx context.Context, tx Tx) error {
	for _, p := range j.parts {
		step := j.put
		if p.op == Delete {
			step = j.delete
		}
		if err := step(ctx, tx, p); err != nil {
			return err
		}
	}
	if j.m.Complete && j.m.Attempt != "" && j.m.Policy != Ignore {
		if err := j.gone(ctx, tx, j.fillAbsent()); err != nil {
			return err
		}
	}
	j.counts.Unchanged = j.counts.Staged - j.applied
	if j.keyed {
		return nil
	}
	_, err := tx.Exec(ctx, j.addKey())
	return err
}

// put merges a part of whole records.
func (j *join) put(ctx context.Context, tx Tx, p part) error {
	var staged, keys, nulls int64
	q := j.sizes(p)
	if _, err := queryRow(ctx, tx, []any{&staged, &keys, &nulls}, q.sql, q.args...); err != nil {
		return err
	}
	if nulls > 0 {
		return plan.Failf(plan.Bug, "", "%d staged rows have no key", nulls)
	}
	j.counts.Staged += staged
	if staged == 0 {
		return nil
	}
	plain, err := j.plain(ctx, tx, staged == keys)
	if err != nil {
		return err
	}
	if plain {
		return j.putPlain(ctx, tx, p)
	}
	return j.putRanked(ctx, tx, p)
}

// plain tells whether versions can be inserted as they are: into an empty
// table, no two of one key, and no tombstone that could stand against one.
func (j *join) plain(ctx context.Context, tx Tx, unique bool) (bool, error) {
	if !unique || j.rows+j.counts.Inserted > 0 {
		return false, nil
	}
	q := j.tombstones()
	n, err := count(ctx, tx, q.sql, q.args...)
	return n == 0, err
}

func (j *join) putPlain(ctx context.Context, tx Tx, p part) error {
	q := j.insertPlain(p)
	n, err := tx.Exec(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	j.counts.Inserted += n
	j.applied += n
	if j.m.Policy != Remove {
		return nil
	}
	return do(ctx, tx, j.buryPlain(p))
}

func (j *join) putRanked(ctx context.Context, tx Tx, p part) error {
	if err := do(ctx, tx, j.makeNewest(), j.fillNewest(p)); err != nil {
		return err
	}
	var inserted, updated, deleted int64
	if _, err := queryRow(ctx, tx, []any{&inserted, &updated, &deleted}, j.countNewest()); err != nil {
		return err
	}
	j.counts.Inserted += inserted
	j.counts.Updated += updated
	j.counts.Deleted += deleted
	j.applied += inserted + updated + deleted
	if err := massDelete(j.m, j.counts.Deleted, j.live); err != nil {
		return err
	}
	if err := do(ctx, tx, j.replaceRows()...); err != nil {
		return err
	}
	return do(ctx, tx, j.drop(tableNewest))
}

// delete merges a part of Delete versions.
func (j *join) delete(ctx context.Context, tx Tx, p part) error {
	var staged, keys, nulls int64
	q := j.sizes(p)
	if _, err := queryRow(ctx, tx, []any{&staged, &keys, &nulls}, q.sql, q.args...); err != nil {
		return err
	}
	j.counts.Staged += staged
	if j.m.Policy == Ignore {
		return nil
	}
	before := j.counts.Deleted
	if err := j.gone(ctx, tx, j.fillDeleted(p)); err != nil {
		return err
	}
	j.applied += j.counts.Deleted - before
	return nil
}

// gone flags or removes the live rows whose keys fill selects.
func (j *join) gone(ctx context.Context, tx Tx, fill statement) error {
	if err := do(ctx, tx, j.makeGone()); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, fill.sql, fill.args...)
	if err != nil {
		return err
	}
	j.counts.Deleted += n
	if err := massDelete(j.m, j.counts.Deleted, j.live); err != nil {
		return err
	}
	if err := do(ctx, tx, j.takeAway()...); err != nil {
		return err
	}
	return do(ctx, tx, j.drop(tableGone))
}

// do executes statements in order.
func do(ctx context.Context, tx Tx, qs ...statement) error {
	for _, q := range qs {
		if _, err := tx.Exec(ctx, q.sql, q.args...); err != nil {
			return err
		}
	}
	return nil
}
