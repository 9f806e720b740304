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
	"catchment/internal/warehouse/lake/rows"
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
		read(ctx, t, rows.Query{Where: where}, yield)
	}
}

// read yields the rows that a query wants, with all columns that the table has.
func read(ctx context.Context, t *table.Table, q rows.Query, yield func(Row, error) bool) {
	q.AnyOrder = true
	for _, field := range t.Schema().Fields() {
		q.Columns = append(q.Columns, field.Name)
	}

	going := true
	err := rows.Each(ctx, t, q, func(b rows.Batch) error {
		if going = each(b.Record, yield); !going {
			return rows.ErrEnough
		}
		return nil
	})
	if err != nil && going {
		yield(nil, err)
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
func Write(ctx context.Context, t *table.Table, lines iter.Seq[Row]) ([]iceberg.DataFile, error) {
	schema, err := table.SchemaToArrowSchema(t.Schema(), nil, true, false)
	if err != nil {
		return nil, err
	}
	var files []iceberg.DataFile
	for file, err := range table.WriteRecords(ctx, t, schema, Batches(schema, lines), table.WithMaxWriteWorkers(1)) {
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Batches turns rows into batches of a schema.
func Batches(schema *arrow.Schema, lines iter.Seq[Row]) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		n := 0
		for row := range lines {
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
			return nil, tables.Listing(name, err)
		}
		c := &tables.Change{}
		for _, task := range tasks {
			c.Gone = append(c.Gone, task.File)
		}

		before, err := rowsOf(ctx, t, tasks)
		if err != nil {
			return nil, err
		}
		after := edit(slices.Clone(before))
		if same(before, after) {
			return nil, nil
		}
		c.Rows, err = Write(ctx, t, slices.Values(after))
		return c, err
	})
	return err
}

// rowsOf are all rows of some files.
func rowsOf(ctx context.Context, t *table.Table, tasks []table.FileScanTask) (all []Row, err error) {
	if len(tasks) == 0 {
		return nil, nil
	}
	read(ctx, t, rows.Query{Tasks: tasks}, func(row Row, failed error) bool {
		all, err = append(all, row), failed
		return err == nil
	})
	return all, err
}

// same tells whether two lists have the same rows, in whatever order.
func same(a, b []Row) bool {
	if len(a) != len(b) {
		return false
	}
	texts := func(lines []Row) []string {
		var all []string
		for _, row := range lines {
			all = append(all, fmt.Sprint(row)) // in order of the columns' names
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(texts(a), texts(b))
}
