// Package shaping has the columns of a lake's tables follow those of flows: which are added, take a wider type or
// another name, and which have to be written anew, since Iceberg itself can't change their type.
//
// What names and kinds columns get is decided where SQL warehouses decide it, too: package dialect knows no SQL
// there, only words for types.
//
// Files, from the top: shaping.go, anew.go, room.go, kinds.go.
package shaping

import (
	"strings"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// Digits is how many a decimal has at most.
const Digits = 38

// words are the types of columns, as Iceberg calls them.
func words() *dialect.Dialect {
	word := func(k shape.Kind, name string) dialect.ColumnType {
		bare, _, _ := strings.Cut(name, "(")
		return dialect.ColumnType{Kind: k, Name: name, Stored: bare}
	}
	return &dialect.Dialect{Name: "Iceberg", Digits: Digits, Retypes: true, TransactionalDDL: true,
		Types: []dialect.ColumnType{
			word(shape.Text, "string"), word(shape.Bool, "boolean"), word(shape.Int, "int"), word(shape.Long, "long"),
			word(shape.Decimal, "decimal(38, %d)"), word(shape.Date, "date"), word(shape.Time, "time"),
			word(shape.Timestamp, "timestamptz"),
		}}
}

// Stored are the columns of a table.
func Stored(s *iceberg.Schema) []dialect.Stored {
	var all []dialect.Stored
	for _, f := range s.Fields() {
		c := dialect.Stored{Name: f.Name, Type: f.Type.String()}
		if d, ok := f.Type.(iceberg.DecimalType); ok {
			c.Type, c.Scale = "decimal", d.Scale()
		}
		all = append(all, c)
	}
	return all
}

// Adapt gives the columns of t the names and kinds that a table has for them; has is nil where there is no table.
func Adapt(t shape.Table, has *iceberg.Schema, past shape.Past) (shape.Table, shape.Past) {
	var stored []dialect.Stored
	if has != nil {
		stored = Stored(has)
		past.Columns = dialect.Payload(stored)
	}
	return dialect.Adapt(words(), t, stored, past)
}

// Lacks names the first of some columns that a table doesn't have, "" where it has all.
func Lacks(has *iceberg.Schema, columns []shape.Column) string {
	stored := Stored(has)
	for _, c := range columns {
		if _, ok := dialect.Find(stored, c.Name); !ok {
			return c.Name
		}
	}
	return ""
}
