package lake

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/lost"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/touched"
)

// Inspect compares a final table with what its mark remembers (invariant 12). What others have written since is told
// by the catalog; rows are looked at only where that, or the bounds of files, gives cause.
func (s shaper) Inspect(
	ctx context.Context, t shape.Table, m warehouse.Mark, latest time.Time,
) (shape.Condition, error) {
	c, err := s.condition(ctx, t, m, latest)
	return c, named("inspect "+t.Name, err)
}

func (s *site) condition(
	ctx context.Context, t shape.Table, m warehouse.Mark, latest time.Time,
) (shape.Condition, error) {
	final, err := s.found(ctx, s.final(t))
	if err != nil {
		return "", err
	}
	if final == nil {
		return s.without(ctx, m)
	}
	stands, is, err := standingOf(final)
	if err != nil {
		return "", err
	}
	if !is || shaping.Lacks(final.Schema(), columns.Final()) != "" || lacksKey(t, final.Schema()) {
		return shape.Foreign, nil
	}
	if err := stands.watch(final); err != nil {
		return "", err
	}
	if stands.Back {
		return shape.Restored, nil
	}
	if f, is := changed(final, stands); is {
		return touched.By(f.Operation, f.At), nil
	}
	end := latest.Add(evidence.Leeway)
	b, err := boundsOf(ctx, final)
	if err != nil {
		return "", err
	}
	if !b.doubtful(m, end) && !meddled(final) {
		return shape.Intact, nil
	}
	var found extent
	gone, err := lost.Despite(ctx, s.finder(t), nil, func(without lost.Files) error {
		now, err := s.Find(ctx, s.final(t))
		if err == nil {
			found, err = extentOf(ctx, now, without)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	switch {
	case len(gone) > 0: // whatever else it looks like
		return shape.Fewer, nil
	case found.rows == 0 && m.Rows > 0:
		return shape.Emptied, nil
	case found.newest.Before(m.Newest):
		return shape.Restored, nil
	case found.stamped.After(end):
		return shape.Ahead, nil
	case found.rows < m.Rows:
		return shape.Fewer, nil
	}
	return shape.Intact, nil
}

// without is the condition of a table that isn't there.
func (s *site) without(ctx context.Context, m warehouse.Mark) (shape.Condition, error) {
	all, err := s.registered(ctx)
	if err != nil {
		return "", err
	}
	if all[m.Flow].Made || !m.SyncedAt.IsZero() {
		return shape.Dropped, nil
	}
	return shape.Absent, nil
}

func lacksKey(t shape.Table, has *iceberg.Schema) bool {
	for _, key := range t.Key {
		if _, ok := has.FindFieldByName(key); !ok {
			return true
		}
	}
	return false
}

// rolledBack tells whether a table's newest snapshot is older than its standing: somebody went back to it.
func rolledBack(t *table.Table, stands standing) (bool, error) {
	for snapshot := range tables.Ancestors(t) {
		if snapshot.Summary == nil {
			continue
		}
		then, is, err := standingIn(snapshot.Summary.Properties)
		if is || err != nil {
			return then.Number < stands.Number || then.Mark.SyncedAt.Before(stands.Mark.SyncedAt), err
		}
	}
	return false, nil
}

// changed tells of the newest snapshot that others have made since somebody has looked, and that says that rows are
// others than before.
func changed(t *table.Table, stands standing) (tables.Foreign, bool) {
	for _, f := range tables.ForeignOf(t, stands.Seen) {
		if !f.Replaces() {
			return f, true
		}
	}
	return tables.Foreign{}, false
}

// meddled tells whether others have changed rows since we last did. That we have looked at it since doesn't count.
func meddled(t *table.Table) bool {
	for snapshot := range tables.Ancestors(t) {
		s := snapshot.Summary
		ours := s != nil && s.Properties[tables.CommitKey] != ""
		switch {
		case ours && (s.Properties["added-data-files"] != "" || s.Properties["added-delete-files"] != "" ||
			s.Properties["deleted-data-files"] != ""):
			return false
		case !ours && (s == nil || s.Operation != table.OpReplace):
			return true
		}
	}
	return false
}

// bounds is what the files of a table say of its rows. There may be more rows than that, where what is deleted is
// deleted twice, and none that is newer.
type bounds struct {
	rows            int64
	newest, stamped time.Time
	unknown         bool // some file says nothing of its rows
}

// doubtful tells whether the rows themselves have to be looked at.
func (b bounds) doubtful(m warehouse.Mark, end time.Time) bool {
	return b.unknown || b.rows < m.Rows || b.newest.Before(m.Newest) || b.stamped.After(end)
}

func boundsOf(ctx context.Context, t *table.Table) (b bounds, err error) {
	data, deletes, err := tables.Files(ctx, t)
	if err != nil {
		return b, err
	}
	for _, file := range data {
		b.rows += file.Count()
		newest, known := upper(t, file, columns.SyncedAt)
		b.newest, b.unknown = later(b.newest, newest), b.unknown || !known
		for _, column := range []string{columns.At, columns.ReadAt} {
			at, known := upper(t, file, column)
			b.stamped, b.unknown = later(b.stamped, at), b.unknown || !known
		}
	}
	for _, file := range deletes {
		b.rows -= file.Count()
		b.unknown = b.unknown || file.ContentType() != iceberg.EntryContentPosDeletes
	}
	return b, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// upper is the latest moment that a file has in a column, and tells whether it says so.
func upper(t *table.Table, file iceberg.DataFile, column string) (time.Time, bool) {
	f, ok := t.Schema().FindFieldByName(column)
	if !ok {
		return time.Time{}, false
	}
	bytes, has := file.UpperBoundValues()[f.ID]
	if !has {
		nulls, counted := file.NullValueCounts()[f.ID]
		return time.Time{}, counted && nulls == file.Count()
	}
	literal, err := iceberg.LiteralFromBytes(f.Type, bytes)
	if err != nil {
		return time.Time{}, false
	}
	at, ok := literal.(iceberg.TypedLiteral[iceberg.Timestamp])
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(at.Value())).UTC(), true
}

// An extent is how far the rows of a final table reach.
type extent struct {
	rows            int64
	newest, stamped time.Time // when the newest was written; the latest stamp, or time of reading
}

// extentOf looks at all rows of a table, in three columns of them.
func extentOf(ctx context.Context, t *table.Table, without lost.Files) (e extent, err error) {
	q := rows.Query{Columns: []string{columns.SyncedAt, columns.At, columns.ReadAt}, AnyOrder: true,
		Without: without.Paths()}
	err = rows.Each(ctx, t, q, func(b rows.Batch) error {
		e.rows += b.Record.NumRows()
		for i, name := range q.Columns {
			moments, ok := b.Record.Column(i).(*array.Timestamp)
			if !ok {
				return fmt.Errorf("column %s holds no moments", name)
			}
			if at := latestOf(moments); name == columns.SyncedAt {
				e.newest = later(e.newest, at)
			} else {
				e.stamped = later(e.stamped, at)
			}
		}
		return nil
	})
	return e, err
}

func latestOf(moments *array.Timestamp) (latest time.Time) {
	for i := range moments.Len() {
		if moments.IsValid(i) {
			latest = later(latest, time.UnixMicro(int64(moments.Value(i))).UTC())
		}
	}
	return latest
}
