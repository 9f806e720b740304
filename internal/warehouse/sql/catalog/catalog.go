// Package catalog lists the files of a copy, over any warehouse that speaks SQL: a bodies.Catalog.
//
// It asks the tables alone. How the columns are called it finds in _catchment_fields, since a flow
// may rename them, and leave some out. Start at Catalog.Files; files.go writes its statement.
package catalog

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A Query does one statement, and calls each for every row of the answer, with what reads its
// columns into pointers.
type Query func(ctx context.Context, each func(scan func(dest ...any) error) error, sql string, args ...any) error

// A View does f on one picture of the warehouse.
type View func(ctx context.Context, f func(Query) error) error

// A Catalog is the files of one copy.
type Catalog struct {
	d      *dialect.Dialect
	schema string // of the final tables
	view   View
}

// New is the files of the copy in a schema.
func New(d *dialect.Dialect, schema string, view View) *Catalog { return &Catalog{d, schema, view} }

// Files lists so many files, in order of their Ids, of those that follow one.
func (c *Catalog) Files(ctx context.Context, s bodies.Search, after string, most int) ([]bodies.Listed, error) {
	var all []bodies.Listed
	err := c.view(ctx, func(q Query) error {
		all = nil
		l := listing{Catalog: c, search: s}
		if err := l.look(ctx, q); err != nil {
			return err
		}
		if l.files.name == "" && !l.registered {
			return nil
		}
		ask := l.statement(after, most)
		return q(ctx, func(scan func(...any) error) error {
			one, err := l.read(scan)
			all = append(all, one)
			return err
		}, ask.SQL, ask.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", s.Object, err)
	}
	return all, nil
}

// Digests lists so many bodies, each once and in order, of those that follow one.
func (c *Catalog) Digests(ctx context.Context, object, after string, most int) ([]bodies.Digest, error) {
	var all []bodies.Digest
	b := &dialect.Binds{Dialect: c.d}
	where := "sha256" + c.d.Bytewise + " > " + b.Text(after)
	if object != "" {
		where += " AND object = " + b.Text(object)
	}
	err := c.register(ctx, func(q Query) error {
		all = nil
		return q(ctx, func(scan func(...any) error) error {
			var d bodies.Digest
			err := scan(&d.SHA256, &d.Size)
			all = append(all, d)
			return err
		}, dialect.Fill(`SELECT sha256, max(size) FROM {files}
WHERE {where}
GROUP BY sha256
ORDER BY sha256{bytewise}
LIMIT {most}`, dialect.Holes{"files": c.table(body.Table), "where": where,
			"bytewise": c.d.Bytewise, "most": fmt.Sprint(most)}), b.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("list the bodies: %w", err)
	}
	return all, nil
}

// Holders lists so many of the files that have one of some bodies.
func (c *Catalog) Holders(ctx context.Context, digests []string, most int) ([]bodies.Holder, error) {
	var all []bodies.Holder
	if len(digests) == 0 {
		return nil, nil
	}
	b := &dialect.Binds{Dialect: c.d}
	among := b.Texts(digests)
	err := c.register(ctx, func(q Query) error {
		all = nil
		return q(ctx, func(scan func(...any) error) error {
			var h bodies.Holder
			err := scan(&h.Object, &h.ID, &h.SHA256)
			all = append(all, h)
			return err
		}, dialect.Fill(`SELECT object, record_id, sha256 FROM {files}
WHERE sha256 IN ({among})
ORDER BY object, record_id{bytewise}
LIMIT {most}`, dialect.Holes{"files": c.table(body.Table), "among": among,
			"bytewise": c.d.Bytewise, "most": fmt.Sprint(most)}), b.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("find the files of bodies: %w", err)
	}
	return all, nil
}

// register does f where there is a register.
func (c *Catalog) register(ctx context.Context, f func(Query) error) error {
	return c.view(ctx, func(q Query) error {
		has, err := c.columns(ctx, q, body.Table)
		if err != nil || len(has) == 0 {
			return err
		}
		return f(q)
	})
}

// table is the quoted name of a table beside the final ones.
func (c *Catalog) table(name string) string { return c.d.Table(c.schema, name) }

// columns are those of a table, none where there is no such table.
func (c *Catalog) columns(ctx context.Context, q Query, table string) (map[string]bool, error) {
	has := map[string]bool{}
	err := q(ctx, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		has[strings.ToLower(name)] = true
		return err
	}, "SELECT column_name FROM information_schema.columns WHERE table_catalog = current_database() "+
		"AND table_schema = $1 AND table_name = $2", c.schema, table)
	return has, err
}

// A table is one of records, and how the columns of its fields are called.
type table struct {
	name    string // "" where there is none
	columns map[string]string
}

// column is the column of a field, and whether there is one.
func (t table) column(field string) (string, bool) {
	name, ok := t.columns[strings.ToLower(field)]
	return name, ok
}

// find finds the table of an object.
func (c *Catalog) find(ctx context.Context, q Query, object string) (table, error) {
	t := table{columns: map[string]string{}}
	described, err := c.columns(ctx, q, own.ObjectsTable)
	if err != nil || len(described) == 0 {
		return t, err
	}
	name := ""
	err = q(ctx, func(scan func(...any) error) error { return scan(&name) },
		"SELECT table_name FROM "+c.table(own.ObjectsTable)+" WHERE lower(object) = lower($1)", object)
	if err != nil || name == "" {
		return t, err
	}
	has, err := c.columns(ctx, q, name)
	if err != nil || len(has) == 0 {
		return t, err
	}
	t.name = name
	return t, q(ctx, func(scan func(...any) error) error {
		var field, column string
		err := scan(&field, &column)
		if has[strings.ToLower(column)] {
			t.columns[strings.ToLower(field)] = column
		}
		return err
	}, "SELECT field, column_name FROM "+c.table(own.FieldsTable)+" WHERE lower(object) = lower($1)", object)
}
