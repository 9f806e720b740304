// Package oversql makes a warehousetest.Subject of any sql.Driver: it looks
// at the tables with plain SQL, and has the warehouse go wrong by decorators of
// the driver. What is to be said of such drivers alone, Check says.
package oversql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/warehousetest"
)

// A subject is the warehouse over a driver.
type subject struct {
	driver sql.Driver
}

// New makes a Subject of an empty warehouse.
func New(d sql.Driver) warehousetest.Subject { return &subject{d} }

// Open makes a warehouse over the driver, or over one that goes wrong.
func (s *subject) Open(o warehouse.Options, f warehousetest.Fault) warehouse.Warehouse {
	return sql.New(faulty(s.driver, f), o)
}

// Traits are those of the driver's dialect.
func (s *subject) Traits() warehousetest.Traits {
	d := s.driver.Dialect()
	return warehousetest.Traits{LongestText: d.LongestText, Digits: d.Digits, Enforces: d.Enforces,
		Grants: d.Grantee != ""}
}

// Tables asks information_schema.
func (s *subject) Tables(t testing.TB, side warehousetest.Side) (tables []string) {
	t.Helper()
	s.query(t, 1, func(row []*string) { tables = append(tables, *row[0]) },
		"SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = "+
			dialect.Literal(string(side))+" ORDER BY table_name")
	return tables
}

// Columns asks information_schema.
func (s *subject) Columns(t testing.TB, side warehousetest.Side, table string) (columns []string) {
	t.Helper()
	s.query(t, 1, func(row []*string) { columns = append(columns, *row[0]) },
		"SELECT column_name FROM information_schema.columns WHERE table_catalog = current_database() AND "+
			"table_schema = "+dialect.Literal(string(side))+" AND table_name = "+dialect.Literal(table)+
			" ORDER BY ordinal_position")
	return columns
}

// Look casts all columns to texts.
func (s *subject) Look(t testing.TB, side warehousetest.Side, table string) (rows []warehousetest.Row) {
	t.Helper()
	rows = s.look(t, side, table)
	if s.liesApart(t, side, table) {
		rows = append(rows, s.look(t, warehousetest.Final, firstTable+table)...)
	}
	return rows
}

// firstTable begins the name of a table in which a first reading lies apart from all else that is staged.
const firstTable = "_catchment_first_"

// liesApart tells whether some of what is staged lies there.
func (s *subject) liesApart(t testing.TB, side warehousetest.Side, table string) bool {
	t.Helper()
	how := s.driver.Dialect().Promotion
	return how != nil && how.Apart && side == warehousetest.Staging &&
		len(s.Columns(t, warehousetest.Final, firstTable+table)) > 0
}

func (s *subject) look(t testing.TB, side warehousetest.Side, table string) (rows []warehousetest.Row) {
	t.Helper()
	columns := s.Columns(t, side, table)
	casts := make([]string, len(columns))
	for i, c := range columns {
		casts[i] = "CAST(" + s.quote(c) + " AS VARCHAR)"
	}
	s.query(t, len(columns), func(values []*string) {
		row := warehousetest.Row{}
		for i, c := range columns {
			row[c] = values[i]
		}
		rows = append(rows, row)
	}, "SELECT "+strings.Join(casts, ", ")+" FROM "+s.name(side, table))
	return rows
}

// Insert writes values as texts without a type: they take the columns'.
func (s *subject) Insert(t testing.TB, side warehousetest.Side, table string, rows ...warehousetest.Row) {
	t.Helper()
	named := map[string]bool{}
	for _, row := range rows {
		for c := range row {
			named[c] = true
		}
	}
	columns := slices.Sorted(maps.Keys(named))
	lines := make([]string, len(rows))
	for i, row := range rows {
		values := make([]string, len(columns))
		for k, c := range columns {
			values[k] = literal(row[c])
		}
		lines[i] = "(" + strings.Join(values, ", ") + ")"
	}
	s.exec(t, fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", s.name(side, table), s.driver.Dialect().List("", columns),
		strings.Join(lines, ", ")))
}

// Update sets columns of all rows.
func (s *subject) Update(t testing.TB, side warehousetest.Side, table string, to warehousetest.Row) {
	t.Helper()
	var sets []string
	for _, c := range slices.Sorted(maps.Keys(to)) {
		sets = append(sets, s.quote(c)+" = "+literal(to[c]))
	}
	s.exec(t, "UPDATE "+s.name(side, table)+" SET "+strings.Join(sets, ", "))
}

// Delete deletes rows by their Ids, or all.
func (s *subject) Delete(t testing.TB, side warehousetest.Side, table string, ids ...string) {
	t.Helper()
	where := ""
	if len(ids) > 0 {
		texts := make([]string, len(ids))
		for i, id := range ids {
			texts[i] = dialect.Literal(id)
		}
		where = " WHERE id IN (" + strings.Join(texts, ", ") + ")"
	}
	s.exec(t, "DELETE FROM "+s.name(side, table)+where)
	if s.liesApart(t, side, table) {
		s.exec(t, "DELETE FROM "+s.name(warehousetest.Final, firstTable+table)+where)
	}
}

// Drop drops a table.
func (s *subject) Drop(t testing.TB, side warehousetest.Side, table string) {
	t.Helper()
	s.exec(t, "DROP TABLE "+s.name(side, table))
}

// Make makes a table of text columns.
func (s *subject) Make(t testing.TB, side warehousetest.Side, table string, columns ...string) {
	t.Helper()
	defs := make([]string, len(columns))
	for i, c := range columns {
		defs[i] = s.quote(c) + " " + s.driver.Dialect().Type(shape.Text, 0)
	}
	s.exec(t, "CREATE TABLE "+s.name(side, table)+" ("+strings.Join(defs, ", ")+")")
}

// Copy makes a table as a query's answer, which has no key.
func (s *subject) Copy(t testing.TB, side warehousetest.Side, table, to string) {
	t.Helper()
	s.exec(t, "CREATE TABLE "+s.name(side, to)+" AS SELECT * FROM "+s.name(side, table))
}

// Rename renames a table.
func (s *subject) Rename(t testing.TB, side warehousetest.Side, table, to string) {
	t.Helper()
	s.exec(t, "ALTER TABLE "+s.name(side, table)+" RENAME TO "+s.quote(to))
}

// query calls each with the values of every row of the answer.
func (s *subject) query(t testing.TB, columns int, each func([]*string), query string) {
	t.Helper()
	must(t, behind(s.driver).View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error {
			values, dest := make([]*string, columns), make([]any, columns)
			for i := range dest {
				dest[i] = &values[i]
			}
			if err := scan(dest...); err != nil {
				return err
			}
			each(values)
			return nil
		}, query)
	}))
}

// exec does a statement behind the warehouse's back.
func (s *subject) exec(t testing.TB, query string) {
	t.Helper()
	must(t, behind(s.driver).Tx(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(context.WithoutCancel(t.Context()), query)
		return err
	}))
}

func (s *subject) quote(name string) string { return s.driver.Dialect().Quote(name) }

func (s *subject) name(side warehousetest.Side, table string) string {
	return s.driver.Dialect().Table(string(side), table)
}

// literal writes a value as SQL.
func literal(value *string) string {
	if value == nil {
		return "NULL"
	}
	return dialect.Literal(*value)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
