package oversql

import (
	"context"
	"errors"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/warehousetest"
)

// errLost is what a client sees when the answer to COMMIT never came.
var errLost = errors.New("connection reset")

// errCancelled is what a driver makes of a statement that the warehouse gave up
// for the sake of another transaction.
var errCancelled = plan.Failf(plan.Retry, "", "a statement was %w",
	errors.New("cancelled for the sake of another transaction"))

// errGone is what a driver makes of a server that went away.
var errGone = plan.Failf(plan.Retry, "", "the connection was lost")

// faulty is the driver where something goes wrong.
func faulty(d warehouse.Driver, f warehousetest.Fault) warehouse.Driver {
	switch f.Kind {
	case warehousetest.LostAnswer:
		return alike(d, lossy{d})
	case warehousetest.Fails:
		return alike(d, stopping{Driver: d, at: f.At, err: errLost})
	case warehousetest.Cancelled:
		left := 1
		return alike(d, stopping{Driver: d, at: f.At, err: errCancelled, times: &left})
	case warehousetest.Twice:
		left := 1
		return alike(d, forgetful{Driver: d, times: &left})
	}
	return d
}

// alike gives a decorator what its driver has beside the contract.
func alike(d, decorator warehouse.Driver) warehouse.Driver {
	background, ok := d.(warehouse.Background)
	if !ok {
		return decorator
	}
	return struct {
		warehouse.Driver
		warehouse.Background
	}{decorator, background}
}

// A lossy driver commits, and loses the answer.
type lossy struct{ warehouse.Driver }

// Tx does f, and fails.
func (d lossy) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	if err := d.Driver.Tx(ctx, f); err != nil {
		return err
	}
	return errLost
}

// A stopping driver fails at a statement of a transaction, and at all that
// follow.
type stopping struct {
	warehouse.Driver
	at    int
	err   error
	times *int // how many transactions fail; nil for all
}

// Tx does f until it stops.
func (d stopping) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	return d.Driver.Tx(ctx, func(tx warehouse.Tx) error {
		return f(&stoppingTx{Tx: tx, driver: d, left: d.at})
	})
}

type stoppingTx struct {
	warehouse.Tx
	driver  stopping
	left    int // statements before the one that fails
	stopped bool
}

// stop tells whether the transaction stops at the next statement.
func (t *stoppingTx) stop() error {
	if t.left--; t.left >= 0 {
		return nil
	}
	if t.driver.times != nil && !t.stopped {
		if *t.driver.times == 0 {
			return nil
		}
		*t.driver.times--
	}
	t.stopped = true
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
func (t *stoppingTx) Query(ctx context.Context, each func(warehouse.Scan) error, sql string, args ...any) error {
	if err := t.stop(); err != nil {
		return err
	}
	return t.Tx.Query(ctx, each, sql, args...)
}

// Load loads, unless it stops there.
func (t *stoppingTx) Load(ctx context.Context, c warehouse.Copy) ([]int64, error) {
	if err := t.stop(); err != nil {
		return nil, err
	}
	return t.Tx.Load(ctx, c)
}

// A forgetful driver loads, and then its server goes away, and so many times.
type forgetful struct {
	warehouse.Driver
	times *int
}

// Tx does f until the server goes away.
func (d forgetful) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	return d.Driver.Tx(ctx, func(tx warehouse.Tx) error { return f(forgetfulTx{tx, d.times}) })
}

type forgetfulTx struct {
	warehouse.Tx
	times *int
}

// Load loads, and fails.
func (t forgetfulTx) Load(ctx context.Context, c warehouse.Copy) ([]int64, error) {
	rows, err := t.Tx.Load(ctx, c)
	if err != nil || *t.times == 0 {
		return rows, err
	}
	*t.times--
	return nil, errGone
}
