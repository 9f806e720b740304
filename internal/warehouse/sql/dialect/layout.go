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
		if _, ok := Find(has, c.Name); !ok && !own.IsLater(c.Name) {
			return nil, nil, plan.Fixf("rename that table, give Catchment a schema of its own, "+
				"or if AppFlow filled it: catchment adopt "+t.Object,
				"table %s.%s was not made by Catchment: it lacks the column %s", schema, t.Name, c.Name)
		}
	}
	var ddl []Step
	var changes []shape.Change
	for _, c := range want {
		old, ok := Find(has, c.Name)
		switch {
		case !ok:
			ddl = append(ddl, Steps(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", d.Table(schema, t.Name),
				d.Define(c)))...)
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
			ddl = append(ddl, d.retype(d.Table(schema, t.Name), old, c)...)
			changes = append(changes, shape.Change{Table: t.Name, Column: c.Name, What: shape.Widened,
				Detail: d.TypeOf(c)})
		}
	}
	for _, name := range Payload(has) {
		if !slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return strings.EqualFold(c.Name, name) }) {
			changes = append(changes, shape.Change{Table: t.Name, Column: name, What: "vanished",
				Detail: "the column keeps its old values"})
		}
	}
	return ddl, changes, nil
}

// fitNames refuses names that the warehouse would cut off, since two of them could
// become one, and those of columns that every table has by itself.
func (d *Dialect) fitNames(t shape.Table) error {
	for _, c := range t.Columns {
		if slices.Contains(strings.Fields(d.System), strings.ToLower(c.Name)) {
			return plan.Fixf("give it another name with `rename`",
				"%s: field %s can't have the column %s: every table of %s has one of that name",
				t.Object, c.Field, c.Name, d.Name)
		}
	}
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
