package sql

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A marks is Marks.
type marks struct{ *store }

const markColumns = "flow, table_name, fence, org, generation, watermark, grade, row_count, synced_at, newest, attempt"

// Mark reads what the warehouse knows of a flow, and whether it knows it.
func (w *marks) Mark(ctx context.Context, flow string) (warehouse.Mark, bool, error) {
	var m warehouse.Mark
	var ok bool
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		m, ok, err = w.mark(ctx, tx, flow)
		return err
	})
	if err != nil {
		return warehouse.Mark{}, false, fmt.Errorf("mark of %s: %w", flow, err)
	}
	return m, ok, nil
}

// Marks reads the marks of all flows, in order of their names.
func (w *marks) Marks(ctx context.Context) ([]warehouse.Mark, error) {
	var all []warehouse.Mark
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		all, err = readMarks(ctx, tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+" ORDER BY flow")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	return all, nil
}

// Claim makes the flow's mark, or takes it over with a fence that is not
// older than the stored one (invariant 7). A mark of another org is refused
// (invariant 13), and so is a table that another flow writes.
func (w *marks) Claim(ctx context.Context, f warehouse.Fence, table, org string) (warehouse.Mark, error) {
	var m warehouse.Mark
	locks, err := w.locksOfClaim(ctx, f.Flow, table)
	if err != nil {
		return warehouse.Mark{}, fmt.Errorf("claim %s: %w", f.Flow, err)
	}
	err = w.tx(ctx, func(tx Tx) error {
		if err := do(ctx, tx, locks...); err != nil {
			return err
		}
		old, ok, err := w.mark(ctx, tx, f.Flow)
		if err != nil {
			return err
		}
		if !ok {
			if err := w.free(ctx, tx, table); err != nil {
				return err
			}
			m = warehouse.Mark{Flow: f.Flow, Table: table, Fence: f.Number, Org: org}
			_, err := tx.Exec(ctx, "INSERT INTO "+w.own(own.FlowTable)+
				" (flow, table_name, fence, org, generation, grade, row_count, attempt) VALUES ($1, $2, $3, "+
				"$4, 0, '', 0, '')",
				f.Flow, table, f.Number, org)
			if err != nil {
				return err
			}
			return w.tellDeletes(ctx, tx, m)
		}
		if err := mayClaim(old, table, org); err != nil {
			return err
		}
		m = old
		m.Fence = f.Number
		if err := w.raise(ctx, tx, f); err != nil {
			return err
		}
		return w.tellDeletes(ctx, tx, m)
	})
	if err != nil {
		return warehouse.Mark{}, fmt.Errorf("claim %s: %w", f.Flow, err)
	}
	return m, nil
}

// free refuses a table that has a flow already: two would take each other's
// rows for records that are gone.
func (w *marks) free(ctx context.Context, tx Tx, table string) error {
	others, err := readMarks(ctx, tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+
		" WHERE table_name = $1", table)
	if err != nil || len(others) == 0 {
		return err
	}
	return plan.Fixf("give one of the two flows another `naming`, or its configuration another warehouse.schema and "+
		"staging_schema",
		"table %s is written by the flow %s already", table, others[0].Flow)
}

// mayClaim tells why a flow can't go on with a mark.
func mayClaim(m warehouse.Mark, table, org string) error {
	switch {
	case m.Org != org:
		return plan.Fixf("use another schema and staging_schema for this org; a refreshed sandbox is another org, "+
			"so drop its old schemas first",
			"the warehouse holds a copy of org %s, not of %s", m.Org, org)
	case m.Table != table:
		return plan.Fixf("keep `naming` and the object of a flow as they were, or give the flow another name",
			"the flow has written table %s, not %s", m.Table, table)
	}
	return nil
}

// hold proves, first in its transaction, that no newer run has the flow
// (invariant 7). The update also locks the mark until the transaction ends.
// Where locks come first they keep the others away, and an update would only
// have the flows wait for each other: it locks all marks at once.
func (w *store) hold(ctx context.Context, tx Tx, f warehouse.Fence) error {
	if w.d.LockFirst {
		n, err := count(ctx, tx, "SELECT count(*) FROM "+w.own(own.FlowTable)+" WHERE flow = $1 AND fence <= $2",
			f.Flow, f.Number)
		if err == nil && n == 0 {
			err = warehouse.ErrFenced
		}
		return err
	}
	return w.raise(ctx, tx, f)
}

// raise writes a fence into the mark, if it isn't older than the one there.
func (w *store) raise(ctx context.Context, tx Tx, f warehouse.Fence) error {
	n, err := tx.Exec(ctx, "UPDATE "+w.own(own.FlowTable)+" SET fence = $1 WHERE flow = $2 AND fence <= $1",
		f.Number, f.Flow)
	if err != nil {
		return err
	}
	if n == 0 {
		return warehouse.ErrFenced
	}
	return nil
}

func (w *store) mark(ctx context.Context, tx Tx, flow string) (warehouse.Mark, bool, error) {
	all, err := readMarks(ctx, tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+" WHERE flow = $1", flow)
	if err != nil || len(all) == 0 {
		return warehouse.Mark{}, false, err
	}
	return all[0], true, nil
}

func readMarks(ctx context.Context, tx Tx, sql string, args ...any) ([]warehouse.Mark, error) {
	var all []warehouse.Mark
	err := tx.Query(ctx, func(scan Scan) error {
		var m warehouse.Mark
		var watermark, synced, newest *time.Time
		if err := scan(&m.Flow, &m.Table, &m.Fence, &m.Org, &m.Generation, &watermark, &m.Grade, &m.Rows,
			&synced, &newest, &m.Attempt); err != nil {
			return err
		}
		m.Watermark, m.SyncedAt, m.Newest = dialect.FromNull(watermark), dialect.FromNull(synced),
			dialect.FromNull(newest)
		all = append(all, m)
		return nil
	}, sql, args...)
	return all, err
}

// advance is the mark after a merge. A watermark goes back only with a new
// generation; a merge without one leaves it where it was (invariants 1, 12).
func advance(m warehouse.Mark, by warehouse.Merge) warehouse.Mark {
	if by.Watermark.IsZero() {
		return m
	}
	if by.Generation == m.Generation && by.Watermark.Before(m.Watermark) {
		return m
	}
	m.Watermark, m.Grade, m.Generation = by.Watermark.UTC().Truncate(time.Microsecond), by.Grade, by.Generation
	return m
}

// saveMark writes what a consolidation leaves.
func (w *store) saveMark(ctx context.Context, tx Tx, m warehouse.Mark) error {
	_, err := tx.Exec(ctx, "UPDATE "+w.own(own.FlowTable)+
		" SET generation = $2, watermark = $3, grade = $4, row_count = $5, synced_at = $6, newest = $7, "+
		"attempt = $8 WHERE flow = $1",
		m.Flow, m.Generation, dialect.Stamp(m.Watermark), m.Grade, m.Rows, dialect.Stamp(m.SyncedAt),
		dialect.Stamp(m.Newest), m.Attempt)
	return err
}
