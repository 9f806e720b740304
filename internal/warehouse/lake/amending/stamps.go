package amending

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
)

// Unstamped writes rows anew whose stamps are after an end, without these, and the deletes of the rows that they were.
func Unstamped(
	ctx context.Context, t *table.Table, key []string, end time.Time, scratch string,
) (files, deletes []iceberg.DataFile, err error) {
	schema, err := writing.Schema(t)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, field := range schema.Fields() {
		names = append(names, field.Name)
	}
	after := func(column string) iceberg.BooleanExpression {
		return iceberg.GreaterThan(iceberg.Reference(column), iceberg.Timestamp(end.UnixMicro()))
	}
	cursor, err := rows.Open(ctx, t, rows.Query{Key: key, Columns: names, Positions: true, Scratch: scratch,
		Where: iceberg.NewOr(after(columns.At), after(columns.ReadAt))})
	if err != nil {
		return nil, nil, err
	}
	dead := map[string][]int64{}
	files, err = writing.Rows(ctx, t, schema, unstamped(cursor, dead, arrow.Timestamp(end.UnixMicro())))
	if err = errors.Join(err, cursor.Close()); err != nil || len(files) == 0 {
		return nil, nil, err
	}
	deletes, err = writing.Positions(ctx, t, dead)
	return files, deletes, err
}

// unstamped are the rows of a cursor without the stamps that are ahead. Where they are now is noted.
func unstamped(
	cursor *rows.Cursor, dead map[string][]int64, end arrow.Timestamp,
) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for {
			b, err := cursor.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i, file := range b.File {
				dead[file] = append(dead[file], b.Position[i])
			}
			values := append([]arrow.Array{}, b.Record.Columns()...)
			for i, field := range b.Record.Schema().Fields() {
				stamps, is := values[i].(*array.Timestamp)
				if is && (field.Name == columns.At || field.Name == columns.ReadAt) {
					values[i] = upTo(stamps, end)
				}
			}
			if !yield(array.NewRecordBatch(b.Record.Schema(), values, b.Record.NumRows()), nil) {
				return
			}
		}
	}
}

// upTo is moments, null where they are after an end.
func upTo(moments *array.Timestamp, end arrow.Timestamp) arrow.Array {
	kind := moments.DataType().(*arrow.TimestampType)
	b := array.NewTimestampBuilder(memory.DefaultAllocator, kind)
	defer b.Release()
	for i := range moments.Len() {
		if moments.IsNull(i) || moments.Value(i) > end {
			b.AppendNull()
			continue
		}
		b.Append(moments.Value(i))
	}
	return b.NewArray()
}
