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

// manyManifests tells whether the table has so many manifests that looking through them takes long.
func (t Table) manyManifests(ctx context.Context) (bool, error) {
	files, err := t.FS(ctx)
	if err != nil {
		return false, err
	}
	manifests, err := t.CurrentSnapshot().Manifests(files)
	return len(manifests) >= t.Bounds.Manifests, err
}
