package dialect

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/own"
)

// Shape decides which statements make the table that t wants out of one that
// has these columns.
func Shape(
	d *Dialect, schema string, t shape.Table, has []Stored, ours []shape.Column,
) ([]Step, []shape.Change, error) {
	want := Layout(t, ours)
	if err := d.fitNames(t); err != nil {
		return nil, nil, err
	}
	if len(has) == 0 {
		return Steps(CreateTable(d, schema, t, want)), []shape.Change{{Table: t.Name, What: "created"}}, nil
	}
	for _, c := range ours {
		if _, ok := Find(has, c.Name); !ok {
			return nil, nil, plan.Fixf("rename that table, give Catchment a schema of its own, "+
				"or if AppFlow filled it: catchment adopt "+t.Object,
				"table %s.%s was not made by Catchment: it lacks the column %s", schema, t.Name, c.Name)
		}
	}
	var ddl []Step
	var changes []shape.Change
	now := has
	for _, c := range want {
		old, ok := Find(has, c.Name)
		switch {
		case !ok:
			var more []Step
			more, now = added(d, schema, t, now, c)
			ddl = append(ddl, more...)
			changes = append(changes, shape.Change{Table: t.Name, Column: c.Name, What: "added", Detail: d.TypeOf(c)})
		// a table that is laid out by a column can't lose it
		case d.tooNarrow(old, c) && !slices.Contains(t.Key, c.Name):
			ddl = append(ddl, d.retype(d.Table(schema, t.Name), old, c)...)
			changes = append(changes, shape.Change{Table: t.Name, Column: c.Name, What: shape.Widened,
				Detail: d.TypeOf(c)})
		case d.stores(old.Type, c.Kind):
		default:
			if as, ok := d.takes(old, c.Kind); !ok || as != c.Kind { // Adapt has seen another table
				return nil, nil, plan.Failf(plan.Bug, "run it again", "%s.%s.%s is %s, and the field %s is %s",
					schema, t.Name, c.Name, old.Type, c.Field, c.Kind)
			}
			var more []Step
			more, now = retyped(d, schema, t, now, c)
			ddl = append(ddl, more...)
			changes = append(changes, shape.Change{Table: t.Name, Column: c.Name, What: shape.Widened,
				Detail: d.TypeOf(c)})
		}
	}
	if len(Apart(has)) > 0 && len(now) > len(has) {
		ddl = append(ddl, Steps(viewOver(d, schema, t.Name, now))...)
	}
	return ddl, append(changes, vanished(t, has)...), nil
}

// added is the steps that give a table one more column, and the columns that it has then.
// One with an overflow gets its view anew afterwards.
func added(d *Dialect, schema string, t shape.Table, has []Stored, c shape.Column) ([]Step, []Stored) {
	table, one := d.Table(schema, t.Name), Stored{Name: c.Name, Type: d.TypeOf(c)}
	if len(Apart(has)) > 0 {
		table, one.Apart = d.Table(schema, RowsOf(d, t.Name)), goesApart(c)
	}
	has = append(slices.Clone(has), one)
	if one.Apart {
		return nil, has
	}
	return Steps(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", table, d.Define(c))), has
}

// retyped is the steps that give a column of a table the type that its field has now, and
// the columns that the table has then.
func retyped(d *Dialect, schema string, t shape.Table, has []Stored, c shape.Column) ([]Step, []Stored) {
	old, _ := Find(has, c.Name)
	after := slices.Clone(has)
	after[Place(has, c.Name)].Type = d.Of(c.Kind).Stored
	if len(Apart(has)) == 0 {
		return d.retype(d.Table(schema, t.Name), old, c), after
	}
	return retypeUnder(d, schema, after, old, t), after
}

// vanished tells which columns of a table have no field any more.
func vanished(t shape.Table, has []Stored) (changes []shape.Change) {
	for _, name := range Payload(has) {
		if !slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return strings.EqualFold(c.Name, name) }) {
			changes = append(changes, shape.Change{Table: t.Name, Column: name, What: "vanished",
				Detail: "the column keeps its old values"})
		}
	}
	return changes
}

// fitNames refuses names that the warehouse would cut off: two of them could
// become one.
func (d *Dialect) fitNames(t shape.Table) error {
	for _, name := range append(shape.ColumnNames(t), t.Name) {
		if d.LongestName > 0 && len(name) > d.LongestName {
			return plan.Fixf("exclude it in the flow, or use another warehouse",
				"%s: the name %s has %d bytes, and %s has room for %d", t.Object, name, len(name),
				d.Name, d.LongestName)
		}
	}
	return nil
}

// Layout is the columns of a table in order. Those of staging begin with ours:
// a warehouse that keeps rows together walks over what stands before the one that
// it looks at, and each merge looks for its attempt in every row.
func Layout(t shape.Table, ours []shape.Column) []shape.Column {
	if ours[0].Name == own.Attempt {
		return slices.Concat(ours, t.Columns)
	}
	return slices.Concat(t.Columns, ours)
}

// CreateTable makes a table without a key: the first consolidation adds it,
// after the rows, which is faster. Where it can't, the final table begins with
// it.
func CreateTable(d *Dialect, schema string, t shape.Table, cols []shape.Column) string {
	defs := make([]string, len(cols))
	for i, c := range cols {
		defs[i] = "\n\t" + d.Define(c)
	}
	isFinal := slices.ContainsFunc(cols, func(c shape.Column) bool { return c.Name == own.SyncedAt })
	if isFinal && d.Enforces && !d.TransactionalDDL {
		defs = append(defs, "\n\tPRIMARY KEY ("+d.List("", t.Key)+")")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s\n)%s", d.Table(schema, t.Name), strings.Join(defs, ","), d.layOut(t))
}

// layOut says how the rows of t are laid out, where that can be said.
func (d *Dialect) layOut(t shape.Table) string {
	stamp, ok := t.Column(shape.FieldStamp)
	if d.Keyed == "" || !ok || len(t.Key) != 1 {
		return ""
	}
	return "\n" + fmt.Sprintf(d.Keyed, d.Quote(t.Key[0]), d.Quote(stamp.Name))
}

// Define defines a column.
func (d *Dialect) Define(c shape.Column) string { return d.Quote(c.Name) + " " + d.TypeOf(c) }
