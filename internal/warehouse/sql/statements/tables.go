package statements

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Tables are the tables of one flow, as SQL names them.
type Tables struct {
	Dialect *dialect.Dialect
	Options warehouse.Options
	Table   shape.Table
	Apart   []string // columns of the final table that are in an overflow: it is a view over another then
	First   bool     // what is staged is a first reading that lies apart (dialect.Promotion)
}

// Staging is the quoted name of the table that takes every version.
func (s *Tables) Staging() string {
	if s.First {
		return s.Dialect.Table(s.Options.Schema, firstName(s))
	}
	return s.Dialect.Table(s.Options.Staging, s.Table.Name)
}

// firstName is what the table is called in which a first reading lies apart.
func firstName(s *Tables) string {
	const begins = shape.OwnPrefix + "first_"
	return shape.Shorten(s.Dialect.LongestName, begins+s.Table.Name, s.Table.Name)
}

// Final is the quoted name of the table with one row per key, to read from.
func (s *Tables) Final() string { return s.Dialect.Table(s.Options.Schema, s.Table.Name) }

// Rows is the quoted name of the same, to write into.
func (s *Tables) Rows() string { return s.Dialect.Table(s.Options.Schema, s.RowsName()) }

// RowsName is the same as it is.
func (s *Tables) RowsName() string {
	if len(s.Apart) > 0 {
		return dialect.RowsOf(s.Dialect, s.Table.Name)
	}
	return s.Table.Name
}

// Over is s where the final table has these columns.
func (s *Tables) Over(has []dialect.Stored) *Tables {
	s.Apart = dialect.Apart(has)
	return s
}

// Gather moves what somebody else has staged to where a merge looks for it, nothing where
// that is where it is.
func (s *Tables) Gather() []dialect.Statement {
	if len(s.Apart) == 0 {
		return nil
	}
	return []dialect.Statement{{SQL: dialect.Gather(s.Dialect, s.Staging(), s.Apart)}}
}

// Staged is a column of a staged version of alias, where that isn't "".
func (s *Tables) Staged(alias, name string) string {
	column := dialect.Value(s.Dialect, alias, dialect.Stored{Name: name})
	if !slices.Contains(s.Apart, name) {
		return column
	}
	apart := dialect.Stored{Name: name, Type: s.Dialect.Of(shape.Text).Stored, Apart: true}
	return fmt.Sprintf("coalesce(CAST(%s AS %s), %s)", column, s.Dialect.Type(shape.Text, 0),
		dialect.Value(s.Dialect, alias, apart))
}

// Tombs is the quoted name of the table of tombstones.
func (s *Tables) Tombs() string { return s.Dialect.Table(s.Options.Staging, own.TombstoneTable) }

// Binds collects the parameters of a statement.
func (s *Tables) Binds() *dialect.Binds { return &dialect.Binds{Dialect: s.Dialect} }

// Quote quotes a name.
func (s *Tables) Quote(name string) string {
	return s.Dialect.Quote(name)
}

// Col is a column of a table's alias.
func (s *Tables) Col(alias, name string) string { return alias + "." + s.Dialect.Quote(name) }

// target is a table that a DELETE deletes from, and how its columns are
// qualified.
func (s *Tables) target(schema, table, alias string) (name, as string) {
	if s.Dialect.Targets {
		return s.Dialect.Table(schema, table) + " " + alias, alias
	}
	return s.Dialect.Table(schema, table), s.Quote(table)
}

// SameKey joins two aliases on the key.
func (s *Tables) SameKey(a, b string) string {
	on := make([]string, len(s.Table.Key))
	for i, k := range s.Table.Key {
		on[i] = s.Col(a, k) + " = " + s.Col(b, k)
	}
	return strings.Join(on, " AND ")
}

// RecordKey is the key as one text, as a tombstone keeps it.
func (s *Tables) RecordKey(alias string) string {
	texts := make([]string, len(s.Table.Key))
	for i, k := range s.Table.Key {
		texts[i] = fmt.Sprintf("CAST(%s AS %s)", s.Col(alias, k), s.Dialect.Type(shape.Text, 0))
	}
	return strings.Join(texts, " || chr(31) || ")
}

// Oldest stands for a stamp that is missing: AppFlow's rows have no read_at,
// an adopted row may have neither. The literal holds no colon, which begins a
// parameter on some ways to a warehouse.
func (s *Tables) Oldest(expr string) string {
	return "coalesce(" + expr + ", TIMESTAMPTZ '0001-01-01')"
}

// newer is the order of versions, by at, then read_at (invariant 4). Equal
// versions are not newer, so a repeat changes nothing.
func (s *Tables) newer(at, readAt, alias string) string {
	return dialect.Fill(`({at} > {its_at} OR
		{at} = {its_at} AND {read_at} > {its_read_at})`, dialect.Holes{
		"at": s.Oldest(at), "its_at": s.Oldest(s.Col(alias, own.At)), "read_at": s.Oldest(readAt),
		"its_read_at": s.Oldest(s.Col(alias, own.ReadAt)),
	})
}

// notEarlier is the order of a rebuild or a repair, which goes by the time of
// reading alone: a stamp may be ahead of the org's, but what was read later is
// the newer one. A page that comes late doesn't undo a repair.
func (s *Tables) notEarlier(readAt, alias string) string {
	return dialect.Fill("({read_at} IS NULL OR {its_read_at} IS NULL OR {read_at} >= {its_read_at})", dialect.Holes{
		"read_at": readAt, "its_read_at": s.Col(alias, own.ReadAt),
	})
}

// AnyTombstone tells whether the table has a tombstone, as 1 or 0.
func (s *Tables) AnyTombstone() dialect.Statement {
	return dialect.Statement{SQL: "SELECT count(*) FROM (SELECT 1 FROM " + s.Tombs() +
		" WHERE table_name = $1 LIMIT 1) x",
		Args: []any{s.Table.Name}}
}

// AnyRow tells whether the final table has a row, as 1 or 0.
func (s *Tables) AnyRow() dialect.Statement {
	return dialect.Statement{SQL: "SELECT count(*) FROM (SELECT 1 FROM " + s.Rows() + " LIMIT 1) x"}
}

// LiveRows counts the rows that aren't deleted.
func (s *Tables) LiveRows() dialect.Statement {
	return dialect.Statement{SQL: fmt.Sprintf("SELECT count(*) - count(%s) FROM %s", s.Quote(own.DeletedAt), s.Rows())}
}

// AddKey makes the key of the final table. It fails on a duplicate, and the
// merge with it (invariant 5).
func (s *Tables) AddKey() string {
	return fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", s.Rows(), s.Dialect.List("", s.Table.Key))
}

// Lock keeps others from changing staging until the transaction ends.
func (s *Tables) Lock() dialect.Statement {
	return dialect.Statement{SQL: "LOCK TABLE " + s.Staging() + " IN EXCLUSIVE MODE"}
}

// Truncate removes all that is staged.
func (s *Tables) Truncate() dialect.Statement {
	return dialect.Statement{SQL: "TRUNCATE " + s.Staging()}
}

func (s *Tables) drop(temp string) dialect.Statement {
	return dialect.Statement{SQL: "DROP TABLE " + s.Quote(temp)}
}

func isField(c shape.Column, fields ...string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, c.Field) })
}

// notRejected is the condition that the record of alias was not rejected by the
// attempt: it is in the org, only not in the page. What a patch was rejected for
// doesn't count.
func (s *Tables) notRejected(alias, attempt string) string {
	return dialect.Fill("NOT EXISTS (SELECT 1 FROM {rejected} r "+
		"WHERE {attempt} = {of} AND r.record_key = {key} AND coalesce({op}, 'put') = 'put')", dialect.Holes{
		"rejected": s.Dialect.Table(s.Options.Staging, own.RejectedTable), "attempt": s.Col("r", own.Attempt),
		"of":  attempt,
		"key": s.RecordKey(alias), "op": s.Col("r", own.Op),
	})
}

// leaving is the records that an archive has sent the delete of, and hasn't settled yet, from FROM on: until that
// is done, what says that one of them is deleted is left alone.
func (s *Tables) leaving() string {
	return dialect.Fill("FROM {archive} a WHERE a.object = {object} AND a.state = {posted}", dialect.Holes{
		"archive": s.Dialect.Table(s.Options.Schema, own.ArchiveTable), "object": dialect.Literal(s.Table.Object),
		"posted": dialect.Literal(string(archived.Posted)),
	})
}

// Stays is the condition that a row of alias isn't one of those.
func (s *Tables) Stays(alias string) string {
	return fmt.Sprintf("NOT EXISTS (SELECT 1 %s AND a.record_id = %s)", s.leaving(), s.RecordKey(alias))
}

// literalsOf writes the reasons that have a trait as SQL, "" for none.
func literalsOf(all []gone.Traits, has func(gone.Traits) bool) string {
	var names []string
	for _, t := range all {
		if has(t) {
			names = append(names, string(t.Reason))
		}
	}
	return dialect.Literals(names)
}

// kept and special are traits to ask literalsOf for.
func kept(t gone.Traits) bool { return t.Kept }

func special(t gone.Traits) bool { return t.Kept || t.Approved }
