package amending

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rewriting"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
)

// Unstamped writes rows anew whose stamps are after an end, without these, and the deletes of the rows that they were.
func Unstamped(
	ctx context.Context, t *table.Table, key []string, end time.Time, scratch string,
) (files, deletes []iceberg.DataFile, err error) {
	after := func(column string) iceberg.BooleanExpression {
		return iceberg.GreaterThan(iceberg.Reference(column), iceberg.Timestamp(end.UnixMicro()))
	}
	q := rows.Query{Key: key, Positions: true, Scratch: scratch,
		Where: iceberg.NewOr(after(columns.At), after(columns.ReadAt))}
	dead := map[string][]int64{}
	files, err = rewriting.Rows(ctx, t, q, func(_ context.Context, b rows.Batch) (arrow.RecordBatch, error) {
		for i, file := range b.File {
			dead[file] = append(dead[file], b.Position[i])
		}
		return unstamped(b.Record, arrow.Timestamp(end.UnixMicro())), nil
	})
	if err != nil || len(files) == 0 {
		return nil, nil, err
	}
	deletes, err = writing.Positions(ctx, t, dead)
	return files, deletes, err
}

// unstamped is rows without the stamps that are after an end.
func unstamped(record arrow.RecordBatch, end arrow.Timestamp) arrow.RecordBatch {
	values := slices.Clone(record.Columns())
	for i, field := range record.Schema().Fields() {
		stamps, is := values[i].(*array.Timestamp)
		if is && (field.Name == columns.At || field.Name == columns.ReadAt) {
			values[i] = upTo(stamps, end)
		}
	}
	return array.NewRecordBatch(record.Schema(), values, record.NumRows())
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
