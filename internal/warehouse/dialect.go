package warehouse

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Dialect says how a warehouse spells what this package wants. It is a
// value: two warehouses differ in what it holds, not in code paths.
type Dialect struct {
	Name       string
	Types      map[Kind]string // "%d" in the one of Decimal takes the scale
	Stored     map[Kind]string // the same as information_schema spells them
	Digits     int             // of the widest decimal; 0 where each value has its own scale
	Grants     bool            // it has roles to grant to
	KeepsNUL   bool            // a text may hold a NUL byte
	Savepoints bool            // a statement that failed can be undone by itself
	Place      string          // the hidden column that says where a row is, "" where there is none
	Bytewise   string          // what makes texts equal by their bytes, which takes less than by a language's rules
	Locks      bool            // a statement sees what others commit meanwhile, unless a lock keeps them away

	PagesPerLoad int // how many its loader likes to take at once
}

// Quote quotes an identifier.
func (d *Dialect) Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Table quotes the name of a table in a schema.
func (d *Dialect) Table(schema, name string) string {
	return d.Quote(schema) + "." + d.Quote(name)
}

// Type is the column type of a kind; scale is for decimals.
func (d *Dialect) Type(k Kind, scale int) string {
	return strings.ReplaceAll(d.Types[k], "%d", strconv.Itoa(scale))
}

// stores tells whether a column that information_schema says is of type has
// can take every value of kind k: its own type does, and so does a text.
func (d *Dialect) stores(has string, k Kind) bool {
	bare, _, _ := strings.Cut(has, "(")
	return strings.EqualFold(bare, d.Stored[k]) || strings.EqualFold(bare, d.Stored[Text])
}

// list quotes names and joins them, each after prefix.
func (d *Dialect) list(prefix string, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + d.Quote(n)
	}
	return strings.Join(out, ", ")
}

// binds collects the parameters of one statement.
type binds struct {
	d    *Dialect
	args []any
}

// value adds a parameter and returns its place, typed: a warehouse can't
// always tell the type of one that stands alone in a SELECT.
func (b *binds) value(v any, k Kind) string {
	b.args = append(b.args, v)
	return fmt.Sprintf("CAST($%d AS %s)", len(b.args), b.d.Type(k, 0))
}

func (b *binds) text(v string) string { return b.value(v, Text) }

// texts adds one parameter for each of vs, for an IN list.
func (b *binds) texts(vs []string) string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = b.text(v)
	}
	return strings.Join(out, ", ")
}

// A statement is SQL with its parameters.
type statement struct {
	sql  string
	args []any
}

// moment writes a parameter that stamp made as SQL.
func (d *Dialect) moment(at any) string {
	text := "NULL"
	if t, ok := at.(time.Time); ok {
		text = literal(t.Format(time.RFC3339Nano))
	}
	return "CAST(" + text + " AS " + d.Type(Timestamp, 0) + ")"
}

// literal writes a text as SQL. It is for names of our own and moments only:
// values of records are never part of a statement.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
