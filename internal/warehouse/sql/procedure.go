package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// An installer has Procedures.
type installer struct {
	*store
	shapes *shaper
}

// Install makes the procedures in the warehouse, or makes them anew.
func (w *installer) Install(ctx context.Context, ps []warehouse.Procedure) error {
	ps = slices.Clone(ps)
	for i := range ps { // its columns are called as the runs call them
		var err error
		if ps[i].Table, _, err = w.shapes.Adapt(ctx, ps[i].Table); err != nil {
			return err
		}
	}
	err := w.tx(ctx, func(tx Tx) error {
		for _, p := range ps {
			if err := w.install(ctx, tx, p); err != nil {
				return err
			}
		}
		text, err := statements.Procedures(w.d, w.o, nil)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("install the procedures: %w", err)
	}
	return nil
}

// install makes the procedure of one table.
func (w *installer) install(ctx context.Context, tx Tx, p warehouse.Procedure) error {
	has, err := finalColumns(ctx, tx, w.store, p.Table.Name)
	if err != nil {
		return err
	}
	marked := isMarked(has) || len(has) == 0
	if len(has) == 0 { // no run has made the table yet
		for _, name := range shape.ColumnNames(p.Table) {
			has = append(has, dialect.Stored{Name: name})
		}
	}
	text, err := statements.Procedure(p, w.d, w.o, has, marked)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, text)
	return err
}

// A detacher is a Detacher, over a driver that goes on in the background.
type detacher struct {
	*store
	calls      *installer
	background Background
}

// Begin lets the warehouse consolidate an attempt that was counted while nobody
// waits for it: it makes the table's procedure, and calls it. The id is to be
// kept, for Ended; "" says that this warehouse, or this table, has no such way.
// The same token begins nothing twice. What the procedure leaves undone,
// Consolidate does, and Consolidate is who tells the counts.
func (w *detacher) Begin(
	ctx context.Context, f warehouse.Fence, p warehouse.Procedure, token string,
) (id string, err error) {
	// In a transaction before the CALL's: that one has to begin with its locks.
	err = w.fenced(ctx, f, "make the procedure of "+p.Table.Name, func(tx Tx) error {
		return w.calls.install(ctx, tx, p)
	})
	if err == nil {
		id, err = w.background.Detach(ctx, token,
			"CALL "+w.d.Table(w.o.Staging, statements.ProcedureName(w.d, p.Table.Name))+"()")
	}
	if errors.Is(err, ErrTooLong) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("begin to consolidate %s: %w", p.Table.Name, err)
	}
	return id, nil
}

// Ended tells whether a consolidation that Begin has begun is over, and waits for
// that no longer than patience. The error is that of the consolidation, or of
// the question; either way Consolidate may follow.
func (w *detacher) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	return w.background.Ended(ctx, id, patience)
}

// outdate has CALL refuse a flow's table, where its procedure was written by a version that knows nothing of
// archives: it would take archived rows for deleted ones.
func (w *installer) outdate(ctx context.Context, tx Tx, flow string) error {
	if w.d.Clock == "" || !w.d.TransactionalDDL {
		return nil
	}
	m, known, err := w.mark(ctx, tx, flow)
	if err != nil || !known {
		return err
	}
	old, err := count(ctx, tx, "SELECT count(*) FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace "+
		"WHERE s.nspname = $1 AND p.proname = $2 AND strpos(p.prosrc, $3) = 0 AND strpos(p.prosrc, 'DECLARE') > 0",
		w.o.Staging, statements.ProcedureName(w.d, m.Table), own.ArchiveTable)
	if err != nil || old == 0 {
		return err
	}
	text, err := statements.Outdated(w.d, w.o, m.Table)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, text)
	return err
}
