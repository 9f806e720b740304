package dialect

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/room"
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

// Layout is the columns of a table in order. Those of staging begin with ours that no final table
// has: a warehouse that keeps rows together walks over what stands before the one that
// it looks at, and each merge looks for its attempt in every row.
func Layout(t shape.Table, ours []shape.Column) []shape.Column {
	var before, behind []shape.Column
	for _, c := range ours {
		if slices.ContainsFunc(own.Final(), func(f shape.Column) bool { return f.Name == c.Name }) {
			behind = append(behind, c)
			continue
		}
		before = append(before, c)
	}
	return slices.Concat(before, t.Columns, behind)
}

// CreateTable makes a table without a key: the first consolidation adds it,
// after the rows, which is faster. Where it can't, the final table begins with
// it.
func CreateTable(d *Dialect, schema string, t shape.Table, cols []shape.Column) string {
	defs := make([]string, len(cols))
	for i, c := range cols {
		defs[i] = "\n\t" + d.Define(c)
		if c.Kind == shape.Text && slices.Contains(t.Key, c.Name) {
			defs[i] += d.KeysStored
		}
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

// A widening gives a column of numbers another type, for the values of pages.
type widening struct {
	Column string
	Field  string
	Whole  int // the digits before the point that a decimal has room for then
	Steps  []Step
	Kept   room.Digits // what the column takes as long as it isn't widened
}

// MakeRoom says how the columns of numbers of a table get wide enough for pages, and
// what these columns are then. Where values are too wide for any type, narrow says what
// there is room for.
func (d *Dialect) MakeRoom(
	schema, table string, has []Stored, cols []CopyColumn,
) (_ []CopyColumn, todo []widening, narrow []room.Digits) {
	cols = slices.Clone(cols)
	for i, c := range cols {
		old, _ := Find(has, c.Name)
		if outgrows(d, old, c) {
			long := shape.Column{Name: c.Name, Kind: shape.Long}
			steps, _ := retyped(d, schema, shape.Table{Name: table, Columns: []shape.Column{long}}, has, long)
			todo = append(todo, widening{
				Column: c.Name, Field: c.Field, Kept: room.Digits{Field: c.Field}, Steps: steps,
			})
			cols[i].Kind, cols[i].Type = shape.Long, d.Type(shape.Long, 0)
		}
		if !scaled(d, old, c) {
			continue
		}
		scale, fits := widen(d.Digits, old.Scale, c.Whole, c.Fract)
		switch {
		case !fits:
			narrow = append(narrow, narrowAt(d, c.Field, max(old.Scale, min(c.Fract, moderate))))
		case scale != old.Scale:
			todo = append(todo, widening{
				Column: c.Name, Field: c.Field, Whole: d.Digits - scale, Kept: narrowAt(d, c.Field, old.Scale),
				Steps: d.widened(d.Table(schema, table), c.Name, scale),
			})
			cols[i].Type = d.Type(shape.Decimal, scale)
		}
	}
	return cols, todo, narrow
}

// moderate is how many digits after the point a decimal gets that has to choose between
// these and those before it: a double of Salesforce has no more than 18 (Object
// Reference, "Primitive Data Types").
const moderate = 18

// narrowAt is what a decimal takes that keeps its scale.
func narrowAt(d *Dialect, field string, scale int) room.Digits {
	return room.Digits{Field: field, Whole: d.Digits - scale, Fraction: scale}
}

// outgrows tells whether pages hold whole numbers that a stored column of 32 bits lacks
// room for.
func outgrows(d *Dialect, old Stored, c CopyColumn) bool {
	return c.Beyond32 && c.Kind.Whole() && d.number(old) == slices.Index(shape.Numbers(), shape.Int)
}
