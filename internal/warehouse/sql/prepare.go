package sql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// Prepare makes the staging and the final table of t, or adds the columns that
// they lack, and tells what it did. It never takes anything away: a column
// that t has no more keeps its values and is reported as vanished
// (invariant 8).
func (w *shaper) Prepare(ctx context.Context, f warehouse.Fence, t shape.Table) ([]shape.Change, error) {
	var done []shape.Change
	err := w.shape(ctx, f, "prepare "+t.Name, func(tx Tx) ([]dialect.Step, error) {
		todo, changes, isNew, err := w.admit(ctx, tx, t)
		if err != nil {
			return nil, err
		}
		done = joined(done, changes)
		if !isNew && !w.d.TransactionalDDL { // a crash may have come before the grants
			mark, _, err := w.mark(ctx, tx, f.Flow)
			if err != nil {
				return nil, err
			}
			isNew = mark.SyncedAt.IsZero()
		}
		if isNew {
			grants, err := w.grants(ctx, tx, t)
			if err != nil {
				return nil, err
			}
			todo = append(todo, grants...)
		}
		return todo, nil
	})
	if err != nil {
		return nil, err
	}
	return done, w.restoreKey(ctx, f, "prepare "+t.Name, t)
}

// Admits tells why Prepare would refuse t, nil where it wouldn't. It changes nothing.
func (w *shaper) Admits(ctx context.Context, t shape.Table) error {
	err := w.driver.View(ctx, func(tx Tx) error {
		_, _, _, err := w.admit(ctx, tx, t)
		return err
	})
	if err != nil {
		return fmt.Errorf("prepare %s: %w", t.Name, err)
	}
	return nil
}

// admit is tables, or why nothing can be made of these: whatever can be known before
// the first of them is touched.
func (w *shaper) admit(
	ctx context.Context, tx Tx, t shape.Table,
) (todo []dialect.Step, changes []shape.Change, isNew bool, err error) {
	if len(t.Key) == 0 {
		return nil, nil, false, plan.Fixf("declare the object's index fields as its key",
			"%s has no Id to tell records by", t.Object)
	}
	if err := owned(ctx, tx, w.store, t.Name, landingOf(t.Name), dialect.RowsOf(w.d, t.Name)); err != nil {
		return nil, nil, false, err
	}
	d, err := w.tables(ctx, tx, t)
	if err != nil {
		return nil, nil, false, err
	}
	return append(d.staging, d.final...), d.changes, d.isNew, w.allowed(ctx, tx, t.Name, map[string]dialect.Need{
		w.o.Staging: {Seen: d.staged, Changes: len(d.staging) > 0, Loads: true},
		w.o.Schema:  {Seen: !d.isNew, Changes: len(d.final) > 0, Keys: true},
	})
}

// landingOf is the table beside staging in which the rows of others land.
func landingOf(table string) string { return table + "_landing" }

// allowed refuses what this user has no right to do with the tables of a name.
func (w *shaper) allowed(ctx context.Context, tx Tx, table string, needs map[string]dialect.Need) error {
	if w.d.Rights == "" {
		return nil
	}
	var refused error
	err := tx.Query(ctx, func(scan Scan) error {
		var r dialect.Right
		if err := scan(&r.Schema, &r.Enters, &r.Makes, &r.Kind, &r.Owns, &r.Writes, &r.Keyed); err != nil {
			return err
		}
		if need, ok := needs[r.Schema]; ok && refused == nil {
			refused = r.Refuse(w.d, table, need)
		}
		return nil
	}, w.d.Rights, w.o.Staging, w.o.Schema, table)
	return cmp.Or(err, refused)
}

// joined adds changes to those that were told already: a table is looked at more
// than once.
func joined(done, more []shape.Change) []shape.Change {
	for _, c := range more {
		if !slices.Contains(done, c) {
			done = append(done, c)
		}
	}
	return done
}

// A decision is what makes both tables of a flow, or changes them into what it wants.
type decision struct {
	staging, final []dialect.Step
	changes        []shape.Change // of the final one
	staged         bool           // there is a staging table
	isNew          bool           // there is no final one
}

// tables decides that for t.
func (w *shaper) tables(ctx context.Context, tx Tx, t shape.Table) (d decision, err error) {
	was, err := w.columnsOf(ctx, tx, t)
	if err != nil {
		return d, err
	}
	staging, err := storedColumns(ctx, tx, w.o.Staging, t.Name)
	if err != nil {
		return d, err
	}
	final, err := finalColumns(ctx, tx, w.store, t.Name)
	if err != nil {
		return d, err
	}
	d.staged, d.isNew = len(staging) > 0, len(final) == 0
	if d.staging, _, err = w.table(side{w.o.Staging, staging, own.Staging()}, t, was); err != nil {
		return d, err
	}
	d.final, d.changes, err = w.table(side{w.o.Schema, final, own.Final()}, t, was)
	return d, err
}

// A side is one of the two tables of a flow, as it is.
type side struct {
	schema string
	has    []dialect.Stored
	ours   []shape.Column
}

// table decides what makes one table of t, or changes it into what t wants.
func (w *shaper) table(s side, t shape.Table, was remembered) ([]dialect.Step, []shape.Change, error) {
	names := append(shape.ColumnNames(t), was.names()...)
	if todo := w.d.Finish(w.d.Table(s.schema, t.Name), s.has, names); len(todo) > 0 {
		return todo, nil, nil // what is there is seen afterwards
	}
	has, todo, renamed := w.rename(s.schema, t, s.has, was)
	made, changes, err := dialect.Shape(w.d, s.schema, t, has, s.ours)
	return append(todo, made...), append(renamed, changes...), err
}

// Grant lets the roles of GrantTo read what is in the final schema, those that weren't
// let in before: a role that may read the last of our own tables there was given
// all others, too, and what was taken from it since stays taken. dry undoes it, and
// tells only why it can't be done; where DDL commits it does nothing.
func (w *shaper) Grant(ctx context.Context, dry bool) error {
	if len(w.o.GrantTo) == 0 || w.d.Grantee == "" {
		return nil
	}
	undone := errors.New("undone")
	var apart []dialect.Step
	err := w.tx(ctx, func(tx Tx) error {
		todo, err := w.newReaders(ctx, tx)
		if err != nil {
			return err
		}
		if !w.d.TransactionalDDL {
			apart = todo
			return nil
		}
		if err := doSteps(ctx, tx, todo); err != nil || !dry {
			return err
		}
		return undone
	})
	if errors.Is(err, undone) {
		err = nil
	}
	if err == nil && !dry && len(apart) > 0 {
		err = w.stepByStep(ctx, shaping{what: "our own tables"}, apart)
	}
	if err != nil {
		return fmt.Errorf("grant_to: %w", err)
	}
	return nil
}

// granted tells whether Grant has let a role in.
func (w *shaper) granted(ctx context.Context, tx Tx, role string) (bool, error) {
	n, err := count(ctx, tx, w.d.Granted, w.o.Schema, own.ObjectsTable, role)
	return n > 0, err
}

// newReaders is what lets the roles in that aren't yet. The table that tells about it
// comes last.
func (w *shaper) newReaders(ctx context.Context, tx Tx) ([]dialect.Step, error) {
	var todo []dialect.Step
	var tables []string
	for _, role := range w.o.GrantTo {
		known, err := w.granted(ctx, tx, role)
		if err != nil {
			return nil, err
		}
		if known {
			continue
		}
		if tables == nil {
			if tables, err = w.readable(ctx, tx); err != nil {
				return nil, err
			}
		}
		todo = append(todo, w.d.Grant(role, w.o.Schema, true, tables...)...)
	}
	return todo, nil
}

// readable is the tables of the final schema that readers read.
func (w *shaper) readable(ctx context.Context, tx Tx) ([]string, error) {
	marks, err := readMarks(ctx, tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+" ORDER BY flow")
	if err != nil {
		return nil, err
	}
	var tables []string
	for _, m := range marks {
		has, err := storedColumns(ctx, tx, w.o.Schema, m.Table)
		if err != nil {
			return nil, err
		}
		if isOurs(has, shape.Table{Name: m.Table}) {
			tables = append(tables, m.Table)
		}
	}
	return append(tables, body.Table, own.ArchiveTable, own.PicklistsTable, own.FieldsTable, own.ObjectsTable), nil
}

// grants let the readers read the final table of t, which is new. Those that Grant has
// let in are in the schema already.
func (w *shaper) grants(ctx context.Context, tx Tx, t shape.Table) ([]dialect.Step, error) {
	var all []dialect.Step
	for _, role := range w.o.GrantTo {
		known, err := w.granted(ctx, tx, role)
		if err != nil {
			return nil, err
		}
		all = append(all, w.d.Grant(role, w.o.Schema, !known, t.Name)...)
	}
	return all, nil
}

// remembered is the columns that the fields of an object were copied into, by
// the fields' names in lower case.
type remembered map[string]string

func (r remembered) names() []string { return slices.Collect(maps.Values(r)) }

// columnsOf reads what is remembered of the object of t.
func (w *shaper) columnsOf(ctx context.Context, tx Tx, t shape.Table) (remembered, error) {
	was := remembered{}
	err := tx.Query(ctx, func(scan Scan) error {
		var field, column string
		err := scan(&field, &column)
		was[strings.ToLower(field)] = column
		return err
	}, "SELECT field, column_name FROM "+w.d.Table(w.o.Schema, own.FieldsTable)+" WHERE object = $1", t.Object)
	return was, err
}

// rename gives the columns of a table the names that a flow wants for their
// fields, or those that they have by themselves once it wants none, where they were
// made under another: the values stay, and none is left behind under the old name.
func (w *shaper) rename(
	schema string, t shape.Table, has []dialect.Stored, was remembered,
) ([]dialect.Stored, []dialect.Step, []shape.Change) {
	var todo []dialect.Step
	var changes []shape.Change
	for _, c := range t.Columns {
		if !slices.Contains(t.Chosen, c.Name) {
			continue
		}
		old := was[strings.ToLower(c.Field)]
		i := dialect.Place(has, old)
		_, made := dialect.Find(has, c.Name)
		if old == "" || i < 0 || made || !w.d.Fits(has[i], c.Kind) ||
			slices.ContainsFunc(t.Columns, func(other shape.Column) bool { return other.Name == old }) {
			continue
		}
		todo = append(todo, w.d.Rename(schema, t.Name, has, old, c.Name)...)
		has[i].Name = c.Name
		changes = append(changes, shape.Change{Table: t.Name, Column: c.Name, What: shape.Renamed,
			Detail: "was " + old})
	}
	return has, todo, changes
}

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
	has, err := finalColumns(ctx, tx, w, t.Name)
	if err != nil || len(has) == 0 || !isOurs(has, t) {
		return k, err
	}
	s := w.of(t).Over(has)
	if keyed, err := w.keyed(ctx, tx, s); err != nil || keyed {
		return k, err
	}
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
func (w *store) keyed(ctx context.Context, tx Tx, s *statements.Tables) (bool, error) {
	if c, ok := tx.(Catalog); ok {
		return c.Keyed(ctx, w.o.Schema, s.RowsName())
	}
	keys, err := count(ctx, tx,
		"SELECT count(*) FROM information_schema.table_constraints WHERE table_catalog = current_database() "+
			"AND table_schema = $1 AND table_name = $2 AND constraint_type = 'PRIMARY KEY'", w.o.Schema, s.RowsName())
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
		has, err := finalColumns(ctx, tx, w, t.Name)
		return dialect.Steps(w.of(t).Over(has).AddKey()), err
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
