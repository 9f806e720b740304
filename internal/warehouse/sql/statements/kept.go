package statements

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Kept writes the statements about what was kept out of a table: r is a rejection, f the
// row of its record, t a tombstone.
//
// A rejection is past once something newer is known of the record: a version or a
// delete, another rejection, or that a reading of every record lacks it. One of a patch
// is past, too, once another patch brings its field.
type Kept struct {
	Tables
	Attempt  string // what it has in staging counts as known; "" for none
	Complete bool   // it read every record
	Parts    []Part
	// the SQL is for a procedure, which finds out by itself whether the attempt read every
	// record; patches are left to a run
	called bool
}

// KeptBy is what was kept out, as of a merge.
func KeptBy(s *Merge, parts []Part) *Kept {
	return &Kept{Tables: s.Tables, Attempt: s.Of.Attempt, Complete: s.Of.Complete && s.Of.Attempt != "", Parts: parts,
		called: s.called}
}

// Any tells whether anything was kept out, as 1 or 0.
func (s *Kept) Any() dialect.Statement {
	return dialect.Statement{SQL: "SELECT count(*) FROM (SELECT 1 FROM " + s.table() + " WHERE flow = $1 LIMIT 1) x",
		Args: []any{s.Table.Object}}
}

func (s *Kept) table() string { return s.Dialect.Table(s.Options.Staging, own.RejectedTable) }

// all is the rejections of the flow, each with whether it is past, and whether its
// record has a live row.
func (s *Kept) all(b *dialect.Binds) string {
	flow, table := b.Text(s.Table.Object), b.Text(s.Table.Name)
	joins, past := s.known(b, flow)
	for _, alias := range []string{"f", "t"} {
		past = append(past, fmt.Sprintf("coalesce(%s > %s, false)", s.Col(alias, own.ReadAt), s.Col("r", own.ReadAt)))
	}
	return dialect.Fill(`SELECT r.record_key, r.field, r.rule, coalesce({op}, 'put') AS op,
	{attempt} AS attempt, {job} AS job,
	{row_key} IS NOT NULL AND {row_deleted} IS NULL AS live,
	{past} AS past
FROM {rejected} r
LEFT JOIN {final} f ON {record_key} = r.record_key
LEFT JOIN {tombstones} t ON t.table_name = {table} AND t.record_key = r.record_key{joins}
WHERE r.flow = {flow}`, dialect.Holes{
		"op": s.Col("r", own.Op), "attempt": s.Col("r", own.Attempt), "job": s.Col("r", own.Job),
		"row_key": s.Col("f", s.Table.Key[0]), "row_deleted": s.Col("f", own.DeletedAt),
		"past": strings.Join(past, "\n\t\tOR "), "rejected": s.table(), "final": s.Final(),
		"record_key": s.RecordKey("f"), "tombstones": s.Tombs(), "table": table, "joins": strings.Join(joins, ""),
		"flow": flow,
	})
}

// known is what the attempt has learnt, as joins and conditions.
func (s *Kept) known(b *dialect.Binds, flow string) (joins, past []string) {
	if s.Attempt == "" {
		return nil, nil
	}
	attempt := b.Text(s.Attempt)
	later := func(alias string) string {
		return dialect.Fill("{alias}.record_key IS NOT NULL AND ({attempt} <> {of} OR {read_at} < {alias}.read_at)",
			dialect.Holes{
				"alias": alias, "attempt": s.Col("r", own.Attempt), "of": attempt, "read_at": s.Col("r", own.ReadAt),
			})
	}
	join := func(alias, from, also string) {
		joins = append(joins, fmt.Sprintf("\nLEFT JOIN (%s) %s ON %s.record_key = r.record_key%s", from, alias, alias,
			also))
	}
	again := func(op, by string) string {
		return dialect.Fill("SELECT {by}, max({read_at}) AS read_at FROM {rejected} "+
			"WHERE flow = {flow} AND {attempt} = {of} AND coalesce({op}, 'put') = {this} GROUP BY {by}", dialect.Holes{
			"by": by, "read_at": s.Quote(own.ReadAt), "rejected": s.table(), "flow": flow,
			"attempt": s.Quote(own.Attempt), "of": attempt, "op": s.Quote(own.Op), "this": dialect.Literal(op),
		})
	}
	join("n", again("put", "record_key"), "")
	join("m", again("patch", "record_key, field"), " AND m.field = r.field AND "+s.isPatch())
	join("v", s.staged(flow, s.whole(attempt)), "")
	past = append(past, later("n"), later("m"), later("v"))
	others := s.Col("r", own.Attempt) + " <> " + attempt
	if s.called {
		join("w", s.staged(flow, s.Col("v", own.Attempt)+" = "+attempt), "")
		past = append(past, "this_one.complete AND "+others, "w.record_key IS NULL AND "+others+dialect.Fill(
			" AND (SELECT count(*) FROM {page} WHERE attempt = {of} AND op = 'seen') > 0", dialect.Holes{
				"page": s.Dialect.Table(s.Options.Staging, own.PageTable), "of": attempt,
			}))
	}
	for i, p := range s.Parts {
		alias := fmt.Sprintf("p%d", i)
		switch fields := s.fields(p); {
		case p.Op == warehouse.Patch && len(fields) > 0:
			where := (&Merge{Tables: s.Tables, Of: warehouse.Merge{Attempt: s.Attempt}}).where(p, b)
			brings := " AND " + s.isPatch() + " AND lower(r.field) IN (" + dialect.Literals(fields) + ")"
			join(alias, s.staged(flow, where), brings)
			past = append(past, later(alias))
		case p.Op == warehouse.Seen:
			join(alias, s.staged(flow, s.Col("v", own.Attempt)+" = "+attempt), "")
			past = append(past, alias+".record_key IS NULL AND "+others)
		}
	}
	if s.Complete {
		past = append(past, others)
	}
	return joins, past
}

// isPatch tells of a rejection that only a patch was rejected.
func (s *Kept) isPatch() string { return "coalesce(" + s.Col("r", own.Op) + ", 'put') = 'patch'" }

// staged is the keys of staged versions, and when each was read: of millions that are
// staged only those matter that were rejected at some time.
func (s *Kept) staged(flow, where string) string {
	return dialect.Fill("SELECT {key} AS record_key, max({read_at}) AS read_at FROM {staging} v "+
		"WHERE {where} AND {key} IN (SELECT record_key FROM {rejected} WHERE flow = {flow}) GROUP BY 1", dialect.Holes{
		"key": s.RecordKey("v"), "read_at": s.Col("v", own.ReadAt), "staging": s.Staging(), "where": where,
		"rejected": s.table(), "flow": flow,
	})
}

// whole selects what the attempt has staged that says how a record is, or that it is
// gone: a reading of Ids sees the recycle bin, too.
func (s *Kept) whole(attempt string) string {
	op := s.Col("v", own.Op)
	seen := ""
	if c, ok := s.Table.Column(shape.FieldDeleted); ok {
		seen = " OR " + op + " = 'seen' AND coalesce(" + s.Col("v", c.Name) + ", false)"
	}
	return fmt.Sprintf("%s = %s AND (%s IS NULL OR %s IN ('put', 'delete')%s)", s.Col("v", own.Attempt), attempt, op,
		op, seen)
}

// fields are those that a part brings, in lower case.
func (s *Kept) fields(p Part) []string {
	var all []string
	for _, c := range s.Table.Columns {
		if slices.Contains(p.columns, c.Name) {
			all = append(all, strings.ToLower(c.Field))
		}
	}
	return all
}

// Unmark takes the mark off the rows of rejections that are past.
func (s *Kept) Unmark() dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`UPDATE {final} AS f
SET {rejected_at} = NULL
FROM (
{all}
) n
WHERE n.past AND {record_key} = n.record_key AND {marked} IS NOT NULL`, dialect.Holes{
		"final": s.Rows(), "rejected_at": s.Quote(own.RejectedAt), "all": s.all(b), "record_key": s.RecordKey("f"),
		"marked": s.Col("f", own.RejectedAt),
	}))
}

// Purge removes the rejections that are past.
func (s *Kept) Purge() dialect.Statement {
	b := s.Binds()
	target, r := s.target(s.Options.Staging, own.RejectedTable, "x")
	all := s.all(b)
	return b.Statement(dialect.Fill(`DELETE FROM {target}
USING (
{all}
) n
WHERE n.past AND {r}.flow = {flow} AND {r}.record_key = n.record_key AND coalesce({op}, 'put') = n.op
	AND coalesce({r}.field, '') = coalesce(n.field, '') AND coalesce({attempt}, '') = coalesce(n.attempt, '')
	AND coalesce({job}, '') = coalesce(n.job, '')`, dialect.Holes{
		"target": target, "all": all, "r": r, "flow": b.Text(s.Table.Object), "op": s.Col(r, own.Op),
		"attempt": s.Col(r, own.Attempt), "job": s.Col(r, own.Job),
	}))
}

// Mark marks the rows of records whose newer version is kept out. It comes after Purge.
func (s *Kept) Mark() dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`UPDATE {final} AS f
SET {rejected_at} = n.rejected_at
FROM (
	SELECT record_key, max(coalesce(stamp, {read_at})) AS rejected_at
	FROM {rejected}
	WHERE flow = {flow}
	GROUP BY record_key
) n
WHERE {record_key} = n.record_key AND {differs}`, dialect.Holes{
		"final": s.Rows(), "rejected_at": s.Quote(own.RejectedAt), "read_at": s.Quote(own.ReadAt),
		"rejected": s.table(), "flow": b.Text(s.Table.Object), "record_key": s.RecordKey("f"),
		"differs": s.Dialect.Differs(s.Col("f", own.RejectedAt), "n.rejected_at"),
	}))
}

// Count counts the records that are kept out, and those of them that have a live row.
func (s *Kept) Count() dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`SELECT count(DISTINCT record_key),
	count(DISTINCT CASE WHEN live THEN record_key END)
FROM (
{all}
) n
WHERE NOT past`, dialect.Holes{"all": s.all(b)}))
}

// First names so many of them, those that have a row first.
func (s *Kept) First(most int) dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`SELECT record_key, coalesce(max(field), ''), coalesce(max(rule), '')
FROM (
{all}
) n
WHERE NOT past
GROUP BY record_key
ORDER BY max(CASE WHEN live THEN 1 ELSE 0 END) DESC, record_key{bytewise}
LIMIT {most}`, dialect.Holes{"all": s.all(b), "bytewise": s.Dialect.Bytewise, "most": fmt.Sprint(most)}))
}

// Keys lists so many of them, in order of their keys, that follow a key.
func (s *Kept) Keys(after string, most int) dialect.Statement {
	b := s.Binds()
	all, than := s.all(b), b.Text(after)
	return b.Statement(dialect.Fill(`SELECT record_key
FROM (
{all}
) n
WHERE NOT past AND record_key{bytewise} > {after}
GROUP BY record_key
ORDER BY record_key{bytewise}
LIMIT {most}`, dialect.Holes{
		"all": all, "after": than, "bytewise": s.Dialect.Bytewise, "most": fmt.Sprint(most),
	}))
}
