package warehouse

import (
	"context"
	"slices"
)

// A merge has two temporary tables, of the versions that win and of the rows that
// are gone. Where DDL is part of a transaction, each is made when it is needed
// and dropped after it. Elsewhere both are made in the session before the
// transaction begins, and are emptied: they are found empty by whoever gets the
// session next, who makes them anew.

// opened is what has a temporary table ready in a merge.
func (s *mergeSQL) opened(make statement) []statement {
	if s.d.TransactionalDDL {
		return []statement{make}
	}
	return nil
}

// closed is what a merge does with a temporary table that it needs no more.
func (s *mergeSQL) closed(temp string) statement {
	if s.d.TransactionalDDL {
		return s.drop(temp)
	}
	return statement{sql: "DELETE FROM " + s.q(temp)}
}

// scratch is the DDL that comes before the transaction.
func (s *mergeSQL) scratch() []string {
	return []string{"DROP TABLE IF EXISTS " + s.q(tableNewest), s.makeNewest().sql,
		"DROP TABLE IF EXISTS " + s.q(tableGone), s.makeGone().sql}
}

// A merging is the transaction of a merge.
type merging struct {
	fence Fence
	what  string
	m     Merge
	write func(tx Tx, columns []string) error // columns are those that the temporary tables were made for
}

// merging does such a transaction.
func (w *merger) merging(ctx context.Context, in merging) error {
	t := transaction{fence: in.fence, what: in.what, tables: []string{w.final(in.m.Table)}}
	var columns []string
	if !w.d.TransactionalDDL {
		has, err := w.finishBoth(ctx, in.fence, in.what, in.m.Table)
		if err != nil {
			return err
		}
		if isOurs(has, in.m.Table) { // else the merge says what is wrong
			columns = payload(has)
			t.scratch = (&mergeSQL{d: w.d, o: w.o, m: in.m, columns: columns}).scratch()
		}
	}
	return w.within(ctx, t, func(tx Tx) error {
		if w.d.Locks {
			if err := do(ctx, tx, (&mergeSQL{d: w.d, o: w.o, m: in.m}).lock()); err != nil {
				return err
			}
		}
		return in.write(tx, columns)
	})
}

// finishBoth brings the columns of both tables to the types that they are on
// their way to, and gives those of the final one.
func (w *merger) finishBoth(ctx context.Context, f Fence, what string, t Table) (has []stored, err error) {
	look := func(tx Tx) ([]step, error) {
		todo, err := w.underway(ctx, tx, t)
		if err == nil {
			has, err = storedColumns(ctx, tx, w.o.Schema, t.Name)
		}
		return todo, err
	}
	var todo []step
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
func (w *store) underway(ctx context.Context, tx Tx, t Table) ([]step, error) {
	if w.d.TransactionalDDL {
		return nil, nil
	}
	var todo []step
	for _, schema := range []string{w.o.Staging, w.o.Schema} {
		has, err := storedColumns(ctx, tx, schema, t.Name)
		if err != nil {
			return nil, err
		}
		todo = append(todo, w.d.finish(w.d.Table(schema, t.Name), has, columnNames(t))...)
	}
	return todo, nil
}

// sees tells whether a merge's temporary tables are made for the columns that it
// found, and none is on its way to another type.
func (j *join) sees(columns []string) bool {
	return j.d.TransactionalDDL || slices.Equal(columns, j.columns) && j.inShape
}
