// Package sql is the roles of a warehouse that speaks SQL, over a Driver: it decides
// what is done in which transaction, and statements says how that is written.
//
// A driver brings its dialect, its connection, its transactions and its own loader.
// Where its dialect says that DDL commits, or that loads are jobs, it brings a way to
// do these apart too: Preparer, Bringer. Start at loader.Load and merger.Consolidate.
//
// Files, from the top: core.go, adopt.go, reading.go, landed.go, mend.go, intake.go,
// files.go, scratch.go, rejected.go, consolidate.go, each.go, load.go, promote.go,
// suspect.go, join.go, procedure.go, migrate.go, prepare.go, shape.go,
// evidence.go, first.go, mark.go, inspect.go, store.go, driver.go.
package sql

import (
	"context"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/many"
	"catchment/internal/warehouse/sql/archives"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/streams"
	"catchment/internal/warehouse/streamed"
)

// New is a warehouse of SQL with all roles that a driver has. Migrate must have
// been called once before the rest.
func New(d Driver, o warehouse.Options) warehouse.Warehouse {
	at := &store{driver: d, d: d.Dialect(), o: o}
	shapes, loads := &shaper{at}, &loader{at}
	merges := &merger{at, loads}
	basic := basics{core{at, &marks{at}, shapes, loads, merges, &asker{at}}, &eraser{at}, &lander{at, merges}}
	// A procedure makes temporary tables in its transaction, and tables are adopted in one with their rows.
	if at.d.Clock == "" || !at.d.TransactionalDDL {
		return basic
	}
	calls := &installer{at, shapes}
	called := withProcedures{basic, calls, &adopter{at, shapes, merges}}
	if b, ok := d.(Background); ok {
		return withBackground{called, &detacher{at, calls, b}}
	}
	return called
}

type basics struct {
	core
	*eraser
	*lander
}

type withProcedures struct {
	basics
	*installer
	*adopter
}

type withBackground struct {
	withProcedures
	*detacher
}

// A core is the five roles that every warehouse has, over one store. It may be
// used by several goroutines.
type core struct {
	at *store
	*marks
	*shaper
	*loader
	*merger
	*asker
}

// Name is what the warehouse is called in words for people.
func (c core) Name() string { return c.at.d.Name }

// Close ends the sessions after the transactions that still run.
func (c core) Close() error { return c.at.driver.Close() }

// Bodies is the register of files.
func (c core) Bodies() bodies.Register { return &registrar{c.at} }

// Catalog lists the files of the copy.
func (c core) Catalog() bodies.Catalog { return catalogOf(c.at) }

// Archived is the ledger of what left Salesforce.
func (c core) Archived() archived.Ledger { return ledgerOf(c.at) }

// Stream is what change events do to the tables, nil where a transaction holds no DDL.
func (c core) Stream() streamed.Stream {
	if !c.at.d.TransactionalDDL || c.at.d.LockFirst {
		return nil
	}
	return streamOf(c.at)
}

// Many is what can be done for many flows at once: nothing, where the locks of each are taken before anything of it
// is looked at.
func (c core) Many() many.Flows {
	if c.at.d.LockFirst {
		return nil
	}
	return c
}

// Agreed tells what the connection to the warehouse has agreed on, where there is one.
func (c core) Agreed(ctx context.Context) (warehouse.Agreement, error) {
	if w, ok := c.at.driver.(Wire); ok {
		return w.Agreed(ctx)
	}
	return warehouse.Agreement{}, nil
}

// streamOf is what change events do.
func streamOf(w *store) *streams.Stream {
	return streams.New(streams.Place{
		Dialect: w.d, Options: w.o,
		View: func(ctx context.Context, f func(streams.Tx) error) error {
			return w.driver.View(ctx, func(tx Tx) error { return f(ledgerTx{tx}) })
		},
		Fenced: func(ctx context.Context, f warehouse.Fence, what string, do func(streams.Tx) error) error {
			return w.fenced(ctx, f, what, func(tx Tx) error { return do(ledgerTx{tx}) })
		},
		Columns: func(ctx context.Context, tx streams.Tx, table string) ([]dialect.Stored, error) {
			return finalColumns(ctx, tx.(ledgerTx).Tx, w, table)
		},
		Wrote: func(ctx context.Context, tx streams.Tx, flow string, now time.Time, more int64) error {
			return (&marks{w}).wrote(ctx, tx.(ledgerTx).Tx, flow, now, more)
		},
	})
}

// wrote has a flow's mark know that events wrote rows of its table, and that so many more are there.
func (w *marks) wrote(ctx context.Context, tx Tx, flow string, now time.Time, more int64) error {
	m, known, err := w.mark(ctx, tx, flow)
	if err != nil || !known {
		return err
	}
	m.Rows, m.Newest = m.Rows+more, now
	return w.saveMark(ctx, tx, m)
}

// ledgerOf is what became of records that were to leave Salesforce.
func ledgerOf(w *store) *archives.Ledger {
	return archives.New(archives.Place{
		Dialect: w.d, Options: w.o,
		View: func(ctx context.Context, f func(archives.Tx) error) error {
			return w.driver.View(ctx, func(tx Tx) error { return f(ledgerTx{tx}) })
		},
		Fenced: func(ctx context.Context, f warehouse.Fence, what, table string, do func(archives.Tx) error) error {
			t := transaction{fence: f, what: what}
			if table != "" {
				t.tables = []string{w.d.Table(w.o.Schema, table)}
			}
			return w.within(ctx, t, func(tx Tx) error { return do(ledgerTx{tx}) })
		},
		Columns: func(ctx context.Context, tx archives.Tx, table string) ([]dialect.Stored, error) {
			return finalColumns(ctx, tx.(ledgerTx).Tx, w, table)
		},
		Touched: func(ctx context.Context, tx archives.Tx, flow string, written, read time.Time) error {
			return (&marks{w}).touched(ctx, tx.(ledgerTx).Tx, flow, written, read)
		},
		Outdate: func(ctx context.Context, tx archives.Tx, flow string) error {
			return (&installer{store: w}).outdate(ctx, tx.(ledgerTx).Tx, flow)
		},
	})
}
