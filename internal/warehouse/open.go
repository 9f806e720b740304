package warehouse

import (
	"context"
	"fmt"
	"time"
)

// Options say where a Warehouse keeps its tables.
type Options struct {
	Schema  string   // of the final tables
	Staging string   // of the staging tables and of what we remember
	GrantTo []string // roles that may read new tables
	Now     func() time.Time
	// Pause waits before a transaction is tried again that others were in the way of; nil does.
	Pause func(context.Context, time.Duration) error
}

// A store is the place where a warehouse's tables are, as each of its roles sees
// it: a driver, the SQL that it speaks, and the names of the schemas.
type store struct {
	driver Driver
	d      *Dialect
	o      Options
}

// own is the quoted name of one of our own tables in the staging schema.
func (w *store) own(name string) string { return w.d.Table(w.o.Staging, name) }

func (w *store) staging(t Table) string { return w.d.Table(w.o.Staging, t.Name) }
func (w *store) final(t Table) string   { return w.d.Table(w.o.Schema, t.Name) }

// now is the clock, in what every warehouse can store: UTC microseconds.
func (w *store) now() time.Time { return w.o.Now().UTC().Truncate(time.Microsecond) }

// fenced does f in a transaction that first proves that fence still holds.
func (w *store) fenced(ctx context.Context, fence Fence, what string, f func(Tx) error) error {
	return w.within(ctx, transaction{fence: fence, what: what}, f)
}

// fencedOn is fenced, and where locks come first, these tables are locked too.
func (w *store) fencedOn(ctx context.Context, fence Fence, what string, tables []string, f func(Tx) error) error {
	return w.within(ctx, transaction{fence: fence, what: what, tables: tables}, f)
}

// A transaction is one that works for a flow.
type transaction struct {
	fence   Fence
	what    string   // in words, for errors
	tables  []string // that are locked beside staging, where locks come first
	scratch []string // DDL that makes its temporary tables before it begins, where it can't itself
}

// within does f in such a transaction, once the fence is proven. Where others are
// in the way it is done again.
func (w *store) within(ctx context.Context, t transaction, f func(Tx) error) error {
	err := w.patiently(ctx, func() error {
		locks, err := w.locksOf(ctx, t.fence.Flow, t.tables)
		if err != nil {
			return err
		}
		return w.begin(ctx, t.scratch, func(tx Tx) error {
			if err := do(ctx, tx, locks...); err != nil {
				return err
			}
			if err := w.hold(ctx, tx, t.fence); err != nil {
				return err
			}
			return f(tx)
		})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", t.what, err)
	}
	return nil
}

// begin does f in a transaction, after ddl in its session.
func (w *store) begin(ctx context.Context, ddl []string, f func(Tx) error) error {
	if len(ddl) == 0 {
		return w.driver.Tx(ctx, f)
	}
	return w.prepared(ctx, ddl, f)
}

// tx does f in a transaction, again where others are in the way.
func (w *store) tx(ctx context.Context, f func(Tx) error) error {
	return w.patiently(ctx, func() error { return w.driver.Tx(ctx, f) })
}

// Rows counts the rows of a final table, deleted ones included.
func (w *asker) Rows(ctx context.Context, t Table) (int64, error) {
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = count(ctx, tx, "SELECT count(*) FROM "+w.final(t))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.Name, err)
	}
	return n, nil
}

// SomeKey picks the key of any row of a final table, "" where there is none.
func (w *asker) SomeKey(ctx context.Context, t Table) (string, error) {
	var key string
	err := w.driver.View(ctx, func(tx Tx) error {
		_, err := queryRow(ctx, tx, []any{&key},
			fmt.Sprintf("SELECT %s FROM %s ORDER BY random() LIMIT 1", w.d.Quote(t.Key[0]), w.final(t)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("pick a row of %s: %w", t.Name, err)
	}
	return key, nil
}

// stamp makes a parameter of a time; the zero time is null.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond)
}

// fromNull is the time that a nullable column held, or zero.
func fromNull(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// KeepsNUL tells whether a text may hold a NUL character.
func (w *loader) KeepsNUL() bool { return w.d.KeepsNUL }

// PagesPerLoad is how many pages the warehouse's loader likes to take at once.
func (w *loader) PagesPerLoad() int { return max(w.d.PagesPerLoad, 1) }
