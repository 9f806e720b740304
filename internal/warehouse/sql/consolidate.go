package sql

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A merger is a Merger.
type merger struct {
	*store
	loads *loader
}

// Consolidate merges the staged versions of an attempt into the final table:
// the newest version of each key wins, and never replaces a newer row
// (invariant 4). Rows, counts, watermark and the emptied staging are one
// transaction (invariants 1 and 5).
//
// A repeat does nothing and returns the counts of the first time, which it
// finds in the log (invariant 2).
func (w *merger) Consolidate(ctx context.Context, f warehouse.Fence, m warehouse.Merge) (warehouse.Counts, error) {
	m.AbsentReason = absentReason(m)
	if m.Quiet() {
		if c, all, err := w.moveMark(ctx, f, m); all || err != nil {
			return c, err
		}
	}
	var c warehouse.Counts
	in := merging{fence: f, what: "consolidate " + m.Table.Name, m: m}
	in.write = func(tx Tx, columns []string) error {
		old, done, err := w.logged(ctx, tx, m.Attempt)
		if err != nil {
			return err
		}
		if done {
			c = old
			return w.repeated(ctx, tx, f, m)
		}
		c, err = w.merge(ctx, tx, f, m, columns)
		return err
	}
	merge := func() error {
		return (&firsts{w.store}).moved(ctx, f, in.what, func() error {
			return lookAgain(func() error { return w.merging(ctx, in) })
		})
	}
	if err := roomy(ctx, w.store, f, m.Table, merge); err != nil {
		return warehouse.Counts{}, err
	}
	return c, nil
}

// repeated ends a merge that was done before, by this process or by a CALL that knows
// nothing of a memory. A page may have been loaded once more since.
func (w *merger) repeated(ctx context.Context, tx Tx, f warehouse.Fence, m warehouse.Merge) error {
	if err := w.repeatedOut(ctx, tx, m); err != nil {
		return err
	}
	if err := (&firsts{w.store}).forget(ctx, tx, m.Table, m.Attempt); err != nil {
		return err
	}
	if err := w.empty(ctx, tx, m); err != nil {
		return err
	}
	if err := likeAnyOther(ctx, tx, w.store, m.Table); err != nil {
		return err
	}
	mark, _, err := w.mark(ctx, tx, f.Flow)
	if err != nil || m.Memory == "" || mark.Attempt != m.Attempt {
		return err
	}
	return w.remember(ctx, tx, f, m.Memory, m.Grade)
}

// repeatedOut does what a CALL leaves undone: it marks no row, and forgets no rejection.
func (w *merger) repeatedOut(ctx context.Context, tx Tx, m warehouse.Merge) error {
	some, err := keepsOut(ctx, tx, &statements.Kept{Tables: *w.of(m.Table)})
	if err != nil || !some {
		return err
	}
	ledger, err := w.ledger(ctx, tx, m.Attempt)
	if err != nil {
		return err
	}
	j, err := w.newJoin(ctx, tx, m, ledger)
	if err != nil {
		return err
	}
	return j.keepOut(ctx, tx)
}

// merge does a merge in a transaction that holds the fence, with temporary tables
// that were made for columns.
func (w *merger) merge(
	ctx context.Context, tx Tx, f warehouse.Fence, m warehouse.Merge, columns []string,
) (warehouse.Counts, error) {
	ledger, err := w.ledger(ctx, tx, m.Attempt)
	if err != nil {
		return warehouse.Counts{}, err
	}
	if err := complete(m, ledger); err != nil {
		return warehouse.Counts{}, err
	}
	j, err := w.newJoin(ctx, tx, m, ledger)
	if err != nil {
		return warehouse.Counts{}, err
	}
	if !j.sees(columns) {
		return warehouse.Counts{}, stale(m.Table)
	}
	promoted, err := j.promote(ctx, tx)
	if err == nil && !promoted {
		if err = once(ctx, tx, w.store, m, ledger); err == nil {
			err = j.merge(ctx, tx)
		}
	}
	if err != nil {
		return warehouse.Counts{}, err
	}
	err = w.settle(ctx, tx, f, m, j)
	return j.counts, err
}

// Seal writes down that an attempt is in staging as a whole, and how it is
// to be consolidated: from then on CALL consolidated_of_tables() may do it too
// (invariant 1). One that has to forget values, or whose keys nobody has counted, is left to Consolidate. It may be
// repeated.
func (w *merger) Seal(ctx context.Context, f warehouse.Fence, m warehouse.Merge) error {
	if len(m.Forget) > 0 || len(m.Unproven) > 0 {
		return nil
	}
	return w.fenced(ctx, f, "count attempt "+m.Attempt, func(tx Tx) error {
		_, done, err := w.logged(ctx, tx, m.Attempt)
		if err != nil || done {
			return err
		}
		ledger, err := w.ledger(ctx, tx, m.Attempt)
		if err != nil {
			return err
		}
		if err := complete(m, ledger); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM "+w.own(own.AttemptTable)+" WHERE attempt = $1", m.Attempt); err != nil {
			return err
		}
		return insert(ctx, tx, w.own(own.AttemptTable),
			[][]any{{m.Attempt, m.Table.Name, string(m.Policy), m.Pages, m.Rows,
				m.Complete, string(absentReason(m)), m.Override, m.Generation, dialect.Stamp(m.Watermark),
				m.Grade, w.now()}})
	})
}

// complete tells what an attempt's ledger lacks (invariant 6).
func complete(m warehouse.Merge, ledger []statements.Entry) error {
	var rows int64
	for _, e := range ledger {
		rows += e.Rows
	}
	if int64(len(ledger)) != m.Pages || rows != m.Rows {
		return plan.Failf(plan.Bug, "run it again; what was loaded is not consolidated before it is whole",
			"attempt %s should have %d pages with %d rows, the ledger holds %d with %d", m.Attempt, m.Pages, m.Rows,
			len(ledger), rows)
	}
	return nil
}

// logged finds the counts of an attempt that was consolidated before: the
// answer to its COMMIT was lost, or a step is repeated.
func (w *store) logged(ctx context.Context, tx Tx, attempt string) (warehouse.Counts, bool, error) {
	var c warehouse.Counts
	if attempt == "" {
		return c, false, nil
	}
	ok, err := queryRow(ctx, tx, []any{&c.Staged, &c.Inserted, &c.Updated, &c.Deleted, &c.Unchanged,
		&c.Rows, &c.Patched},
		"SELECT staged, inserted, updated, deleted, unchanged, row_count, coalesce(patched, 0) FROM "+
			w.own(own.LogTable)+
			" WHERE attempt = $1", attempt)
	return c, ok, err
}

// readAt is when the attempt began to read whole records: what it lacks was
// absent then. One without pages has read nothing, and its absences are as of
// now.
func (w *store) readAt(ctx context.Context, tx Tx, m warehouse.Merge) (any, error) {
	var at *time.Time
	if _, err := queryRow(ctx, tx, []any{&at}, "SELECT min(read_at) FROM "+w.own(own.PageTable)+
		" WHERE attempt = $1 AND op = 'put'", m.Attempt); err != nil {
		return nil, err
	}
	if at == nil {
		return w.now(), nil
	}
	return dialect.Stamp(*at), nil
}

// settle ends a merge: nothing of the attempt stays in staging, and the log
// and the mark say what was done.
func (w *merger) settle(ctx context.Context, tx Tx, f warehouse.Fence, m warehouse.Merge, j *join) error {
	old, _, err := w.mark(ctx, tx, f.Flow)
	if err != nil {
		return err
	}
	switch {
	case j.promoted: // the staging table is a new one
		err = w.emptyLedger(ctx, tx, m)
	default:
		err = w.empty(ctx, tx, m)
	}
	if err == nil && !j.promoted && (j.fresh || old.SyncedAt.IsZero()) {
		err = likeAnyOther(ctx, tx, w.store, m.Table)
	}
	if err != nil {
		return err
	}
	rows, newest, err := w.left(ctx, tx, old, j)
	if err != nil {
		return err
	}
	j.counts.Rows = rows
	return w.record(ctx, tx, settled{flow: f.Flow, of: m, counts: j.counts, was: old, newest: newest, now: j.now})
}

// left is how many rows a merge has left in the final table, and the newest
// stamp of them. It is counted on from the mark where that holds: to read five
// million rows would take ten times as long as to merge ten thousand. What
// somebody else took away stays missing in that sum, and Inspect goes on to
// say so, until a complete reading has brought it back.
func (w *merger) left(ctx context.Context, tx Tx, old warehouse.Mark, j *join) (int64, time.Time, error) {
	switch {
	case j.fresh && j.written > 0:
		return j.grown, j.now, nil
	case j.Of.Complete || j.Of.Override || old.SyncedAt.IsZero(), j.written == 0 && j.grown != 0:
		e, err := w.extent(ctx, tx, j.Of.Table)
		return e.rows, e.newest, err
	case j.written == 0:
		return old.Rows, old.Newest, nil
	}
	return old.Rows + j.grown, j.now, nil
}

// fewStaged is how many rows are removed one by one: to truncate a table means to make its files anew, which takes as
// long as to remove some thousands.
const fewStaged = 1000

// empty removes an attempt's versions from staging, and its ledger.
func (w *merger) empty(ctx context.Context, tx Tx, m warehouse.Merge) error {
	s := statements.Merge{Tables: *w.of(m.Table), Of: m}
	clear := s.Clear()
	// others are locked out, and so nobody can add a version between the look and the act
	if w.d.Locks && w.d.TransactionalDDL && m.Rows > fewStaged {
		q := s.AnyOther()
		others, err := count(ctx, tx, q.SQL, q.Args...)
		if err != nil {
			return err
		}
		if others == 0 {
			clear = s.Truncate()
		}
	}
	if err := do(ctx, tx, clear); err != nil {
		return err
	}
	return w.emptyLedger(ctx, tx, m)
}

// emptyLedger removes an attempt from the ledger.
func (w *merger) emptyLedger(ctx context.Context, tx Tx, m warehouse.Merge) error {
	return do(ctx, tx,
		dialect.Statement{SQL: "DELETE FROM " + w.own(own.PageTable) + " WHERE attempt = $1", Args: []any{m.Attempt}},
		dialect.Statement{SQL: "DELETE FROM " + w.own(own.AttemptTable) + " WHERE attempt = $1",
			Args: []any{m.Attempt}})
}

// Proves tells whether the next merge of a table may promote what is staged: its primary key is what
// finds a record that came twice then.
func (w *merger) Proves(ctx context.Context, t shape.Table) (proves bool, err error) {
	if s, err := (&firsts{w.store}).seen(ctx, t); err != nil || s.First || !promotes(w.d) {
		return err == nil && s.First, err
	}
	err = w.driver.View(ctx, func(tx Tx) error {
		staging, err := storedColumns(ctx, tx, w.o.Staging, t.Name)
		_, proves = dialect.Find(staging, own.Stamp)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("see whether %s is to be promoted: %w", t.Name, err)
	}
	return proves, nil
}

// Consolidated tells whether an attempt was consolidated before.
func (w *merger) Consolidated(ctx context.Context, attempt string) (done bool, err error) {
	err = w.driver.View(ctx, func(tx Tx) (err error) {
		_, done, err = w.logged(ctx, tx, attempt)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for attempt %s in the log: %w", attempt, err)
	}
	return done, nil
}

// mayDelete counts n rows that are about to be deleted, and stops before too
// many of them.
func (j *join) mayDelete(ctx context.Context, tx Tx, n int64) error {
	earlier := j.counts.Deleted
	j.counts.Deleted += n
	j.sudden += n
	if j.Of.AllowDeletes || j.sudden <= statements.FewDeletes {
		return nil
	}
	live, err := count(ctx, tx, j.LiveRows().SQL)
	if err != nil {
		return err
	}
	return tooManyDeletes(j.Of, j.sudden, live+earlier)
}

// tooManyDeletes is the stop before a merge that deletes too much of what was
// live: more than 5 % and more than 100 rows.
func tooManyDeletes(m warehouse.Merge, deletes, live int64) error {
	if m.AllowDeletes || deletes <= statements.FewDeletes || deletes*20 <= live {
		return nil
	}
	return plan.Fixf("look at what was deleted in Salesforce; if it is right, run again with --allow-deletes",
		"%w", &gone.MassDelete{Table: m.Table.Name, Deletes: deletes, Rows: live})
}
