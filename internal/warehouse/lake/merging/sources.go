package merging

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
)

// The fields that a merge acts on.
const (
	fieldStamp   = "SystemModstamp"
	fieldDeleted = "IsDeleted"
	fieldMaster  = "MasterRecordId"
)

// columnOf is the name of a field's column, "" for none.
func columnOf(t shape.Table, field string) string {
	c, _ := t.Column(field)
	return c.Name
}

// Staged versions, as a batch of the stage table has them.
type staged struct {
	parts             map[string]int // by the names of jobs
	rules             *versions.Rules
	table             shape.Table
	job               texts
	at, readAt, stamp moments
	seq               *array.Int64
	deleted           *array.Boolean
	master            arrow.Array

	last string // the job of the row that was looked at last, and its part
	part int
}

func newStaged(r *versions.Rules, t shape.Table) *staged {
	s := &staged{parts: map[string]int{}, rules: r, table: t}
	for i, p := range r.Parts {
		for _, job := range p.Jobs {
			s.parts[job] = i
		}
	}
	return s
}

// columns are those that versions are told by.
func (s *staged) columns() []string {
	all := []string{columns.Job, columns.Seq, columns.At, columns.ReadAt}
	for _, field := range []string{fieldStamp, fieldDeleted, fieldMaster} {
		if name := columnOf(s.table, field); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// load looks at a batch.
func (s *staged) load(b *rows.Batch) error {
	var all [4]error
	s.job, all[0] = textsOf(b.Record, columns.Job)
	s.at, all[1] = momentsOf(b.Record, columns.At)
	s.readAt, all[2] = momentsOf(b.Record, columns.ReadAt)
	s.stamp, all[3] = momentsOf(b.Record, columnOf(s.table, fieldStamp))
	s.seq, _ = named(b.Record, columns.Seq).(*array.Int64)
	s.deleted, _ = named(b.Record, columnOf(s.table, fieldDeleted)).(*array.Boolean)
	s.master = named(b.Record, columnOf(s.table, fieldMaster))
	s.last, s.part = "", -1
	return errors.Join(all[:]...)
}

// version is a row of the batch, as a version. A job that the ledger doesn't know has none.
func (s *staged) version(i int) (versions.Version, bool) {
	if job := s.job.at(i); job != s.last || s.part < 0 {
		part, known := s.parts[job]
		if !known {
			return versions.Version{}, false
		}
		s.last, s.part = job, part
	}
	p := &s.rules.Parts[s.part]
	v := versions.Version{Part: s.part, ReadAt: s.readAt.at(i)}
	v.At = versions.Stamped(p.Op, s.at.at(i), s.stamp.at(i), v.ReadAt)
	if s.seq != nil && s.seq.IsValid(i) {
		v.Seq = s.seq.Value(i)
	}
	v.Deleted = s.deleted != nil && s.deleted.IsValid(i) && s.deleted.Value(i)
	v.Merged = s.master != nil && s.master.IsValid(i)
	return v, true
}

// op is what the last version does.
func (s *staged) op() warehouse.Op { return s.rules.Parts[s.part].Op }

// Rows, as a batch of the final table has them.
type kept struct {
	at, readAt, deleted, rejected, synced moments
	reason                                texts
}

// columnsOfKept are those that rows are told by.
var columnsOfKept = []string{columns.At, columns.ReadAt, columns.Deleted, columns.Reason, columns.Rejected,
	columns.SyncedAt}

// load looks at a batch.
func (k *kept) load(b *rows.Batch) error {
	var all [6]error
	k.at, all[0] = momentsOf(b.Record, columns.At)
	k.readAt, all[1] = momentsOf(b.Record, columns.ReadAt)
	k.deleted, all[2] = momentsOf(b.Record, columns.Deleted)
	k.reason, all[3] = textsOf(b.Record, columns.Reason)
	k.rejected, all[4] = momentsOf(b.Record, columns.Rejected)
	k.synced, all[5] = momentsOf(b.Record, columns.SyncedAt)
	return errors.Join(all[:]...)
}

// row is a row of the batch.
func (k *kept) row(i int) versions.Row {
	return versions.Row{At: k.at.at(i), ReadAt: k.readAt.at(i), Deleted: k.deleted.at(i),
		Reason: gone.Reason(k.reason.at(i)), Rejected: k.rejected.at(i)}
}

// keyless is the error of a staged row without a key.
func keyless() error { return plan.Failf(plan.Bug, "", "a staged row has no key") }
