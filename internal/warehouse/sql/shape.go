package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
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

// rowsAtOnce bounds the parameters of one INSERT.
const rowsAtOnce = 100

// Describe writes down what Salesforce says about an object and its copied
// fields: labels, types, relationships and picklists. It replaces what stood
// there, and keeps what it knows of fields that are gone: their columns stay.
func (w *shaper) Describe(ctx context.Context, f warehouse.Fence, o schema.Object, t shape.Table) error {
	fields, picklists := metadata(o, t)
	objects := [][]any{{o.Name, t.Name, o.Label, o.KeyPrefix, o.Custom, w.now()}}
	return w.fenced(ctx, f, "write the metadata of "+o.Name, func(tx Tx) error {
		for _, m := range []struct {
			table string
			rows  [][]any
		}{{own.ObjectsTable, objects}, {own.FieldsTable, fields}, {own.PicklistsTable, picklists}} {
			table := w.d.Table(w.o.Schema, m.table)
			b := &dialect.Binds{Dialect: w.d, Args: []any{o.Name}}
			gone := "DELETE FROM " + table + " WHERE object = $1"
			if m.table != own.ObjectsTable && len(fields) > 0 {
				gone += " AND field IN (" + b.Texts(fieldNames(fields)) + ")"
			}
			if _, err := tx.Exec(ctx, gone, b.Args...); err != nil {
				return err
			}
			if err := insert(ctx, tx, table, w.storable(m.rows)); err != nil {
				return err
			}
		}
		return nil
	})
}

// metadata is the rows of _catchment_fields and _catchment_picklists.
func metadata(o schema.Object, t shape.Table) (fields, picklists [][]any) {
	index := o.Index()
	for _, c := range t.Columns {
		f, ok := index.Field(c.Field)
		if !ok {
			continue
		}
		fields = append(fields, []any{o.Name, f.Name, c.Name, f.Label, string(f.Type), f.Length, f.Precision, f.Scale,
			f.Nillable, f.Calculated, f.Custom, strings.Join(f.ReferenceTo, ","), f.RelationshipName})
		for i, p := range f.PicklistValues {
			picklists = append(picklists, []any{o.Name, f.Name, i + 1, p.Value, p.Label, p.Active, p.Default})
		}
	}
	return fields, picklists
}

// storable has the symbol for NUL in the place of each one, where texts can't hold any: what
// Salesforce calls a field may have one, as a value may.
func (w *shaper) storable(rows [][]any) [][]any {
	if w.d.Room.NUL {
		return rows
	}
	for _, row := range rows {
		for i, v := range row {
			if text, ok := v.(string); ok {
				row[i] = strings.ReplaceAll(text, "\x00", "\u2400")
			}
		}
	}
	return rows
}

// fieldNames is the second value of each row of _catchment_fields.
func fieldNames(fields [][]any) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i], _ = f[1].(string)
	}
	return names
}

// insert writes rows, many in a statement.
func insert(ctx context.Context, tx Tx, table string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), rowsAtOnce)
		var args []any
		tuples := make([]string, n)
		for i, row := range rows[:n] {
			places := make([]string, len(row))
			for j, v := range row {
				args = append(args, v)
				places[j] = fmt.Sprintf("$%d", len(args))
			}
			tuples[i] = "(" + strings.Join(places, ", ") + ")"
		}
		if _, err := tx.Exec(ctx, "INSERT INTO "+table+" VALUES "+strings.Join(tuples, ", "), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
