package tables

import (
	"iter"
	"time"

	"github.com/apache/iceberg-go/table"
)

// Ancestors are the snapshots that led to the newest one, that one first, as far as they are kept.
func Ancestors(t *table.Table) iter.Seq[table.Snapshot] {
	return func(yield func(table.Snapshot) bool) {
		s := t.CurrentSnapshot()
		for s != nil && yield(*s) && s.ParentSnapshotID != nil {
			s = t.SnapshotByID(*s.ParentSnapshotID)
		}
	}
}

// A Foreign is a snapshot that somebody else has made on top of ours.
type Foreign struct {
	Operation string // as its summary says: append, overwrite, delete or replace
	At        time.Time
}

// Replaces tells whether it says that it changed no row: it compacted.
func (f Foreign) Replaces() bool { return f.Operation == string(table.OpReplace) }

// ForeignOf lists the snapshots that others have made since one of a sequence number, the newest first, as far as they
// are kept. Ours on top of them don't hide them: a claim is one, and nobody has looked at the rows for it.
func ForeignOf(t *table.Table, since int64) []Foreign {
	var all []Foreign
	for s := range Ancestors(t) {
		if s.SequenceNumber <= since {
			return all
		}
		if s.Summary != nil && s.Summary.Properties[CommitKey] != "" {
			continue
		}
		f := Foreign{At: time.UnixMilli(s.TimestampMs).UTC()}
		if s.Summary != nil {
			f.Operation = string(s.Summary.Operation)
		}
		all = append(all, f)
	}
	return all
}
