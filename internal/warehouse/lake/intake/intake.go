// Package intake writes the rows of pages into files for a table of staged versions. The snapshot that names them is
// left to package lake.
package intake

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/pages"
	"catchment/internal/warehouse/lake/writing"
)

// sideBySide is how many pages are read and written at a time. Each holds a run of its page in memory.
const sideBySide = 2

// Write writes the rows of pages into files for a table, by the keys of the pages. Where one of them fails, the
// others' files go, too.
func Write(
	ctx context.Context, t *table.Table, b warehouse.Batch, of []warehouse.Page,
) (map[string][]iceberg.DataFile, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	files, next := make([][]iceberg.DataFile, len(of)), make(chan int)
	for range min(sideBySide, len(of)) {
		wait.Go(func() {
			for i := range next {
				var err error
				if files[i], err = writePage(ctx, t, b, of[i]); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := range of {
		next <- i
	}
	close(next)
	wait.Wait()
	written := make(map[string][]iceberg.DataFile, len(of))
	for i, p := range of {
		written[p.Key] = files[i]
	}
	if err := context.Cause(ctx); err != nil {
		for _, some := range files {
			writing.Drop(context.WithoutCancel(ctx), t, some)
		}
		return nil, err
	}
	return written, nil
}

// writePage writes the rows of a page. One that brings another number of rows than it should is refused (invariant 6).
func writePage(
	ctx context.Context, t *table.Table, b warehouse.Batch, p warehouse.Page,
) (files []iceberg.DataFile, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	schema, err := writing.Schema(t)
	if err != nil {
		return nil, err
	}
	r, err := pages.Open(ctx, p, b.Table, schema, owns(b, p))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		run, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return files, err
		}
		some, err := writing.Rows(ctx, t, schema, run.Batches())
		files = append(files, some...)
		if err != nil {
			return files, err
		}
	}
	if r.Rows() != p.Rows {
		return files, plan.Failf(plan.Bug, "run it again; if it happens twice, keep the page and report it",
			"page %s holds %d rows, the warehouse took %d of them", p.Key, p.Rows, r.Rows())
	}
	return files, nil
}

// owns is our own columns of a page's rows.
func owns(b warehouse.Batch, p warehouse.Page) pages.Own {
	return pages.Own{Attempt: b.Attempt, Op: b.Op, Job: b.Job, Seq: p.Seq, ReadAt: b.ReadAt}
}
