package sql

import (
	"context"
	"fmt"
	"slices"
	"time"

	"catchment/internal/body"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A marks is Marks.
type marks struct{ *store }

const markColumns = "flow, table_name, fence, org, generation, watermark, grade, row_count, synced_at, newest, " +
	"attempt, coalesce(memory, '')"

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
// older than the stored one (invariant 7). What package claim refuses is refused
// (invariant 13).
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
		m = warehouse.Mark{Flow: f.Flow, Table: table, Fence: f.Number, Org: org}
		old, ok, err := w.claimable(ctx, tx, m)
		if err != nil {
			return err
		}
		if !ok {
			_, err := tx.Exec(ctx, "INSERT INTO "+w.own(own.FlowTable)+
				" (flow, table_name, fence, org, generation, grade, row_count, attempt) VALUES ($1, $2, $3, "+
				"$4, 0, '', 0, '')",
				f.Flow, table, f.Number, org)
			if err != nil {
				return err
			}
			return w.tellDeletes(ctx, tx, m)
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

// claimable refuses a claim that the marks don't allow, and gives the mark that the flow
// has, if it has one. Other first claims wait until this one's transaction has ended,
// since two orgs that both find no mark would both get in.
func (w *marks) claimable(ctx context.Context, tx Tx, m warehouse.Mark) (old warehouse.Mark, known bool, err error) {
	// those that package claim goes by: with hundreds of flows most have nothing to say of this one
	look := func() ([]warehouse.Mark, error) {
		all, err := readMarks(ctx, tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+
			" WHERE flow = $1 OR table_name = $2 OR org <> $3", m.Flow, m.Table, m.Org)
		i := slices.IndexFunc(all, func(one warehouse.Mark) bool { return one.Flow == m.Flow })
		if known = i >= 0; known {
			old = all[i]
		}
		return all, err
	}
	all, err := look()
	if err == nil && !known && !w.d.LockFirst { // where locks come first, the marks are locked by now
		_, err = tx.Exec(ctx, "UPDATE "+w.own(own.VersionTable)+" SET version = version WHERE version = 1")
		if err == nil {
			all, err = look()
		}
	}
	if err != nil {
		return old, known, err
	}
	return old, known, claim.Take(all, m.Flow, m.Table, m.Org)
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
			&synced, &newest, &m.Attempt, &m.Memory); err != nil {
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

// Recount has a flow's mark count the rows of its final table as they are, and tells
// how many: somebody has looked at them.
func (w *marks) Recount(ctx context.Context, f warehouse.Fence, t shape.Table) (rows int64, err error) {
	err = w.fenced(ctx, f, "count "+t.Name, func(tx Tx) (err error) {
		if rows, err = count(ctx, tx, "SELECT count(*) FROM "+w.final(t)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE "+w.own(own.FlowTable)+" SET row_count = $2 WHERE flow = $1", f.Flow, rows)
		return err
	})
	return rows, err
}

// saveMark writes what a consolidation leaves.
func (w *store) saveMark(ctx context.Context, tx Tx, m warehouse.Mark) error {
	_, err := tx.Exec(ctx, "UPDATE "+w.own(own.FlowTable)+
		" SET generation = $2, watermark = $3, grade = $4, row_count = $5, synced_at = $6, newest = $7, "+
		"attempt = $8, memory = $9 WHERE flow = $1", markRow(m)...)
	return err
}

// markRow is what saveMark writes of a mark, in its order.
func markRow(m warehouse.Mark) []any {
	return []any{m.Flow, m.Generation, dialect.Stamp(m.Watermark), m.Grade, m.Rows, dialect.Stamp(m.SyncedAt),
		dialect.Stamp(m.Newest), m.Attempt, m.Memory}
}

// touched has a flow's mark know that rows of its table were written by us at a moment, and say that they
// were read at one: else they would look like another hand's (invariant 12).
func (w *marks) touched(ctx context.Context, tx Tx, flow string, written, read time.Time) error {
	m, known, err := w.mark(ctx, tx, flow)
	if err != nil || !known {
		return err
	}
	m.Newest = written
	for _, at := range []time.Time{written, read} {
		if at.After(m.SyncedAt) {
			m.SyncedAt = at
		}
	}
	return w.saveMark(ctx, tx, m)
}

// Remember writes what is known of a flow into its mark, and the grade that its
// watermark may claim by that.
func (w *marks) Remember(ctx context.Context, f warehouse.Fence, memory, grade string) error {
	return w.fenced(ctx, f, "remember "+f.Flow, func(tx Tx) error { return w.remember(ctx, tx, f, memory, grade) })
}

func (w *store) remember(ctx context.Context, tx Tx, f warehouse.Fence, memory, grade string) error {
	_, err := tx.Exec(ctx, "UPDATE "+w.own(own.FlowTable)+
		" SET memory = $2, grade = CASE WHEN watermark IS NULL THEN grade ELSE $3 END WHERE flow = $1",
		f.Flow, memory, grade)
	return err
}

// tellDeletes has the rows that are gone say so in IsDeleted, where a version before
// left them as they were. It is done once for each flow, and by who takes it over:
// from then on the fence keeps out whoever would still leave one so.
func (w *store) tellDeletes(ctx context.Context, tx Tx, m warehouse.Mark) error {
	flows := w.own(own.FlowTable)
	told, err := count(ctx, tx, "SELECT count(*) FROM "+flows+" WHERE flow = $1 AND "+own.DeletesTold, m.Flow)
	if err != nil || told > 0 {
		return err
	}
	name, ok, err := w.isDeleted(ctx, tx, m.Table)
	if err != nil {
		return err
	}
	if ok {
		sql := dialect.Fill("UPDATE {final} SET {is_deleted} = true WHERE {deleted} IS NOT NULL AND "+
			"NOT coalesce({is_deleted}, false)", dialect.Holes{
			"final": w.d.Table(w.o.Schema, m.Table), "is_deleted": w.d.Quote(name), "deleted": w.d.Quote(own.DeletedAt),
		})
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "UPDATE "+flows+" SET "+own.DeletesTold+" = true WHERE flow = $1", m.Flow)
	return err
}

// isDeleted finds the column of IsDeleted in a final table, whatever its name is.
func (w *store) isDeleted(ctx context.Context, tx Tx, table string) (string, bool, error) {
	var name string
	_, err := queryRow(ctx, tx, []any{&name}, "SELECT f.column_name FROM "+w.d.Table(w.o.Schema, own.FieldsTable)+
		" f JOIN "+w.d.Table(w.o.Schema, own.ObjectsTable)+" o ON o.object = f.object "+
		"WHERE o.table_name = $1 AND f.field = $2", table, shape.FieldDeleted)
	if err != nil || name == "" {
		return "", false, err
	}
	has, err := storedColumns(ctx, tx, w.o.Schema, table)
	if err != nil {
		return "", false, err
	}
	_, ours := dialect.Find(has, own.DeletedAt)
	c, ok := dialect.Find(has, name)
	return c.Name, ok && ours && w.d.Fits(c, shape.Bool), nil
}

// Rebind gives the marks of all other orgs to this one, in one transaction. What
// was sealed of them goes, so that no call of a procedure merges it any more.
func (w *marks) Rebind(ctx context.Context, org string, drop bool) error {
	err := w.patiently(ctx, func() error {
		locks, err := w.locksOfStrangers(ctx, org)
		if err != nil {
			return err
		}
		return w.driver.Tx(ctx, func(tx Tx) error {
			if err := do(ctx, tx, locks...); err != nil {
				return err
			}
			return w.rebind(ctx, tx, org, drop)
		})
	})
	if err != nil {
		return fmt.Errorf("give the warehouse to org %s: %w", org, err)
	}
	return nil
}

func (w *marks) rebind(ctx context.Context, tx Tx, org string, drop bool) error {
	forget := ""
	if drop {
		forget = ", row_count = 0, synced_at = NULL, newest = NULL"
	}
	strangers, err := w.strangers(ctx, tx, org)
	if err == nil && drop {
		err = noneArchived(ctx, tx, w.store, strangers)
	}
	if err != nil {
		return err
	}
	// first, since it waits for whoever still writes for these flows
	_, err = tx.Exec(ctx, "UPDATE "+w.own(own.FlowTable)+" SET org = $1, fence = fence + 1, "+
		"generation = generation + 1, watermark = NULL, grade = '', memory = ''"+forget+" WHERE org <> $1", org)
	if err != nil {
		return err
	}
	for _, m := range strangers {
		_, err := tx.Exec(ctx, "DELETE FROM "+w.own(own.AttemptTable)+" WHERE table_name = $1", m.Table)
		if err == nil && drop {
			err = w.empty(ctx, tx, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// empty takes all rows out of a flow's final table, unless somebody else has made
// that meanwhile, and what is remembered of rows that are gone or were kept out.
func (w *marks) empty(ctx context.Context, tx Tx, m warehouse.Mark) error {
	cols, err := storedColumns(ctx, tx, w.o.Schema, m.Table)
	if err != nil {
		return err
	}
	todo := []dialect.Statement{
		{SQL: "DELETE FROM " + w.own(own.TombstoneTable) + " WHERE table_name = $1 AND reason <> $2",
			Args: []any{m.Table, string(gone.Erased)}},
		{SQL: "DELETE FROM " + w.own(own.RejectedTable) + " WHERE flow = $1", Args: []any{m.Flow}},
		{SQL: "DELETE FROM " + w.d.Table(w.o.Schema, body.Table) + " WHERE object = $1", Args: []any{m.Flow}},
	}
	if table := (shape.Table{Name: m.Table}); isOurs(cols, table) {
		todo = append(todo, dialect.Statement{SQL: "DELETE FROM " + w.final(table)})
	}
	return do(ctx, tx, todo...)
}

// strangers reads the marks of other orgs.
func (w *marks) strangers(ctx context.Context, tx Tx, org string) ([]warehouse.Mark, error) {
	return readMarks(ctx, tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+" WHERE org <> $1 ORDER BY flow", org)
}

// locksOfStrangers is the locks for taking the flows of other orgs over: whatever
// works for them now ends before.
func (w *marks) locksOfStrangers(ctx context.Context, org string) ([]dialect.Statement, error) {
	if !w.d.LockFirst {
		return nil, nil
	}
	var finals, stagings []string
	err := w.driver.View(ctx, func(tx Tx) error {
		finals, stagings = nil, nil
		strangers, err := w.strangers(ctx, tx, org)
		if err != nil {
			return err
		}
		for _, m := range strangers {
			made, err := w.made(ctx, tx, m.Table)
			if err != nil {
				return err
			}
			if final := w.d.Table(w.o.Schema, m.Table); made[final] {
				finals = append(finals, final)
			}
			if staging := w.d.Table(w.o.Staging, m.Table); made[staging] {
				stagings = append(stagings, staging)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w.locks(append(append(finals, stagings...), w.own(own.FlowTable))...), nil
}
