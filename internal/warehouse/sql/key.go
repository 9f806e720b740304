package sql

import (
	"context"
	"fmt"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// A final table loses its primary key where somebody copies it, or takes it from a
// backup. It gets the key back before anything is written: no warehouse makes one
// over rows that its own transaction has just replaced, and without a key two rows
// of one record are kept away by nothing (invariant 5).

// named is how many records are named that have more rows than one.
const named = 5

// key is Key in a transaction. An empty table has lost nothing: it gets its key with
// its first rows, which takes less.
func (w *store) key(ctx context.Context, tx Tx, t shape.Table) (evidence.Key, error) {
	var k evidence.Key
	if !w.d.Enforces {
		return k, nil
	}
	if keyed, err := w.keyed(ctx, tx, t); err != nil || keyed {
		return k, err
	}
	has, err := storedColumns(ctx, tx, w.o.Schema, t.Name)
	if err != nil || len(has) == 0 || !isOurs(has, t) {
		return k, err
	}
	s := w.of(t)
	if rows, err := count(ctx, tx, s.AnyRow().SQL); err != nil || rows == 0 {
		return k, err
	}
	k.Lost = true
	if k.Nameless, err = count(ctx, tx, s.Nameless()); err != nil {
		return k, err
	}
	if k.Repeats, err = count(ctx, tx, "SELECT count(*) FROM ("+s.Repeated()+") r"); err != nil || k.Repeats == 0 {
		return k, err
	}
	err = eachKey(ctx, tx, func(key string) { k.Repeated = append(k.Repeated, key) },
		fmt.Sprintf("%s ORDER BY 1 LIMIT %d", s.Repeated(), named))
	return k, err
}

// keyed tells whether a final table has its primary key.
func (w *store) keyed(ctx context.Context, tx Tx, t shape.Table) (bool, error) {
	keys, err := count(ctx, tx,
		"SELECT count(*) FROM information_schema.table_constraints WHERE table_catalog = current_database() "+
			"AND table_schema = $1 AND table_name = $2 AND constraint_type = 'PRIMARY KEY'", w.o.Schema, t.Name)
	return keys > 0, err
}

// restoreKey makes the primary key of a final table again where it is lost.
func (w *store) restoreKey(ctx context.Context, f warehouse.Fence, what string, t shape.Table) error {
	lost := func(tx Tx) ([]dialect.Step, error) {
		k, err := w.key(ctx, tx, t)
		if err == nil {
			err = k.Err(t)
		}
		if err != nil || !k.Lost {
			return nil, err
		}
		return dialect.Steps(w.of(t).AddKey()), nil
	}
	var todo []dialect.Step
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		todo, err = lost(tx)
		return err
	})
	if err == nil && len(todo) > 0 {
		err = w.shape(ctx, f, what, lost)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
