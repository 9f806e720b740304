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
// A first merge mostly takes whole row groups as the stage has them: splicing.go copies the columns of these.
//
// Files, from the top: merging.go, survivors.go, ahead.go, passing.go, splicing.go, opening.go, wanted.go, window.go,
// sources.go, lane.go, values.go.
package merging

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

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
	Leaving    map[string]bool                 // keys of records that an archive is taking out of Salesforce
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
	Left    []iceberg.DataFile
	Settled []iceberg.DataFile
	Burials []Burial         // in order of the keys
	Past    map[string][]int // by key, the places of its rejections that are past
}

// Do decides what becomes of all records, and writes the files of the snapshot that says so.
func Do(ctx context.Context, t Task) (*Result, error) {
	p := &passing{Task: t, result: &Result{Past: map[string][]int{}}, dead: map[string][]int64{},
		going: map[string][]int64{}, buried: map[string]int64{}}
	defer p.close()
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	var err error
	if t.Dry {
		for _, err = range p.pieces(ctx) {
			if err != nil {
				return nil, err
			}
		}
		return p.result, nil
	}
	if p.result.Rows, err = writing.Pieces(ctx, t.Final, p.out, ahead(p.pieces(ctx))); err != nil {
		return nil, err
	}
	if err := p.rewrite(ctx); err != nil {
		return nil, err
	}
	return p.result, p.deletes(ctx)
}
