// Package dialect is how a warehouse spells its SQL: types, quotes, what it can do
// and what not; and what follows of that for the columns of a table. It knows no
// warehouse by name, and asks none.
//
// Files, from the top: adapt.go, layout.go, overflow.go, rights.go, retype.go, stored.go,
// step.go, types.go, statement.go, dialect.go, promotion.go, fill.go, views.go.
package dialect

import (
	"cmp"
	"strconv"
	"strings"

	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// A Dialect says how a warehouse spells what this package wants. It is a
// value: two warehouses differ in what it holds, not in code paths.
type Dialect struct {
	Name       string
	Quotes     string       // what stands around identifiers, "" for "
	Types      []ColumnType // one for each of Kinds
	Digits     int          // of the widest decimal; 0 where each value has its own scale
	Grantee    string       // how a role is named that gets a right, "" where there are no roles
	Granted    string       // counts the rights that role $3 itself was given to read table $2 of schema $1
	Room       room.Limits  // what columns have room for, whatever their table
	Savepoints bool         // a statement that failed can be undone by itself
	Place      string       // the hidden column that says where a row is, "" where there is none
	Bytewise   string       // what makes texts equal by their bytes, which takes less than by a language's rules
	Locks      bool         // a statement sees what others commit meanwhile, unless a lock keeps them away
	// a transaction sees one picture, which its first look takes: whoever writes locks before it looks
	LockFirst bool
	Enforces  bool // a primary key keeps duplicates out
	Retypes   bool // a column can take another type where it is
	// what converts a column is done again from the log of a process that was killed, and a
	// function can't be: nobody could open the file any more
	Unplayed  bool
	Targets   bool // what a DELETE deletes from may have an alias
	Distincts bool // it knows IS DISTINCT FROM

	TransactionalDDL bool // DDL commits and is taken back with the rows of its transaction; else it is a Preparer's
	LoadsApart       bool // its loader is a job that no transaction can hold: a Bringer

	LongestName int    // bytes that a name has room for, 0 where nobody counts
	LongestText int    // bytes that a text column has room for, 0 for any number
	Wide        string // the type of a column for texts that may be longer, "" where LongestText has to do
	Keyed       string // how a table is laid out by its key (first %s) and stamp (second)
	KeysStored  string // behind the type of a key's column of text: how it is stored, "" where nobody says
	Path        string // where procedures look names up, "" where nobody can put operators or functions before ours
	Clock       string // the time of now, as SQL, "" where there are no procedures of ours
	Unlogged    string // before TABLE: its rows need not survive a crash
	Memory      string // the setting that bounds what it takes of this process's memory, "" where it is another process
	RowID       string // the hidden column that tells rows of one key apart, "" where there is none
	Views       string // asks which views use which columns of table $2 in schema $1, "" where they don't hold them
	Encoding    string // asks how the database encodes its texts, "" where that is always UTF8
	Schemas     string // counts the schemas that are called $1; "" where all may make one that is there already
	Rights      string // asks what this user may do with table $3 in schemas $1 and $2: Right; "" where nobody asks
	Owners      string // asks which of {schemas}, and of {names} in them, strangers own, and who; "" where nobody asks
	System      string // the names that no column can have, a space between, since all tables have such columns

	// Index makes an index of {columns} in one of our own {table}s, "" where reading all of it takes no longer.
	Index string

	// Unique makes an {index} of a {table} by a {key}, which fails where one is there twice; "" where nobody makes one.
	// What joins two large tables by their keys is quicker then in their order, from Ordered until Unordered.
	Unique    string
	Ordered   string
	Unordered string

	Overflow  *Overflow  // where a row has little room, nil elsewhere
	Promotion *Promotion // where a staged table can become a final one, nil elsewhere

	PagesPerLoad int // how many its loader likes to take at once
}

// An Overflow is how a dialect keeps what a row has no room for. {map} is the overflow of a row, or {old} and
// {new}; null stands for one without values.
type Overflow struct {
	Room   int    // bytes that the values of a row may take
	Type   string // of the overflow
	Get    string // the value of a {name}, as a text
	Row    string // what is beside {map} in a FROM: its values as a row of {columns}
	Make   string // an overflow of {pairs} of names and values; what is null isn't in it
	Names  string // an array of {names}
	Listed string // the same of one text in which commas are between them
	Merge  string // {old} without the {names}, and with what {new} has
	Uses   string // asks by what else each column of table $2 in schema $1 is used
	Rights string // gives whoever may read {rows} the right to read {view}, both as texts
}

// Quote quotes an identifier.
func (d *Dialect) Quote(name string) string {
	quote := cmp.Or(d.Quotes, `"`)
	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote
}

// Table quotes the name of a table in a schema.
func (d *Dialect) Table(schema, name string) string {
	return d.Quote(schema) + "." + d.Quote(name)
}

// Type is the column type of a kind; size is the scale of a decimal, or the
// characters that a text may have, 0 for any number of them.
func (d *Dialect) Type(k shape.Kind, size int) string {
	if k == shape.Text {
		size = d.bytes(size)
	}
	return strings.ReplaceAll(d.Of(k).Name, "%d", strconv.Itoa(size))
}

// bytes is how much room a text of so many characters takes at most: UTF-8
// has up to four bytes for each. A column can't have more than LongestText.
func (d *Dialect) bytes(characters int) int {
	if characters == 0 || characters > d.LongestText/4 {
		return d.LongestText
	}
	return 4 * characters
}

// TypeOf is the type of a column that takes whatever its field may hold.
func (d *Dialect) TypeOf(c shape.Column) string {
	switch {
	case c.Kind != shape.Text:
		return d.Type(c.Kind, c.Scale)
	case d.Wide != "" && 4*c.Length > d.LongestText:
		return d.Wide
	}
	return d.Type(shape.Text, c.Length)
}

// stores tells whether a column that information_schema says is of type has
// can take every value of kind k: its own type does, and so does a text.
func (d *Dialect) stores(has string, k shape.Kind) bool {
	bare, _, _ := strings.Cut(has, "(")
	return strings.EqualFold(bare, d.Of(k).Stored) || d.IsText(bare)
}

// StoredText is the type of a text column that the warehouse has.
func (d *Dialect) StoredText(has Stored) string {
	switch {
	case d.isWide(has.Type):
		return d.Wide
	case d.LongestText == 0 || has.Bytes == 0:
		return d.Type(shape.Text, 0)
	}
	return strings.ReplaceAll(d.Of(shape.Text).Name, "%d", strconv.Itoa(has.Bytes))
}

// tooNarrow tells whether a text column that the warehouse has lacks room for
// what its field may hold now.
func (d *Dialect) tooNarrow(has Stored, c shape.Column) bool {
	if c.Kind != shape.Text || d.LongestText == 0 || d.isWide(has.Type) || !d.IsText(has.Type) {
		return false
	}
	return d.TypeOf(c) == d.Wide || has.Bytes < d.bytes(c.Length)
}

// IsText tells whether a column of a stored type takes any text.
func (d *Dialect) IsText(has string) bool {
	return strings.EqualFold(has, d.Of(shape.Text).Stored) || d.isWide(has)
}

func (d *Dialect) isWide(has string) bool { return d.Wide != "" && strings.EqualFold(has, d.Wide) }

// Same compares two values of which both may be null.
func (d *Dialect) Same(a, b string) string {
	if d.Distincts {
		return a + " IS NOT DISTINCT FROM " + b
	}
	return Fill("({a} = {b} OR {a} IS NULL AND {b} IS NULL)", Holes{"a": a, "b": b})
}

// Differs is the contrary of same.
func (d *Dialect) Differs(a, b string) string {
	if d.Distincts {
		return a + " IS DISTINCT FROM " + b
	}
	return "NOT coalesce(" + d.Same(a, b) + ", false)"
}

// List quotes names and joins them, each after prefix.
func (d *Dialect) List(prefix string, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + d.Quote(n)
	}
	return strings.Join(out, ", ")
}
