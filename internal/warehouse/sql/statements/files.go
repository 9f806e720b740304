package statements

import (
	"fmt"
	"strings"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Files writes the statements about the register of files: f is the row of a file, l its
// line in the register.
type Files struct {
	Tables
	Of bodies.Query
}

// Register is the quoted name of the register.
func (s *Files) Register() string { return s.Dialect.Table(s.Options.Schema, body.Table) }

// LineColumns are the columns of the register, in order.
const LineColumns = "record_id, state, sha256, md5, size, content_type, read_at, reason, tries, again_at, " +
	"checksum, stamp"

// qualified are the same columns of an alias.
func qualified(alias string) string {
	return alias + "." + strings.ReplaceAll(LineColumns, ", ", ", "+alias+".")
}

// column is the column of a field in the row of a file, and null where there is none.
func (s *Files) column(field string, k shape.Kind) string {
	for _, c := range s.Table.Columns {
		if field != "" && strings.EqualFold(c.Field, field) {
			return fmt.Sprintf("CAST(%s AS %s)", s.Col("f", c.Name), s.Dialect.Type(k, 0))
		}
	}
	return "CAST(NULL AS " + s.Dialect.Type(k, 0) + ")"
}

// joined is the live rows of files that the flow wants the bodies of, each with its line.
func (s *Files) joined(b *dialect.Binds) string {
	latest := ""
	if s.Of.Which == body.Latest && s.Of.Fields.Latest != "" {
		latest = "\n\tAND " + s.column(s.Of.Fields.Latest, shape.Bool)
	}
	return dialect.Fill(`FROM {final} f
LEFT JOIN {register} l ON l.object = {object} AND l.record_id = {key}
WHERE {deleted} IS NULL{latest}`, dialect.Holes{
		"final": s.Final(), "register": s.Register(), "object": b.Text(s.Of.Fields.Object),
		"key": s.Col("f", s.Table.Key[0]), "deleted": s.Col("f", own.DeletedAt), "latest": latest,
	})
}

// other tells of a line that it is of another body than the row, or that there is no line.
func (s *Files) other() string {
	differs := "coalesce(l.checksum, '') <> coalesce(" + s.column(s.Of.Fields.Checksum, shape.Text) + ", '')"
	if s.Of.Fields.Stamp != "" {
		differs = s.Dialect.Differs("l.stamp", s.column(s.Of.Fields.Stamp, shape.Timestamp))
	}
	return "(l.record_id IS NULL OR " + differs + ")"
}

// aside tells of a line that its body couldn't be read.
const aside = "coalesce(l.state, '') = '" + string(bodies.Aside) + "'"

// Waiting lists so many files that wait, of those that follow one.
func (s *Files) Waiting(after string, most int) dialect.Statement {
	b := s.Binds()
	joined, than := s.joined(b), b.Text(after)
	return b.Statement(dialect.Fill(`SELECT {key}, {checksum}, {stamp}, {size}, {location}, {line}
{joined}
	AND {key}{bytewise} > {after}
	AND ({other} OR {aside} AND l.again_at <= {now})
ORDER BY {key}{bytewise}
LIMIT {most}`, dialect.Holes{
		"key": s.Col("f", s.Table.Key[0]), "checksum": s.column(s.Of.Fields.Checksum, shape.Text),
		"stamp": s.column(s.Of.Fields.Stamp, shape.Timestamp), "size": s.column(s.Of.Fields.Size, shape.Long),
		"location": s.column(s.Of.Fields.Location, shape.Text), "line": qualified("l"), "joined": joined,
		"bytewise": s.Dialect.Bytewise, "after": than, "other": s.other(), "aside": aside,
		"now": b.Value(dialect.Stamp(s.Of.Now), shape.Timestamp), "most": fmt.Sprint(most),
	}))
}

// Tally counts the files by what is known of their bodies: copied, their bytes, without a
// body, aside, and waiting.
func (s *Files) Tally() dialect.Statement {
	b := s.Binds()
	joined := s.joined(b)
	is := func(state bodies.State) string { return "NOT " + s.other() + " AND l.state = '" + string(state) + "'" }
	return b.Statement(dialect.Fill(`SELECT count(CASE WHEN {copied} THEN 1 END),
	CAST(sum(CASE WHEN {copied} THEN l.size END) AS {long}),
	count(CASE WHEN {nothing} THEN 1 END), count(CASE WHEN {aside} THEN 1 END), count(CASE WHEN {other} THEN 1 END)
{joined}`, dialect.Holes{
		"copied": is(bodies.Copied), "nothing": is(bodies.Nothing), "aside": is(bodies.Aside), "other": s.other(),
		"long": s.Dialect.Type(shape.Long, 0), "joined": joined,
	}))
}

// Lines lists so many lines of an object, of those that follow one.
func (s *Files) Lines(object, after string, most int) dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`SELECT {columns}
FROM {register} l
WHERE l.object = {object} AND l.record_id{bytewise} > {after}
ORDER BY l.record_id{bytewise}
LIMIT {most}`, dialect.Holes{
		"columns": qualified("l"), "register": s.Register(), "object": b.Text(object), "after": b.Text(after),
		"bytewise": s.Dialect.Bytewise, "most": fmt.Sprint(most),
	}))
}

// Lookup finds the lines of some files.
func (s *Files) Lookup(object string, ids []string) dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`SELECT {columns}
FROM {register} l
WHERE l.object = {object} AND l.record_id IN ({ids})
ORDER BY l.record_id{bytewise}`, dialect.Holes{
		"columns": qualified("l"), "register": s.Register(), "object": b.Text(object), "ids": b.Texts(ids),
		"bytewise": s.Dialect.Bytewise,
	}))
}

// Unregister takes the lines of some files out of the register.
func (s *Files) Unregister(object string, ids []string) dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill("DELETE FROM {register} WHERE object = {object} AND record_id IN ({ids})",
		dialect.Holes{"register": s.Register(), "object": b.Text(object), "ids": b.Texts(ids)}))
}

// Named lists those of some bodies that a line names.
func (s *Files) Named(digests []string) dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill("SELECT DISTINCT sha256 FROM {register} WHERE sha256 IN ({digests})",
		dialect.Holes{"register": s.Register(), "digests": b.Texts(digests)}))
}
