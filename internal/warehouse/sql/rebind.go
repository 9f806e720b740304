package sql

import (
	"context"
	"fmt"

	"catchment/internal/body"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

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
