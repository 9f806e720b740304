package dialect

import (
	"fmt"
	"strings"
	"time"

	"catchment/internal/warehouse/shape"
)

// A Statement is SQL with its parameters.
type Statement struct {
	SQL  string
	Args []any
}

// Binds collects the parameters of one statement.
type Binds struct {
	Dialect *Dialect
	Args    []any
}

// Value adds a parameter and returns its place, typed: a warehouse can't
// always tell the type of one that stands alone in a SELECT.
func (b *Binds) Value(v any, k shape.Kind) string {
	b.Args = append(b.Args, v)
	return fmt.Sprintf("CAST($%d AS %s)", len(b.Args), b.Dialect.Type(k, 0))
}

// Text is Value of a text.
func (b *Binds) Text(v string) string { return b.Value(v, shape.Text) }

// Texts adds one parameter for each of vs, for an IN list.
func (b *Binds) Texts(vs []string) string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = b.Text(v)
	}
	return strings.Join(out, ", ")
}

// Statement is sql with the parameters that were added.
func (b *Binds) Statement(sql string) Statement { return Statement{SQL: sql, Args: b.Args} }

// Moment writes a parameter that stamp made as SQL.
func (d *Dialect) Moment(at any) string {
	text := "NULL"
	if t, ok := at.(time.Time); ok {
		text = Literal(t.Format(time.RFC3339Nano))
	}
	return "CAST(" + text + " AS " + d.Type(shape.Timestamp, 0) + ")"
}

// Stamp makes a parameter of a time; the zero time is null.
func Stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond)
}

// FromNull is the time that a nullable column held, or zero.
func FromNull(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Literal writes a text as SQL. It is for names of our own and moments only:
// values of records are never part of a statement.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Literals writes texts as SQL, for an IN list.
func Literals(names []string) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = Literal(n)
	}
	return strings.Join(texts, ", ")
}
