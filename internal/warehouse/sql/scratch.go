package sql

import (
	"context"
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
)

// A merge has two temporary tables, of the versions that win and of the rows that
// are gone. Where DDL is part of a transaction, each is made when it is needed
// and dropped after it. Elsewhere both are made in the session before the
// transaction begins, and are emptied: they are found empty by whoever gets the
// session next, who makes them anew.

// A merging is the transaction of a merge.
type merging struct {
	fence warehouse.Fence
	what  string
	m     warehouse.Merge
	write func(tx Tx, columns []string) error // columns are those that the temporary tables were made for
}

// merging does such a transaction.
func (w *merger) merging(ctx context.Context, in merging) error {
	t := transaction{fence: in.fence, what: in.what, tables: []string{w.final(in.m.Table)}}
	if err := w.restoreKey(ctx, in.fence, in.what, in.m.Table); err != nil {
		return err
	}
	var columns []string
	if !w.d.TransactionalDDL {
		has, err := w.finishBoth(ctx, in.fence, in.what, in.m.Table)
		if err != nil {
			return err
		}
		if isOurs(has, in.m.Table) { // else the merge says what is wrong
			columns = dialect.Payload(has)
			t.scratch = (&statements.Merge{Tables: *w.of(in.m.Table), Of: in.m, Columns: columns,
				Unmarked: !isMarked(has), Streams: marksEvents(has)}).Scratch()
		}
	}
	return w.within(ctx, t, func(tx Tx) error {
		if w.d.Locks {
			if err := do(ctx, tx, w.of(in.m.Table).Lock()); err != nil {
				return err
			}
		}
		return in.write(tx, columns)
	})
}

// finishBoth brings the columns of both tables to the types that they are on
// their way to, and gives those of the final one.
func (w *merger) finishBoth(
	ctx context.Context, f warehouse.Fence, what string, t shape.Table,
) (has []dialect.Stored, err error) {
	look := func(tx Tx) ([]dialect.Step, error) {
		todo, err := w.underway(ctx, tx, t)
		if err == nil {
			has, err = storedColumns(ctx, tx, w.o.Schema, t.Name)
		}
		return todo, err
	}
	var todo []dialect.Step
	err = w.driver.View(ctx, func(tx Tx) (err error) {
		todo, err = look(tx)
		return err
	})
	if err == nil && len(todo) > 0 {
		err = w.shape(ctx, f, what, look)
	}
	return has, err
}

// underway is the steps that bring columns of both tables to other types that
// they are on their way to.
func (w *store) underway(ctx context.Context, tx Tx, t shape.Table) ([]dialect.Step, error) {
	if w.d.TransactionalDDL {
		return nil, nil
	}
	var todo []dialect.Step
	for _, schema := range []string{w.o.Staging, w.o.Schema} {
		has, err := storedColumns(ctx, tx, schema, t.Name)
		if err != nil {
			return nil, err
		}
		todo = append(todo, w.d.Finish(w.d.Table(schema, t.Name), has, shape.ColumnNames(t))...)
	}
	return todo, nil
}

// sees tells whether a merge's temporary tables are made for the columns that it
// found, and none is on its way to another type.
func (j *join) sees(columns []string) bool {
	return j.Dialect.TransactionalDDL || slices.Equal(columns, j.Columns) && j.inShape
}
