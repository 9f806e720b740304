package upkeep

import (
	"context"
	"slices"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/upkeep"
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

// Count counts what a table's newest snapshot is made of.
func Count(ctx context.Context, t *table.Table) (c upkeep.Census, err error) {
	c.Snapshots = len(t.Metadata().Snapshots())
	data, deletes, err := tables.Files(ctx, t)
	if err != nil {
		return c, err
	}
	c.Files, c.Deletes = len(data), len(deletes)
	for _, file := range slices.Concat(data, deletes) {
		c.Bytes += file.FileSizeBytes()
	}
	return c, nil
}

// old tells how many snapshots may go, and from which age on they do: those that are older than the bounds say, and
// the oldest where there are more than the most.
func (b Bounds) old(t *table.Table, now time.Time) (n int, age time.Duration) {
	age = b.Age
	i := 0
	for s := range tables.Ancestors(t) {
		i++
		its := now.Sub(time.UnixMilli(s.TimestampMs))
		if i == b.Most {
			age = max(0, min(age, its))
		}
		if i > b.Keep && (its > age || i > b.Most) {
			n++
		}
	}
	return n, age
}
