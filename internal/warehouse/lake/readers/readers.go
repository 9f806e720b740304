// Package readers writes down how engines of others read a lake where it is: the statements by which they see its
// tables, and views of the live rows over them. It is text: nobody is asked, and nothing is opened.
//
// What can't be known so stands in the text as a word in capitals that is to be replaced, and is explained above it.
// No secret is read, and none is written. Start at New.
//
// Files, from the top: readers.go, engine.go, view.go, catalog.go, redshift.go, athena.go, snowflake.go, bigquery.go,
// databricks.go, trino.go, duckdb.go.
package readers

import (
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/printable"
	"catchment/internal/warehouse"
)

// A Reader tells one engine how to read one lake.
type Reader struct {
	engine engine
	lake   Lake
}

// Engines are the names of those that can be told, as sql --dialect takes them.
func Engines() []string {
	var all []string
	for _, e := range engines() {
		all = append(all, e.name)
	}
	return all
}

// New finds out whether an engine can read a lake.
func New(l Lake, name string) (*Reader, error) {
	all := engines()
	i := slices.IndexFunc(all, func(e engine) bool { return e.name == name })
	if i < 0 {
		return nil, plan.Fixf("name one of them: --dialect "+plural.List(Engines(), "or"),
			"nothing is known of how %s reads a lake", printable.Line(name))
	}
	if _, reads := all[i].ways[l.catalog]; !reads {
		return nil, unread(l, all[i], all)
	}
	return &Reader{all[i], l}, nil
}

// unread says that an engine doesn't read what a catalog lists, and what does.
func unread(l Lake, e engine, all []engine) error {
	if l.catalog == folder {
		return plan.Fixf("ask it here, by catchment query or as docs/howto/lake.md has it for PyIceberg, DuckDB and "+
			"Spark; what others are to read has to be in S3: iceberg:glue:s3://BUCKET/PREFIX",
			"warehouse.url is a lake in a folder of this machine, which %s can't reach", e.title)
	}
	var others []string
	for _, other := range all {
		if _, reads := other.ways[l.catalog]; reads {
			others = append(others, other.name)
		}
	}
	var reads []string
	for _, c := range []catalog{glue, s3Tables, rest} {
		if _, can := e.ways[c]; can {
			reads = append(reads, string(c))
		}
	}
	return plan.Fixf("write a catalog that it reads: "+plural.List(reads, "or")+" (docs/howto/lake.md); this one is "+
		"read by --dialect "+plural.List(others, "or"),
		"the catalog of the lake is %s, which %s doesn't read tables from",
		l.catalog, e.title)
}

// Opening is what makes the lake's tables visible, and a place for the views.
func (r *Reader) Opening(o warehouse.Options) string {
	n := r.names(o)
	w := r.engine.ways[r.lake.catalog](n)
	var b strings.Builder
	comment := func(indent, text string) { b.WriteString(commented(indent, text)) }
	comment("", "How "+r.engine.title+" reads this lake: each table as it is in "+r.engine.path(w.tables...)+
		", and a view of its live rows in "+r.engine.path(w.views...)+".")
	if len(w.replace) > 0 {
		comment("", "Replace, before you execute it:")
		for _, word := range w.replace {
			comment("  ", word.name+": "+word.is)
		}
	}
	comment("", "Good to know:")
	for _, note := range slices.Concat(w.notes, r.engine.notes, []string{
		"The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, " +
			"or was of another type, is in the table alone. Print and execute this again once fields came, went, or " +
			"took another type.",
		"Nobody but Catchment may write to these tables; who does stops their flows.",
	}) {
		comment("  ", note)
	}
	for _, statement := range w.statements {
		b.WriteString("\n" + statement + ";\n")
	}
	return b.String()
}

// names are those of a lake, as an engine gets them.
func (r *Reader) names(o warehouse.Options) names {
	schema, lower := o.Schema, strings.ToLower(o.Schema)
	if r.lake.catalog == glue || r.lake.catalog == s3Tables {
		schema = lower // which is how they keep it
	}
	return names{Lake: r.lake, engine: r.engine, schema: schema, tables: lower + "_lake", live: lower + "_live"}
}

// wide is how long a line of a comment is at most.
const wide = 116

// commented is text as a comment, in lines that aren't too long.
func commented(indent, text string) string {
	var b strings.Builder
	line, further := "", strings.Repeat(indent, 2)
	for _, word := range strings.Fields(printable.Line(text)) {
		if line != "" && len("-- "+indent+line+" "+word) > wide {
			b.WriteString("-- " + indent + line + "\n")
			indent, line = further, ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return b.String() + "-- " + indent + line + "\n"
}
