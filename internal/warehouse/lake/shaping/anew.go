package shaping

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
)

// rewrite writes the rows of a table into files with other columns, file by file: each keeps its rows in their order,
// and stays in its partition.
func (s *Shaping) rewrite(t *table.Table) func(context.Context, *table.Table) ([]iceberg.DataFile, error) {
	return func(ctx context.Context, then *table.Table) ([]iceberg.DataFile, error) {
		scan := t.Scan(table.WithMaxConcurrency(1))
		tasks, err := scan.PlanFiles(ctx)
		if err != nil {
			return nil, err
		}
		schema, err := table.SchemaToArrowSchema(then.Schema(), nil, true, false)
		if err != nil {
			return nil, err
		}
		var files []iceberg.DataFile
		for _, task := range tasks {
			_, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
			if err != nil {
				return nil, err
			}
			rows := s.converted(schema, batches)
			for file, err := range table.WriteRecords(ctx, then, schema, rows, table.WithMaxWriteWorkers(1)) {
				if err != nil {
					return nil, fmt.Errorf("write %s anew: %w", task.File.FilePath(), err)
				}
				files = append(files, file)
			}
		}
		return files, nil
	}
}

// converted are batches with the columns of a schema. A column that they lack is null.
func (s *Shaping) converted(
	to *arrow.Schema, batches iter.Seq2[arrow.RecordBatch, error],
) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for batch, err := range batches {
			if err == nil {
				batch, err = s.convert(to, batch)
			}
			if !yield(batch, err) {
				return
			}
		}
	}
}

func (s *Shaping) convert(to *arrow.Schema, batch arrow.RecordBatch) (arrow.RecordBatch, error) {
	defer batch.Release()
	all := make([]arrow.Array, to.NumFields())
	defer func() {
		for _, values := range all {
			if values != nil {
				values.Release()
			}
		}
	}()
	for i, field := range to.Fields() {
		at := batch.Schema().FieldIndices(s.before(field.Name))
		if len(at) == 0 {
			all[i] = array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, int(batch.NumRows()))
			continue
		}
		values := batch.Column(at[0])
		if arrow.TypeEqual(values.DataType(), field.Type) {
			values.Retain()
			all[i] = values
			continue
		}
		var err error
		if all[i], err = retyped(values, field); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(to, all, batch.NumRows()), nil
}

// retyped is values as another type has them. A text of a number is as Salesforce writes it: without the zeros that
// fill its scale up.
func retyped(values arrow.Array, to arrow.Field) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, to.Type)
	defer b.Release()
	_, number := values.DataType().(*arrow.Decimal128Type)
	for i := range values.Len() {
		text, is := columns.Text(values, i)
		if !is {
			b.AppendNull()
			continue
		}
		if number && strings.Contains(text, ".") {
			text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
		}
		if err := columns.AppendText(b, text); err != nil {
			return nil, fmt.Errorf("column %s: %w", to.Name, err)
		}
	}
	return b.NewArray(), nil
}
