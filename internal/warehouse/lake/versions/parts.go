package versions

import (
	"cmp"
	"slices"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// A Job is what the ledger says of one job of an attempt.
type Job struct {
	Name     string
	Op       warehouse.Op
	Columns  []string // that its pages carry, in order
	ReadAt   time.Time
	Reason   gone.Reason
	Override bool
	Fields   []string // the API names of Columns, in lower case
}

// A Part is the jobs of an attempt that do the same and carry the same columns: a version writes no more than what
// its page carried.
type Part struct {
	Op       warehouse.Op
	Columns  []string
	Jobs     []string
	ReadAt   Moment // when the first of them was created
	Reason   gone.Reason
	Override bool
	TellsIt  bool // it carries IsDeleted
	fields   []string
}

// order is how the parts of an attempt follow each other: whole records, then patches, then what is gone.
var order = []warehouse.Op{warehouse.Put, warehouse.Patch, warehouse.Delete, warehouse.Seen}

// PartsOf puts the jobs of an attempt, in the order in which they were read, into parts. isDeleted is the name of
// the column that tells whether a record is deleted, "" for none.
func PartsOf(jobs []Job, m warehouse.Merge, isDeleted string) []Part {
	var parts []Part
	for _, j := range jobs {
		p := Part{Op: j.Op, Columns: slices.Sorted(slices.Values(j.Columns)), Jobs: []string{j.Name},
			ReadAt: At(j.ReadAt), Reason: cmp.Or(j.Reason, m.AbsentReason, gone.Purged), fields: j.Fields}
		p.Override = (j.Override || m.Override) && p.Op != warehouse.Seen
		p.TellsIt = isDeleted != "" && slices.Contains(p.Columns, isDeleted)
		i := slices.IndexFunc(parts, p.goesWith)
		if i < 0 {
			parts = append(parts, p)
			continue
		}
		parts[i].Jobs = append(parts[i].Jobs, j.Name)
	}
	slices.SortStableFunc(parts, func(a, b Part) int {
		return slices.Index(order, a.Op) - slices.Index(order, b.Op)
	})
	return parts
}

// goesWith tells whether a job's part is the same as another. Patches are done job by job.
func (p Part) goesWith(other Part) bool {
	return p.Op == other.Op && (p.Op != warehouse.Patch || p.Jobs[0] == other.Jobs[0]) &&
		p.Reason == other.Reason && p.Override == other.Override && slices.Equal(p.Columns, other.Columns)
}

// wins tells whether a version of the part replaces what was stamped at and read then: by the stamp, then by the
// time of reading (invariant 4). A rebuild or a repair goes by the latter alone, since a stamp may be ahead.
func wins(override bool, at, readAt, overAt, overReadAt Moment) bool {
	if override {
		return readAt == None || overReadAt == None || readAt >= overReadAt
	}
	return at > overAt || at == overAt && readAt > overReadAt
}

// ReadAt is when an attempt, of which these are the jobs in the order in which they were read, began to read whole
// records. One that read none is as of now.
func ReadAt(jobs []Job, now time.Time) Moment {
	for _, j := range jobs {
		if j.Op == warehouse.Put {
			return At(j.ReadAt)
		}
	}
	return At(now)
}
