package sql

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/waiting"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/catalog"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A store is the place where a warehouse's tables are, as each of its roles sees
// it: a driver, the SQL that it speaks, and the names of the schemas.
type store struct {
	driver Driver
	d      *dialect.Dialect
	o      warehouse.Options
}

// catalogOf lists the files of the copy.
func catalogOf(w *store) *catalog.Catalog {
	return catalog.New(w.d, w.o.Schema, func(ctx context.Context, f func(catalog.Query) error) error {
		return w.driver.View(ctx, func(tx Tx) error {
			return f(func(ctx context.Context, each func(func(...any) error) error, sql string, args ...any) error {
				return tx.Query(ctx, func(scan Scan) error { return each(scan) }, sql, args...)
			})
		})
	})
}

// of is the tables of a flow.
func (w *store) of(t shape.Table) *statements.Tables {
	return &statements.Tables{Dialect: w.d, Options: w.o, Table: t}
}

// own is the quoted name of one of our own tables in the staging schema.
func (w *store) own(name string) string { return w.d.Table(w.o.Staging, name) }

func (w *store) staging(t shape.Table) string { return w.d.Table(w.o.Staging, t.Name) }
func (w *store) final(t shape.Table) string   { return w.d.Table(w.o.Schema, t.Name) }

// marksEvents tells whether a final table marks the rows that an event touched.
func marksEvents(has []dialect.Stored) bool {
	_, ok := dialect.Find(has, statements.EventAt)
	return ok
}

// now is the clock, in what every warehouse can store: UTC microseconds.
func (w *store) now() time.Time { return w.o.Now().UTC().Truncate(time.Microsecond) }

// fenced does f in a transaction that first proves that fence still holds.
func (w *store) fenced(ctx context.Context, fence warehouse.Fence, what string, f func(Tx) error) error {
	return w.within(ctx, transaction{fence: fence, what: what}, f)
}

// fencedOn is fenced, and where locks come first, these tables are locked too.
func (w *store) fencedOn(
	ctx context.Context, fence warehouse.Fence, what string, tables []string, f func(Tx) error,
) error {
	return w.within(ctx, transaction{fence: fence, what: what, tables: tables}, f)
}

// A transaction is one that works for a flow.
type transaction struct {
	fence   warehouse.Fence
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

// Where a transaction sees one picture of the warehouse and keys are not
// enforced, whoever writes locks first and looks then: a picture
// that was taken while somebody else held the lock lacks what he committed, and
// two that merge from one picture would give each new record two rows
// (invariant 5). The locks are of one flow's tables, so flows don't wait for
// each other; always in this order: final, staging, marks.

// locksOf is the locks for a transaction that works for a flow. The staging
// table keeps all others of the flow away; further are the tables that are
// locked before it.
func (w *store) locksOf(ctx context.Context, flow string, further []string) ([]dialect.Statement, error) {
	if !w.d.LockFirst {
		return nil, nil
	}
	var table string
	var made map[string]bool
	err := w.driver.View(ctx, func(tx Tx) error {
		m, _, err := w.mark(ctx, tx, flow)
		if err != nil {
			return err
		}
		table = m.Table
		made, err = w.made(ctx, tx, table)
		return err
	})
	if err != nil {
		return nil, err
	}
	staging := w.d.Table(w.o.Staging, table)
	if !made[staging] { // the flow is new, and its tables are going to be made
		return w.locks(w.own(own.FlowTable)), nil
	}
	var names []string
	for _, name := range further {
		if made[name] {
			names = append(names, name)
		}
	}
	return w.locks(append(names, staging)...), nil
}

// locksOfClaim is the locks for taking over a flow: whatever works for it now
// ends before, and nothing of its old holder begins after.
func (w *store) locksOfClaim(ctx context.Context, flow, table string) ([]dialect.Statement, error) {
	if !w.d.LockFirst {
		return nil, nil
	}
	var made map[string]bool
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		if m, known, err := w.mark(ctx, tx, flow); err != nil {
			return err
		} else if known {
			table = m.Table
		}
		made, err = w.made(ctx, tx, table)
		return err
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range []string{w.d.Table(w.o.Schema, table), w.d.Table(w.o.Staging, table)} {
		if made[name] {
			names = append(names, name)
		}
	}
	return w.locks(append(names, w.own(own.FlowTable))...), nil
}

// made tells which of the two tables of a name there are.
func (w *store) made(ctx context.Context, tx Tx, table string) (map[string]bool, error) {
	made := map[string]bool{}
	err := tx.Query(ctx, func(scan Scan) error {
		var schema string
		err := scan(&schema)
		made[w.d.Table(schema, table)] = true
		return err
	}, "SELECT table_schema FROM information_schema.tables WHERE table_catalog = current_database() "+
		"AND table_schema IN ($1, $2) AND table_name = $3", w.o.Schema, w.o.Staging, table)
	return made, err
}

func (w *store) locks(tables ...string) []dialect.Statement {
	return []dialect.Statement{{SQL: fmt.Sprintf("LOCK TABLE %s", strings.Join(tables, ", "))}}
}

// prepared does ddl, and then f in a transaction of the same session.
func (w *store) prepared(ctx context.Context, ddl []string, f func(Tx) error) error {
	p, ok := w.driver.(Preparer)
	if !ok {
		return plan.Failf(plan.Bug, "", "the driver of %s has no way to do DDL", w.d.Name)
	}
	return p.Prepared(ctx, ddl, f)
}

// bringer is the driver where loads are jobs, and nil elsewhere.
func (w *store) bringer() (Bringer, error) {
	if !w.d.LoadsApart {
		return nil, nil
	}
	b, ok := w.driver.(Bringer)
	if !ok {
		return nil, plan.Failf(plan.Bug, "", "the driver of %s has no way to bring pages", w.d.Name)
	}
	return b, nil
}

// ErrConflict says that a transaction was cancelled for the sake of another, and
// has left nothing: it may be begun again at once. Drivers wrap it.
var ErrConflict = errors.New("cancelled for the sake of another transaction")

// Conflicting is a driver's error that wraps ErrConflict beside what it says.
func Conflicting(err error) error { return conflicting{err} }

type conflicting struct{ error }

func (c conflicting) Unwrap() []error { return []error{c.error, ErrConflict} }

// What others are in the way of is tried so often, after pauses that grow from
// the first one on.
const (
	conflictTries = 6
	conflictPause = 100 * time.Millisecond
)

// patiently does try, again after a pause where another transaction was in the
// way.
func (w *store) patiently(ctx context.Context, try func() error) error {
	pause := conflictPause
	for n := 1; ; n++ {
		err := try()
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if n == conflictTries {
			return lasting(err)
		}
		// Two that met must not meet again: neither waits as long as the other.
		// #nosec G404 -- nobody gains by guessing it
		if err := w.pause(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
		pause *= 2
	}
}

// lasting is a conflict that is given up: it is worth a later try.
func lasting(err error) error {
	if plan.ClassOf(err) == plan.Retry {
		return err
	}
	return plan.Failf(plan.Retry, "", "%w", err)
}

// pause waits between two tries of a transaction.
func (w *store) pause(ctx context.Context, d time.Duration) error {
	if w.o.Pause != nil {
		return w.o.Pause(ctx, d)
	}
	return waiting.For(ctx, d)
}

// errStale says that a table isn't as the look before the transaction saw it:
// another loader was faster, or somebody has changed it.
var errStale = errors.New("the table was changed meanwhile")

// stale is that error, for whoever looked often enough.
func stale(t shape.Table) error {
	return plan.Failf(plan.Retry, "run it again", "%s: %w", t.Name, errStale)
}

// looks is how often a table is looked at that others change meanwhile.
const looks = 4

// lookAgain does try, which begins with a look at a table, and repeats it where
// the table was changed since.
func lookAgain(try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if n == looks || !errors.Is(err, errStale) && !errors.Is(err, ErrNotBrought) {
			return err
		}
	}
}
