package store

import (
	"sort"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/recordid"
)

// A table is a Source whose records are given. Only columns that have values
// take memory.
type table struct {
	prefix  string
	columns []int      // by field: where its value stands in a row, or -1
	other   []string   // by field: the value where it stands nowhere
	rows    [][]string // by Id
	id      int        // the column of the Id
	stamp   string     // the newest SystemModstamp
	last    int        // the highest number in an Id of this instance
}

// NewTable makes a table of rows whose columns are named; every field that
// isn't named is null, or false.
func NewTable(about *describe.Object, columns []string, rows [][]string) *table {
	t, stampAt := &table{rows: rows}, -1
	if about.KeyPrefix != nil {
		t.prefix = *about.KeyPrefix
	}
	for _, f := range about.Fields {
		at, other := -1, ""
		for i, name := range columns {
			if name == f.Name {
				at = i
			}
		}
		if f.Type == "boolean" {
			other = "false"
		}
		switch f.Name {
		case "Id":
			t.id = at
		case "SystemModstamp":
			stampAt = at
		}
		t.columns, t.other = append(t.columns, at), append(t.other, other)
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][t.id] < rows[j][t.id] })
	for _, row := range rows {
		if number, ok := recordid.Number(row[t.id], t.prefix); ok {
			t.last = max(t.last, number)
		}
		if stampAt >= 0 {
			t.stamp = max(t.stamp, row[stampAt])
		}
	}
	return t
}

// Count implements Source.
func (t *table) Count() int { return len(t.rows) }

// Newest implements Source.
func (t *table) Newest() string { return t.stamp }

// LastNumber implements Source.
func (t *table) LastNumber() int { return t.last }

// AppendValue implements Source.
func (t *table) AppendValue(dst []byte, n, field int) []byte {
	if at := t.columns[field]; at >= 0 && t.rows[n][at] != "" {
		return append(dst, t.rows[n][at]...)
	}
	return append(dst, t.other[field]...)
}

// Find implements Source.
func (t *table) Find(id string) int {
	n := sort.Search(len(t.rows), func(i int) bool { return t.rows[i][t.id] >= id })
	if n < len(t.rows) && t.rows[n][t.id] == id {
		return n
	}
	return -1
}
