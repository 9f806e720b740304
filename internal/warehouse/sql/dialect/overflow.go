package dialect

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/own"
)

// Where a row has room for so many bytes and no more, a table of many texts has
// columns that stand apart: in one column that holds them by their names, the overflow.
// The rows are then in a table with a name of ours, and what has the table's own name is a
// view over that in which each column is where it was. Staging keeps its columns too, all
// empty but in rows that somebody else put there, and has the same overflow.

// pairsAtOnce is how many a function takes: 100 arguments.
const pairsAtOnce = 50

// RowsOf is the name of the table with the rows, where a table's own is that of a view.
func RowsOf(d *Dialect, table string) string {
	return shape.Shorten(d.LongestName, own.RowsTable+table, table)
}

// Apart is the names of the columns that the overflow holds, none where there isn't one.
func Apart(has []Stored) []string {
	var names []string
	for _, c := range has {
		if c.Apart {
			names = append(names, c.Name)
		}
	}
	return names
}

// InRows is the names of the columns that the rows of a final table have, without ours but
// for the overflow.
func InRows(has []Stored) []string {
	apart := Apart(has)
	names := slices.DeleteFunc(Payload(has), func(name string) bool { return slices.Contains(apart, name) })
	if len(apart) > 0 {
		names = append(names, own.Overflow)
	}
	return names
}

// Overflows tells whether a record of t may be too wide for a row of its tables: each of
// its values may be in one at once.
func Overflows(d *Dialect, t shape.Table) bool {
	if d.Overflow == nil {
		return false
	}
	kinds := make([]shape.Kind, len(t.Columns))
	for i, c := range t.Columns {
		kinds[i] = c.Kind
	}
	return width(d, kinds) > d.Overflow.Room
}

// width is how many bytes a row takes at most that has a value for each of some kinds,
// and for our own columns.
func width(d *Dialect, kinds []shape.Kind) int {
	ours := 0
	for _, c := range own.Staging() { // those of the final table take less
		ours += d.Of(c.Kind).Width
	}
	bytes := ours + len(kinds)/8 // which of them are null
	for _, k := range kinds {
		bytes += d.Of(k).Width
	}
	return bytes
}

// kindOf is what a stored column holds: a text is what no other kind is.
func kindOf(d *Dialect, c Stored) shape.Kind {
	for _, t := range d.Types {
		if t.Kind != shape.Text && strings.EqualFold(t.Stored, c.Type) {
			return t.Kind
		}
	}
	return shape.Text
}

// staysRoom is how much of the room, in percent, is taken by what stays: fields that
// Salesforce gets later have some too, and so do values that take a few bytes more.
const staysRoom = 75

// SetApart marks the columns of a final table that go into its overflow, so many that
// what stays fits whatever is in it: texts before numbers, the last before the others. What
// tells records and versions apart stays, and so does what something of somebody else's
// depends on. Where all would have fitted, and a record didn't, all go that may.
func SetApart(d *Dialect, t shape.Table, has []Stored) ([]Stored, error) {
	has = slices.Clone(has)
	room := d.Overflow.Room * staysRoom / 100
	if stays(d, has) <= room {
		room = 0
	}
	for _, kind := range []shape.Kind{shape.Text, shape.Decimal} {
		for i := len(has) - 1; i >= 0 && stays(d, has) > room; i-- {
			if kindOf(d, has[i]) == kind && len(has[i].Views) == 0 && mayBeApart(t, has[i].Name) {
				has[i].Apart = true
			}
		}
	}
	if stays(d, has) <= room || room == 0 && len(Apart(has)) > 0 {
		return has, nil
	}
	var held []string
	for _, c := range has {
		for _, by := range c.Views {
			if !slices.Contains(held, by) {
				held = append(held, by)
			}
		}
	}
	if len(held) == 0 {
		return nil, plan.Fixf("exclude some of its fields in the flow",
			"table %s has more columns than a row of %s has room for, and none that can be moved", t.Name, d.Name)
	}
	slices.Sort(held)
	return nil, plan.Fixf("drop what uses them, run again, and make it anew over the view that takes the table's "+
		"name; or exclude some fields of "+t.Object+" in the flow",
		"table %s needs room for wide records, and its columns can't be moved: they are used by %s",
		t.Name, strings.Join(held, ", "))
}

// stays is the width of the columns that don't stand apart.
func stays(d *Dialect, has []Stored) int {
	var kinds []shape.Kind
	for _, c := range has {
		if !c.Apart {
			kinds = append(kinds, kindOf(d, c))
		}
	}
	return width(d, kinds)
}

// mayBeApart tells whether no statement of ours needs a column in its place.
func mayBeApart(t shape.Table, name string) bool {
	if strings.HasPrefix(strings.ToLower(name), shape.OwnPrefix) || slices.Contains(t.Key, name) {
		return false
	}
	for _, field := range []string{shape.FieldStamp, shape.FieldDeleted, shape.FieldMaster} {
		if c, ok := t.Column(field); ok && c.Name == name {
			return false
		}
	}
	return true
}

// goesApart tells whether a new column of a table with an overflow belongs there.
func goesApart(c shape.Column) bool { return c.Kind == shape.Text || c.Kind == shape.Decimal }

// kept is an overflow of these columns of a row.
func kept(d *Dialect, names []string) string {
	var all []string
	for some := range slices.Chunk(names, pairsAtOnce) {
		pairs := make([]string, len(some))
		for i, name := range some {
			pairs[i] = Literal(name) + ", " + d.Quote(name)
		}
		all = append(all, Fill(d.Overflow.Make, Holes{"pairs": strings.Join(pairs, ", ")}))
	}
	return strings.Join(all, " || ")
}

// Replaced is an overflow whose values of some names are those of another.
func (o *Overflow) Replaced(old, with string, names []string) string {
	return o.replaced(old, with, Fill(o.Names, Holes{"names": Literals(names)}))
}

// ReplacedListed is Replaced of the names in a text.
func (o *Overflow) ReplacedListed(old, with, list string) string {
	return o.replaced(old, with, Fill(o.Listed, Holes{"list": list}))
}

func (o *Overflow) replaced(old, with, names string) string {
	return Fill(o.Merge, Holes{"old": old, "new": with, "names": names})
}

// Value is what a row of alias has in a column, as the column's type.
func Value(d *Dialect, alias string, c Stored) string {
	if alias != "" {
		alias += "."
	}
	if !c.Apart {
		return alias + d.Quote(c.Name)
	}
	text := Fill(d.Overflow.Get, Holes{"map": alias + d.Quote(own.Overflow), "name": Literal(c.Name)})
	if d.IsText(c.Type) {
		return text
	}
	return "CAST(" + text + " AS " + c.Type + ")"
}

// Unfolded is a table r with columns that stand apart, in a FROM, and each column in that. To
// get many values out of an overflow takes less at once than one by one.
func Unfolded(d *Dialect, table string, columns []Stored) (from string, values []string) {
	var apart []string
	for _, c := range columns {
		alias := "r."
		if c.Apart {
			alias = "o."
			apart = append(apart, d.Quote(c.Name)+" "+c.Type)
		}
		values = append(values, alias+d.Quote(c.Name))
	}
	from = table + " r"
	if len(apart) > 0 {
		from += " " + Fill(d.Overflow.Row, Holes{"map": "r." + d.Quote(own.Overflow),
			"columns": strings.Join(apart, ", ")})
	}
	return from, values
}

// Gather is the statement that moves what stands in the columns of staging into its
// overflow: what others put there, and what was staged before there was one.
func Gather(d *Dialect, table string, names []string) string {
	set, filled := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		set[i], filled[i] = d.Quote(name)+" = NULL", d.Quote(name)+" IS NOT NULL"
	}
	return Fill(`UPDATE {table}
SET {overflow} = {gathered}, {set}
WHERE {filled}`, Holes{
		"table": table, "overflow": d.Quote(own.Overflow), "set": strings.Join(set, ", "),
		"gathered": d.Overflow.Replaced(d.Quote(own.Overflow), kept(d, names), nil),
		"filled":   strings.Join(filled, " OR "),
	})
}

// Spill is the steps that give both tables of a name an overflow for the columns of has
// that stand apart. They are one transaction, and keep every value; what is staged already is
// gathered by its merge.
func Spill(d *Dialect, schema, staging, table string, has []Stored) []Step {
	view, rows, staged := d.Table(schema, table), d.Table(schema, RowsOf(d, table)), d.Table(staging, table)
	apart, overflow := Apart(has), d.Quote(own.Overflow)+" "+d.Overflow.Type
	todo := Steps(
		"DROP TABLE IF EXISTS "+rows, // of a table that somebody has dropped since, by its view
		fmt.Sprintf("ALTER TABLE %s RENAME TO %s", view, d.Quote(RowsOf(d, table))),
		fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", rows, overflow),
		Gather(d, rows, apart),
	)
	drops := make([]string, len(apart))
	for i, name := range apart {
		drops[i] = "DROP COLUMN " + d.Quote(name)
	}
	return append(todo, Steps(
		fmt.Sprintf("ALTER TABLE %s %s", rows, strings.Join(drops, ", ")),
		viewOver(d, schema, table, has),
		Fill(d.Overflow.Rights, Holes{"rows": Literal(rows), "view": Literal(view)}),
		fmt.Sprintf("ALTER TABLE %s ADD COLUMN IF NOT EXISTS %s", staged, overflow),
	)...)
}

// viewOver makes the view that has a table's name, or gives it more columns at its end.
func viewOver(d *Dialect, schema, table string, has []Stored) string {
	return viewWithout(d, schema, table, has, "")
}

// viewWithout is viewOver with nothing in one of the columns.
func viewWithout(d *Dialect, schema, table string, has []Stored, without string) string {
	columns := make([]string, len(has))
	for i, c := range has {
		value := Value(d, "r", c)
		if c.Name == without {
			value = "CAST(NULL AS " + c.Type + ")"
		}
		columns[i] = "\n\t" + value + " AS " + d.Quote(c.Name)
	}
	return fmt.Sprintf("CREATE OR REPLACE VIEW %s AS SELECT%s\nFROM %s r", d.Table(schema, table),
		strings.Join(columns, ","), d.Table(schema, RowsOf(d, table)))
}

// retypeUnder is the steps that give a column of has, which has its other type already, that
// type where it was old. The view is made anew, since nobody else's is over it; whoever may
// read it still may.
func retypeUnder(d *Dialect, schema string, has []Stored, old Stored, t shape.Table) []Step {
	view, aside := d.Table(schema, t.Name), shape.Shorten(d.LongestName, own.AsideTable+t.Name, t.Name)
	todo := Steps(
		fmt.Sprintf("ALTER TABLE %s RENAME TO %s", view, d.Quote(aside)),
		viewWithout(d, schema, t.Name, has, old.Name),
		Fill(d.Overflow.Rights, Holes{"rows": Literal(d.Table(schema, aside)), "view": Literal(view)}),
		"DROP VIEW "+d.Table(schema, aside),
	)
	if c, ok := t.Named(old.Name); ok && !old.Apart {
		todo = append(todo, d.retype(d.Table(schema, RowsOf(d, t.Name)), old, c)...)
	}
	return append(todo, Steps(viewOver(d, schema, t.Name, has))...)
}

// Rename is the steps that give a column of a table that has these another name.
func (d *Dialect) Rename(schema, table string, has []Stored, from, to string) []Step {
	rename := func(table string) Step {
		return Step{SQL: fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", d.Table(schema, table), d.Quote(from),
			d.Quote(to))}
	}
	key := func(table string) Step {
		overflow := d.Quote(own.Overflow)
		value := Value(d, "", Stored{Name: from, Type: d.Of(shape.Text).Stored, Apart: true})
		return Step{SQL: Fill("UPDATE {table} SET {overflow} = {renamed} WHERE {value} IS NOT NULL", Holes{
			"table": d.Table(schema, table), "overflow": overflow, "value": value,
			"renamed": d.Overflow.Replaced(overflow, Fill(d.Overflow.Make, Holes{"pairs": Literal(to) + ", " + value}),
				[]string{from}),
		}), Fills: true}
	}
	todo := []Step{rename(table)}
	if _, gathers := Find(has, own.Overflow); gathers { // staging
		return append(todo, key(table))
	}
	if len(Apart(has)) == 0 {
		return todo
	}
	c, _ := Find(has, from)
	if !c.Apart {
		return append(todo, rename(RowsOf(d, table)))
	}
	after := slices.Clone(has)
	after[Place(after, from)].Name = to
	return append(todo, key(RowsOf(d, table)), Step{SQL: viewOver(d, schema, table, after)})
}
