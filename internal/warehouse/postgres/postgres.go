// Package postgres keeps a warehouse in a PostgreSQL database.
//
// Pages go through COPY FROM STDIN: large ones as tuples (package tuple), the others as they
// come; nothing of those is parsed here, but where some columns go into an overflow
// (overflow.go). dialect.go says how its SQL is spelled. Start at Open; failure.go says what
// PostgreSQL's errors mean, copy.go is the loader.
//
// The password is no business of ours: it comes from PGPASSWORD, from the file
// that PGPASSFILE or ?passfile= names, or there is none.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/handshake"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Options are what a user rarely needs to say.
type Options struct {
	Connections int           // how many sessions at most; 0 is 8
	LockWait    time.Duration // how long to wait for somebody else's lock; 0 is a minute
	Tuples      int64         // a page of so many rows or more goes as tuples; 0 is 1,000

	Lookup handshake.Lookup // how the names of hosts are found; nil as the machine does
}

// Open makes a driver for the database that a postgres:// URL names. It
// connects with the first transaction.
func Open(url string, o Options) (sql.Driver, error) {
	d, err := open(url, o)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// open is Open.
func open(url string, o Options) (*driver, error) {
	if o.LockWait == 0 {
		o.LockWait = time.Minute
	}
	if o.Connections == 0 {
		o.Connections = 8
	}
	if o.Tuples == 0 {
		o.Tuples = 1000 // for fewer, a savepoint takes longer than it saves
	}
	c, err := config(url, o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &driver{pool: pool, place: place(c.ConnConfig), settings: settings(o), tuples: o.Tuples}, nil
}

// config reads the URL, and says how to connect.
func config(url string, o Options) (*pgxpool.Config, error) {
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	c, err := handshake.Config(url)
	if unread := handshake.Unread(err); unread != nil {
		return nil, unread
	}
	if err != nil {
		// The text of err repeats the URL.
		return nil, plan.Fixf(form, "warehouse.url is not a PostgreSQL URL")
	}
	c.MaxConns, c.MinConns = int32(o.Connections), 0 // #nosec G115 -- a handful
	c.MaxConnIdleTime = 5 * time.Minute
	if o.Lookup != nil {
		c.ConnConfig.LookupFunc = o.Lookup
	}
	c.ConnConfig.ConnectTimeout = 30 * time.Second
	// Tables are made and changed as we go, so a remembered plan may be of
	// another table; and a pooler in between may know nothing of it.
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	for name, value := range map[string]string{"application_name": "catchment", "timezone": "UTC", "datestyle": "ISO",
		"client_encoding": "UTF8"} {
		c.ConnConfig.RuntimeParams[name] = value
	}
	return c, nil
}

// settings are made anew in each transaction, since a pooler in between may
// give each of them another session.
func settings(o Options) string {
	return fmt.Sprintf(`SET LOCAL search_path = %s;
SET LOCAL statement_timeout = 0; -- a merge takes as long as it takes
SET LOCAL lock_timeout = %d;
SET LOCAL idle_in_transaction_session_timeout = '5min'; -- what a lost client holds is given back
SET LOCAL tcp_keepalives_idle = 60;
SET LOCAL tcp_keepalives_interval = 20;
SET LOCAL tcp_keepalives_count = 6;
SET LOCAL work_mem = '64MB'; -- ten thousand wide rows don't fit in the usual four
SET LOCAL random_page_cost = 1.1; -- a few keys are looked up; the whole table isn't read for them
SET LOCAL jit = off -- to compile a merge takes longer than to do it
`, searchPath, o.LockWait.Milliseconds())
}

// place is the database in words, for errors.
func place(c *pgx.ConnConfig) string {
	return fmt.Sprintf("PostgreSQL database %s at %s:%d", c.Database, c.Host, c.Port)
}

type driver struct {
	pool     *pgxpool.Pool
	place    string
	settings string

	tuples int64    // the rows that a page has at least that goes as tuples
	texts  sync.Map // by table, the attempt whose pages go as texts all the same
}

func (d *driver) Dialect() *dialect.Dialect { return Dialect() }

// Tx does f where each statement sees what others committed before it: the
// flow's fence, which f takes first, is what keeps others away.
func (d *driver) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.do(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", f)
}

// View does f on one picture of the database.
func (d *driver) View(ctx context.Context, f func(sql.Tx) error) error {
	return d.do(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f)
}

// do runs f between begin and COMMIT, or ROLLBACK where f fails.
func (d *driver) do(ctx context.Context, begin string, f func(sql.Tx) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return d.classify(ctx, err)
	}
	defer conn.Release() // a session that is still in a transaction is closed by the pool
	t := &tx{conn: conn.Conn(), driver: d}
	if _, err := t.Exec(ctx, begin+"; "+d.settings); err != nil {
		return err
	}
	if err := f(t); err != nil {
		// A cancelled context must not keep locks. Whatever ROLLBACK says, f's
		// error is the one that matters.
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_, _ = conn.Exec(undo, "ROLLBACK")
		return err
	}
	_, err = t.Exec(ctx, "COMMIT")
	return err
}

// Agreed tells what a connection has agreed on.
func (d *driver) Agreed(ctx context.Context) (warehouse.Agreement, error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return warehouse.Agreement{}, d.classify(ctx, err)
	}
	defer conn.Release()
	return handshake.Agreed(conn.Conn().PgConn()), nil
}

// Close ends the sessions after the transactions that still run.
func (d *driver) Close() error {
	d.pool.Close()
	return nil
}

type tx struct {
	conn   *pgx.Conn
	driver *driver
}

func (t *tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := t.conn.Exec(ctx, sql, args...)
	if err != nil {
		return 0, t.driver.classify(ctx, err)
	}
	return tag.RowsAffected(), nil
}

func (t *tx) Query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error {
	rows, err := t.conn.Query(ctx, sql, args...)
	if err != nil {
		return t.driver.classify(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return t.driver.classify(ctx, err)
	}
	return nil
}
