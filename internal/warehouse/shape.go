package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// A step is a statement that changes the shape of a table.
type step struct {
	sql   string
	what  string // in words, for an error; "" where the statement says enough
	fills bool   // no DDL, but the UPDATE that fills a column
	blind bool   // nobody can see whether it was done: it is done once, after all others
}

// steps are plain DDL.
func steps(ddl ...string) []step {
	all := make([]step, len(ddl))
	for i, sql := range ddl {
		all[i].sql = sql
	}
	return all
}

// shape has tables follow what decide finds missing in them, before anything is
// written. Where DDL is part of a transaction that is one. Elsewhere each step
// commits by itself, and decide looks again until nothing is missing: what a
// crash left half done, and what somebody else did meanwhile, is gone on with in
// the same way.
func (w *store) shape(ctx context.Context, f Fence, what string, decide func(Tx) ([]step, error)) error {
	if w.d.TransactionalDDL {
		return w.fenced(ctx, f, what, func(tx Tx) error {
			todo, err := decide(tx)
			if err != nil {
				return err
			}
			return doSteps(ctx, tx, todo)
		})
	}
	look := func(see func(Tx) error) error { return w.fenced(ctx, f, what, see) }
	return w.settled(ctx, shaping{look, what, decide})
}

// A shaping is how tables are brought into shape where DDL commits.
type shaping struct {
	look   func(see func(Tx) error) error // a transaction that proves that this may be done
	what   string
	decide func(Tx) ([]step, error)
}

// settled does what decide asks for, until that is nothing.
func (w *store) settled(ctx context.Context, s shaping) error {
	var before []step
	var failed error
	for {
		var todo []step
		err := s.look(func(tx Tx) (err error) {
			todo, err = s.decide(tx)
			return err
		})
		if err != nil {
			return err
		}
		visible := slices.DeleteFunc(slices.Clone(todo), func(one step) bool { return one.blind })
		if len(visible) == 0 {
			return w.stepByStep(ctx, s, todo)
		}
		if slices.Equal(visible, before) {
			return noProgress(s.what, failed)
		}
		before, failed = visible, w.stepByStep(ctx, s, visible)
		if ctx.Err() != nil {
			return failed
		}
	}
}

// noProgress is why what was to be done still is.
func noProgress(what string, failed error) error {
	if failed != nil {
		return failed
	}
	return plan.Failf(plan.Bug, "", "%s: what was done to the table can't be seen", what)
}

// stepByStep does steps, each by itself.
func (w *store) stepByStep(ctx context.Context, s shaping, todo []step) error {
	for _, one := range todo {
		if one.fills {
			err := s.look(func(tx Tx) error { return doSteps(ctx, tx, []step{one}) })
			if err != nil {
				return err
			}
			continue
		}
		err := w.patiently(ctx, func() error { return w.prepared(ctx, []string{one.sql}, nil) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, one.explain(err))
		}
	}
	return nil
}

// doSteps does steps in a transaction.
func doSteps(ctx context.Context, tx Tx, todo []step) error {
	for _, one := range todo {
		if _, err := tx.Exec(ctx, one.sql); err != nil {
			return one.explain(err)
		}
	}
	return nil
}

func (s step) explain(err error) error {
	if s.what == "" || errors.Is(err, ErrFenced) {
		return err
	}
	return fmt.Errorf("%s: %w", s.what, err)
}

// A column that can't take another type where it is, and whose DDL commits, goes
// these ways: a wider one is added and filled; the old one gets another name; the
// wider one gets its; the old one is dropped. Each state tells the next step, so
// that a crash after any of them is gone on from. A column is never dropped
// under the name that the new one has: a process that was overtaken would drop
// that.

// widerOf and wasOf name the wider column that is to take a column's place, and
// the one that it took it from.
func (d *Dialect) widerOf(column string) string { return d.underway(colWider, column) }
func (d *Dialect) wasOf(column string) string   { return d.underway(colWas, column) }

func (d *Dialect) underway(prefix, column string) string {
	return shorten(d.LongestName, prefix+"_"+column, column)
}

// finish is the steps that bring columns to their other types that are on their
// way there.
func (d *Dialect) finish(table string, has []stored, names []string) []step {
	if d.TransactionalDDL || d.Retypes {
		return nil
	}
	var todo []step
	for _, name := range names {
		_, is := find(has, name)
		_, wider := find(has, d.widerOf(name))
		_, was := find(has, d.wasOf(name))
		switch rename := "ALTER TABLE " + table + " RENAME COLUMN %s TO %s"; {
		case is && was:
			todo = append(todo, step{sql: fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", table, d.Quote(d.wasOf(name)))})
		case is && wider:
			todo = append(todo,
				step{sql: fmt.Sprintf("UPDATE %s SET %s = %s", table, d.Quote(d.widerOf(name)), d.Quote(name)), fills: true},
				step{sql: fmt.Sprintf(rename, d.Quote(name), d.Quote(d.wasOf(name)))})
		case wider:
			todo = append(todo, step{sql: fmt.Sprintf(rename, d.Quote(d.widerOf(name)), d.Quote(name))})
		case was:
			todo = append(todo, step{sql: fmt.Sprintf(rename, d.Quote(d.wasOf(name)), d.Quote(name))})
		}
	}
	return todo
}

// finished is the columns of a table as they will be once finish was done.
func (d *Dialect) finished(has []stored, names []string) []stored {
	if d.TransactionalDDL || d.Retypes {
		return has
	}
	has = slices.Clone(has)
	for _, name := range names {
		is, wider, was := place(has, name), place(has, d.widerOf(name)), place(has, d.wasOf(name))
		switch {
		case is >= 0 && wider >= 0:
			has[is].Type, has[is].Scale, has[is].Bytes = has[wider].Type, has[wider].Scale, has[wider].Bytes
		case is < 0 && wider >= 0:
			has[wider].Name = name
		case is < 0 && was >= 0:
			has[was].Name = name
		}
	}
	return has
}

// inShape tells whether no column of a table is on its way to another type.
func inShape(has []stored) bool {
	return !slices.ContainsFunc(has, func(c stored) bool {
		return strings.HasPrefix(c.Name, colWider) || strings.HasPrefix(c.Name, colWas)
	})
}
