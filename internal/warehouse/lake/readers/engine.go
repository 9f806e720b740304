package readers

import (
	"maps"
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// An engine is one that reads tables of others. It is a value: two engines differ in what it holds.
type engine struct {
	name  string // as the dialect of its SQL is called
	title string
	// ways are how it gets to the tables that a catalog lists. One that has none can't.
	ways     map[catalog]func(names) way
	dialect  dialect.Dialect                   // how it quotes identifiers
	text     func(string) string               // a text as a literal
	column   func(engine, shape.Column) string // what a view selects
	capitals bool                              // what is unquoted is in capitals: so the names of views are
	lacks    map[shape.Kind]string             // the kinds of columns that it doesn't read, and what is said of one
	longest  int                               // bytes that it reads of a text, 0 for all
	names    string                            // the characters that names may be made of, "" for any
	view     string                            // what follows the statement that makes a view
	notes    []string
}

// A way is how an engine gets to the tables of a catalog.
type way struct {
	tables, views []string // where they are, outermost first
	statements    []string // what has to be done for that, once
	replace       []word
	notes         []string
}

// A word stands for what can't be known here.
type word struct{ name, is string }

// names are those that statements are made of.
type names struct {
	Lake
	engine
	schema string // of the lake's tables, in its catalog
	tables string // under which the engine knows the catalog
	live   string // of the views
}

// engines are those that can be told.
func engines() []engine {
	return []engine{athena(), bigquery(), databricks(), duckdb(), redshift(), snowflake(), trino()}
}

// path is quoted names with dots between them.
func (e engine) path(names ...string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, e.dialect.Quote(name))
	}
	return strings.Join(quoted, ".")
}

// escaped is a text as a literal where a backslash takes the meaning of what follows.
func escaped(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// plain is a column as it is.
func plain(e engine, c shape.Column) string { return e.dialect.Quote(c.Name) }

// shown is the name of a view.
func (e engine) shown(table string) string {
	if e.capitals {
		return strings.ToUpper(table)
	}
	return table
}

// said is what is said of columns that an engine doesn't read, in order.
func (e engine) said() []string { return slices.Sorted(maps.Values(e.lacks)) }
