package fakeorg

import "sort"

// A table is a source whose records are given. Only columns that have values
// take memory.
type table struct {
	prefix  string
	columns []int      // by field: where its value stands in a row, or -1
	other   []string   // by field: the value where it stands nowhere
	rows    [][]string // by Id
	id      int        // the column of the Id
	stamp   int        // the column of SystemModstamp, or -1
}

// newTable makes a table of rows whose columns are named; every field that
// isn't named is null, or false.
func newTable(about *objectDescribe, columns []string, rows [][]string) *table {
	t := &table{rows: rows, stamp: -1}
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
			t.stamp = at
		}
		t.columns, t.other = append(t.columns, at), append(t.other, other)
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][t.id] < rows[j][t.id] })
	return t
}

func (t *table) count() int { return len(t.rows) }

func (t *table) appendValue(dst []byte, n, field int) []byte {
	if at := t.columns[field]; at >= 0 && t.rows[n][at] != "" {
		return append(dst, t.rows[n][at]...)
	}
	return append(dst, t.other[field]...)
}

func (t *table) find(id string) int {
	n := sort.Search(len(t.rows), func(i int) bool { return t.rows[i][t.id] >= id })
	if n < len(t.rows) && t.rows[n][t.id] == id {
		return n
	}
	return -1
}

func (t *table) newest() string {
	newest := ""
	if t.stamp >= 0 {
		for _, row := range t.rows {
			newest = max(newest, row[t.stamp])
		}
	}
	return newest
}

// lastNumber takes the numbers of this instance; Ids of others can't collide.
func (t *table) lastNumber() int {
	last := 0
	for _, row := range t.rows {
		if number, ok := idNumber(row[t.id], t.prefix); ok {
			last = max(last, number)
		}
	}
	return last
}
