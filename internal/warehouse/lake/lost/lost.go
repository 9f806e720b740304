// Package lost is about files of a table that are missing or damaged: which they are, how the rest of the table is
// read without them, and the change that takes them out of it.
//
// A file is lost only where its storage says that there is none, or what is there isn't what the table says. A storage
// that is away, throttled or locked loses nothing. And what is missing may only be old: the table is looked up anew,
// and what it doesn't have any more was taken away by who keeps it.
//
// Start at Despite. letgo.go is about tables whose rows nobody can read anew.
package lost

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// A File is one that is lost.
type File struct {
	iceberg.DataFile
	*rows.LostFile
}

// Files are lost files of one table, by their paths.
type Files map[string]File

// Paths are theirs, as rows.Query leaves them out.
func (f Files) Paths() map[string]bool {
	paths := map[string]bool{}
	for path := range f {
		paths[path] = true
	}
	return paths
}

// Told is what people are told of them, in order.
func (f Files) Told() []evidence.LostFile {
	var told []evidence.LostFile
	for _, path := range slices.Sorted(maps.Keys(f)) {
		file := f[path]
		told = append(told, evidence.LostFile{Path: path, Missing: file.Missing(), Rows: file.Count(),
			Deletes: isDeletes(file)})
	}
	return told
}

func isDeletes(file iceberg.DataFile) bool { return file.ContentType() != iceberg.EntryContentData }

// In finds the lost files of a table: those that were met before, as far as it has them still, and those that a look at
// each of its files finds.
func In(ctx context.Context, t *table.Table, met Files) (Files, error) {
	data, deletes, err := tables.Files(ctx, t)
	if err != nil {
		return nil, err
	}
	found := Files{}
	for _, file := range slices.Concat(data, deletes) {
		path := file.FilePath()
		if known, is := met[path]; is {
			found[path] = File{DataFile: file, LostFile: known.LostFile}
			continue
		}
		err := rows.Whole(ctx, t, file)
		if why, is := errors.AsType[*rows.LostFile](err); is {
			found[path] = File{DataFile: file, LostFile: why}
		} else if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// A Finder looks a table up, as it is now.
type Finder func(context.Context) (*table.Table, error)

// moves is how often a table may change under a reading before that gives up.
const moves = 5

// Despite does something with what a table has, and does it again without the files that turn out to be lost. It
// tells without which it was done in the end; met are those that are known already.
func Despite(ctx context.Context, find Finder, met Files, do func(Files) error) (Files, error) {
	for moved := 0; ; {
		err := do(met)
		why, is := errors.AsType[*rows.LostFile](err)
		if !is {
			return met, err
		}
		t, lookErr := find(ctx)
		if lookErr != nil {
			return met, errors.Join(err, lookErr)
		}
		if !why.Of(t) {
			return met, err
		}
		found, lookErr := In(ctx, t, met.and(why))
		if lookErr != nil {
			return met, errors.Join(err, lookErr)
		}
		_, again := met[why.Path]
		if _, has := found[why.Path]; !has { // the table has changed under the reading
			moved++
			again = moved > moves
		}
		if again {
			return met, err
		}
		met = found
	}
}

// and is the files and another one, of which the table's word isn't known.
func (f Files) and(why *rows.LostFile) Files {
	all := maps.Clone(f)
	if all == nil {
		all = Files{}
	}
	if _, has := all[why.Path]; !has {
		all[why.Path] = File{LostFile: why}
	}
	return all
}

// Out takes the files out of their table: what they held is gone from it then, and the rest can be read by anybody.
func (f Files) Out() *tables.Change {
	change := &tables.Change{}
	for _, path := range slices.Sorted(maps.Keys(f)) {
		if file := f[path].DataFile; isDeletes(file) {
			change.Settled = append(change.Settled, file)
		} else {
			change.Gone = append(change.Gone, file)
		}
	}
	return change
}
