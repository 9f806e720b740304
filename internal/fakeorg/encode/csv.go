package encode

import (
	"bytes"
	"slices"
	"strings"

	"catchment/internal/fakeorg/csv"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// A CSV turns rows into the lines of a Bulk result: every field in
// quotes, quotes doubled, what is in between byte for byte as it is stored.
type CSV struct {
	columns   []csvColumn
	clock     soql.Clock
	delimiter byte
	ending    string
}

type csvColumn struct {
	*soql.Column
	field int  // the position in the object itself, or -1 for a parent's field and what is computed
	free  bool // may hold quotes
}

// NewCSV makes a CSV for the columns of a result.
func NewCSV(r *query.Result, delimiter byte, ending string) *CSV {
	w := &CSV{clock: r.Clock, delimiter: delimiter, ending: ending}
	for _, c := range r.Bound.Columns {
		column := csvColumn{Column: c, field: -1, free: true}
		if len(c.Path.Hops) == 0 && !c.Computed() {
			column.field = r.Object.Place(c.Path.Field.Name)
			column.free = freeText(c.Type)
		}
		w.columns = append(w.columns, column)
	}
	return w
}

// ByName puts the columns into the order of their names, as Salesforce did before v50.0.
func (w *CSV) ByName() *CSV {
	slices.SortFunc(w.columns, func(a, b csvColumn) int { return strings.Compare(a.String(), b.String()) })
	return w
}

// freeText tells whether values of a type may hold any character.
func freeText(typ string) bool {
	switch typ {
	case "id", "reference", "boolean", "int", "double", "currency", "percent", "date", "datetime", "time":
		return false
	}
	return true
}

// AppendHeader writes the names of the columns.
func (w *CSV) AppendHeader(dst []byte) []byte {
	for i, column := range w.columns {
		if i > 0 {
			dst = append(dst, w.delimiter)
		}
		dst = append(dst, '"')
		dst = append(dst, column.String()...)
		dst = append(dst, '"')
	}
	return append(dst, w.ending...)
}

// AppendRow writes one record.
func (w *CSV) AppendRow(dst []byte, r *store.Row) []byte {
	for i := range w.columns {
		column := &w.columns[i]
		if i > 0 {
			dst = append(dst, w.delimiter)
		}
		dst = append(dst, '"')
		from := len(dst)
		if column.field >= 0 {
			dst = r.AppendValue(dst, column.field)
		} else {
			dst = append(dst, column.Value(r, w.clock)...)
		}
		if column.free && bytes.IndexByte(dst[from:], '"') >= 0 {
			dst = csv.DoubleQuotes(dst, from)
		}
		dst = append(dst, '"')
	}
	return append(dst, w.ending...)
}
