package warehouse

import (
	"context"
	"errors"
	"time"

	"catchment/internal/plan"
)

// A join is one merge on its way.
type join struct {
	mergeSQL
	now    time.Time
	parts  []part
	keyed  bool // the final table has its primary key
	fresh  bool // the final table had no row before
	counts Counts

	inShape bool // no column of the final table is on its way to another type

	sudden  int64 // deletes that count for the stop before a mass delete
	grown   int64 // rows that the final table has gained, less than 0 where it lost some
	written int64 // rows in it that this merge stamped
}

// newJoin looks at the final table and plans the parts of the merge.
func (w *merger) newJoin(ctx context.Context, tx Tx, m Merge, ledger []entry) (*join, error) {
	has, err := storedColumns(ctx, tx, w.o.Schema, m.Table.Name)
	if err != nil {
		return nil, err
	}
	if !isOurs(has, m.Table) {
		return nil, plan.Fixf("run `catchment check`; to copy the object again: `catchment run "+
			m.Table.Object+" --full`",
			"table %s.%s is gone, or was not made by Catchment", w.o.Schema, m.Table.Name)
	}
	now := w.now()
	j := &join{now: now, parts: parts(m, ledger), inShape: inShape(has)}
	j.mergeSQL = mergeSQL{d: w.d, o: w.o, m: m, columns: payload(has), now: now}
	j.readAt, err = w.readAt(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	if !w.d.Enforces {
		j.keyed = true // it has none, and needs none: the lock keeps duplicates out
	} else if j.keyed, err = w.keyed(ctx, tx, m.Table); err != nil {
		return nil, err
	}
	rows, err := count(ctx, tx, j.anyRow().sql)
	j.fresh = rows == 0
	return j, err
}

// keyed tells whether a final table has its primary key.
func (w *store) keyed(ctx context.Context, tx Tx, t Table) (bool, error) {
	keys, err := count(ctx, tx,
		"SELECT count(*) FROM information_schema.table_constraints WHERE table_catalog = current_database() "+
			"AND table_schema = $1 AND table_name = $2 AND constraint_type = 'PRIMARY KEY'", w.o.Schema, t.Name)
	return keys > 0, err
}

// readAt is when the attempt began to read whole records: what it lacks was
// absent then. One without pages has read nothing, and its absences are as of
// now.
func (w *store) readAt(ctx context.Context, tx Tx, m Merge) (any, error) {
	var at *time.Time
	if _, err := queryRow(ctx, tx, []any{&at}, "SELECT min(read_at) FROM "+w.own(tablePage)+
		" WHERE attempt = $1 AND op = 'put'", m.Attempt); err != nil {
		return nil, err
	}
	if at == nil {
		return w.now(), nil
	}
	return stamp(*at), nil
}

// merge does the parts in read order, then what is absent, then the key.
func (j *join) merge(ctx context.Context, tx Tx) error {
	steps := map[Op]func(context.Context, Tx, part) error{Put: j.put, Patch: j.change, Delete: j.delete, Seen: j.absent}
	if err := j.forget(ctx, tx); err != nil {
		return err
	}
	for _, p := range j.parts {
		if err := steps[p.op](ctx, tx, p); err != nil {
			return err
		}
	}
	if j.m.Complete && j.m.Attempt != "" {
		if err := j.absent(ctx, tx, j.everything()); err != nil {
			return err
		}
	}
	j.counts.Unchanged = j.counts.Staged - j.applied
	return j.key(ctx, tx)
}

// key makes the primary key, if there is none.
func (j *join) key(ctx context.Context, tx Tx) error {
	if j.keyed || !j.d.TransactionalDDL { // else the table was made with it
		return nil
	}
	_, err := tx.Exec(ctx, j.addKey())
	j.keyed = err == nil
	return err
}

// put merges a part of whole records.
func (j *join) put(ctx context.Context, tx Tx, p part) error {
	staged, unique, err := j.sizesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	j.counts.Staged += staged
	if staged == 0 {
		return nil
	}
	plain, err := j.plain(ctx, tx, unique)
	if err != nil {
		return err
	}
	if plain {
		err := j.putPlain(ctx, tx, p)
		if !j.d.Savepoints || !errors.Is(err, ErrDuplicate) {
			return err
		}
		if err := j.undo(ctx, tx); err != nil {
			return err
		}
	}
	if done, err := j.direct(ctx, tx, p, staged); done || err != nil {
		return err
	}
	return j.putRanked(ctx, tx, p)
}

// sizesOf counts a part's versions, and tells whether each has a key of its
// own. Where a savepoint can take it back, the ledger's count will do, and the
// keys are tried instead of counted. Not under Remove: there a plain insert
// leaves deleted versions out, and would miss that one is newer than another.
func (j *join) sizesOf(ctx context.Context, tx Tx, p part) (staged int64, unique bool, err error) {
	tells := j.keyed || j.d.TransactionalDDL // the key, which may be made only then
	if j.d.Savepoints && tells && p.jobs != nil && j.m.Policy != Remove {
		return p.rows, true, nil
	}
	var keys, nulls int64
	q := j.sizes(p)
	if _, err := queryRow(ctx, tx, []any{&staged, &keys, &nulls}, q.sql, q.args...); err != nil {
		return 0, false, err
	}
	if nulls > 0 {
		return 0, false, plan.Failf(plan.Bug, "", "%d staged rows have no key", nulls)
	}
	return staged, staged == keys, nil
}

// plain tells whether versions can be inserted as they are: into an empty
// table, no two of one key, and no tombstone that could stand against one.
func (j *join) plain(ctx context.Context, tx Tx, unique bool) (bool, error) {
	if !unique || !j.fresh || j.counts.Inserted > 0 {
		return false, nil
	}
	q := j.anyTombstone()
	n, err := count(ctx, tx, q.sql, q.args...)
	return n == 0, err
}

// The savepoint before a plain insert.
const (
	savepoint = "SAVEPOINT catchment_plain"
	rollback  = "ROLLBACK TO SAVEPOINT catchment_plain"
	release   = "RELEASE SAVEPOINT catchment_plain"
)

// putPlain inserts versions as they are. Where a duplicate can be taken back,
// the key is made at once, which finds it.
func (j *join) putPlain(ctx context.Context, tx Tx, p part) error {
	if j.d.Savepoints {
		if _, err := tx.Exec(ctx, savepoint); err != nil {
			return err
		}
	}
	q := j.insertPlain(p)
	n, err := tx.Exec(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	if j.d.Savepoints {
		if err := j.key(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, release); err != nil {
			return err
		}
	}
	j.counts.Inserted += n
	j.applied += n
	j.grown += n
	j.written += n
	if j.m.Policy != Remove {
		return nil
	}
	return do(ctx, tx, j.buryPlain(p))
}

// undo takes back what putPlain did before it met a duplicate.
func (j *join) undo(ctx context.Context, tx Tx) error {
	_, err := tx.Exec(ctx, rollback)
	return err
}

func (j *join) putRanked(ctx context.Context, tx Tx, p part) error {
	if err := do(ctx, tx, append(j.opened(j.makeNewest()), j.fillNewest(p))...); err != nil {
		return err
	}
	var inserted, updated, deleted, known int64
	if _, err := queryRow(ctx, tx, []any{&inserted, &updated, &deleted, &known}, j.countNewest()); err != nil {
		return err
	}
	if err := j.mayDelete(ctx, tx, deleted); err != nil {
		return err
	}
	j.counts.Inserted += inserted
	j.counts.Updated += updated
	j.applied += inserted + updated + deleted
	for _, c := range j.changes() {
		n, err := tx.Exec(ctx, c.sql)
		if err != nil {
			return err
		}
		j.grown += c.grows * n
		if c.stamps {
			j.written += n
		}
		if c.replaces {
			known -= n
		}
	}
	if known != 0 {
		return plan.Failf(plan.Retry, "", "somebody else changed %d rows of %s meanwhile", known, j.m.Table.Name)
	}
	return do(ctx, tx, append(j.changeTombstones(), j.closed(tableNewest))...)
}

// change merges a part of patches.
func (j *join) change(ctx context.Context, tx Tx, p part) error {
	staged, _, err := j.sizesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	j.counts.Staged += staged
	if staged == 0 || len(j.patched(p)) == 0 {
		return nil
	}
	q := j.patch(p)
	n, err := tx.Exec(ctx, q.sql, q.args...)
	j.counts.Updated += n
	j.counts.Patched += n
	j.applied += n
	j.written += n
	return err
}

// absent takes away what a reading of every record lacks. What it read are no
// versions, and are not counted as such.
func (j *join) absent(ctx context.Context, tx Tx, p part) error {
	if j.m.Policy == Ignore {
		return nil
	}
	return j.gone(ctx, tx, p.reason, j.fillAbsent(p))
}

// delete merges a part of Delete versions.
func (j *join) delete(ctx context.Context, tx Tx, p part) error {
	staged, _, err := j.sizesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	j.counts.Staged += staged
	if j.m.Policy == Ignore || staged == 0 {
		return nil
	}
	before := j.counts.Deleted
	if err := j.gone(ctx, tx, p.reason, j.fillDeleted(p)); err != nil {
		return err
	}
	j.applied += j.counts.Deleted - before
	return nil
}

// gone flags or removes the live rows whose keys fill selects.
func (j *join) gone(ctx context.Context, tx Tx, reason Reason, fill statement) error {
	if err := do(ctx, tx, j.opened(j.makeGone())...); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, fill.sql, fill.args...)
	if err != nil {
		return err
	}
	traits := reason.traits()
	if traits.Approved {
		j.counts.Deleted += n
	} else if err := j.mayDelete(ctx, tx, n); err != nil {
		return err
	}
	if err := do(ctx, tx, j.buryGone(reason)...); err != nil {
		return err
	}
	q := j.takeAway(reason)
	taken, err := tx.Exec(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	if traits.under(j.m.Policy) == Remove {
		j.grown -= taken
	} else {
		j.written += taken
	}
	return do(ctx, tx, j.closed(tableGone))
}

// mayDelete counts n rows that are about to be deleted, and stops before too
// many of them.
func (j *join) mayDelete(ctx context.Context, tx Tx, n int64) error {
	earlier := j.counts.Deleted
	j.counts.Deleted += n
	j.sudden += n
	if j.m.AllowDeletes || j.sudden <= fewDeletes {
		return nil
	}
	live, err := count(ctx, tx, j.liveRows().sql)
	if err != nil {
		return err
	}
	return massDelete(j.m, j.sudden, live+earlier)
}
