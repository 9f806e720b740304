package sql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// The first reading of an object needn't be written twice: where the final table holds nothing yet,
// and staging nothing but that reading, the staged table becomes the final one (ADR 0033). What is
// staged is prepared for that when its first page comes. Whether it is done is decided by
// the merge, in its transaction: wherever anything stands against it, that merges as any other
// does.

// promotes tells whether a dialect has a way to do it in the table in which all is staged: in a transaction,
// of which it can take back what it has tried.
func promotes(d *dialect.Dialect) bool {
	return d.Promotion != nil && d.TransactionalDDL && d.Savepoints && !d.Promotion.Apart
}

// prepareStaging has a staging table ready to be promoted, before the pages of a batch come, or has it
// like any other again where it wouldn't be.
func prepareStaging(ctx context.Context, tx Tx, w *store, b warehouse.Batch) error {
	if !promotes(w.d) || b.Op != warehouse.Put || b.Pages[0].Rows < w.d.Promotion.Least {
		return nil
	}
	staging, err := storedColumns(ctx, tx, w.o.Staging, b.Table.Name)
	if err != nil {
		return err
	}
	s := w.of(b.Table)
	_, ready := dialect.Find(staging, own.Stamp)
	rows, err := count(ctx, tx, s.AnyRow().SQL)
	if err != nil || ready == (rows == 0) {
		return err
	}
	if ready {
		_, err := tx.Exec(ctx, s.UnstampStaging())
		return err
	}
	staged, err := count(ctx, tx, s.AnyStaged().SQL)
	if err != nil || staged > 0 || b.Override {
		return err
	}
	stamp, ok := b.Table.Column(shape.FieldStamp)
	if !ok || !slices.ContainsFunc(b.Pages[0].Header, func(field string) bool {
		c, ok := b.Table.Column(field)
		return ok && c.Name == stamp.Name
	}) {
		stamp.Name = ""
	}
	_, err = tx.Exec(ctx, s.StampStaging(stamp.Name))
	return err
}

// once proves, where it wasn't promoted, that jobs of a merge whose keys nobody has counted have each
// key once (invariant 6).
func once(ctx context.Context, tx Tx, w *store, m warehouse.Merge, ledger []statements.Entry) error {
	for _, job := range m.Unproven {
		var rows int64
		for _, e := range ledger {
			if e.Job == job {
				rows += e.Rows
			}
		}
		keys, err := keysOf(ctx, tx, w.of(m.Table), m.Attempt, job)
		if err != nil {
			return err
		}
		if keys != rows {
			return plan.Failf(plan.Retry, "", "%w: job %s has %d rows in staging, and %d different keys",
				warehouse.ErrUncounted, job, rows, keys)
		}
	}
	return nil
}

// keysOf counts the different keys that a job has in staging.
func keysOf(ctx context.Context, tx Tx, s *statements.Tables, attempt, job string) (int64, error) {
	return count(ctx, tx,
		fmt.Sprintf("SELECT count(k) FROM (SELECT %s AS k FROM %s v WHERE %s = $1 AND %s = $2 GROUP BY 1) x",
			s.RecordKey("v")+s.Dialect.Bytewise, s.Staging(), s.Col("v", own.Attempt), s.Col("v", own.Job)),
		attempt, job)
}

// likeAnyOther takes away from a staging table what made it ready to be promoted.
func likeAnyOther(ctx context.Context, tx Tx, w *store, t shape.Table) error {
	if !promotes(w.d) {
		return nil
	}
	staging, err := storedColumns(ctx, tx, w.o.Staging, t.Name)
	if err != nil {
		return err
	}
	if _, ready := dialect.Find(staging, own.Stamp); ready {
		_, err = tx.Exec(ctx, w.of(t).UnstampStaging())
	}
	return err
}

// errNotPromoted takes back what a promotion did before it was found to be none.
var errNotPromoted = errors.New("the staged table can't be promoted")

// promote makes the staged table the final one, if it can be, and tells whether it was. Where a first reading lies
// apart that can't become it, it fails with errApart.
func (j *join) promote(ctx context.Context, tx Tx) (bool, error) {
	if apart(j.Dialect) {
		return j.promoteApart(ctx, tx)
	}
	p, may, err := j.promotable(ctx, tx)
	if err != nil || !may {
		return false, err
	}
	if _, err := tx.Exec(ctx, savepoint); err != nil {
		return false, err
	}
	counts, err := j.promotePart(ctx, tx, p)
	if errors.Is(err, errNotPromoted) || errors.Is(err, ErrDuplicate) {
		return false, j.undo(ctx, tx)
	}
	if err != nil {
		return false, err
	}
	j.promotedWith(counts)
	_, err = tx.Exec(ctx, release)
	return true, err
}

// promoteApart makes a first reading that lies apart the final table, and tells whether there is one.
func (j *join) promoteApart(ctx context.Context, tx Tx) (bool, error) {
	first, err := storedColumns(ctx, tx, j.Options.Schema, statements.First{Tables: &j.Tables}.Name())
	if err != nil || len(first) == 0 {
		return false, err
	}
	j.First = true
	p, lone := statements.NewPromotion(&j.Merge, j.parts)
	may := lone && j.mayPromote()
	if may {
		may, err = j.becomesFinal(ctx, tx, p.Promoted(first))
	}
	if err != nil || !may {
		return false, cmp.Or(err, errApart)
	}
	counts, err := j.promotePart(ctx, tx, p)
	if errors.Is(err, errNotPromoted) || errors.Is(err, ErrDuplicate) {
		err = errApart
	}
	if err != nil {
		return false, err
	}
	j.First = false
	j.promotedWith(counts)
	return true, nil
}

// promotedWith notes that the staged table is the final one now.
func (j *join) promotedWith(c warehouse.Counts) {
	j.counts, j.keyed, j.promoted = c, true, true
	j.applied, j.grown, j.written = c.Inserted, c.Inserted, c.Inserted
}

// promotable tells what can be told without a lock: whether the merge is of one reading into a
// table that holds nothing, and the staged table was made ready for it.
func (j *join) promotable(ctx context.Context, tx Tx) (statements.Promotion, bool, error) {
	p, lone := statements.NewPromotion(&j.Merge, j.parts)
	if !promotes(j.Dialect) || !lone || !j.mayPromote() {
		return p, false, nil
	}
	staging, err := storedColumns(ctx, tx, j.Options.Staging, j.Of.Table.Name)
	if err != nil {
		return p, false, err
	}
	if _, ready := dialect.Find(staging, own.Stamp); !ready {
		return p, false, nil
	}
	same, err := j.becomesFinal(ctx, tx, p.Promoted(staging))
	return p, same, err
}

// mayPromote tells whether the final table holds nothing, and nothing is to be done but to fill it.
func (j *join) mayPromote() bool {
	return j.fresh && !j.keyed && !j.Unmarked && len(j.Apart) == 0 && len(j.Of.Forget) == 0
}

// becomesFinal tells whether columns are those of the final table.
func (j *join) becomesFinal(ctx context.Context, tx Tx, columns []dialect.Stored) (bool, error) {
	final, err := storedColumns(ctx, tx, j.Options.Schema, j.Of.Table.Name)
	return slices.EqualFunc(columns, final, func(a, b dialect.Stored) bool {
		return a.Name == b.Name && strings.EqualFold(a.Type, b.Type) && a.Scale == b.Scale && a.Bytes == b.Bytes
	}), err
}

// promotePart promotes the staged table after it has looked, under locks, that there is nothing in
// both tables but the part, and nothing that others have made of them.
func (j *join) promotePart(ctx context.Context, tx Tx, p statements.Promotion) (c warehouse.Counts, err error) {
	if j.Dialect.Promotion.Lock != "" {
		if err := do(ctx, tx, p.Lock()); err != nil {
			return c, err
		}
	}
	for _, q := range []dialect.Statement{j.AnyRow(), j.AnyTombstone(), p.Others()} {
		n, err := count(ctx, tx, q.SQL, q.Args...)
		if err == nil && n > 0 {
			err = errNotPromoted
		}
		if err != nil {
			return c, err
		}
	}
	var all, ofPart, deleted int64
	q := p.Count()
	if _, err := queryRow(ctx, tx, []any{&all, &ofPart, &deleted}, q.SQL, q.Args...); err != nil {
		return c, err
	}
	if all != p.Rows() || ofPart != all || deleted*fewDeleted > all {
		return c, errNotPromoted
	}
	k := statements.KeptBy(&j.Merge, j.parts)
	some, err := keepsOut(ctx, tx, k)
	if err != nil {
		return c, err
	}
	if some {
		if err := do(ctx, tx, k.Purge()); err != nil { // by what is staged
			return c, err
		}
	}
	if err := do(ctx, tx, p.Promote()...); err != nil {
		return c, err
	}
	if _, err := tx.Exec(ctx, j.AddKey()); err != nil {
		return c, err
	}
	c.Staged, c.Inserted = all, all
	if deleted > 0 {
		if err := do(ctx, tx, p.SettleDeleted()...); err != nil {
			return c, err
		}
	}
	if j.Of.Policy != gone.Flag {
		c.Inserted -= deleted
	}
	c.Unchanged = c.Staged - c.Inserted
	if some {
		return c, do(ctx, tx, k.Mark())
	}
	return c, nil
}

// fewDeleted is which share of what is staged, one in so many, may be of deleted records: their rows
// are written once more.
const fewDeleted = 10
