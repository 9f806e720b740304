package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// Prepare makes the staging and the final table of t, or adds the columns that
// they lack, and tells what it did. It never takes anything away: a column
// that t has no more keeps its values and is reported as vanished
// (invariant 8).
func (w *shaper) Prepare(ctx context.Context, f Fence, t Table) ([]Change, error) {
	var done []Change
	err := w.shape(ctx, f, "prepare "+t.Name, func(tx Tx) ([]step, error) {
		if len(t.Key) == 0 {
			return nil, plan.Fixf("declare the object's index fields as its key", "%s has no Id to tell records by",
				t.Object)
		}
		todo, changes, isNew, err := w.tables(ctx, tx, t)
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
			todo = append(todo, w.grants(t)...)
		}
		return todo, nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// joined adds changes to those that were told already: a table is looked at more
// than once.
func joined(done, more []Change) []Change {
	for _, c := range more {
		if !slices.Contains(done, c) {
			done = append(done, c)
		}
	}
	return done
}

// tables decides what makes both tables of t, or changes them into what t wants,
// and tells what becomes of the final one, and whether that is new.
func (w *shaper) tables(ctx context.Context, tx Tx, t Table) (todo []step, changes []Change, isNew bool, err error) {
	staging, _, _, err := w.table(ctx, tx, w.o.Staging, t, stagingOwn())
	if err != nil {
		return nil, nil, false, err
	}
	final, changes, isNew, err := w.table(ctx, tx, w.o.Schema, t, finalOwn())
	return append(staging, final...), changes, isNew, err
}

func (w *shaper) table(
	ctx context.Context, tx Tx, schema string, t Table, own []Column,
) (todo []step, changes []Change, isNew bool, err error) {
	has, err := storedColumns(ctx, tx, schema, t.Name)
	if err != nil {
		return nil, nil, false, err
	}
	was, err := w.columnsOf(ctx, tx, t)
	if err != nil {
		return nil, nil, false, err
	}
	if todo = w.d.finish(w.d.Table(schema, t.Name), has, append(columnNames(t), was.names()...)); len(todo) > 0 {
		return todo, nil, false, nil // what is there is seen afterwards
	}
	has, todo, renamed := w.rename(schema, t, has, was)
	made, changes, err := shape(w.d, schema, t, has, own)
	return append(todo, made...), append(renamed, changes...), len(has) == 0, err
}

// shape decides which statements make the table that t wants out of one that
// has these columns.
func shape(d *Dialect, schema string, t Table, has []stored, own []Column) ([]step, []Change, error) {
	want := layout(t, own)
	if err := d.fitNames(t); err != nil {
		return nil, nil, err
	}
	if len(has) == 0 {
		return steps(createTable(d, schema, t, want)), []Change{{Table: t.Name, What: "created"}}, nil
	}
	for _, c := range own {
		if _, ok := find(has, c.Name); !ok {
			return nil, nil, plan.Fixf("rename that table, give Catchment a schema of its own, "+
				"or if AppFlow filled it: catchment adopt "+t.Object,
				"table %s.%s was not made by Catchment: it lacks the column %s", schema, t.Name, c.Name)
		}
	}
	var ddl []step
	var changes []Change
	for _, c := range want {
		old, ok := find(has, c.Name)
		switch {
		case !ok:
			ddl = append(ddl, steps(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", d.Table(schema, t.Name),
				d.column(c)))...)
			changes = append(changes, Change{Table: t.Name, Column: c.Name, What: "added", Detail: d.columnType(c)})
		// a table that is laid out by a column can't lose it
		case d.tooNarrow(old, c) && !slices.Contains(t.Key, c.Name):
			ddl = append(ddl, d.retype(d.Table(schema, t.Name), c.Name, d.columnType(c))...)
			changes = append(changes, Change{Table: t.Name, Column: c.Name, What: Widened, Detail: d.columnType(c)})
		case d.stores(old.Type, c.Kind):
		default:
			if as, ok := d.takes(old, c.Kind); !ok || as != c.Kind { // Adapt has seen another table
				return nil, nil, plan.Failf(plan.Bug, "run it again", "%s.%s.%s is %s, and the field %s is %s",
					schema, t.Name, c.Name, old.Type, c.Field, c.Kind)
			}
			ddl = append(ddl, d.retype(d.Table(schema, t.Name), c.Name, d.columnType(c))...)
			changes = append(changes, Change{Table: t.Name, Column: c.Name, What: Widened, Detail: d.columnType(c)})
		}
	}
	for _, name := range payload(has) {
		if !slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, name) }) {
			changes = append(changes, Change{Table: t.Name, Column: name, What: "vanished",
				Detail: "the column keeps its old values"})
		}
	}
	return ddl, changes, nil
}

// fitNames refuses names that the warehouse would cut off: two of them could
// become one.
func (d *Dialect) fitNames(t Table) error {
	for _, name := range append(columnNames(t), t.Name) {
		if d.LongestName > 0 && len(name) > d.LongestName {
			return plan.Fixf("exclude it in the flow, or use another warehouse",
				"%s: the name %s has %d bytes, and %s has room for %d", t.Object, name, len(name),
				d.Name, d.LongestName)
		}
	}
	return nil
}

// layout is the columns of a table in order. Those of staging begin with ours:
// PostgreSQL has to walk over what stands before the one that it looks at, and
// each merge looks for its attempt in every row.
func layout(t Table, own []Column) []Column {
	if own[0].Name == colAttempt {
		return slices.Concat(own, t.Columns)
	}
	return slices.Concat(t.Columns, own)
}

// createTable makes a table without a key: the first consolidation adds it,
// after the rows, which is faster. Where it can't, the final table begins with
// it.
func createTable(d *Dialect, schema string, t Table, cols []Column) string {
	defs := make([]string, len(cols))
	for i, c := range cols {
		defs[i] = "\n\t" + d.column(c)
	}
	isFinal := slices.ContainsFunc(cols, func(c Column) bool { return c.Name == colSyncedAt })
	if isFinal && d.Enforces && !d.TransactionalDDL {
		defs = append(defs, "\n\tPRIMARY KEY ("+d.list("", t.Key)+")")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s\n)%s", d.Table(schema, t.Name), strings.Join(defs, ","), d.layOut(t))
}

// layOut says how the rows of t are laid out, where that can be said.
func (d *Dialect) layOut(t Table) string {
	stamp, ok := t.column(fieldStamp)
	if d.Keyed == "" || !ok || len(t.Key) != 1 {
		return ""
	}
	return "\n" + fmt.Sprintf(d.Keyed, d.Quote(t.Key[0]), d.Quote(stamp.Name))
}

// column defines a column.
func (d *Dialect) column(c Column) string { return d.Quote(c.Name) + " " + d.columnType(c) }

// grants let the readers read the final table of t.
func (w *shaper) grants(t Table) []step {
	var all []step
	for _, role := range w.o.GrantTo {
		for _, right := range []string{"USAGE ON SCHEMA " + w.d.Quote(w.o.Schema), "SELECT ON " + w.final(t)} {
			all = append(all, step{sql: "GRANT " + right + " TO " + fmt.Sprintf(w.d.Grantee, w.d.Quote(role)),
				blind: true})
		}
	}
	return all
}
