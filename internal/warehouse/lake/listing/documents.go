package listing

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/body"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/rows"
)

// Documents lists so many documents, each once and in order, of those that follow one.
func (c *Catalog) Documents(ctx context.Context, after string, most int) (ids []string, copied bool, err error) {
	found := least[string]{most: most, compare: strings.Compare, join: first[string]}
	for _, of := range body.Namings() {
		s, err := c.find(ctx, of.Object)
		column := s.column(of.Field)
		if err == nil && s.table != nil && column != "" {
			copied = true
			q := rows.Query{Columns: []string{column, columns.Deleted}, AnyOrder: true}
			err = c.each(ctx, s.table, q, func(row compare.Row) bool {
				if id := row.Text(column); id > after && !row.Has(columns.Deleted) {
					found.add(id)
				}
				return true
			})
		}
		if err != nil {
			return nil, copied, fmt.Errorf("list the documents: %w", err)
		}
	}
	return found.list(), copied, nil
}
