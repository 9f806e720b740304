// Package rewriting writes rows that a table has into new files: as they are, without some of them, or with other
// values. What becomes of the files that had them, or of the rows there, is up to its caller.
//
// Start at Rows.
package rewriting

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
)

// A Change is what is written of some rows, which have all columns of their table.
type Change func(context.Context, rows.Batch) (arrow.RecordBatch, error)

// AsTheyAre changes nothing.
func AsTheyAre(_ context.Context, b rows.Batch) (arrow.RecordBatch, error) { return b.Record, nil }

// Rows writes the rows that a query wants, with all columns of the table, as they are after a change. Where that leaves
// none, there are no files.
func Rows(ctx context.Context, t *table.Table, q rows.Query, change Change) ([]iceberg.DataFile, error) {
	schema, err := writing.Schema(t)
	if err != nil {
		return nil, err
	}
	q.Columns = nil
	for _, field := range schema.Fields() {
		q.Columns = append(q.Columns, field.Name)
	}
	cursor, err := rows.Open(ctx, t, q)
	if err != nil {
		return nil, err
	}
	files, err := writing.Rows(ctx, t, schema, changed(ctx, cursor, change))
	return files, errors.Join(err, cursor.Close())
}

// changed are the rows of a cursor after a change.
func changed(ctx context.Context, cursor *rows.Cursor, change Change) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for {
			b, err := cursor.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			var record arrow.RecordBatch
			if err == nil {
				record, err = change(ctx, b)
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

// Only is a record of those rows that are kept. keep is asked about each, in order.
func Only(ctx context.Context, of arrow.RecordBatch, keep func(i int) bool) (arrow.RecordBatch, error) {
	kept := array.NewBooleanBuilder(memory.DefaultAllocator)
	defer kept.Release()
	for i := range int(of.NumRows()) {
		kept.Append(keep(i))
	}
	return compute.FilterRecordBatch(ctx, of, kept.NewBooleanArray(), compute.DefaultFilterOptions())
}
