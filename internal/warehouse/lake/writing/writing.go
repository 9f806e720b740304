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
// them have a dictionary; splice.go makes row groups of columns that another file has; positions.go writes deletes.
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
	return Pieces(ctx, t, schema, func(yield func(Piece, error) bool) {
		for batch, err := range records {
			if !yield(Piece{Batch: batch}, err) {
				return
			}
		}
	})
}

// Pieces is Rows for pieces, some of which may be row groups.
func Pieces(
	ctx context.Context, t *table.Table, schema *arrow.Schema, pieces iter.Seq2[Piece, error],
) ([]iceberg.DataFile, error) {
	w, err := newWriter(ctx, t, schema)
	if err != nil {
		return nil, err
	}
	for piece, err := range pieces {
		if err == nil {
			err = w.take(ctx, piece)
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

// A Piece is some rows that are written: values, or a row group.
type Piece struct {
	Batch arrow.RecordBatch
	Group *Splice // nil where they are values
}

// Release lets go of what a piece holds.
func (p Piece) Release() {
	if p.Batch != nil {
		p.Batch.Release()
	}
	if p.Group != nil {
		p.Group.Release()
	}
}

// A writer writes files one after the other.
type writer struct {
	files []iceberg.DataFile // that are whole
	kind  kind
	fresh func(first []arrow.Array) (*file, error) // by values of each column, nil for those that are copied
	open  *file                                    // nil for none
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
	return &writer{kind: k, fresh: func(first []arrow.Array) (*file, error) { return create(ctx, t, k, first) },
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

// take writes a piece.
func (w *writer) take(ctx context.Context, p Piece) error {
	if p.Group == nil {
		return w.write(ctx, p.Batch)
	}
	defer p.Release()
	if err := w.begin(ctx, p.Group.Values); err != nil {
		return err
	}
	return w.open.rows.splice(p.Group)
}

// write writes a batch.
func (w *writer) write(ctx context.Context, batch arrow.RecordBatch) error {
	defer batch.Release()
	if batch.NumRows() == 0 {
		return nil
	}
	if err := w.begin(ctx, batch.Columns()); err != nil {
		return err
	}
	same := array.NewRecordBatch(w.kind.arrow, batch.Columns(), batch.NumRows())
	defer same.Release()
	return w.open.rows.write(same)
}

// begin has a file open with room for more rows, of which these are the first: the next file where the one that is
// open has grown to its size.
func (w *writer) begin(ctx context.Context, first []arrow.Array) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if w.open != nil && w.open.full() {
		if err := w.end(); err != nil {
			return err
		}
	}
	if w.open != nil {
		return nil
	}
	var err error
	w.open, err = w.fresh(first)
	return err
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
