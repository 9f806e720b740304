package upkeep

import (
	"context"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
)

// leastAge is how long a file stays at least that no snapshot names: a commit that is under way may be about to.
const leastAge = 24 * time.Hour

// Orphans are files in the folder of a table that nobody needs.
type Orphans struct {
	Files int
	Bytes int64
}

// Sweep removes the files that a table's folder has and no snapshot names, once they are old enough. dry only counts
// them.
func Sweep(ctx context.Context, t *table.Table, b Bounds, dry bool) (Orphans, error) {
	old := table.WithFilesOlderThan(max(leastAge, b.Orphans))
	plan, err := t.PlanOrphanFiles(ctx, old, table.WithCleanupMaxConcurrency(1))
	if err != nil {
		return Orphans{}, err
	}
	found := Orphans{Files: len(plan.Files()), Bytes: plan.TotalSizeBytes()}
	if dry || found.Files == 0 {
		return found, nil
	}
	_, err = t.ExecuteOrphanCleanup(ctx, plan, table.WithCleanupMaxConcurrency(1))
	return found, err
}

// A Census is what a table is made of.
type Census struct {
	Files, Deletes, Snapshots, Manifests int
	Bytes                                int64 // of data files and files of deletes
	Rows, Dead                           int64 // of the data files, and those of them that are deleted
}

// Count counts what a table's newest snapshot is made of.
func Count(ctx context.Context, t *table.Table) (c Census, err error) {
	c.Snapshots = len(t.Metadata().Snapshots())
	if t.CurrentSnapshot() == nil {
		return c, nil
	}
	data, deletes, err := tables.Files(ctx, t)
	if err != nil {
		return c, err
	}
	c.Files, c.Deletes = len(data), len(deletes)
	for _, file := range data {
		c.Rows += file.Count()
		c.Bytes += file.FileSizeBytes()
	}
	for _, file := range deletes {
		c.Dead += file.Count()
		c.Bytes += file.FileSizeBytes()
	}
	files, err := t.FS(ctx)
	if err != nil {
		return c, err
	}
	manifests, err := t.CurrentSnapshot().Manifests(files)
	c.Manifests = len(manifests)
	return c, err
}
