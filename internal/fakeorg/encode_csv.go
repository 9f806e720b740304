package fakeorg

import (
	"bytes"

	"catchment/internal/fakeorg/soql"
)

// A csvWriter turns rows into the lines of a Bulk result: every field in
// quotes, quotes doubled, what is in between byte for byte as it is stored.
type csvWriter struct {
	columns   []csvColumn
	delimiter byte
	ending    string
}

type csvColumn struct {
	path  *soql.Path
	field int  // the position in the object itself, or -1 for a parent's field
	free  bool // may hold quotes
}

func newCSVWriter(q *question, delimiter byte, ending string) *csvWriter {
	w := &csvWriter{delimiter: delimiter, ending: ending}
	for _, path := range q.bound.Columns {
		column := csvColumn{path: path, field: -1, free: true}
		if len(path.Hops) == 0 {
			column.field = q.obj.place(path.Field.Name)
			column.free = freeText(path.Field.Type)
		}
		w.columns = append(w.columns, column)
	}
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

func (w *csvWriter) appendHeader(dst []byte) []byte {
	for i, column := range w.columns {
		if i > 0 {
			dst = append(dst, w.delimiter)
		}
		dst = append(dst, '"')
		dst = append(dst, column.path.String()...)
		dst = append(dst, '"')
	}
	return append(dst, w.ending...)
}

func (w *csvWriter) appendRow(dst []byte, r *row) []byte {
	for i := range w.columns {
		column := &w.columns[i]
		if i > 0 {
			dst = append(dst, w.delimiter)
		}
		dst = append(dst, '"')
		from := len(dst)
		if column.field >= 0 {
			dst = r.appendValue(dst, column.field)
		} else {
			dst = append(dst, r.Value(column.path)...)
		}
		if column.free && bytes.IndexByte(dst[from:], '"') >= 0 {
			dst = doubleQuotes(dst, from)
		}
		dst = append(dst, '"')
	}
	return append(dst, w.ending...)
}

// doubleQuotes repeats every quote from a position on, in place.
func doubleQuotes(dst []byte, from int) []byte {
	read := len(dst) - 1
	for range bytes.Count(dst[from:], []byte{'"'}) {
		dst = append(dst, 0)
	}
	for write := len(dst) - 1; write > read; read-- {
		dst[write] = dst[read]
		write--
		if dst[read] == '"' {
			dst[write] = '"'
			write--
		}
	}
	return dst
}
