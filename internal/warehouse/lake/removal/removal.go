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

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rewriting"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// Of adds to a change that those rows go of which something holds, and tells whether there may be any.
func Of(ctx context.Context, t *table.Table, which Where, c *tables.Change) (bool, error) {
	tasks, err := t.Scan(table.WithRowFilter(which.Expression())).PlanFiles(ctx)
	if err != nil {
		return false, tables.Listing(t.Identifier(), err)
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
	q := rows.Query{Tasks: []table.FileScanTask{task}, Where: iceberg.NewNot(which.Expression()), AnyOrder: true}
	return rewriting.Rows(ctx, t, q, rewriting.AsTheyAre)
}
