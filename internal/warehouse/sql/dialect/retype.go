package dialect

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/own"
)

// A column that can't take another type where it is, and whose DDL commits, goes
// these ways: a wider one is added and filled; the old one gets another name; the
// wider one gets its; the old one is dropped. Each state tells the next step, so
// that a crash after any of them is gone on from. A column is never dropped
// under the name that the new one has: a process that was overtaken would drop
// that.

// widerOf and wasOf name the wider column that is to take a column's place, and
// the one that it took it from.
func (d *Dialect) widerOf(column string) string { return d.underway(own.Wider, column) }

// oldColumn is how the name of a column begins that another one took the place of, where DDL commits.
const oldColumn = "_catchment_was"

func (d *Dialect) wasOf(column string) string { return d.underway(oldColumn, column) }

func (d *Dialect) underway(prefix, column string) string {
	return shape.Shorten(d.LongestName, prefix+"_"+column, column)
}

// Finish is the steps that bring columns to their other types that are on their
// way there.
func (d *Dialect) Finish(table string, has []Stored, names []string) []Step {
	if d.TransactionalDDL || d.Retypes {
		return nil
	}
	var todo []Step
	for _, name := range names {
		todo = append(todo, d.finishOne(table, has, name)...)
	}
	return todo
}

func (d *Dialect) finishOne(table string, has []Stored, name string) []Step {
	_, is := Find(has, name)
	_, wider := Find(has, d.widerOf(name))
	_, was := Find(has, d.wasOf(name))
	rename := func(from, to string) Step {
		return Step{SQL: fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", table, d.Quote(from), d.Quote(to))}
	}
	switch {
	case is && was:
		return Steps(fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", table, d.Quote(d.wasOf(name))))
	case is && wider:
		at, into := Place(has, name), Place(has, d.widerOf(name))
		fill := fmt.Sprintf("UPDATE %s SET %s = %s", table, d.Quote(d.widerOf(name)),
			d.converted(has[at], d.IsText(has[into].Type)))
		return []Step{{SQL: fill, Fills: true}, rename(name, d.wasOf(name))}
	case wider:
		return []Step{rename(d.widerOf(name), name)}
	case was:
		return []Step{rename(d.wasOf(name), name)}
	}
	return nil
}

// Finished is the columns of a table as they will be once finish was done.
func (d *Dialect) Finished(has []Stored, names []string) []Stored {
	if d.TransactionalDDL || d.Retypes {
		return has
	}
	has = slices.Clone(has)
	for _, name := range names {
		is, wider, was := Place(has, name), Place(has, d.widerOf(name)), Place(has, d.wasOf(name))
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

// InShape tells whether no column of a table is on its way to another type.
func InShape(has []Stored) bool {
	return !slices.ContainsFunc(has, func(c Stored) bool {
		return strings.HasPrefix(c.Name, own.Wider) || strings.HasPrefix(c.Name, oldColumn)
	})
}

// retype gives a column another type. Where that can't be done in place, a
// column of that type takes its values, and then its name; where DDL commits,
// this only begins it, and finish goes on.
func (d *Dialect) retype(table string, has Stored, c shape.Column) []Step {
	old := d.Quote(c.Name)
	toText := c.Kind == shape.Text && d.number(has) >= 0
	if toText && c.Length > 0 {
		c.Length = max(c.Length, longestNumber)
	}
	to, values := d.TypeOf(c), d.converted(has, toText)
	if d.Retypes {
		using := ""
		if toText {
			using = " USING " + values
		}
		return Steps(fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s%s", table, old, to, using))
	}
	if !d.TransactionalDDL {
		return Steps(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", table, d.Quote(d.widerOf(c.Name)), to))
	}
	wider := d.Quote(own.Wider)
	return Steps(
		fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", table, wider, to),
		fmt.Sprintf("UPDATE %s SET %s = %s", table, wider, values),
		fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", table, old),
		fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", table, wider, old),
	)
}

// Follow is the steps that give a column the kind that c has, where it can take that.
func (d *Dialect) Follow(table string, has Stored, c shape.Column) []Step {
	if as, fits := d.takes(has, c.Kind); d.stores(has.Type, c.Kind) || !fits || as != c.Kind {
		return nil
	}
	return d.retype(table, has, c)
}

// longestNumber is how many characters the text of a number has at most.
const longestNumber = 48

// converted is the values of a column as another type takes them. A text of a number
// is as Salesforce writes it: without the zeros that fill a scale up.
func (d *Dialect) converted(has Stored, toText bool) string {
	column := d.Quote(has.Name)
	if !toText || d.number(has) < 0 {
		return column
	}
	if d.Unplayed {
		return worded(d, column, has.Scale)
	}
	return Fill("CASE WHEN {text} LIKE '%.%' THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END",
		Holes{"text": fmt.Sprintf("CAST(%s AS %s)", column, d.Type(shape.Text, longestNumber))})
}

// worded is the text of a number without the zeros that fill its scale up, and without a
// function: it is cast to the first scale that keeps it as it is.
func worded(d *Dialect, column string, scale int) string {
	text := func(value string) string {
		return fmt.Sprintf("CAST(%s AS %s)", value, d.Type(shape.Text, longestNumber))
	}
	cases := ""
	for digits := range scale {
		value := fmt.Sprintf("CAST(%s AS %s)", column, d.Type(shape.Decimal, digits))
		cases += fmt.Sprintf(" WHEN %s = %s THEN %s", column, value, text(value))
	}
	if cases == "" {
		return text(column)
	}
	return "CASE" + cases + " ELSE " + text(column) + " END"
}

// widened is the steps that give a decimal column another scale. No row has a value that
// lacks room then, but one that was deleted may have had it: such rows are converted too.
func (d *Dialect) widened(table, column string, scale int) []Step {
	todo := d.retype(table, Stored{Name: column}, shape.Column{Name: column, Kind: shape.Decimal, Scale: scale})
	if d.Retypes && d.Digits > 0 {
		// without abs: see Unplayed
		todo[0].SQL += Fill(" USING TRY_CAST({column} AS {type})", Holes{
			"column": d.Quote(column), "type": d.Type(shape.Decimal, scale),
		})
	}
	for i := range todo {
		todo[i].what = "widen column " + column
	}
	return todo
}
