package tables

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Files lists the data files and the delete files that make up a table's newest snapshot.
func Files(ctx context.Context, t *table.Table) (data, deletes []iceberg.DataFile, err error) {
	err = entries(ctx, t, func(entry iceberg.ManifestEntry) {
		file := entry.DataFile()
		if file.ContentType() == iceberg.EntryContentData {
			data = append(data, file)
		} else {
			deletes = append(deletes, file)
		}
	})
	return data, deletes, err
}

// entries calls back with what the lists of a table tell of its files.
func entries(ctx context.Context, t *table.Table, each func(iceberg.ManifestEntry)) error {
	snapshot := t.CurrentSnapshot()
	if snapshot == nil {
		return nil
	}
	fs, err := t.FS(ctx)
	if err != nil {
		return err
	}
	manifests, err := snapshot.Manifests(fs)
	if err != nil {
		return Listing(t.Identifier(), err)
	}
	for _, manifest := range manifests {
		for entry, err := range manifest.Entries(fs, true) {
			if err != nil {
				return Listing(t.Identifier(), err)
			}
			each(entry)
		}
	}
	return nil
}

// newestOf is the sequence number of the newest of some files: what they say holds for files that are no newer.
func newestOf(ctx context.Context, tx *table.Transaction, files []iceberg.DataFile) (newest int64, err error) {
	staged, err := tx.StagedTable()
	if err != nil {
		return 0, err
	}
	wanted := map[string]bool{}
	for _, file := range files {
		wanted[file.FilePath()] = true
	}
	err = entries(ctx, staged.Table, func(entry iceberg.ManifestEntry) {
		if wanted[entry.DataFile().FilePath()] {
			newest = max(newest, entry.SequenceNum())
		}
	})
	return newest, err
}
