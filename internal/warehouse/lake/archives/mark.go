package archives

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rewriting"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

// mark has the rows of records say that these are out of Salesforce. They were read then at the latest: what was read
// before, and is merged later, doesn't bring one back.
func (l *Ledger) mark(ctx context.Context, f warehouse.Fence, t shape.Table, out []archived.Line) error {
	if len(out) == 0 {
		return nil
	}
	after, err := l.at.Amend(ctx, f, t, func(ctx context.Context, final *table.Table) (*Amendment, error) {
		if err := fits(t, final); err != nil {
			return nil, err
		}
		m := &marking{ended: map[string]time.Time{}, there: map[string]bool{}, dead: map[string][]int64{},
			now: kept(l.at.Now())}
		for _, line := range out {
			m.ended[line.ID] = line.EndedAt
		}
		if c, is := t.Column(shape.FieldDeleted); is {
			m.isDeleted = c.Name
		}
		return l.rewrite(ctx, t, final, idsOf(out), m)
	})
	if err == nil && crowded(after) {
		_ = l.at.Tidy(ctx, f, t.Name) // the rows are marked; upkeep tries again
	}
	return err
}

// rewrite writes the rows of some records anew, as they are marked.
func (l *Ledger) rewrite(
	ctx context.Context, t shape.Table, final *table.Table, ids []string, m *marking,
) (*Amendment, error) {
	q := rows.Query{Key: t.Key, Keys: ids, Positions: true, Scratch: l.at.Scratch}
	files, err := rewriting.Rows(ctx, final, q, m.batch)
	if err != nil {
		return nil, err
	}
	if err := missing(t, ids, m.there); err != nil {
		writing.Drop(context.WithoutCancel(ctx), final, files)
		return nil, err
	}
	if len(files) == 0 {
		return nil, nil
	}
	a := &Amendment{Written: m.now, Read: m.newest}
	a.Rows = files
	a.Deletes, err = writing.Positions(ctx, final, m.dead)
	return a, err
}

// A marking is the rows of one table on their way to say that they are archived.
type marking struct {
	ended     map[string]time.Time // when it was known that a record is out, by Id
	isDeleted string               // the column of IsDeleted, "" where there is none
	now       time.Time

	there  map[string]bool    // records that have a row
	dead   map[string][]int64 // the rows that were written anew, by file
	newest time.Time          // the latest moment that a row was marked with
}

// batch is the rows of a batch that have to be marked, as they are then.
func (m *marking) batch(ctx context.Context, b rows.Batch) (arrow.RecordBatch, error) {
	has := func(name string) arrow.Array { return b.Record.Column(b.Record.Schema().FieldIndices(name)[0]) }
	deletedAt, reason := has(columns.Deleted), has(columns.Reason)
	var ended []time.Time
	record, err := rewriting.Only(ctx, b.Record, func(i int) bool {
		id := b.Keys[i]
		m.there[id] = true
		at := m.ended[id]
		is, _ := columns.Text(reason, i)
		if since := moment(deletedAt, i); is == string(gone.Archived) && since.Equal(at) {
			return false
		}
		ended = append(ended, at)
		m.dead[b.File[i]] = append(m.dead[b.File[i]], b.Position[i])
		if at.After(m.newest) {
			m.newest = at
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	values := slices.Clone(record.Columns())
	for i, field := range record.Schema().Fields() {
		values[i] = m.column(field, values[i], ended)
	}
	return array.NewRecordBatch(record.Schema(), values, record.NumRows()), nil
}

// column is a column of rows that left Salesforce at some moments.
func (m *marking) column(field arrow.Field, was arrow.Array, ended []time.Time) arrow.Array {
	moments := func(of func(i int) time.Time) arrow.Array {
		b := array.NewTimestampBuilder(memory.DefaultAllocator, field.Type.(*arrow.TimestampType))
		defer b.Release()
		for i := range ended {
			b.Append(arrow.Timestamp(of(i).UnixMicro()))
		}
		return b.NewArray()
	}
	switch field.Name {
	case columns.Deleted:
		return moments(func(i int) time.Time { return ended[i] })
	case columns.SyncedAt:
		return moments(func(int) time.Time { return m.now })
	case columns.ReadAt:
		return moments(func(i int) time.Time {
			if at := moment(was, i); at.After(ended[i]) {
				return at
			}
			return ended[i]
		})
	case columns.Reason:
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		for range ended {
			b.Append(string(gone.Archived))
		}
		return b.NewArray()
	case m.isDeleted:
		if field.Type.ID() != arrow.BOOL {
			return was
		}
		b := array.NewBooleanBuilder(memory.DefaultAllocator)
		defer b.Release()
		for range ended {
			b.Append(true)
		}
		return b.NewArray()
	}
	return was
}

// moment is a moment of a column, the zero time for none.
func moment(of arrow.Array, i int) time.Time {
	moments, is := of.(*array.Timestamp)
	if !is || moments.IsNull(i) {
		return time.Time{}
	}
	return time.UnixMicro(int64(moments.Value(i))).UTC()
}
