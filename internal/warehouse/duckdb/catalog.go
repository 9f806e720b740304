package duckdb

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/warehouse/sql/dialect"
)

// information_schema is made anew of all tables for each question: with 400 flows it takes
// 60 ms to say what columns one of them has. What is asked here looks at that table alone.

// A columnNow is what DuckDB says of a column.
type columnNow struct {
	dialect.Stored
	key bool // it is of the primary key
}

// Columns are those of a table or a view, in their order; none where there is neither.
func (t *tx) Columns(ctx context.Context, schema, table string) ([]dialect.Stored, error) {
	all, err := t.about(ctx, schema, table)
	var stored []dialect.Stored
	for _, c := range all {
		stored = append(stored, c.Stored)
	}
	return stored, err
}

// Keyed tells whether a table has a primary key.
func (t *tx) Keyed(ctx context.Context, schema, table string) (bool, error) {
	all, err := t.about(ctx, schema, table)
	return slices.ContainsFunc(all, func(c columnNow) bool { return c.key }), err
}

// about tells the columns of a table, none where there is no such table. A transaction asks it several times of the
// same one, and sees what it saw until it changes a table itself.
func (t *tx) about(ctx context.Context, schema, table string) ([]columnNow, error) {
	name := Dialect().Table(schema, table)
	if all, known := t.seen[name]; known {
		return all, nil
	}
	all, err := t.look(ctx, name)
	if err != nil && !isAbsent(err, schema, table) { // which doesn't break the transaction off: nothing was begun
		return nil, t.driver.classify(ctx, err)
	}
	if t.seen == nil {
		t.seen = map[string][]columnNow{}
	}
	t.seen[name] = all
	return all, nil
}

// look asks for the columns of a table. The question is as short as can be, since every transaction asks it: to plan an
// expression takes longer than to read the columns.
func (t *tx) look(ctx context.Context, name string) (all []columnNow, err error) {
	rows, err := t.conn.QueryContext(ctx, "SELECT name, type, pk FROM pragma_table_info($1)", name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c columnNow
		if err := rows.Scan(&c.Name, &c.Type, &c.key); err != nil {
			return nil, err
		}
		if c.Scale, err = scaleOf(c.Type); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// forget has the transaction look again, unless a statement only writes rows.
func (t *tx) forget(query string) {
	word, _, _ := strings.Cut(query, " ")
	if word != "INSERT" && word != "UPDATE" && word != "DELETE" {
		t.seen = nil
	}
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
