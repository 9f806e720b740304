package warehouse

import (
	"context"
	"fmt"
	"strings"
)

// Where a transaction sees one picture of the warehouse and keys are not
// enforced (Redshift), whoever writes locks first and looks then: a picture
// that was taken while somebody else held the lock lacks what he committed, and
// two that merge from one picture would give each new record two rows
// (invariant 5). The locks are of one flow's tables, so flows don't wait for
// each other; always in this order: final, staging, marks.

// locksOf is the locks for a transaction that works for a flow. The staging
// table keeps all others of the flow away; further are the tables that are
// locked before it.
func (w *store) locksOf(ctx context.Context, flow string, further []string) ([]statement, error) {
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
		return w.locks(w.own(tableFlow)), nil
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
func (w *store) locksOfClaim(ctx context.Context, flow, table string) ([]statement, error) {
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
	return w.locks(append(names, w.own(tableFlow))...), nil
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

func (w *store) locks(tables ...string) []statement {
	return []statement{{sql: fmt.Sprintf("LOCK TABLE %s", strings.Join(tables, ", "))}}
}
