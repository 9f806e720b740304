package writing

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// positionsAtOnce is how many deletes a batch has.
const positionsAtOnce = 64 << 10

var errPartitioned = errors.New("rows of a table with partitions can't be deleted by their positions")

// Positions writes that rows of data files are dead: by the path of each file, their positions in it, in any order.
// They come sorted by path and position, as engines expect. There is one file, and none where nothing is dead. The
// table has no partitions.
func Positions(ctx context.Context, t *table.Table, dead map[string][]int64) ([]iceberg.DataFile, error) {
	if spec := t.Spec(); !spec.IsUnpartitioned() {
		return nil, errPartitioned
	}
	schema, err := table.SchemaToArrowSchema(iceberg.PositionalDeleteSchema, nil, true, false)
	if err != nil {
		return nil, err
	}
	// The bounds of paths are told as a whole, so that readers of one data file know whose deletes they need.
	properties := maps.Clone(t.Properties())
	properties[table.MetricsModeColumnConfPrefix+"."+schema.Field(0).Name] = "full"
	properties[table.MetricsModeColumnConfPrefix+"."+schema.Field(1).Name] = "full"
	k := kind{content: iceberg.EntryContentPosDeletes, schema: iceberg.PositionalDeleteSchema, arrow: schema,
		properties: properties, spec: t.Spec()}
	if paths := slices.Collect(maps.Keys(dead)); len(paths) == 1 {
		k.refers = &paths[0]
	}
	w := &writer{kind: k, fresh: func(first []arrow.Array) (*file, error) {
		f, err := create(ctx, t, k, first)
		if err == nil {
			f.most = 1 << 62 // there is one
		}
		return f, err
	}, drop: func([]iceberg.DataFile) {}}
	for batch := range positions(schema, dead) {
		if err := w.write(ctx, batch); err != nil {
			return nil, w.giveUp(err)
		}
	}
	if err := w.end(); err != nil {
		return nil, w.giveUp(err)
	}
	return w.files, nil
}

// positions are the rows of a file of deletes.
func positions(schema *arrow.Schema, dead map[string][]int64) iter.Seq[arrow.RecordBatch] {
	return func(yield func(arrow.RecordBatch) bool) {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		paths, places := b.Field(0).(*array.StringBuilder), b.Field(1).(*array.Int64Builder)
		for _, path := range slices.Sorted(maps.Keys(dead)) {
			for _, place := range slices.Compact(slices.Sorted(slices.Values(dead[path]))) {
				paths.Append(path)
				places.Append(place)
				if places.Len() == positionsAtOnce && !yield(b.NewRecordBatch()) {
					return
				}
			}
		}
		if places.Len() > 0 {
			yield(b.NewRecordBatch())
		}
	}
}
