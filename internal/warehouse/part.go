package warehouse

import (
	"slices"
	"strings"
)

// A part is staged versions that are merged together, since they write the
// same columns: a version writes only what its page carried.
type part struct {
	op      Op
	columns []string
	jobs    []string // nil for rows that no job loaded
	rows    int64    // of those jobs, as the ledger has it
}

// parts plans the merge of an attempt: records in the order in which their
// sets of columns were first read, then deletes, so that a record that was
// read and is gone since keeps what was read of it.
func parts(m Merge, ledger []entry) []part {
	if m.Attempt == "" {
		all := make([]string, len(m.Table.Columns))
		for i, c := range m.Table.Columns {
			all[i] = c.Name
		}
		return []part{{op: Put, columns: all}, {op: Delete, columns: all}}
	}
	var ps []part
	for _, e := range ledger {
		i := slices.IndexFunc(ps, func(p part) bool { return p.op == e.Op && sameSet(p.columns, e.Columns) })
		if i < 0 {
			ps = append(ps, part{op: e.Op, columns: e.Columns})
			i = len(ps) - 1
		}
		ps[i].rows += e.Rows
		if !slices.Contains(ps[i].jobs, e.Job) {
			ps[i].jobs = append(ps[i].jobs, e.Job)
		}
	}
	slices.SortStableFunc(ps, func(a, b part) int {
		return strings.Compare(string(b.op), string(a.op)) // put before delete
	})
	return ps
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// carries tells the column of a field, if the part's pages had it.
func (p part) carries(t Table, field string) (string, bool) {
	c, ok := t.column(field)
	return c.Name, ok && slices.Contains(p.columns, c.Name)
}
