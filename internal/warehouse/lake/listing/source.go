package listing

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/own"
)

// A source is the final table of an object, and how the columns of its fields are called.
type source struct {
	table   *table.Table // nil where there is none
	columns map[string]string
}

// column is the column of a field, "" where there is none.
func (s source) column(field string) string { return s.columns[strings.ToLower(field)] }

// key is the column of the Id.
func (s source) key() string {
	if name := s.column("Id"); name != "" {
		return name
	}
	return "id"
}

// of are the columns of some fields, as far as there are such.
func (s source) of(fields ...string) (names []string) {
	for _, field := range fields {
		if name := s.column(field); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// find finds the table of an object.
func (c *Catalog) find(ctx context.Context, object string) (s source, err error) {
	s.columns = map[string]string{}
	name := ""
	err = c.described(ctx, own.Objects, object, func(row own.Row) { name = row["table_name"] })
	if err != nil || name == "" {
		return s, err
	}
	if s.table, err = c.found(ctx, name); err != nil || s.table == nil {
		return s, err
	}
	return s, c.described(ctx, own.Fields, object, func(row own.Row) {
		if _, has := s.table.Schema().FindFieldByName(row["column_name"]); has {
			s.columns[strings.ToLower(row["field"])] = row["column_name"]
		}
	})
}

// described reads what one of our tables says of an object.
func (c *Catalog) described(ctx context.Context, name, object string, each func(own.Row)) error {
	t, err := c.found(ctx, name)
	if err != nil || t == nil {
		return err
	}
	for row, err := range own.Read(ctx, t, own.Is("object", object)) {
		if err != nil {
			return err
		}
		each(row)
	}
	return nil
}
