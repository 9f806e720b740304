package statements

import (
	"fmt"
	"strings"

	"catchment/internal/body"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Ready is what makes everything that a first run would find missing in an empty warehouse, as one
// transaction that can be executed as it stands. Where something of it is there already, it
// fails as a whole.
func Ready(d *dialect.Dialect, o warehouse.Options, ps []warehouse.Procedure) (string, error) {
	todo := readyOwn(d, o)
	names := make([]string, len(ps))
	for i := range ps {
		ps[i].Table = adapted(d, ps[i].Table)
		names[i] = ps[i].Table.Name
		for _, side := range []struct {
			schema string
			ours   []shape.Column
		}{{o.Staging, own.Staging()}, {o.Schema, own.Final()}} {
			made, _, err := dialect.Shape(d, side.schema, ps[i].Table, nil, side.ours)
			if err != nil {
				return "", err
			}
			todo = append(todo, made...)
		}
	}
	if d.Grantee != "" {
		for _, role := range o.GrantTo {
			todo = append(todo, d.Grant(role, o.Schema, true,
				append(names[:len(names):len(names)], body.Table, own.ArchiveTable, own.PicklistsTable, own.FieldsTable,
					own.ObjectsTable)...)...)
		}
	}
	var b strings.Builder
	b.WriteString("-- What a first run would make, in one transaction: to be executed by the user of warehouse.url,\n" +
		"-- who is to own it. It makes nothing where something of it is there already.\nBEGIN TRANSACTION;\n")
	for _, one := range todo {
		b.WriteString(one.SQL + ";\n")
	}
	if d.Clock != "" {
		text, err := Procedures(d, o, ps)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	b.WriteString("COMMIT;\n")
	return b.String(), nil
}

// readyOwn makes our own tables, of this version.
func readyOwn(d *dialect.Dialect, o warehouse.Options) []dialect.Step {
	version := d.Table(o.Staging, own.VersionTable)
	var todo []string
	for _, schema := range []string{o.Schema, o.Staging} {
		todo = append(todo, "CREATE SCHEMA IF NOT EXISTS "+d.Quote(schema))
	}
	todo = append(todo, "CREATE TABLE "+version+" (version "+d.Type(shape.Int, 0)+")")
	for n, tables := range own.Migrations() {
		for _, t := range tables {
			todo = append(todo, MakeOwn(d, o, t)...)
		}
		todo = append(todo, fmt.Sprintf("INSERT INTO %s VALUES (%d)", version, n+1))
	}
	return dialect.Steps(todo...)
}

// adapted is a table with the names that a first run gives it and its columns.
func adapted(d *dialect.Dialect, t shape.Table) shape.Table {
	t.Name = shape.Shorten(d.LongestName, t.Name, t.Object)
	t, _ = dialect.Adapt(d, t, nil, shape.Past{})
	return t
}

// SchemaOf is the schema of one of our own tables.
func SchemaOf(o warehouse.Options, t own.Table) string {
	if t.Final {
		return o.Schema
	}
	return o.Staging
}

// MakeOwn makes one of our own tables, or adds columns to it, or an index where the dialect has some. It has none where
// DDL commits: nobody could tell whether one is there that a crash has left.
func MakeOwn(d *dialect.Dialect, o warehouse.Options, t own.Table) []string {
	table := d.Table(SchemaOf(o, t), t.Name)
	if t.Index != "" {
		if d.Index == "" || !d.TransactionalDDL {
			return nil
		}
		return []string{dialect.Fill(d.Index, dialect.Holes{"table": table, "columns": t.Index})}
	}
	var cols []string
	for c := range strings.SplitSeq(t.Columns, ", ") {
		name, kind, _ := strings.Cut(c, " ")
		cols = append(cols, name+" "+d.Type(shape.Kind(kind), 0))
	}
	if t.Add {
		for i, c := range cols { // one each: not every warehouse adds several at once
			cols[i] = "ALTER TABLE " + table + " ADD COLUMN " + c
		}
		return cols
	}
	if t.Key != "" && d.Enforces {
		cols = append(cols, "PRIMARY KEY ("+t.Key+")")
	}
	return []string{fmt.Sprintf("CREATE TABLE %s (%s)", table, strings.Join(cols, ", "))}
}
