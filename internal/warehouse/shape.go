package warehouse

import (
	"context"
	"fmt"
	"slices"

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
	return w.untilDone(ctx, shaping{look, what, decide})
}

// A shaping is how tables are brought into shape where DDL commits.
type shaping struct {
	look   func(see func(Tx) error) error // a transaction that proves that this may be done
	what   string
	decide func(Tx) ([]step, error)
}

// untilDone does what decide asks for, until that is nothing.
func (w *store) untilDone(ctx context.Context, s shaping) error {
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
	if s.what == "" {
		return err
	}
	return fmt.Errorf("%s: %w", s.what, err)
}
