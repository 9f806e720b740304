package catalog

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/body"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Documents lists so many documents, each once and in order, of those that follow one.
func (c *Catalog) Documents(ctx context.Context, after string, most int) (ids []string, copied bool, err error) {
	err = c.view(ctx, func(q Query) error {
		ids, copied = nil, false
		b := &dialect.Binds{Dialect: c.d}
		var all []string
		for _, of := range body.Namings() {
			t, err := c.find(ctx, q, of.Object)
			if err != nil {
				return err
			}
			if column, has := t.column(of.Field); has && t.name != "" {
				all = append(all, c.documents(b, t.name, c.d.Quote(column), after))
			}
		}
		if copied = len(all) > 0; !copied {
			return nil
		}
		return q(ctx, func(scan func(...any) error) error {
			id := ""
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, dialect.Fill(`SELECT DISTINCT id FROM (
{all}
) k
ORDER BY id
LIMIT {most}`, dialect.Holes{"all": strings.Join(all, "\n\tUNION ALL\n"), "most": fmt.Sprint(most)}), b.Args...)
	})
	if err != nil {
		return nil, copied, fmt.Errorf("list the documents: %w", err)
	}
	return ids, copied, nil
}

// documents asks for those that a column of a table names.
func (c *Catalog) documents(b *dialect.Binds, table, column, after string) string {
	return dialect.Fill(`	SELECT {id}{bytewise} AS id FROM {table}
	WHERE {id}{bytewise} > {after} AND {deleted} IS NULL`, dialect.Holes{
		"id": column, "bytewise": c.d.Bytewise, "table": c.table(table), "after": b.Text(after),
		"deleted": c.d.Quote(own.DeletedAt),
	})
}
