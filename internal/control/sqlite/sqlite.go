// Package sqlite keeps the control table in one SQLite file, for a catchment
// that runs on one machine.
//
// The file is in WAL mode with full synchronisation: a fence that was given out
// must not come back after a power cut. The journal and its index stay beside the
// file when it is closed, so that who may only read can open it, too (ADR 0027).
// Start at Open; who only looks begins at Read.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A Table is a versioned.Table in a SQLite file, and a versioned.Locker.
type Table struct {
	db     *sql.DB
	path   string
	get    *sql.Stmt
	some   *sql.Stmt // rows of a listing
	writes writes
}

var (
	_ versioned.Table  = (*Table)(nil)
	_ versioned.Locker = (*Table)(nil)
)

// Open opens the control table in the file at path and makes it where there is
// none. Several processes may have it open at once.
func Open(path string) (*Table, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open control table %s: %w", path, err)
	}
	db := sql.OpenDB(writer(abs))
	db.SetMaxOpenConns(1) // writers of one process queue here instead of at the file's lock
	t := &Table{db: db, path: abs}
	if err := t.migrate(context.Background(), migrations()); err != nil {
		_ = db.Close() // the error before it is the one that matters
		return nil, t.fail("open control table "+printable.Line(abs), err)
	}
	if err := t.prepare(); err != nil {
		_ = db.Close() // the error before it is the one that matters
		return nil, t.fail("open control table "+printable.Line(abs), err)
	}
	return t, nil
}

// prepare has what is asked again and again understood once.
func (t *Table) prepare() (err error) {
	for _, p := range []struct {
		into **sql.Stmt
		text string
	}{
		{&t.get, "SELECT version, data, expires FROM control WHERE kind = ? AND id = ?"},
		{&t.some, `SELECT id, version, data, expires FROM control
			WHERE kind = ? AND id >= ? AND (id > ? OR ? = '') AND id < ? ORDER BY id LIMIT ?`},
		{&t.writes.insert, `INSERT INTO control (kind, id, version, data, expires)
			VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING`},
		{&t.writes.update, `UPDATE control SET version = version + 1, data = ?, expires = ?
			WHERE kind = ? AND id = ? AND version = ?`},
		{&t.writes.remove, "DELETE FROM control WHERE kind = ? AND id = ? AND version = ?"},
	} {
		if *p.into, err = t.db.Prepare(p.text); err != nil {
			return err
		}
	}
	t.writes.turn = make(chan struct{}, 1)
	return nil
}

// journalSuffix and indexSuffix make the names of the journal and its index, as SQLite has
// them, of the database's.
const journalSuffix, indexSuffix = "-wal", "-shm"

// Files are those that the control table at path has on the disk, and its lock, which
// only who runs catchment may open: whoever can, can hold it.
func Files(path string) (files []string, lock string) {
	return []string{path, path + journalSuffix, path + indexSuffix}, path + lockSuffix
}

// migrations are the DDL of each version of the file (PRAGMA user_version),
// numbered from 1 by their place. They never change once released.
func migrations() []string {
	return []string{
		`CREATE TABLE control (
			kind    TEXT    NOT NULL,
			id      TEXT    NOT NULL,
			version INTEGER NOT NULL,
			data    BLOB    NOT NULL,
			expires INTEGER NOT NULL, -- Unix seconds; 0: never
			PRIMARY KEY (kind, id)
		) WITHOUT ROWID`,
	}
}

// migrate brings the file to the newest version, in one transaction.
func (t *Table) migrate(ctx context.Context, steps []string) error {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var have int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if err := known(have, steps); err != nil {
		return err
	}
	for n := have; n < len(steps); n++ {
		if _, err := tx.ExecContext(ctx, steps[n]); err != nil {
			return err
		}
	}
	// A pragma takes no parameters.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps))); err != nil {
		return err
	}
	return tx.Commit()
}

// known refuses a file that has seen more steps than there are.
func known(have int, steps []string) error {
	if have <= len(steps) {
		return nil
	}
	return plan.Fixf("use the newer catchment that wrote it, or another control table",
		"the file has version %d; this catchment knows versions up to %d", have, len(steps))
}

// Close closes the file.
func (t *Table) Close() error { return t.db.Close() }

// Get implements versioned.Table.
func (t *Table) Get(ctx context.Context, k versioned.Key) (versioned.Row, error) {
	r := versioned.Row{Key: k}
	var expires int64
	err := t.get.QueryRowContext(ctx, k.Kind, k.ID).
		Scan(&r.Version, &r.Data, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return versioned.Row{}, versioned.ErrNotFound
	}
	if err != nil {
		return versioned.Row{}, t.fail("read the control table", err)
	}
	r.Expires = fromUnix(expires)
	return r, nil
}

// Put implements versioned.Table.
func (t *Table) Put(ctx context.Context, r versioned.Row) (versioned.Row, error) {
	data := append([]byte{}, r.Data...) // nil would be NULL
	w := &write{do: t.writes.update, args: []any{data, toUnix(r.Expires), r.Key.Kind, r.Key.ID, r.Version}}
	if r.Version == 0 {
		w = &write{do: t.writes.insert, args: []any{r.Key.Kind, r.Key.ID, data, toUnix(r.Expires)}}
	}
	n, err := t.write(ctx, w)
	if err != nil {
		return versioned.Row{}, t.fail("write the control table", err)
	}
	if n == 0 {
		return versioned.Row{}, versioned.ErrConflict
	}
	r.Version++
	r.Expires = fromUnix(toUnix(r.Expires))
	return r, nil
}

// Delete implements versioned.Table.
func (t *Table) Delete(ctx context.Context, r versioned.Row) error {
	n, err := t.write(ctx, &write{do: t.writes.remove, args: []any{r.Key.Kind, r.Key.ID, r.Version}})
	if err != nil {
		return t.fail("write the control table", err)
	}
	if n == 1 {
		return nil
	}
	if _, err := t.Get(ctx, r.Key); !errors.Is(err, versioned.ErrNotFound) {
		return errors.Join(err, versioned.ErrConflict)
	}
	return nil
}

// batch is how many rows List holds in memory.
const batch = 500

// List implements versioned.Table. It reads in batches, each by a query of its
// own, so that the caller may write to the table meanwhile.
func (t *Table) List(ctx context.Context, kind, prefix string) iter.Seq2[versioned.Row, error] {
	return func(yield func(versioned.Row, error) bool) {
		end := behind(prefix)
		for from, after := prefix, ""; ; from = after {
			rows, err := t.page(ctx, kind, from, after, end)
			if err != nil {
				yield(versioned.Row{}, t.fail("list the control table", err))
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
			if len(rows) < batch {
				return
			}
			after = rows[len(rows)-1].Key.ID
		}
	}
}

// page reads up to batch rows of a kind whose ID is at least from, comes behind after, and before end.
func (t *Table) page(ctx context.Context, kind, from, after, end string) ([]versioned.Row, error) {
	rows, err := t.some.QueryContext(ctx, kind, from, after, after, end, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []versioned.Row
	for rows.Next() {
		r := versioned.Row{Key: versioned.Key{Kind: kind}}
		var expires int64
		if err := rows.Scan(&r.Key.ID, &r.Version, &r.Data, &expires); err != nil {
			return nil, err
		}
		r.Expires = fromUnix(expires)
		all = append(all, r)
	}
	return all, rows.Err()
}

// behind is a text that comes behind all that begin with prefix, in the order of bytes, and behind nothing else.
// UTF-8 never has the last byte that there is.
func behind(prefix string) string {
	if prefix == "" {
		return "\xff"
	}
	last := len(prefix) - 1
	return prefix[:last] + string([]byte{prefix[last] + 1})
}

func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
