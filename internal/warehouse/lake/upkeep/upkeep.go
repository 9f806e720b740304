// Package upkeep keeps the tables of a lake fast to read: small files become few, files of position deletes become
// one, snapshots go that nobody needs any more, and with them the files that only they had. What a crash has left in
// the folder of a table, and no snapshot names, goes after a day.
//
// What is to be done is decided by bounds, so that each piece of upkeep is worth more than it costs. All of it may be
// repeated, and stopped at any time: rows are the same before and after.
//
// Start at Care.Tend. Who holds the flow is left to lake. upkeep.go makes few files of many, deletes.go is about
// position deletes, tidy.go about what no snapshot needs, and tend.go has them done.
package upkeep

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rewriting"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// Bounds say when upkeep is due, and how far it goes.
type Bounds struct {
	Files     int           // so many small files of a partition become one
	Small     int64         // a file of fewer bytes is small
	AtOnce    int64         // so many bytes of files at most are written anew at once
	Deletes   int           // so many files of position deletes become one
	Manifests int           // so many manifests become few
	Keep      int           // so many snapshots stay at least,
	Age       time.Duration // and all that are younger,
	Most      int           // but never more than so many
	Worth     int           // so many snapshots go together at least
	Orphans   time.Duration // a file that no snapshot names stays so long; never less than a day
}

// Usual are the bounds where nobody says otherwise. Each commit writes down all snapshots that there are, and each
// reader reads them: 200 are a fifth of a megabyte.
func Usual() Bounds {
	return Bounds{Files: 4, Small: 16 << 20, AtOnce: 1 << 30, Deletes: 4, Manifests: 20, Keep: 10, Age: 24 * time.Hour,
		Most: 200, Worth: 16, Orphans: 72 * time.Hour}
}

// byHand are the bounds for who wants all done that there is to do.
func (b Bounds) byHand() Bounds {
	b.Files, b.Deletes, b.Manifests, b.Worth = 2, 2, 4, 1
	return b
}

// A Table is a table that is kept, and how.
type Table struct {
	*table.Table
	Key     []string // the order of its rows; nil for any
	Bounds  Bounds
	Scratch string
}

// Compaction is the change after which a table has few small files and few files of deletes; nil where it has few
// already.
func Compaction(ctx context.Context, t Table) (*tables.Change, error) {
	if t.CurrentSnapshot() == nil {
		return nil, nil
	}
	tasks, err := t.Scan(table.WithMaxConcurrency(1)).PlanFiles(ctx)
	if err != nil {
		return nil, err
	}
	c := &tables.Change{}
	gone := map[string]bool{}
	worn, err := t.worn(ctx, tasks)
	if err != nil {
		return nil, err
	}
	for _, group := range t.due(tasks, worn) {
		for _, task := range group {
			gone[task.File.FilePath()] = true
			c.Gone = append(c.Gone, task.File)
		}
		files, err := t.one(ctx, group)
		if err != nil {
			return nil, err
		}
		c.Rows = append(c.Rows, files...)
	}
	stay := slices.DeleteFunc(slices.Clone(tasks), func(task table.FileScanTask) bool {
		return gone[task.File.FilePath()]
	})
	if err := t.fewerDeletes(ctx, stay, c); err != nil {
		return nil, err
	}
	if c.Manifests, err = t.manyManifests(ctx); err != nil {
		return nil, err
	}
	if len(c.Gone)+len(c.Settled) == 0 && !c.Manifests {
		return nil, nil
	}
	return c, nil
}

// due are the small files that are to become one, by their partitions, with those that are worn, as many as are written
// anew at once.
func (t Table) due(tasks []table.FileScanTask, worn map[string]bool) [][]table.FileScanTask {
	small, anew := map[string][]table.FileScanTask{}, map[string][]table.FileScanTask{}
	for _, task := range tasks {
		partition := partitionOf(task.File)
		switch {
		case worn[task.File.FilePath()]:
			anew[partition] = append(anew[partition], task)
		case task.File.FileSizeBytes() < t.Bounds.Small:
			small[partition] = append(small[partition], task)
		}
	}
	for partition, files := range small {
		if len(files) >= t.Bounds.Files {
			anew[partition] = append(anew[partition], files...)
		}
	}
	var all [][]table.FileScanTask
	room := t.Bounds.AtOnce
	for _, partition := range slices.Sorted(maps.Keys(anew)) {
		var group []table.FileScanTask
		for _, task := range anew[partition] {
			if size := task.File.FileSizeBytes(); size <= room {
				group, room = append(group, task), room-size
			}
		}
		if len(group) > 1 || len(group) == 1 && worn[group[0].File.FilePath()] {
			all = append(all, group)
		}
	}
	return all
}

// partitionOf tells a partition from all others.
func partitionOf(file iceberg.DataFile) string { return fmt.Sprint(file.SpecID(), file.Partition()) }

// one writes the live rows of some files into as few as there is room for.
func (t Table) one(ctx context.Context, group []table.FileScanTask) ([]iceberg.DataFile, error) {
	q := rows.Query{Key: t.Key, Files: map[string]bool{}, Snapshot: t.CurrentSnapshot().SnapshotID,
		AnyOrder: len(t.Key) == 0, Scratch: t.Scratch}
	for _, task := range group {
		q.Files[task.File.FilePath()] = true
	}
	return rewriting.Rows(ctx, t.Table, q, rewriting.AsTheyAre)
}
