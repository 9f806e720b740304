package own

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/tables"
)

// A Row is the values of a row as texts, by the names of their columns. Null isn't there.
type Row map[string]string

// Is tells of the rows whose column has a value; of all where it is "".
func Is(column, value string) iceberg.BooleanExpression {
	if column == "" {
		return iceberg.AlwaysTrue{}
	}
	return iceberg.EqualTo(iceberg.Reference(column), value)
}

// Read reads the rows of a table of which something holds, in any order. It is for any table, ours or not.
func Read(ctx context.Context, t *table.Table, where iceberg.BooleanExpression) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		_, batches, err := t.Scan(table.WithRowFilter(where), table.WithMaxConcurrency(1)).ToArrowRecords(ctx)
		read(batches, err, yield)
	}
}

// each yields the rows of a batch, and tells whether to go on.
func each(batch arrow.RecordBatch, yield func(Row, error) bool) bool {
	for i := range int(batch.NumRows()) {
		row := Row{}
		for c, field := range batch.Schema().Fields() {
			if text, is := columns.Text(batch.Column(c), i); is {
				row[field.Name] = text
			}
		}
		if !yield(row, nil) {
			return false
		}
	}
	return true
}

// atOnce is how many rows are turned into a batch.
const atOnce = 4096

// Write writes rows into data files of a table. A commit adds them.
func Write(ctx context.Context, t *table.Table, rows iter.Seq[Row]) ([]iceberg.DataFile, error) {
	schema, err := table.SchemaToArrowSchema(t.Schema(), nil, true, false)
	if err != nil {
		return nil, err
	}
	var files []iceberg.DataFile
	for file, err := range table.WriteRecords(ctx, t, schema, Batches(schema, rows), table.WithMaxWriteWorkers(1)) {
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Batches turns rows into batches.
func Batches(schema *arrow.Schema, rows iter.Seq[Row]) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		n := 0
		for row := range rows {
			if err := add(b, row); err != nil {
				yield(nil, err)
				return
			}
			if n++; n%atOnce == 0 && !yield(b.NewRecordBatch(), nil) {
				return
			}
		}
		if n%atOnce != 0 {
			yield(b.NewRecordBatch(), nil)
		}
	}
}

func add(b *array.RecordBuilder, row Row) error {
	for i, field := range b.Schema().Fields() {
		text, is := row[field.Name]
		if !is {
			b.Field(i).AppendNull()
			continue
		}
		if err := columns.AppendText(b.Field(i), text); err != nil {
			return err
		}
	}
	return nil
}

// Edit changes rows of a table by one snapshot. edit is given all rows of those files that may have rows of which
// something holds, and gives what they are to be. It is asked again where somebody else was first.
func Edit(
	ctx context.Context, in *tables.Lake, name table.Identifier, where iceberg.BooleanExpression,
	edit func([]Row) []Row,
) error {
	_, err := in.Commit(ctx, name, func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		tasks, err := t.Scan(table.WithRowFilter(where)).PlanFiles(ctx)
		if err != nil {
			return nil, err
		}
		c := &tables.Change{}
		var rows []Row
		for _, task := range tasks {
			for row, err := range readTask(ctx, t, task) {
				if err != nil {
					return nil, err
				}
				rows = append(rows, row)
			}
			c.Gone = append(c.Gone, task.File)
		}
		after := edit(slices.Clone(rows))
		if same(rows, after) {
			return nil, nil
		}
		c.Rows, err = Write(ctx, t, slices.Values(after))
		return c, err
	})
	return err
}

// same tells whether two lists have the same rows, in whatever order.
func same(a, b []Row) bool {
	if len(a) != len(b) {
		return false
	}
	texts := func(rows []Row) []string {
		var all []string
		for _, row := range rows {
			all = append(all, fmt.Sprint(row)) // in order of the columns' names
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(texts(a), texts(b))
}

// readTask reads the rows of one file.
func readTask(ctx context.Context, t *table.Table, task table.FileScanTask) iter.Seq2[Row, error] {
	task.Residual = nil // all rows of it
	return func(yield func(Row, error) bool) {
		_, batches, err := t.Scan(table.WithMaxConcurrency(1)).ReadTasks(ctx, []table.FileScanTask{task})
		read(batches, err, yield)
	}
}

// read yields the rows of batches.
func read(batches iter.Seq2[arrow.RecordBatch, error], err error, yield func(Row, error) bool) {
	if err != nil {
		yield(nil, err)
		return
	}
	for batch, err := range batches {
		if err != nil {
			yield(nil, err)
			return
		}
		goesOn := each(batch, yield)
		batch.Release()
		if !goesOn {
			return
		}
	}
}
