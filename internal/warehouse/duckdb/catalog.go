package duckdb

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/warehouse/sql/dialect"
)

// information_schema is made anew of all tables for each question: with 400 flows it takes
// 60 ms to say what columns one of them has. What is asked here looks at that table alone.

// Columns are those of a table or a view, in their order; none where there is neither.
func (t *tx) Columns(ctx context.Context, schema, table string) ([]dialect.Stored, error) {
	var all []dialect.Stored
	err := t.about(ctx, schema, table, func(c dialect.Stored, _ bool) { all = append(all, c) })
	return all, err
}

// Keyed tells whether a table has a primary key.
func (t *tx) Keyed(ctx context.Context, schema, table string) (keyed bool, err error) {
	err = t.about(ctx, schema, table, func(_ dialect.Stored, key bool) { keyed = keyed || key })
	return keyed, err
}

// about tells each column of a table, in their order, and whether it is of the key. A table that isn't there has none.
// The question is as short as can be, since every transaction asks it: to plan an expression takes longer than to read
// the columns.
func (t *tx) about(ctx context.Context, schema, table string, each func(c dialect.Stored, key bool)) (err error) {
	rows, err := t.conn.QueryContext(ctx, "SELECT name, type, pk FROM pragma_table_info($1)",
		Dialect().Table(schema, table))
	if err != nil {
		if isAbsent(err, schema, table) {
			return nil // which doesn't break the transaction off: the statement was never begun
		}
		return t.driver.classify(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c dialect.Stored
		var key bool
		if err := rows.Scan(&c.Name, &c.Type, &key); err != nil {
			return err
		}
		if c.Scale, err = scaleOf(c.Type); err != nil {
			return err
		}
		each(c, key)
	}
	if err := rows.Err(); err != nil {
		return t.driver.classify(ctx, err)
	}
	return nil
}

// scaleOf is the scale of a type, which is 0 but for decimals: 7 of DECIMAL(38,7).
func scaleOf(kind string) (int, error) {
	digits, isDecimal := strings.CutPrefix(kind, "DECIMAL(")
	if !isDecimal {
		return 0, nil
	}
	_, scale, _ := strings.Cut(digits, ",")
	scale, _, _ = strings.Cut(scale, ")")
	return strconv.Atoi(strings.TrimSpace(scale))
}

// isAbsent tells whether an error says that a table of this name isn't there, or its schema.
// A view over a table that is gone says so of that one.
func isAbsent(err error, schema, table string) bool {
	d, ok := errors.AsType[*duckdb.Error](err)
	return ok && d.Type == duckdb.ErrorTypeCatalog &&
		(strings.Contains(d.Msg, "Table with name "+table+" does not exist") ||
			strings.Contains(d.Msg, `does not exist because schema "`+schema+`" does not exist`))
}
