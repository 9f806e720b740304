package tables

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Files lists the data files and the delete files that make up a table's newest snapshot.
func Files(ctx context.Context, t *table.Table) (data, deletes []iceberg.DataFile, err error) {
	snapshot := t.CurrentSnapshot()
	if snapshot == nil {
		return nil, nil, nil
	}
	fs, err := t.FS(ctx)
	if err != nil {
		return nil, nil, err
	}
	manifests, err := snapshot.Manifests(fs)
	if err != nil {
		return nil, nil, Listing(t.Identifier(), err)
	}
	for _, manifest := range manifests {
		for entry, err := range manifest.Entries(fs, true) {
			if err != nil {
				return nil, nil, Listing(t.Identifier(), err)
			}
			file := entry.DataFile()
			if file.ContentType() == iceberg.EntryContentData {
				data = append(data, file)
			} else {
				deletes = append(deletes, file)
			}
		}
	}
	return data, deletes, nil
}
