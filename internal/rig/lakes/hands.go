package lakes

import (
	"context"
	"slices"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
)

// Double has a table have all its rows twice, as nobody should.
func (l *Lake) Double(schema, name string) error {
	return l.change(schema, name, func(ctx context.Context, t *table.Table, rows []own.Row) (*tables.Change, error) {
		files, err := own.Write(ctx, t, slices.Values(rows))
		return &tables.Change{Rows: files}, err
	})
}

// Lose takes a row out of a table, as nobody should.
func (l *Lake) Lose(schema, name string) error {
	return l.change(schema, name, func(ctx context.Context, t *table.Table, rows []own.Row) (*tables.Change, error) {
		data, deletes, err := tables.Files(ctx, t)
		if err != nil {
			return nil, err
		}
		files, err := own.Write(ctx, t, slices.Values(rows[1:]))
		return &tables.Change{Rows: files, Gone: data, Settled: deletes}, err
	})
}

func (l *Lake) change(
	schema, name string, do func(context.Context, *table.Table, []own.Row) (*tables.Change, error),
) error {
	in := &tables.Lake{Catalog: l.in.Catalog, Pause: func(context.Context, time.Duration) error { return nil }}
	_, err := in.Commit(context.Background(), tables.Name(schema, name),
		func(ctx context.Context, t *table.Table) (*tables.Change, error) {
			var rows []own.Row
			for row, err := range own.Read(ctx, t, iceberg.AlwaysTrue{}) {
				if err != nil {
					return nil, err
				}
				rows = append(rows, row)
			}
			return do(ctx, t, rows)
		})
	return err
}
