package statements

import (
	"cmp"
	"slices"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A Part is staged versions that are merged together, since they write the
// same columns in the same way: a version writes only what its page carried.
type Part struct {
	Op       warehouse.Op
	columns  []string
	Jobs     []string    // nil for rows that no job loaded
	among    string      // in a procedure: which jobs, as what follows the job in a condition
	whole    bool        // all jobs of the attempt instead
	Rows     int64       // of those jobs, as the ledger has it
	readAt   time.Time   // when the first of them was created
	Reason   gone.Reason // of what it takes away
	override bool        // it wins over rows of any stamp
	again    bool        // another job of the attempt read some of its records once more, since they were torn
}

// An Entry is one line of the ledger.
type Entry struct {
	Page, Job, Digest string
	Op                warehouse.Op
	Seq, Rows         int64
	Columns           []string
	ReadAt            time.Time
	Reason            gone.Reason
	Override          bool
}

// Parts plans the merge of an attempt. Whole records come first, in the order
// in which their sets of columns were first read; then patches, job by job,
// since they change rows that whole records made; then what is gone, so that a
// record that was read and is gone since keeps what was read of it.
func Parts(m warehouse.Merge, ledger []Entry) []Part {
	if m.Attempt == "" {
		all := shape.ColumnNames(m.Table)
		return []Part{{Op: warehouse.Put, columns: all, override: m.Override},
			{Op: warehouse.Delete, columns: all, Reason: m.AbsentReason, override: m.Override}}
	}
	var ps []Part
	for _, e := range ledger {
		p := Part{Op: e.Op, columns: e.Columns, Jobs: []string{e.Job}, readAt: e.ReadAt,
			Reason: cmp.Or(e.Reason, m.AbsentReason), override: (e.Override || m.Override) && e.Op != warehouse.Seen}
		i := slices.IndexFunc(ps, p.joins)
		if i < 0 {
			ps = append(ps, p)
			i = len(ps) - 1
		}
		ps[i].Rows += e.Rows
		if !slices.Contains(ps[i].Jobs, e.Job) {
			ps[i].Jobs = append(ps[i].Jobs, e.Job)
		}
	}
	for i := range ps {
		ps[i].again = ps[i].Op == warehouse.Put && slices.ContainsFunc(ledger, func(e Entry) bool {
			return e.Op == warehouse.Put && e.Override && !slices.Contains(ps[i].Jobs, e.Job)
		})
	}
	order := []warehouse.Op{warehouse.Put, warehouse.Patch, warehouse.Delete, warehouse.Seen}
	slices.SortStableFunc(ps, func(a, b Part) int {
		return slices.Index(order, a.Op) - slices.Index(order, b.Op)
	})
	return ps
}

// over is p, of rows that win over others of any stamp.
func (p Part) over() Part {
	p.override = true
	return p
}

// joins tells whether what p holds can be merged together with another part.
func (p Part) joins(with Part) bool {
	if p.Op == warehouse.Patch && !slices.Contains(with.Jobs, p.Jobs[0]) {
		return false
	}
	return p.Op == with.Op && p.Reason == with.Reason && p.override == with.override && sameSet(p.columns, with.columns)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// carries tells the column of a field, if the part's pages had it.
func (p Part) carries(t shape.Table, field string) (string, bool) {
	c, ok := t.Column(field)
	if !ok || !slices.Contains(p.columns, c.Name) {
		return "", false
	}
	return c.Name, true
}

// FewDeletes is how many deletes never stop a merge.
const FewDeletes = 100
