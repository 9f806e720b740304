package archives

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
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
	schema, err := writing.Schema(final)
	if err != nil {
		return nil, err
	}
	q := rows.Query{Key: t.Key, Keys: ids, Positions: true, Scratch: l.at.Scratch}
	for _, field := range schema.Fields() {
		q.Columns = append(q.Columns, field.Name)
	}
	cursor, err := rows.Open(ctx, final, q)
	if err != nil {
		return nil, err
	}
	files, err := writing.Rows(ctx, final, schema, m.rows(ctx, cursor))
	if err = errors.Join(err, cursor.Close()); err != nil {
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

// rows are those that a cursor has and that aren't marked so yet, as they are marked.
func (m *marking) rows(ctx context.Context, cursor *rows.Cursor) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for {
			b, err := cursor.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			var record arrow.RecordBatch
			if err == nil {
				record, err = m.batch(ctx, b)
			}
			if err == nil && record.NumRows() == 0 {
				continue
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// batch is the rows of a batch that have to be marked, as they are then.
func (m *marking) batch(ctx context.Context, b rows.Batch) (arrow.RecordBatch, error) {
	has := func(name string) arrow.Array { return b.Record.Column(b.Record.Schema().FieldIndices(name)[0]) }
	deletedAt, reason := has(columns.Deleted), has(columns.Reason)
	chosen := array.NewInt32Builder(memory.DefaultAllocator)
	defer chosen.Release()
	var ended []time.Time
	for i, id := range b.Keys {
		m.there[id] = true
		at := m.ended[id]
		is, _ := columns.Text(reason, i)
		if since := moment(deletedAt, i); is == string(gone.Archived) && since.Equal(at) {
			continue
		}
		chosen.Append(int32(i)) // #nosec G115 -- a batch has few rows
		ended = append(ended, at)
		m.dead[b.File[i]] = append(m.dead[b.File[i]], b.Position[i])
		if at.After(m.newest) {
			m.newest = at
		}
	}
	places := chosen.NewArray()
	values := make([]arrow.Array, b.Record.NumCols())
	for i, field := range b.Record.Schema().Fields() {
		column, err := compute.TakeArray(ctx, b.Record.Column(i), places)
		if err != nil {
			return nil, err
		}
		values[i] = m.column(field, column, ended)
	}
	return array.NewRecordBatch(b.Record.Schema(), values, int64(len(ended))), nil
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
