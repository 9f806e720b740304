package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
)

// shape has tables follow what decide finds missing in them, before anything is
// written. Where DDL is part of a transaction that is one. Elsewhere each step
// commits by itself, and decide looks again until nothing is missing: what a
// crash left half done, and what somebody else did meanwhile, is gone on with in
// the same way.
func (w *store) shape(
	ctx context.Context, f warehouse.Fence, what string, decide func(Tx) ([]dialect.Step, error),
) error {
	if w.d.TransactionalDDL {
		first := &firsts{w}
		return first.moved(ctx, f, what, func() error {
			return w.fenced(ctx, f, what, func(tx Tx) error {
				todo, err := decide(tx)
				if err == nil && len(todo) > 0 {
					err = first.none(ctx, tx, f)
				}
				if err != nil {
					return err
				}
				return doSteps(ctx, tx, todo)
			})
		})
	}
	look := func(see func(Tx) error) error { return w.fenced(ctx, f, what, see) }
	return w.untilDone(ctx, shaping{look, what, decide})
}

// A shaping is how tables are brought into shape where DDL commits.
type shaping struct {
	look   func(see func(Tx) error) error // a transaction that proves that this may be done
	what   string
	decide func(Tx) ([]dialect.Step, error)
}

// untilDone does what decide asks for, until that is nothing.
func (w *store) untilDone(ctx context.Context, s shaping) error {
	var before []dialect.Step
	var failed error
	for {
		var todo []dialect.Step
		err := s.look(func(tx Tx) (err error) {
			todo, err = s.decide(tx)
			return err
		})
		if err != nil {
			return err
		}
		visible := slices.DeleteFunc(slices.Clone(todo), func(one dialect.Step) bool { return one.Blind })
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
func (w *store) stepByStep(ctx context.Context, s shaping, todo []dialect.Step) error {
	for _, one := range todo {
		if one.Fills {
			err := s.look(func(tx Tx) error { return doSteps(ctx, tx, []dialect.Step{one}) })
			if err != nil {
				return err
			}
			continue
		}
		err := w.patiently(ctx, func() error { return w.prepared(ctx, []string{one.SQL}, nil) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, one.Explain(err))
		}
	}
	return nil
}

// doSteps does steps in a transaction.
func doSteps(ctx context.Context, tx Tx, todo []dialect.Step) error {
	for _, one := range todo {
		if _, err := tx.Exec(ctx, one.SQL); err != nil {
			return one.Explain(err)
		}
	}
	return nil
}

// roomy does try, and once more after the tables of t have got an overflow where a
// record was too wide for them. One that had one already may have got it meanwhile.
func roomy(ctx context.Context, w *store, f warehouse.Fence, t shape.Table, try func() error) error {
	err := try()
	if !errors.Is(err, ErrTooWide) {
		return err
	}
	if w.d.Overflow != nil && w.d.TransactionalDDL {
		err = w.shape(ctx, f, "make room in "+t.Name, func(tx Tx) ([]dialect.Step, error) {
			return spill(ctx, tx, w, t)
		})
		if err == nil {
			err = try()
		}
	}
	if errors.Is(err, ErrTooWide) {
		err = plan.Fixf("exclude some fields of "+t.Object+" in the flow", "%w", err)
	}
	return err
}

// spill is the steps that give the tables of t an overflow, none where they have one.
func spill(ctx context.Context, tx Tx, w *store, t shape.Table) ([]dialect.Step, error) {
	has, err := finalColumns(ctx, tx, w, t.Name)
	if err != nil || !isOurs(has, t) || len(dialect.Apart(has)) > 0 {
		return nil, err
	}
	ask := dialect.Statement{SQL: w.d.Overflow.Uses, Args: []any{w.o.Schema, t.Name}}
	if err := uses(ctx, tx, has, ask); err != nil {
		return nil, err
	}
	if has, err = dialect.SetApart(w.d, t, has); err != nil {
		return nil, err
	}
	todo := dialect.Spill(w.d, w.o.Schema, w.o.Staging, t.Name, has)
	procedures, err := count(ctx, tx, "SELECT count(*) FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace "+
		"WHERE s.nspname = $1 AND p.proname = $2", w.o.Staging, statements.ProcedureName(w.d, t.Name))
	if err != nil || procedures == 0 {
		return todo, err
	}
	outdated, err := statements.Outdated(w.d, w.o, t.Name)
	return append(todo, dialect.Steps(outdated)...), err
}
