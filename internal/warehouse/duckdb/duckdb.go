// Package duckdb keeps a warehouse in one DuckDB file.
//
// The file is open only while there is work in it, so that somebody can look
// at it with the duckdb shell between two steps: it is opened by the first
// transaction, and closed a moment after the last one ended. Nothing is ever
// downloaded, and no other file is read or written: confine.go.
//
// dialect.go says how its SQL is spelled. Start at Open; failure.go says what
// DuckDB's errors mean.
package duckdb

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Options are what a user rarely needs to say.
type Options struct {
	Idle  time.Duration // how long the file stays open without work; 0 is 200 ms
	Spool string        // folder for pages that lie elsewhere; "" is the database's own
	Pages []string      // folders whose files are read where they are; those of others are copied first
	Wait  warehouse.Patience
}

// Open makes a driver for the database file at path, which may end in settings.
// The file itself is opened by the first transaction, and made if there is none.
func Open(path string, o Options) (sql.Driver, error) {
	d, err := open(path, o)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// open is Open. Nothing is opened yet.
func open(path string, o Options) (*driver, error) {
	path, given, err := parse(path)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, plan.Fixf("write an absolute path into warehouse.url", "duckdb: %w", err)
	}
	if strings.Contains(path, "?") { // it looks for options there, and has its log elsewhere then
		return nil, plan.Fixf("keep it in another folder: warehouse.url takes an absolute path",
			"duckdb: DuckDB can't keep a file where a folder has a question mark in its name: %s", path)
	}
	if o.Pages, err = absolute(o.Pages); err != nil {
		return nil, plan.Fixf("write an absolute path into stage.url", "duckdb: %w", err)
	}
	if o.Idle == 0 {
		o.Idle = 200 * time.Millisecond
	}
	if o.Spool == "" {
		o.Spool = filepath.Dir(path)
	}
	return &driver{path: path, settings: offline + given, o: o, writing: make(chan struct{}, 1),
		wait: wait{Patience: o.Wait}}, nil
}

// Files are those that the database at path has on the disk, beside a folder for what
// doesn't fit into memory, which is gone with the last transaction.
func Files(path string) []string {
	file, _, err := parse(path)
	if err != nil {
		return nil
	}
	return []string{file, file + ".wal"}
}

type driver struct {
	path     string
	settings string // of DuckDB, as its DSN has them
	readOnly bool   // the file is opened for reading, and isn't made
	o        Options
	writing  chan struct{} // holds one token while a transaction may write
	loaded   int           // transactions with loads since the last checkpoint; whoever holds the token may touch it

	mu     sync.Mutex
	db     *stdsql.DB // nil while the file is closed
	users  int        // transactions that run
	idle   *time.Timer
	closed bool
	took   time.Duration // to close the file, the last time
	wait   wait
}

func (d *driver) Dialect() *dialect.Dialect { return Dialect() }

// Tx lets one transaction write at a time: DuckDB would let two go on and then
// fail one of them where they touched the same table.
func (d *driver) Tx(ctx context.Context, f func(sql.Tx) error) error {
	select {
	case d.writing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-d.writing }()
	return d.do(ctx, "BEGIN TRANSACTION", f)
}

func (d *driver) View(ctx context.Context, f func(sql.Tx) error) error {
	return d.do(ctx, "BEGIN TRANSACTION READ ONLY", f)
}

// do runs f between begin and COMMIT, or ROLLBACK where f fails.
func (d *driver) do(ctx context.Context, begin string, f func(sql.Tx) error) (err error) {
	db, err := d.acquire(ctx)
	if errors.Is(err, plan.ErrStopped) {
		return err
	}
	if err != nil {
		return d.classify(ctx, err)
	}
	defer d.release()
	conn, err := db.Conn(ctx)
	if err != nil {
		return d.classify(ctx, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	t := &tx{conn: conn, driver: d}
	if _, err = t.Exec(ctx, begin); err == nil {
		if err = f(t); err == nil {
			_, err = t.Exec(ctx, "COMMIT")
		}
	}
	if err != nil {
		// A cancelled context must not keep the transaction open, whichever of the
		// three it met: the next one gets this connection. Whatever ROLLBACK says,
		// the error before it is the one that matters.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	if t.loads {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), packWell) // of the next ones; no row depends on it
		if err == nil {
			d.checkpoint(ctx, conn)
		}
	}
	return err
}

// loadsAtOnce is after how many loads DuckDB writes its tables. A table on the disk takes 256 KiB for each of its
// columns as soon as a row comes to it, and keeps them until then: with hundreds of tables of a few new rows that is
// gigabytes, of which its own rule knows nothing, since it goes by how much was written.
const loadsAtOnce = 64

// checkpoint has DuckDB write its tables after so many loads. One that it refuses, since others write, is for the
// next load to try; no row depends on it.
func (d *driver) checkpoint(ctx context.Context, conn *stdsql.Conn) {
	if d.loaded++; d.loaded < loadsAtOnce {
		return
	}
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), "CHECKPOINT"); err == nil {
		d.loaded = 0
	}
}

// Close closes the file; transactions that still run end first.
func (d *driver) Close() error {
	d.writing <- struct{}{}
	defer func() { <-d.writing }()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.idle != nil {
		d.idle.Stop()
	}
	return d.shut()
}

// take is acquire, without a wait.
func (d *driver) take() (*stdsql.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.New("duckdb: the driver is closed")
	}
	if d.idle != nil {
		d.idle.Stop()
	}
	if d.db == nil {
		db, err := d.open()
		if err != nil {
			return nil, err
		}
		d.db = db
		d.wait.until, d.wait.told = time.Time{}, ""
	}
	d.users++
	return d.db, nil
}

// release closes the file a moment later, unless somebody acquires it again.
func (d *driver) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users--
	if d.users > 0 || d.closed {
		return
	}
	d.idle = time.AfterFunc(d.linger(), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.users == 0 {
			_ = d.shut() // the data was committed; the next transaction says what is wrong with the file
		}
	})
}

// longest is how long the file stays open without work at most, unless Options say more.
const longest = 2 * time.Second

// linger is how long the file stays open without work. DuckDB writes all that is new once more when it closes one, so
// that whoever goes on a moment later had better find it open: it stays so for as long as that took, and once more.
func (d *driver) linger() time.Duration { return max(d.o.Idle, min(2*d.took, longest)) }

// shut closes the file. The caller holds mu.
func (d *driver) shut() error {
	if d.db == nil {
		return nil
	}
	start := time.Now()
	err := d.db.Close()
	d.took = time.Since(start)
	d.db = nil
	if err != nil {
		return fmt.Errorf("close %s: %w", d.path, err)
	}
	return nil
}
