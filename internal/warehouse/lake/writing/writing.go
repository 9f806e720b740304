// Package writing makes the files of a lake: data files of rows, and files of position deletes.
//
// A file that was written is in no table yet. Whoever commits it names it in a snapshot; a file that nobody names is
// an orphan, and upkeep takes it away.
//
// Rows come in the order that the table's sort order says, which nobody checks here. Files are Parquet: zstd, row
// groups small enough to be skipped and to be held in memory, and a bloom filter on the columns of which the table's
// properties say so.
//
// Start at Rows. file.go writes one file, groups.go its row groups, column.go their columns, repeats.go tells which of
// them have a dictionary; positions.go writes deletes.
package writing

import (
	"context"
	"fmt"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Schema is the columns of a table as batches of its rows have them.
func Schema(t *table.Table) (*arrow.Schema, error) {
	return table.SchemaToArrowSchema(t.Schema(), nil, true, false)
}

// Rows writes data files for a table, of batches in the order that they come, which it releases. Their columns are
// found in the table by name; those that they lack are null. In a partitioned table all rows are of one partition.
func Rows(
	ctx context.Context, t *table.Table, schema *arrow.Schema, records iter.Seq2[arrow.RecordBatch, error],
) ([]iceberg.DataFile, error) {
	w, err := newWriter(ctx, t, schema)
	if err != nil {
		return nil, err
	}
	for batch, err := range records {
		if err == nil {
			err = w.write(ctx, batch)
		}
		if err != nil {
			return nil, w.giveUp(err)
		}
	}
	if err := w.end(); err != nil {
		return nil, w.giveUp(err)
	}
	return w.files, nil
}

// A writer writes files one after the other.
type writer struct {
	files []iceberg.DataFile // that are whole
	kind  kind
	fresh func(first arrow.RecordBatch) (*file, error)
	open  *file // nil for none
	drop  func([]iceberg.DataFile)
}

// newWriter makes one for rows of a schema.
func newWriter(ctx context.Context, t *table.Table, schema *arrow.Schema) (*writer, error) {
	has, err := Schema(t)
	if err != nil {
		return nil, err
	}
	var fields []arrow.Field
	for _, f := range schema.Fields() {
		at := has.FieldIndices(f.Name)
		if len(at) != 1 || !arrow.TypeEqual(has.Field(at[0]).Type, f.Type) {
			name := t.Identifier()
			return nil, fmt.Errorf("table %s has no column %s of type %s", name[len(name)-1], f.Name, f.Type)
		}
		fields = append(fields, has.Field(at[0]))
	}
	k := kind{content: iceberg.EntryContentData, schema: t.Schema(), arrow: arrow.NewSchema(fields, nil),
		properties: t.Properties(), spec: t.Spec(), order: orderOf(t)}
	return &writer{kind: k, fresh: func(first arrow.RecordBatch) (*file, error) { return create(ctx, t, k, first) },
		drop: func(files []iceberg.DataFile) { Drop(context.WithoutCancel(ctx), t, files) }}, nil
}

// orderOf is the sort order that files of a table say they have. Rows come in the order of their keys as texts, which
// is that of the values where these are texts.
func orderOf(t *table.Table) int {
	order := t.SortOrder()
	for _, by := range order.Fields() {
		f, ok := t.Schema().FindFieldByID(by.SourceID())
		if _, text := f.Type.(iceberg.StringType); !ok || !text {
			return table.UnsortedSortOrderID
		}
	}
	return order.OrderID()
}

// write writes a batch, into the next file where the one that is open has grown to its size.
func (w *writer) write(ctx context.Context, batch arrow.RecordBatch) error {
	defer batch.Release()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if batch.NumRows() == 0 {
		return nil
	}
	if w.open != nil && w.open.full() {
		if err := w.end(); err != nil {
			return err
		}
	}
	if w.open == nil {
		var err error
		if w.open, err = w.fresh(batch); err != nil {
			return err
		}
	}
	same := array.NewRecordBatch(w.kind.arrow, batch.Columns(), batch.NumRows())
	defer same.Release()
	return w.open.rows.write(same)
}

// end ends the file that is open.
func (w *writer) end() error {
	if w.open == nil {
		return nil
	}
	whole, err := w.open.end()
	if err != nil {
		return err
	}
	w.files, w.open = append(w.files, whole), nil
	return nil
}

// giveUp leaves no file behind: nobody will name them.
func (w *writer) giveUp(err error) error {
	if w.open != nil {
		w.open.drop()
		w.open = nil
	}
	w.drop(w.files)
	return err
}

// Drop removes files that were written, and that no commit has been tried with. What can't be removed is an orphan.
func Drop(ctx context.Context, t *table.Table, files []iceberg.DataFile) {
	storage, err := t.FS(ctx)
	if err != nil {
		return
	}
	for _, f := range files {
		_ = storage.Remove(f.FilePath())
	}
}
