// Package amending finds rows of a final table that are to be put right, whatever was staged: further rows of a key,
// and rows whose stamps can't be true.
//
// Files, from the top: stamps.go, doubles.go.
package amending

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
)

// Doubles writes the deletes of rows whose key has another row: one stays, which is one that is kept whatever is
// deleted, where there is such a one. There are none where each key has one row.
func Doubles(ctx context.Context, t *table.Table, key []string, scratch string) ([]iceberg.DataFile, error) {
	d := &doubles{dead: map[string][]int64{}}
	q := rows.Query{Key: key, Columns: []string{columns.Reason}, Positions: true, Scratch: scratch}
	if err := rows.Each(ctx, t, q, d.find); err != nil || len(d.dead) == 0 {
		return nil, err
	}
	return writing.Positions(ctx, t, d.dead)
}

// doubles are rows of keys that have another row, too.
type doubles struct {
	dead map[string][]int64

	key      string
	met      bool
	kept     bool // the row that stays is kept whatever is deleted
	file     string
	position int64
}

// find looks at the next rows, which come in the order of their keys.
func (d *doubles) find(b rows.Batch) error {
	for i, key := range b.Keys {
		if key == "" { // it is of no record
			continue
		}
		reason, _ := columns.Text(b.Record.Column(0), i)
		d.at(key, gone.Reason(reason).Traits().Kept, b.File[i], b.Position[i])
	}
	return nil
}

// at looks at the next row.
func (d *doubles) at(key string, kept bool, file string, position int64) {
	again := d.met && d.key == key
	if again && (d.kept || !kept) {
		d.dead[file] = append(d.dead[file], position)
		return
	}
	if again {
		d.dead[d.file] = append(d.dead[d.file], d.position)
	}
	d.key, d.met, d.kept, d.file, d.position = key, true, kept, file, position
}
