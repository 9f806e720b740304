// Package removal takes rows out of a table that has no position deletes, as the tables beside the final ones are: by
// whole files where all of a file's rows are to go, and by files that are written anew where some are.
//
// Files of ours are constant in what rows are mostly removed by: their attempt, their job, their day. Files that
// somebody has compacted need not be.
//
// Files, from the top: removal.go, where.go.
package removal

import (
	"context"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/writing"
)

// Of adds to a change that those rows go of which something holds, and tells whether there may be any.
func Of(ctx context.Context, t *table.Table, which Where, c *tables.Change) (bool, error) {
	tasks, err := t.Scan(table.WithRowFilter(which.Expression())).PlanFiles(ctx)
	if err != nil {
		return false, err
	}
	for _, task := range tasks {
		c.Gone = append(c.Gone, task.File)
		if which.whole(t, task.File) {
			continue
		}
		left, err := rest(ctx, t, task, which)
		if err != nil {
			return false, err
		}
		c.Rows = append(c.Rows, left...)
	}
	return len(tasks) > 0, nil
}

// rest writes the rows of a file that stay.
func rest(
	ctx context.Context, t *table.Table, task table.FileScanTask, which Where,
) ([]iceberg.DataFile, error) {
	task.Residual = nil
	scan := t.Scan(table.WithRowFilter(iceberg.NewNot(which.Expression())), table.WithMaxConcurrency(1))
	schema, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
	if err != nil {
		return nil, err
	}
	return writing.Rows(ctx, t, schema, some(batches))
}

// some leaves out batches without rows, whose columns nobody can tell.
func some(batches iter.Seq2[arrow.RecordBatch, error]) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for batch, err := range batches {
			if err == nil && batch.NumRows() == 0 {
				batch.Release()
				continue
			}
			if !yield(batch, err) {
				return
			}
		}
	}
}
