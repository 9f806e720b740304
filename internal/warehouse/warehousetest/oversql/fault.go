package oversql

import (
	"context"
	"errors"

	"catchment/internal/plan"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
)

// errLost is what a client sees when the answer to COMMIT never came.
var errLost = errors.New("connection reset")

// errCancelled is what a driver makes of a statement that the warehouse gave up
// for the sake of another transaction.
var errCancelled = plan.Failf(plan.Retry, "", "a statement was %w", sql.ErrConflict)

// errGone is what a driver makes of a server that went away.
var errGone = plan.Failf(plan.Retry, "", "the connection was lost")

// faulty is the driver where something goes wrong.
func faulty(d sql.Driver, f warehousetest.Fault) sql.Driver {
	switch f.Kind {
	case warehousetest.LostAnswer:
		return alike(d, lossy{passing{d}})
	case warehousetest.Fails:
		return alike(d, stopping{passing: passing{d}, at: f.At, err: errLost})
	case warehousetest.Cancelled:
		left := 1
		return alike(d, stopping{passing: passing{d}, at: f.At, err: errCancelled, times: &left})
	case warehousetest.Dies:
		return alike(d, newMortal(d, f.At))
	case warehousetest.Twice:
		left := 1
		return alike(d, forgetful{passing{d}, &left})
	}
	return d
}

// alike gives a decorator what its driver has beside the contract.
func alike(d sql.Driver, decorator decorated) sql.Driver {
	background, ok := d.(sql.Background)
	if !ok {
		return decorator
	}
	return struct {
		decorated
		sql.Background
	}{decorator, background}
}

// A lossy driver commits, and loses the answer.
type lossy struct{ passing }

// Tx does f, and fails.
func (d lossy) Tx(ctx context.Context, f func(sql.Tx) error) error {
	if err := d.passing.Tx(ctx, f); err != nil {
		return err
	}
	return errLost
}

// Prepared does ddl and f, and fails.
func (d lossy) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	if err := d.passing.Prepared(ctx, ddl, f); err != nil {
		return err
	}
	return errLost
}

// A stopping driver fails at a statement of a transaction, and at all that
// follow.
type stopping struct {
	passing
	at    int
	err   error
	times *int // how many transactions fail; nil for all
}

// Tx does f until it stops.
func (d stopping) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.passing.Tx(ctx, d.within(f, d.at))
}

// Prepared does ddl and f until it stops.
func (d stopping) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	if d.at < len(ddl) && d.fails() {
		if err := d.passing.Prepared(ctx, ddl[:d.at], nil); err != nil {
			return err
		}
		return d.err
	}
	if f == nil {
		return d.passing.Prepared(ctx, ddl, nil)
	}
	return d.passing.Prepared(ctx, ddl, d.within(f, d.at-len(ddl)))
}

// within is f in a transaction that has so many statements left.
func (d stopping) within(f func(sql.Tx) error, left int) func(sql.Tx) error {
	return func(tx sql.Tx) error { return f(&stoppingTx{Tx: tx, driver: d, left: left}) }
}

// fails tells whether it is still to fail, and counts that.
func (d stopping) fails() bool {
	if d.times == nil {
		return true
	}
	*d.times--
	return *d.times >= 0
}

type stoppingTx struct {
	sql.Tx
	driver  stopping
	left    int // statements before the one that fails
	stopped bool
}

// stop tells whether the transaction stops at the next statement.
func (t *stoppingTx) stop() error {
	if t.left--; t.left >= 0 {
		return nil
	}
	t.stopped = t.stopped || t.driver.fails()
	if !t.stopped {
		return nil
	}
	return t.driver.err
}

// Exec does a statement, unless it stops there.
func (t *stoppingTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.stop(); err != nil {
		return 0, err
	}
	return t.Tx.Exec(ctx, sql, args...)
}

// Query asks, unless it stops there.
func (t *stoppingTx) Query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error {
	if err := t.stop(); err != nil {
		return err
	}
	return t.Tx.Query(ctx, each, sql, args...)
}

// Load loads, unless it stops there.
func (t *stoppingTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	if err := t.stop(); err != nil {
		return nil, err
	}
	return t.Tx.Load(ctx, c)
}

// A forgetful driver loads, and then its server goes away, and so many times.
type forgetful struct {
	passing
	times *int
}

// Tx does f until the server goes away.
func (d forgetful) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.passing.Tx(ctx, func(tx sql.Tx) error { return f(forgetfulTx{tx, d.times}) })
}

// Prepared does ddl, and f until the server goes away.
func (d forgetful) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	if f == nil {
		return d.passing.Prepared(ctx, ddl, nil)
	}
	return d.passing.Prepared(ctx, ddl, func(tx sql.Tx) error { return f(forgetfulTx{tx, d.times}) })
}

type forgetfulTx struct {
	sql.Tx
	times *int
}

// Load loads, and fails.
func (t forgetfulTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	rows, err := t.Tx.Load(ctx, c)
	if err != nil || *t.times == 0 {
		return rows, err
	}
	*t.times--
	return nil, errGone
}
