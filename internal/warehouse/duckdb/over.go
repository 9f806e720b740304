package duckdb

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/sql/dialect"
)

// QueryOver makes what answers questions about tables that lie in Parquet files. DuckDB has no file of its own
// then: the tables are views of their live rows, and it may read the files that these are made of, and no others.
func QueryOver(tables query.Tables, schema string) query.Session {
	return &over{session: session{file: &driver{path: "the warehouse"}, schema: schema}, tables: tables}
}

// over asks about files.
type over struct {
	session
	tables query.Tables
}

// Ask does a statement in a DuckDB that has nothing but the views.
func (o *over) Ask(ctx context.Context, q query.Question, to query.Answer) (err error) {
	tables, done, err := o.tables(ctx, q.Statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	connector, err := duckdb.NewConnector(offline, nil)
	if err != nil {
		return o.refusal(ctx, err)
	}
	db := stdsql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return o.refusal(ctx, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	said := slices.Concat([]string{paths(tables), "CREATE SCHEMA " + quote(o.schema)}, gone(tables))
	for _, t := range tables {
		said = append(said, view(o.schema, t))
	}
	said = slices.Concat(said, seclusion(), []string{"SET schema = " + dialect.Literal(o.schema), locked})
	for _, one := range said {
		if _, err := conn.ExecContext(ctx, one); err != nil {
			return o.refusal(ctx, err)
		}
	}
	return conn.Raw(func(c any) error { return o.ask(ctx, c.(*duckdb.Conn), q, to) })
}

func quote(name string) string { return Dialect().Quote(name) }

// list is a list of texts.
func list(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = dialect.Literal(text)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// paths lets DuckDB read the files of tables once it is shut in.
func paths(tables []query.Table) string {
	var all []string
	for _, t := range tables {
		for _, f := range t.Files {
			all = append(all, f.Path)
		}
	}
	return "SET GLOBAL allowed_paths = " + list(all)
}

// goneTable has the places of the rows that are gone, and addressTable what files are called by who says so. No
// schema of a user's may be called so.
const (
	goneTable    = `"_catchment_gone"."row"`
	addressTable = `"_catchment_gone"."file"`
)

// gone gathers the places of the rows that are gone.
func gone(tables []query.Table) []string {
	said := []string{`CREATE SCHEMA "_catchment_gone"`,
		"CREATE TABLE " + addressTable + " (address VARCHAR, path VARCHAR)",
		"CREATE TABLE " + goneTable + " (path VARCHAR, pos BIGINT)"}
	for _, t := range tables {
		if len(t.Gone) == 0 {
			continue
		}
		values := make([]string, len(t.Files))
		for i, f := range t.Files {
			values[i] = "(" + dialect.Literal(f.Address) + ", " + dialect.Literal(f.Path) + ")"
		}
		said = append(said,
			"INSERT INTO "+addressTable+" VALUES "+strings.Join(values, ", "),
			"INSERT INTO "+goneTable+" SELECT f.path, g.pos FROM read_parquet("+list(t.Gone)+") AS g JOIN "+
				addressTable+" AS f ON f.address = g.file_path")
	}
	return said
}

// view is the live rows of a table.
func view(schema string, t query.Table) string {
	names, types := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	nulls := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quote(c.Name)
		types[i] = fmt.Sprintf("%d: {name: %s, type: %s, default_value: NULL}", c.Number, dialect.Literal(c.Name),
			dialect.Literal(c.Type))
		nulls[i] = "CAST(NULL AS " + c.Type + ") AS " + quote(c.Name)
	}
	made := "CREATE VIEW " + quote(schema) + "." + quote(t.Name) + " AS SELECT "
	if len(t.Files) == 0 {
		return made + strings.Join(nulls, ", ") + " WHERE false"
	}
	files := make([]string, len(t.Files))
	for i, f := range t.Files {
		files[i] = f.Path
	}
	made += strings.Join(names, ", ") + " FROM read_parquet(" + list(files) + ", schema = MAP {" +
		strings.Join(types, ", ") + "}, filename = '_catchment_path', file_row_number = true) AS r"
	if len(t.Gone) > 0 {
		made += " ANTI JOIN " + goneTable + " AS g ON g.path = r._catchment_path AND g.pos = r.file_row_number"
	}
	return made
}
