// Package listing lists the files of a lake's copy: it is a bodies.Catalog, and asks no org.
//
// How the columns of a table are called it finds in _catchment_fields, since a flow may rename them, and leave some
// out. Files are found by going past the rows and the register side by side, both in order of the Ids. What a table
// isn't sorted by, such as the digests of bodies, is read as a whole for each answer, which keeps the least of it.
//
// Files, from the top: files.go, wanted.go, digests.go, documents.go, source.go, least.go.
package listing

import (
	"context"
	"errors"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// A Catalog is the files of one copy.
type Catalog struct {
	Lake    *tables.Lake
	Schema  string // the namespace of the final tables
	Scratch string // the folder for what has no room in memory
}

// found is a table of the final ones, nil where there is none.
func (c *Catalog) found(ctx context.Context, name string) (*table.Table, error) {
	t, err := c.Lake.Find(ctx, tables.Name(c.Schema, name))
	if errors.Is(err, tables.ErrNone) {
		return nil, nil
	}
	return t, err
}

// register is the register of files, nil where there is none.
func (c *Catalog) register(ctx context.Context) (*table.Table, error) { return c.found(ctx, own.Files) }

// each calls back with rows of a table, until it says no. A table that isn't there has none.
func (c *Catalog) each(ctx context.Context, t *table.Table, q rows.Query, each func(compare.Row) bool) error {
	if t == nil {
		return nil
	}
	q.Scratch = c.Scratch
	return rows.Each(ctx, t, q, func(b rows.Batch) error {
		for i := range b.Keys {
			if !each(compare.RowAt(b, i)) {
				return rows.ErrEnough
			}
		}
		return nil
	})
}
