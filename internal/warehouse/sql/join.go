package sql

import (
	"context"
	"errors"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A join is one merge on its way.
type join struct {
	statements.Merge
	now     time.Time
	parts   []statements.Part
	keyed   bool // the final table has its primary key
	fresh   bool // the final table had no row before
	counts  warehouse.Counts
	applied int64 // staged versions that were written

	promoted bool // the staged table is the final one now

	inShape bool // no column of the final table is on its way to another type

	sudden  int64 // deletes that count for the stop before a mass delete
	grown   int64 // rows that the final table has gained, less than 0 where it lost some
	written int64 // rows in it that this merge stamped
}

// newJoin looks at the final table and plans the parts of the merge.
func (w *merger) newJoin(ctx context.Context, tx Tx, m warehouse.Merge, ledger []statements.Entry) (*join, error) {
	has, err := finalColumns(ctx, tx, w.store, m.Table.Name)
	if err != nil {
		return nil, err
	}
	if !isOurs(has, m.Table) {
		return nil, plan.Fixf("run `catchment check`; to copy the object again: `catchment run "+
			m.Table.Object+" --full`",
			"table %s.%s is gone, or was not made by Catchment", w.o.Schema, m.Table.Name)
	}
	now := w.now()
	j := &join{now: now, parts: statements.Parts(m, ledger), inShape: dialect.InShape(has)}
	j.Merge = statements.Merge{Tables: *w.of(m.Table).Over(has), Of: m, Columns: dialect.InRows(has), Now: now,
		Unmarked: !isMarked(has), Streams: marksEvents(has)}
	j.ReadAt, err = w.readAt(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	if !w.d.Enforces {
		j.keyed = true // it has none, and needs none: the lock keeps duplicates out
	} else if j.keyed, err = w.keyed(ctx, tx, &j.Tables); err != nil {
		return nil, err
	}
	rows, err := count(ctx, tx, j.AnyRow().SQL)
	j.fresh = rows == 0
	return j, err
}

// merge does the parts in read order, then what is absent, then the key.
func (j *join) merge(ctx context.Context, tx Tx) error {
	steps := map[warehouse.Op]func(context.Context, Tx, statements.Part) error{warehouse.Put: j.put,
		warehouse.Patch: j.change, warehouse.Delete: j.delete, warehouse.Seen: j.absent}
	if err := do(ctx, tx, j.Gather()...); err != nil {
		return err
	}
	if err := j.forget(ctx, tx); err != nil {
		return err
	}
	for _, p := range j.parts {
		if err := steps[p.Op](ctx, tx, p); err != nil {
			return err
		}
	}
	if j.Of.Complete && j.Of.Attempt != "" {
		if err := j.absent(ctx, tx, j.Everything()); err != nil {
			return err
		}
	}
	j.counts.Unchanged = j.counts.Staged - j.applied
	if err := j.key(ctx, tx); err != nil {
		return err
	}
	return j.keepOut(ctx, tx)
}

// keepOut has the table of rejected records say what is kept out now, and marks the rows
// of those: it comes before staging is emptied.
func (j *join) keepOut(ctx context.Context, tx Tx) error {
	k := statements.KeptBy(&j.Merge, j.parts)
	if some, err := keepsOut(ctx, tx, k); err != nil || !some {
		return err
	}
	if j.Unmarked {
		return do(ctx, tx, k.Purge())
	}
	return do(ctx, tx, k.Unmark(), k.Purge(), k.Mark())
}

// key makes the primary key, if there is none.
func (j *join) key(ctx context.Context, tx Tx) error {
	if j.keyed || !j.Dialect.TransactionalDDL { // else the table was made with it
		return nil
	}
	_, err := tx.Exec(ctx, j.AddKey())
	j.keyed = err == nil
	return err
}

// put merges a part of whole records.
func (j *join) put(ctx context.Context, tx Tx, p statements.Part) error {
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
		if !j.Dialect.Savepoints || !errors.Is(err, ErrDuplicate) {
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
func (j *join) sizesOf(ctx context.Context, tx Tx, p statements.Part) (staged int64, unique bool, err error) {
	tells := j.keyed || j.Dialect.TransactionalDDL // the key, which may be made only then
	if j.Dialect.Savepoints && tells && p.Jobs != nil && j.Of.Policy != gone.Remove {
		return p.Rows, true, nil
	}
	var keys, nulls int64
	q := j.Sizes(p)
	if _, err := queryRow(ctx, tx, []any{&staged, &keys, &nulls}, q.SQL, q.Args...); err != nil {
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
	q := j.AnyTombstone()
	n, err := count(ctx, tx, q.SQL, q.Args...)
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
func (j *join) putPlain(ctx context.Context, tx Tx, p statements.Part) error {
	if j.Dialect.Savepoints {
		if _, err := tx.Exec(ctx, savepoint); err != nil {
			return err
		}
	}
	q := j.InsertPlain(p)
	n, err := tx.Exec(ctx, q.SQL, q.Args...)
	if err != nil {
		return err
	}
	if j.Dialect.Savepoints {
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
	if j.Of.Policy != gone.Remove {
		return nil
	}
	return do(ctx, tx, j.BuryPlain(p))
}

// undo takes back what putPlain did before it met a duplicate.
func (j *join) undo(ctx context.Context, tx Tx) error {
	_, err := tx.Exec(ctx, rollback)
	return err
}

func (j *join) putRanked(ctx context.Context, tx Tx, p statements.Part) error {
	if err := do(ctx, tx, append(j.Opened(j.MakeNewest()), j.FillNewest(p))...); err != nil {
		return err
	}
	var inserted, updated, deleted, known int64
	if _, err := queryRow(ctx, tx, []any{&inserted, &updated, &deleted, &known}, j.CountNewest()); err != nil {
		return err
	}
	if err := j.mayDelete(ctx, tx, deleted); err != nil {
		return err
	}
	j.counts.Inserted += inserted
	j.counts.Updated += updated
	j.applied += inserted + updated + deleted
	for _, c := range j.Changes() {
		n, err := tx.Exec(ctx, c.SQL)
		if err != nil {
			return err
		}
		j.grown += c.Grows * n
		if c.Stamps {
			j.written += n
		}
		if c.Replaces {
			known -= n
		}
	}
	if known != 0 {
		return plan.Failf(plan.Retry, "", "somebody else changed %d rows of %s meanwhile", known, j.Of.Table.Name)
	}
	return do(ctx, tx, append(j.ChangeTombstones(), j.Closed(own.NewestTable))...)
}

// change merges a part of patches.
func (j *join) change(ctx context.Context, tx Tx, p statements.Part) error {
	staged, _, err := j.sizesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	j.counts.Staged += staged
	if staged == 0 || len(j.Patched(p)) == 0 {
		return nil
	}
	q := j.Patch(p)
	n, err := tx.Exec(ctx, q.SQL, q.Args...)
	j.counts.Updated += n
	j.counts.Patched += n
	j.applied += n
	j.written += n
	return err
}

// absent takes away what a reading of every record lacks. What it read are no
// versions, and are not counted as such.
func (j *join) absent(ctx context.Context, tx Tx, p statements.Part) error {
	if j.Of.Policy == gone.Ignore {
		return nil
	}
	return j.gone(ctx, tx, p.Reason, j.FillAbsent(p))
}

// delete merges a part of Delete versions.
func (j *join) delete(ctx context.Context, tx Tx, p statements.Part) error {
	staged, _, err := j.sizesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	j.counts.Staged += staged
	if j.Of.Policy == gone.Ignore || staged == 0 {
		return nil
	}
	before := j.counts.Deleted
	if err := j.gone(ctx, tx, p.Reason, j.FillDeleted(p)); err != nil {
		return err
	}
	j.applied += j.counts.Deleted - before
	return nil
}

// gone flags or removes the live rows whose keys fill selects.
func (j *join) gone(ctx context.Context, tx Tx, reason gone.Reason, fill dialect.Statement) error {
	if err := do(ctx, tx, j.Opened(j.MakeGone())...); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, fill.SQL, fill.Args...)
	if err != nil {
		return err
	}
	traits := reason.Traits()
	if traits.Approved {
		j.counts.Deleted += n
	} else if err := j.mayDelete(ctx, tx, n); err != nil {
		return err
	}
	if err := do(ctx, tx, j.BuryGone(reason)...); err != nil {
		return err
	}
	q := j.TakeAway(reason)
	taken, err := tx.Exec(ctx, q.SQL, q.Args...)
	if err != nil {
		return err
	}
	if traits.Under(j.Of.Policy) == gone.Remove {
		j.grown -= taken
	} else {
		j.written += taken
	}
	return do(ctx, tx, j.Closed(own.GoneTable))
}

// Most merges are simple: each version has a key of its own, none is of a deleted
// record, and no tombstone stands against one. These go from staging into the final
// table, without the temporary table of those that win: over the rows that they are
// newer than where updating takes least, else in place of them (ADR 0035).

// direct merges a part of so many versions in that way, and tells whether it
// could.
func (j *join) direct(ctx context.Context, tx Tx, p statements.Part, staged int64) (bool, error) {
	updates := j.Dialect.Place != ""
	// a row that goes first takes with it what a version doesn't carry; its key refuses a second one
	if !updates && !(j.Dialect.Enforces && j.keyed && p.Whole(&j.Merge)) {
		return false, nil
	}
	q := j.AnyTombstone()
	if n, err := count(ctx, tx, q.SQL, q.Args...); err != nil || n > 0 {
		return false, err
	}
	simple, q := false, j.Simple(p)
	if _, err := queryRow(ctx, tx, []any{&simple}, q.SQL, q.Args...); err != nil || !simple {
		return false, err
	}
	write := j.replaceDirect
	if updates {
		write = j.updateDirect
	}
	updated, inserted, err := write(ctx, tx, p, staged)
	j.counts.Updated += updated
	j.counts.Inserted += inserted
	j.applied += updated + inserted
	j.written += updated + inserted
	j.grown += inserted
	return true, err
}

// updateDirect writes versions over their rows, and inserts those that have none.
func (j *join) updateDirect(
	ctx context.Context, tx Tx, p statements.Part, staged int64,
) (updated, inserted int64, err error) {
	q := j.UpdateDirect(p)
	updated, err = tx.Exec(ctx, q.SQL, q.Args...)
	if err == nil && updated < staged { // else none is left that could be new
		q = j.InsertDirect(p)
		inserted, err = tx.Exec(ctx, q.SQL, q.Args...)
	}
	return updated, inserted, err
}

// replaceDirect deletes the rows of versions, and inserts those that have none then.
func (j *join) replaceDirect(
	ctx context.Context, tx Tx, p statements.Part, staged int64,
) (updated, inserted int64, err error) {
	q := p.RemoveDirect(&j.Merge)
	updated, err = tx.Exec(ctx, q.SQL, q.Args...)
	if err != nil {
		return 0, 0, err
	}
	q = j.InsertPlain(p)
	if updated < staged { // else none needs to look for a row
		q = j.InsertDirect(p)
	}
	written, err := tx.Exec(ctx, q.SQL, q.Args...)
	return updated, written - updated, err
}
