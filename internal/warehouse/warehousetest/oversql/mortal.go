package oversql

import (
	"context"

	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
)

// A mortal driver is that of a process that dies after so many touches of the
// warehouse: before or after a statement of DDL, at a statement of a transaction,
// before or after its end, or between loading a page and forgetting it.
type mortal struct {
	passing
	left *int
}

// newMortal is the driver of a process that dies after so many touches.
func newMortal(d sql.Driver, touches int) mortal { return mortal{passing{d}, &touches} }

// lives counts a touch, and tells whether it is still done.
func (d mortal) lives() error {
	if *d.left--; *d.left < 0 {
		return warehousetest.ErrDied
	}
	return nil
}

// around does something between two touches.
func (d mortal) around(do func() error) error {
	if err := d.lives(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return d.lives() // done, and nobody heard of it
}

func (d mortal) within(f func(sql.Tx) error) func(sql.Tx) error {
	return func(tx sql.Tx) error {
		if err := f(mortalTx{tx, d}); err != nil {
			return err
		}
		return d.lives()
	}
}

func (d mortal) View(ctx context.Context, f func(sql.Tx) error) error {
	if *d.left < 0 {
		return warehousetest.ErrDied
	}
	return d.passing.View(ctx, f)
}

func (d mortal) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.around(func() error { return d.passing.Tx(ctx, d.within(f)) })
}

func (d mortal) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	if f != nil {
		return d.around(func() error { return d.passing.Prepared(ctx, ddl, d.within(f)) })
	}
	for _, sql := range ddl {
		if err := d.around(func() error { return d.passing.Prepared(ctx, []string{sql}, nil) }); err != nil {
			return err
		}
	}
	return nil
}

func (d mortal) Bring(ctx context.Context, c sql.Copy) error {
	return d.around(func() error { return d.passing.Bring(ctx, c) })
}

func (d mortal) Forget(ctx context.Context, c sql.Copy) error {
	return d.around(func() error { return d.passing.Forget(ctx, c) })
}

type mortalTx struct {
	sql.Tx
	driver mortal
}

func (t mortalTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.driver.lives(); err != nil {
		return 0, err
	}
	return t.Tx.Exec(ctx, sql, args...)
}

func (t mortalTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	if err := t.driver.lives(); err != nil {
		return nil, err
	}
	return t.Tx.Load(ctx, c)
}
