// Package erasing takes records out of a table so that none of its files holds them any more: not in rows that are
// deleted by their position, and not in older versions.
//
// Each file that holds one of them is written anew without it. What older snapshots have is left to whoever expires
// them.
//
// Start at Without.
package erasing

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rewriting"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// Records are those that go: the ones of Keys, and the rows that have one of Values in Column.
type Records struct {
	Key    []string // the columns of the key
	Keys   map[string]bool
	Column string
	Values []string
}

// named tells of the rows that have one of the values.
func (r Records) named() iceberg.BooleanExpression {
	if len(r.Values) == 0 {
		return iceberg.AlwaysFalse{}
	}
	return iceberg.IsIn(iceberg.Reference(r.Column), r.Values...)
}

// KeysIn are the keys of the live rows of a table that have one of the values.
func (r Records) KeysIn(ctx context.Context, t *table.Table, scratch string) (map[string]bool, error) {
	keys := map[string]bool{}
	q := rows.Query{Key: r.Key, Where: r.named(), AnyOrder: true, Scratch: scratch}
	err := rows.Each(ctx, t, q, func(b rows.Batch) error {
		for _, key := range b.Keys {
			keys[key] = true
		}
		return nil
	})
	return keys, err
}

// Without is the change that takes records out of all files of a table, nil where none has any. It tells how many live
// rows go.
func Without(ctx context.Context, t *table.Table, r Records, scratch string) (*tables.Change, int64, error) {
	if t.CurrentSnapshot() == nil {
		return nil, 0, nil
	}
	hit, err := r.files(ctx, t, scratch)
	if err != nil || len(hit) == 0 {
		return nil, 0, err
	}
	tasks, err := t.Scan(table.WithMaxConcurrency(1)).PlanFiles(ctx)
	if err != nil {
		return nil, 0, err
	}
	c, needed, gone := &tables.Change{}, map[string]bool{}, int64(0)
	for _, task := range tasks {
		if !hit[task.File.FilePath()] {
			for _, file := range task.DeleteFiles {
				needed[file.FilePath()] = true
			}
			continue
		}
		files, n, err := r.rest(ctx, t, task.File.FilePath(), scratch)
		if err != nil {
			return nil, 0, err
		}
		c.Gone, c.Rows, gone = append(c.Gone, task.File), append(c.Rows, files...), gone+n
	}
	_, deletes, err := tables.Files(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	for _, file := range deletes {
		if !needed[file.FilePath()] {
			c.Settled = append(c.Settled, file)
		}
	}
	return c, gone, nil
}

// files are those that hold one of the records, in rows that are dead, too.
func (r Records) files(ctx context.Context, t *table.Table, scratch string) (map[string]bool, error) {
	hit := map[string]bool{}
	all := []rows.Query{{Where: r.named()}}
	if len(r.Keys) > 0 {
		all = append(all, rows.Query{Key: r.Key, Keys: slices.Sorted(maps.Keys(r.Keys))})
	}
	for _, q := range all {
		q.Dead, q.AnyOrder, q.Positions, q.Scratch = true, true, true, scratch
		err := rows.Each(ctx, t, q, func(b rows.Batch) error {
			for _, file := range b.File {
				hit[file] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return hit, nil
}

// rest writes what stays of a file, and tells how many of its live rows don't.
func (r Records) rest(
	ctx context.Context, t *table.Table, path, scratch string,
) (files []iceberg.DataFile, gone int64, err error) {
	named := map[int64]bool{}
	q := rows.Query{Where: r.named(), Files: map[string]bool{path: true}, AnyOrder: true, Positions: true,
		Scratch: scratch}
	err = rows.Each(ctx, t, q, func(b rows.Batch) error {
		for _, at := range b.Position {
			named[at] = true
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	q.Key, q.Where, q.AnyOrder = r.Key, nil, false
	files, err = rewriting.Rows(ctx, t, q, func(ctx context.Context, b rows.Batch) (arrow.RecordBatch, error) {
		return rewriting.Only(ctx, b.Record, func(i int) bool {
			goes := r.Keys[b.Keys[i]] || named[b.Position[i]]
			if goes {
				gone++
			}
			return !goes
		})
	})
	return files, gone, err
}
