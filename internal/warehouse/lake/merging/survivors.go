package merging

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rewriting"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
)

// share is what of a file may be dead, as one of so many: more, and what is left of it is written anew.
const share = 5

// rewrite writes anew what is left of files of which too much is dead.
func (p *passing) rewrite(ctx context.Context) error {
	tasks, err := p.Final.Scan(table.WithMaxConcurrency(1)).PlanFiles(ctx)
	if err != nil || len(p.dead) == 0 {
		return err
	}
	gone := map[string]bool{}
	var left int64
	for _, task := range tasks {
		path := task.File.FilePath()
		dead := int64(len(p.dead[path])) + p.buried[path]
		if len(p.dead[path]) == 0 || dead*share <= task.File.Count() {
			continue
		}
		gone[path] = true
		left += task.File.Count() - dead
		p.result.Gone = append(p.result.Gone, task.File)
	}
	if len(gone) == 0 {
		return nil
	}
	p.settle(tasks, gone)
	if left > 0 {
		if err := p.survivors(ctx, gone); err != nil {
			return err
		}
	}
	dies := p.dies(gone)
	for path := range gone {
		if dies { // in a snapshot of its own, in which the files that go are still there
			p.going[path] = p.dead[path]
		}
		delete(p.dead, path)
	}
	return nil
}

// deletes writes which rows die by their positions. What is dead in files that go is a file of its own, which goes with
// them.
func (p *passing) deletes(ctx context.Context) error {
	write := func(dead map[string][]int64) (files []iceberg.DataFile, err error) {
		if len(dead) > 0 {
			files, err = writing.Positions(ctx, p.Final, dead)
			p.result.Deletes = append(p.result.Deletes, files...)
		}
		return files, err
	}
	if _, err := write(p.dead); err != nil {
		return err
	}
	going, err := write(p.going)
	p.result.Settled = append(p.result.Settled, going...)
	return err
}

// dies tells whether a row dies of a file that stays.
func (p *passing) dies(gone map[string]bool) bool {
	for path, positions := range p.dead {
		if len(positions) > 0 && !gone[path] {
			return true
		}
	}
	return false
}

// settle finds the files of deletes that no file needs any more.
func (p *passing) settle(tasks []table.FileScanTask, gone map[string]bool) {
	needed, files := map[string]bool{}, map[string]iceberg.DataFile{}
	for _, task := range tasks {
		for _, file := range task.DeleteFiles {
			files[file.FilePath()] = file
			needed[file.FilePath()] = needed[file.FilePath()] || !gone[task.File.FilePath()]
		}
	}
	for path, file := range files {
		if !needed[path] {
			p.result.Settled = append(p.result.Settled, file)
		}
	}
	slices.SortFunc(p.result.Settled, func(a, b iceberg.DataFile) int {
		if a.FilePath() < b.FilePath() {
			return -1
		}
		return 1
	})
}

// survivors writes the rows that live of files that go: those that the merge leaves as they are.
func (p *passing) survivors(ctx context.Context, gone map[string]bool) error {
	for _, positions := range p.dead {
		slices.Sort(positions)
	}
	q := rows.Query{Key: p.Table.Key, Files: gone, Positions: true, Scratch: p.Scratch}
	files, err := rewriting.Rows(ctx, p.Final, q, func(ctx context.Context, b rows.Batch) (arrow.RecordBatch, error) {
		return rewriting.Only(ctx, b.Record, func(i int) bool {
			_, dead := slices.BinarySearch(p.dead[b.File[i]], b.Position[i])
			return !dead
		})
	})
	if err != nil {
		return fmt.Errorf("what is left of %d files: %w", len(gone), err)
	}
	p.result.Left = files
	return nil
}
