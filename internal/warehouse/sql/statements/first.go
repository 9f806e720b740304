package statements

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A First is the table in which a first reading lies apart (dialect.Promotion), beside the final one. It has the
// columns of that but for those that only a merge fills in, and before them those that tell staged
// versions apart. It holds versions of one attempt, and is gone with them.
type First struct{ *Tables }

// Name is what it is called, in the schema of final tables.
func (f First) Name() string { return firstName(f.Tables) }

// quoted is its name as SQL has it.
func (f First) quoted() string { return f.Dialect.Table(f.Options.Schema, f.Name()) }

// told are our own columns of it that the final table lacks.
func told() []shape.Column {
	return without(own.Staging(), shape.Column{Name: own.ReadAt}, shape.Column{Name: own.At})
}

// gained are those of a final table that only a merge fills in.
func gained() []shape.Column {
	return without(own.Final(), shape.Column{Name: own.ReadAt}, shape.Column{Name: own.At})
}

// without is columns but for some.
func without(all []shape.Column, some ...shape.Column) []shape.Column {
	return slices.DeleteFunc(all, func(c shape.Column) bool {
		return slices.ContainsFunc(some, func(one shape.Column) bool { return one.Name == c.Name })
	})
}

// Make makes it beside a final table that has these columns. "" is for one that it couldn't take the place of: where
// those columns that a merge fills in don't stand at the end, as in a table that got another one since.
func (f First) Make(final []dialect.Stored) string {
	n := len(final) - len(gained())
	if n < 0 || !slices.EqualFunc(final[n:], gained(), func(has dialect.Stored, c shape.Column) bool {
		return has.Name == c.Name
	}) {
		return ""
	}
	var defs []string
	for _, c := range told() {
		defs = append(defs, "\n\t"+f.Dialect.Define(c))
	}
	for _, c := range final[:n] {
		def := "\n\t" + f.Quote(c.Name) + " " + c.Type
		if f.Dialect.IsText(c.Type) && slices.Contains(f.Table.Key, c.Name) {
			def += f.Dialect.KeysStored
		}
		defs = append(defs, def)
	}
	return fmt.Sprintf("CREATE TABLE %s (%s\n)", f.quoted(), strings.Join(defs, ","))
}

// Demote moves what lies in it to all else that is staged, and takes it away. Both tables have these columns.
func (f First) Demote(columns []string) []dialect.Statement {
	return []dialect.Statement{
		{SQL: dialect.Fill("INSERT INTO {staging} ({columns})\nSELECT {columns}\nFROM {first}", dialect.Holes{
			"staging": f.Dialect.Table(f.Options.Staging, f.Table.Name),
			"columns": f.Dialect.List("", columns), "first": f.quoted(),
		})},
		f.Drop(),
	}
}

// Drop takes it away.
func (f First) Drop() dialect.Statement { return dialect.Statement{SQL: "DROP TABLE " + f.quoted()} }

// becomes has it take the place of the final table, whose rows were merged at that moment.
func (f First) becomes(now time.Time) []dialect.Statement {
	var out []dialect.Statement
	add := func(sql string) { out = append(out, dialect.Statement{SQL: sql}) }
	alter := func(how string) { add("ALTER TABLE " + f.quoted() + " " + how) }
	for _, c := range told() {
		alter("DROP COLUMN " + f.Quote(c.Name))
	}
	for _, c := range gained() {
		def := f.Dialect.Define(c)
		if c.Name == own.SyncedAt { // a text: an expression isn't left to the catalog, but written into each row
			def += " DEFAULT " + dialect.Literal(now.Format(time.RFC3339Nano))
		}
		alter("ADD COLUMN " + def)
	}
	alter("ALTER COLUMN " + f.Quote(own.SyncedAt) + " DROP DEFAULT")
	add("DROP TABLE " + f.Final())
	alter("RENAME TO " + f.Quote(f.Table.Name))
	return out
}
