package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A listing is one answer to Files on its way.
type listing struct {
	*Catalog
	search     bodies.Search
	files      table // of the object
	links      table // of what links its files to records
	registered bool
	binds      dialect.Binds
}

// look finds the tables.
func (l *listing) look(ctx context.Context, q Query) (err error) {
	l.binds.Dialect = l.d
	if l.files, err = l.find(ctx, q, l.search.Object); err != nil {
		return err
	}
	if links := body.SaidOf(l.search.Object).Links; links != "" && l.search.Record != "" {
		if l.links, err = l.find(ctx, q, links); err != nil {
			return err
		}
	}
	has, err := l.columns(ctx, q, body.Table)
	l.registered = len(has) > 0
	return err
}

// statement asks for files: k has their Ids, x their rows, l what the register says.
func (l *listing) statement(after string, most int) dialect.Statement {
	ids := l.ids(after)
	of := body.SaidOf(l.search.Object)
	rows, lines := "(SELECT NULL AS id) x ON false", "(SELECT NULL AS record_id) l ON false"
	if l.files.name != "" {
		rows = l.table(l.files.name) + " x ON " + l.key("x") + " = k.id"
	}
	if l.registered {
		lines = l.table(body.Table) + " l ON l.record_id = k.id AND l.object = " + l.binds.Text(l.search.Object)
	}
	return l.binds.Statement(dialect.Fill(`SELECT k.id, {known}, {deleted}, {title}, {path}, {ending}, {parent}, {size},
	{older}, {moved},
	{line}
FROM (
{ids}
	ORDER BY 1
	LIMIT {most}
) k
LEFT JOIN {rows}
LEFT JOIN {lines}
ORDER BY k.id{bytewise}`, dialect.Holes{
		"known": l.whether(l.files.name != "", l.key("x")+" IS NOT NULL"),
		"deleted": l.whether(l.files.name != "", l.key("x")+" IS NOT NULL AND x."+l.d.Quote(own.DeletedAt)+
			" IS NOT NULL"),
		"title": l.value(of.Title, shape.Text), "path": l.value(of.Path, shape.Text),
		"ending": l.value(of.Ending, shape.Text), "parent": l.value(of.Parent, shape.Text),
		"size": l.value(of.Size, shape.Long), "older": l.older(of), "moved": l.moved(of), "line": l.line(),
		"ids": ids, "rows": rows, "lines": lines, "bytewise": l.d.Bytewise, "most": fmt.Sprint(most),
	}))
}

// key is the column of the Id, of rows with an alias.
func (l *listing) key(alias string) string {
	name, ok := l.files.column("Id")
	if !ok {
		name = "id"
	}
	return alias + "." + l.d.Quote(name)
}

// value is a column of a row, null where the flow has none.
func (l *listing) value(field string, kind shape.Kind) string {
	name, ok := l.files.column(field)
	if !ok {
		return "CAST(NULL AS " + l.d.Type(kind, 0) + ")"
	}
	return "CAST(x." + l.d.Quote(name) + " AS " + l.d.Type(kind, 0) + ")"
}

// whether is a condition that can be asked, false where it can't.
func (l *listing) whether(asked bool, condition string) string {
	if !asked {
		return "false"
	}
	return condition
}

// older tells whether a row isn't the newest version of its document.
func (l *listing) older(of body.Said) string {
	name, ok := l.files.column(of.Latest)
	return l.whether(ok, "coalesce(NOT x."+l.d.Quote(name)+", false)")
}

// moved tells whether a row was changed since its body was read.
func (l *listing) moved(of body.Said) string {
	name, ok := l.files.column(of.Stamp)
	return l.whether(ok && l.registered, "coalesce(x."+l.d.Quote(name)+" <> l.stamp, false)")
}

// line is what the register says.
func (l *listing) line() string {
	columns := []string{"state", "sha256", "md5", "content_type", "reason"}
	kinds := []shape.Kind{shape.Text, shape.Text, shape.Text, shape.Text, shape.Text}
	columns = append(columns, "size", "tries", "read_at", "again_at")
	kinds = append(kinds, shape.Long, shape.Long, shape.Timestamp, shape.Timestamp)
	for i, name := range columns {
		if l.registered {
			columns[i] = "l." + name
			continue
		}
		columns[i] = "CAST(NULL AS " + l.d.Type(kinds[i], 0) + ")"
	}
	return strings.Join(columns, ", ")
}

// ids asks for the Ids of the files that are looked for: of rows, and of lines whose rows are gone.
func (l *listing) ids(after string) string {
	var parts []string
	if l.files.name != "" {
		conditions := []string{l.key("r") + l.d.Bytewise + " > " + l.binds.Text(after)}
		conditions = append(conditions, l.conditions()...)
		parts = append(parts, "\tSELECT "+l.key("r")+l.d.Bytewise+" AS id FROM "+l.table(l.files.name)+" r\n\tWHERE "+
			strings.Join(conditions, "\n\tAND "))
	}
	if l.registered && l.search.Record == "" {
		where := "object = " + l.binds.Text(l.search.Object) + " AND record_id" + l.d.Bytewise + " > " +
			l.binds.Text(after)
		if len(l.search.IDs) > 0 {
			where += " AND record_id IN (" + l.binds.Texts(l.search.IDs) + ")"
		}
		if l.files.name != "" { // a row says more, such as that it isn't looked for
			where += " AND NOT EXISTS (SELECT 1 FROM " + l.table(l.files.name) + " r WHERE " + l.key("r") +
				" = record_id)"
		}
		parts = append(parts, "\tSELECT record_id"+l.d.Bytewise+" AS id FROM "+l.table(body.Table)+
			"\n\tWHERE "+where)
	}
	if len(parts) == 0 {
		return "\tSELECT CAST(NULL AS " + l.d.Type(shape.Text, 0) + ") AS id WHERE false"
	}
	return strings.Join(parts, "\n\tUNION ALL\n")
}

// conditions are what a row that is looked for meets.
func (l *listing) conditions() []string {
	of := body.SaidOf(l.search.Object)
	var all []string
	if len(l.search.IDs) > 0 {
		any := []string{l.key("r") + " IN (" + l.binds.Texts(l.search.IDs) + ")"}
		if document, ok := l.files.column(of.Parent); ok && of.Links != "" {
			any = append(any, "r."+l.d.Quote(document)+" IN ("+l.binds.Texts(l.search.IDs)+")")
		}
		all = append(all, either(any))
	}
	if l.search.Record != "" {
		all = append(all, either(l.hangs(of)))
	}
	return all
}

// hangs are the ways in which a row shows that its file hangs on the record.
func (l *listing) hangs(of body.Said) (ways []string) {
	fields := of.Also
	if of.Links == "" {
		fields = []string{of.Parent}
	}
	for _, field := range fields {
		if name, ok := l.files.column(field); ok {
			ways = append(ways, "r."+l.d.Quote(name)+" = "+l.binds.Text(l.search.Record))
		}
	}
	document, known := l.files.column(of.Parent)
	linked, has := l.links.column(of.Linked)
	to, leads := l.links.column(of.To)
	if known && has && leads && l.links.name != "" {
		ways = append(ways, dialect.Fill("r.{document} IN (SELECT k.{linked} FROM {links} k WHERE k.{to} = {record})",
			dialect.Holes{
				"document": l.d.Quote(document), "linked": l.d.Quote(linked), "links": l.table(l.links.name),
				"to": l.d.Quote(to), "record": l.binds.Text(l.search.Record),
			}))
	}
	return ways
}

// either is that one of some conditions is met; none of none is.
func either(conditions []string) string {
	if len(conditions) == 0 {
		return "false"
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// read reads one row of the answer.
func (l *listing) read(scan func(...any) error) (bodies.Listed, error) {
	var f bodies.Listed
	var title, path, ending, parent, state, sha256, md5, kind, reason *string
	var size, bytes, tries *int64
	var readAt, again *time.Time
	err := scan(&f.ID, &f.Known, &f.Deleted, &title, &path, &ending, &parent, &size, &f.Older, &f.Moved,
		&state, &sha256, &md5, &kind, &reason, &bytes, &tries, &readAt, &again)
	if err != nil {
		return f, err
	}
	f.Title, f.Path, f.Ending, f.Parent, f.Size = or(title), or(path), or(ending), or(parent), or(size)
	if state != nil {
		f.Line = &bodies.Line{
			ID: f.ID, State: bodies.State(*state), SHA256: or(sha256), MD5: or(md5), Type: or(kind), Reason: or(reason),
			Size: or(bytes), Tries: int(or(tries)), ReadAt: dialect.FromNull(readAt), Again: dialect.FromNull(again),
		}
	}
	return f, nil
}

// or is what a column that may be null has.
func or[T any](value *T) (v T) {
	if value != nil {
		v = *value
	}
	return v
}
