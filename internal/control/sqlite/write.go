package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// What is written is on the disk before its writer goes on, and to bring it there takes most of the time of a write.
// So writes that come while others are on their way go together: whoever has the turn takes along all that wait by
// then, in one transaction. Each is still done, refused and answered by itself.

// writes are the statements that change the table, and who waits for his turn to.
type writes struct {
	insert, update, remove *sql.Stmt

	turn chan struct{} // holds one token while somebody writes

	mu      sync.Mutex
	waiting []*write
}

// A write is one statement that changes a row or none.
type write struct {
	do   *sql.Stmt
	args []any

	done bool
	rows int64 // that were changed
	err  error
}

// write does w, along with all that wait to be written, and tells how many rows it changed.
func (t *Table) write(ctx context.Context, w *write) (int64, error) {
	t.writes.add(w)
	select {
	case t.writes.turn <- struct{}{}:
	case <-ctx.Done():
		if t.writes.leave(w) {
			return 0, context.Cause(ctx)
		}
		t.writes.turn <- struct{}{} // it is being written
	}
	defer func() { <-t.writes.turn }()
	if !w.done {
		t.together(ctx, t.writes.take())
	}
	return w.rows, w.err
}

func (w *writes) add(one *write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, one)
}

// leave takes one away that waits no more, and tells whether it still waited.
func (w *writes) leave(one *write) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, other := range w.waiting {
		if other == one {
			w.waiting = append(w.waiting[:i:i], w.waiting[i+1:]...)
			return true
		}
	}
	return false
}

func (w *writes) take() []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.waiting
	w.waiting = nil
	return all
}

// together does some writes in one transaction. Where a statement fails, nothing of that is left, and each is done
// alone: the others have nothing to do with it. Whose context ends meanwhile can't end those of others.
func (t *Table) together(ctx context.Context, all []*write) {
	if len(all) > 1 {
		ctx = context.WithoutCancel(ctx)
	}
	if len(all) == 1 || !t.commit(ctx, all) {
		for _, w := range all {
			w.rows, w.err = affected(w.do.ExecContext(ctx, w.args...))
		}
	}
	for _, w := range all {
		w.done = true
	}
}

// commit does writes in one transaction, and tells whether they have their answers. They don't where a statement failed
// and nothing was written. A COMMIT that fails may have been done: then all of them fail, which says as much.
func (t *Table) commit(ctx context.Context, all []*write) (done bool) {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return false
	}
	for _, w := range all {
		w.rows, w.err = affected(tx.StmtContext(ctx, w.do).ExecContext(ctx, w.args...))
		if w.err != nil {
			if t.undone(ctx, tx) {
				return false
			}
			fail(all, w.err)
			return true
		}
	}
	if err := tx.Commit(); err != nil {
		fail(all, err)
	}
	return true
}

// undone tells whether a transaction is over, and nothing of it was written. On a full disk SQLite has done that by
// itself, and refuses to do it again: then another transaction can begin.
func (t *Table) undone(ctx context.Context, tx *sql.Tx) bool {
	if tx.Rollback() == nil {
		return true
	}
	next, err := t.db.BeginTx(ctx, nil)
	return err == nil && next.Rollback() == nil
}

// fail has all of some writes fail.
func fail(all []*write, err error) {
	for _, w := range all {
		w.err = err
	}
}

// affected is how many rows a statement has changed.
func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
