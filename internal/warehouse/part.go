package warehouse

import (
	"cmp"
	"slices"
	"time"
)

// A part is staged versions that are merged together, since they write the
// same columns in the same way: a version writes only what its page carried.
type part struct {
	op       Op
	columns  []string
	jobs     []string  // nil for rows that no job loaded
	among    string    // in a procedure: which jobs, as what follows the job in a condition
	whole    bool      // all jobs of the attempt instead
	rows     int64     // of those jobs, as the ledger has it
	readAt   time.Time // when the first of them was created
	reason   Reason    // of what it takes away
	override bool      // it wins over rows of any stamp
}

// over is p, of rows that win over others of any stamp.
func (p part) over() part {
	p.override = true
	return p
}

// parts plans the merge of an attempt. Whole records come first, in the order
// in which their sets of columns were first read; then patches, job by job,
// since they change rows that whole records made; then what is gone, so that a
// record that was read and is gone since keeps what was read of it.
func parts(m Merge, ledger []entry) []part {
	if m.Attempt == "" {
		all := columnNames(m.Table)
		return []part{{op: Put, columns: all, override: m.Override},
			{op: Delete, columns: all, reason: m.AbsentReason, override: m.Override}}
	}
	var ps []part
	for _, e := range ledger {
		p := part{op: e.Op, columns: e.Columns, jobs: []string{e.Job}, readAt: e.ReadAt,
			reason: cmp.Or(e.Reason, m.AbsentReason), override: (e.Override || m.Override) && e.Op != Seen}
		i := slices.IndexFunc(ps, p.joins)
		if i < 0 {
			ps = append(ps, p)
			i = len(ps) - 1
		}
		ps[i].rows += e.Rows
		if !slices.Contains(ps[i].jobs, e.Job) {
			ps[i].jobs = append(ps[i].jobs, e.Job)
		}
	}
	order := []Op{Put, Patch, Delete, Seen}
	slices.SortStableFunc(ps, func(a, b part) int {
		return slices.Index(order, a.op) - slices.Index(order, b.op)
	})
	return ps
}

// joins tells whether what p holds can be merged together with another part.
func (p part) joins(with part) bool {
	if p.op == Patch && !slices.Contains(with.jobs, p.jobs[0]) {
		return false
	}
	return p.op == with.op && p.reason == with.reason && p.override == with.override && sameSet(p.columns, with.columns)
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
