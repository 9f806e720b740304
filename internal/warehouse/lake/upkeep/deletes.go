package upkeep

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/writing"
)

// fewerDeletes adds to a change that files of position deletes go which no data file needs that stays, and that the
// others become one where they are many.
func (t Table) fewerDeletes(ctx context.Context, stay []table.FileScanTask, c *tables.Change) error {
	_, all, err := tables.Files(ctx, t.Table)
	if err != nil {
		return err
	}
	needed := map[string]bool{}
	for _, task := range stay {
		for _, file := range task.DeleteFiles {
			needed[file.FilePath()] = true
		}
	}
	var rest []iceberg.DataFile
	for _, file := range all {
		if needed[file.FilePath()] {
			rest = append(rest, file)
			continue
		}
		c.Settled = append(c.Settled, file)
	}
	spec := t.Spec()
	if len(rest) < t.Bounds.Deletes || !spec.IsUnpartitioned() {
		return nil
	}
	dead, err := rows.Dead(ctx, t.Table, stay)
	if err != nil {
		return err
	}
	if c.Merged, err = writing.Positions(ctx, t.Table, dead); err != nil {
		return err
	}
	c.Settled = append(c.Settled, rest...)
	return nil
}

// worn are the files of which more than half is dead, however large they are. A merge leaves none behind; who changes a
// few rows at a time, as the register of files is written, does in the end.
func (t Table) worn(ctx context.Context, tasks []table.FileScanTask) (map[string]bool, error) {
	most := map[string]int64{} // of rows that may be dead of a file, without its being worn
	var suspects []table.FileScanTask
	for _, task := range tasks {
		deletes := int64(0)
		for _, file := range task.DeleteFiles {
			deletes += file.Count()
		}
		half := task.File.Count() / 2
		if most[task.File.FilePath()] = half; deletes > half {
			suspects = append(suspects, task)
		}
	}
	if len(suspects) == 0 {
		return nil, nil
	}
	dead, err := rows.Dead(ctx, t.Table, suspects)
	if err != nil {
		return nil, err
	}
	worn := map[string]bool{}
	for path, positions := range dead {
		worn[path] = int64(len(positions)) > most[path]
	}
	return worn, nil
}

// manyManifests tells whether the table has so many manifests that looking through them takes long.
func (t Table) manyManifests(ctx context.Context) (bool, error) {
	files, err := t.FS(ctx)
	if err != nil {
		return false, err
	}
	manifests, err := t.CurrentSnapshot().Manifests(files)
	return len(manifests) >= t.Bounds.Manifests, err
}
