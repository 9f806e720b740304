// Package merging makes what an attempt has staged into the files of one snapshot of a final table.
//
// Staged versions and rows are both read in the order of their keys, and go past each other once. What becomes of a
// record is decided by package versions, by its stamps alone; then its columns are put together from the batches that
// they were read in, many rows at a time. So memory doesn't grow with either, but for one number for each row that
// goes and one line for each tombstone.
//
// Of the final table only rows are read that may change: those of the staged keys, and where the attempt says what is
// there, those that it lacks. wanted.go finds out which these are, by the stamps of all rows.
//
// Files, from the top: merging.go, passing.go, wanted.go, window.go, sources.go, lane.go, values.go.
package merging

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/lake/writing"
	"catchment/internal/warehouse/shape"
)

// A Task is what is to be merged.
type Task struct {
	Table   shape.Table
	Final   *table.Table
	Stage   *table.Table // nil where nothing was ever staged
	Attempt string
	Rows    int64 // that are staged, but for those that were only seen
	Rules   *versions.Rules
	Forget  []string // columns that keep no value but those of the attempt
	Scratch string

	Rejections map[string][]versions.Rejection // of the flow, by key
	// Tombs reads the tombstones of some keys, in their order; of all where keys is nil.
	Tombs func(ctx context.Context, keys []string) (Tombs, error)
	// Dry decides and writes nothing.
	Dry bool
}

// Tombs are tombstones in order of their keys, each key once.
type Tombs interface {
	// Next is the next one, io.EOF where there are no more.
	Next() (key string, tomb versions.Tomb, err error)
	Close() error
}

// A Burial is what became of the tombstone of a record.
type Burial struct {
	Key  string
	Has  bool // there is one now; else what there was doesn't hold any more
	Tomb versions.Tomb
}

// A Result is what a snapshot is made of, and what is to be written down beside it.
type Result struct {
	Rows    []iceberg.DataFile
	Deletes []iceberg.DataFile
	Gone    []iceberg.DataFile
	Settled []iceberg.DataFile
	Burials []Burial         // in order of the keys
	Past    map[string][]int // by key, the places of its rejections that are past
}

// Do decides what becomes of all records, and writes the files of the snapshot that says so.
func Do(ctx context.Context, t Task) (*Result, error) {
	p := &passing{Task: t, result: &Result{Past: map[string][]int{}}, dead: map[string][]int64{},
		buried: map[string]int64{}}
	defer p.close()
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	var err error
	if t.Dry {
		for _, err = range p.records(ctx) {
			if err != nil {
				return nil, err
			}
		}
		return p.result, nil
	}
	if p.result.Rows, err = writing.Rows(ctx, t.Final, p.out, p.records(ctx)); err != nil {
		return nil, err
	}
	if err := p.rewrite(ctx); err != nil {
		return nil, err
	}
	if len(p.dead) == 0 {
		return p.result, nil
	}
	p.result.Deletes, err = writing.Positions(ctx, t.Final, p.dead)
	return p.result, err
}

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
	for path := range gone {
		delete(p.dead, path)
	}
	return nil
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

// survivors writes the rows that live of files that go.
func (p *passing) survivors(ctx context.Context, gone map[string]bool) (err error) {
	q := rows.Query{Key: p.Table.Key, Columns: p.names(), Files: gone, Positions: true, Scratch: p.Scratch}
	cursor, err := rows.Open(ctx, p.Final, q)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cursor.Close()) }()
	files, err := writing.Rows(ctx, p.Final, p.out, p.alive(cursor))
	if err != nil {
		return fmt.Errorf("what is left of %d files: %w", len(gone), err)
	}
	p.result.Rows = append(p.result.Rows, files...)
	return nil
}
