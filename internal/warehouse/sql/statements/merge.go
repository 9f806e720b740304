// Package statements is the text of the statements that warehouses of SQL are sent,
// from a dialect and what is to be merged or compared. A statement with more than a
// handful of holes is a template that reads as SQL; golden files hold what comes out.
// Nothing is sent here: package sql does that.
//
// Files, from the top: files.go, script.go, ready.go, procedure.go, compare.go, ordered.go, kept.go, patch.go,
// direct.go, scratch.go, gone.go, replace.go, promote.go, first.go, merge.go, part.go, hands.go, doubles.go,
// overflow.go, tables.go.
package statements

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// EventAt is our column of a final table that a stream writes into: when an event touched the row, as long as no whole
// version of it came since.
const EventAt = shape.OwnPrefix + "event_at"

// Merge writes the statements of one merge. In all of them v is a staged
// version, f the row of the final table, t a tombstone, n a row of the
// temporary table of what is going to be written.
type Merge struct {
	Tables
	Of      warehouse.Merge
	Columns []string  // of the final table's rows, without ours but for the overflow
	Now     time.Time // of the consolidation
	ReadAt  any       // of the attempt
	called  bool      // the SQL is for a procedure: the attempt is a variable that may be null
	// Unmarked says that the final table is one that an older version made, and has no
	// column for what was rejected: Prepare gives it one.
	Unmarked bool
	// Streams says that the final table marks the rows that an event touched: a whole version takes the mark away.
	Streams bool
}

// at is the first part of a version's order: the stamp of the record. What
// carries none is as new as its reading.
func (s *Merge) at(p Part) string {
	name, _ := p.carries(s.Of.Table, shape.FieldStamp)
	return stamped(func(name string) string { return s.Col("v", name) }, name)
}

// stamped is how new a staged version is whose record has its stamp in a column, "" for none.
func stamped(column func(name string) string, stamp string) string {
	stamps := []string{column(own.At)}
	if stamp != "" {
		stamps = append(stamps, column(stamp))
	}
	return "coalesce(" + strings.Join(append(stamps, column(own.ReadAt)), ", ") + ")"
}

// deleted tells whether a version is of a deleted record.
func (s *Merge) deleted(p Part) string {
	if name, ok := p.carries(s.Of.Table, shape.FieldDeleted); ok {
		return "coalesce(" + s.Col("v", name) + ", false)"
	}
	return "false"
}

// reason says how a deleted record went: the loser of a merge names its winner.
func (s *Merge) reason(p Part) string {
	if name, ok := p.carries(s.Of.Table, shape.FieldMaster); ok {
		return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s ELSE %s END", s.Col("v", name),
			dialect.Literal(string(gone.Merged)),
			dialect.Literal(string(gone.Soft)))
	}
	return dialect.Literal(string(gone.Soft))
}

// wins tells whether a part's version, stamped at, replaces what alias holds.
func (s *Merge) wins(p Part, at, alias string) string {
	readAt := s.Col("v", own.ReadAt)
	if p.override {
		return s.notEarlier(readAt, alias)
	}
	return s.newer(at, readAt, alias)
}

// where selects a part's rows in staging: not the torn version of a record that was kept
// out when it was read again as a whole.
func (s *Merge) where(p Part, b *dialect.Binds) string {
	attempt, job, op := s.Col("v", own.Attempt), s.Col("v", own.Job), s.Col("v", own.Op)
	cond := attempt + " IS NULL"
	switch {
	case s.called:
		cond = s.Dialect.Same(attempt, b.Text(s.Of.Attempt))
		if p.among != "" {
			cond += " AND coalesce(" + job + ", '') " + p.among
		}
	case p.whole:
		cond = attempt + " = " + b.Text(s.Of.Attempt)
	case p.Jobs != nil:
		cond = attempt + " = " + b.Text(s.Of.Attempt) + " AND " + job + " IN (" + b.Texts(p.Jobs) + ")"
	}
	if p.Op != warehouse.Put {
		return cond + " AND " + op + " = " + dialect.Literal(string(p.Op))
	}
	if p.again {
		cond += " AND " + s.notRejected("v", b.Text(s.Of.Attempt))
	}
	return cond + " AND (" + op + " IS NULL OR " + op + " = 'put')"
}

// Sizes counts a part's versions, their keys, and the ones without a key.
func (s *Merge) Sizes(p Part) dialect.Statement {
	b := s.Binds()
	sql := dialect.Fill(`SELECT count(*), count(DISTINCT {key}{bytewise}), count(*) - count({key})
FROM {staging} v
WHERE {where}`, dialect.Holes{
		"key": s.RecordKey("v"), "bytewise": s.Dialect.Bytewise, "staging": s.Staging(), "where": s.where(p, b),
	})
	return b.Statement(sql)
}

// unique tells whether each of a part's versions has a key of its own.
func (s *Merge) unique(p Part) dialect.Statement {
	b := s.Binds()
	return b.Statement(fmt.Sprintf("SELECT count(*) = count(DISTINCT %s) FROM %s v WHERE %s",
		s.RecordKey("v")+s.Dialect.Bytewise, s.Staging(), s.where(p, b)))
}

// row is the columns of a final row made from a version that is stamped at; old
// is the alias of the row that it replaces, "" where there is none. What the version
// doesn't carry stays as it was, but for columns that their fields left behind.
func (s *Merge) row(p Part, at, old string, b *dialect.Binds) string {
	var out []string
	isDeleted, _ := s.isDeleted()
	for _, name := range s.Columns {
		switch {
		case name == own.Overflow:
			out = append(out, s.overflow(s.wholly(p.columns), old))
		case slices.Contains(p.columns, name):
			out = append(out, s.Col("v", name))
		case old != "" && name == isDeleted:
			out = append(out, comesBack(s.Col(old, name), s.Col(old, own.DeletedAt)))
		case old != "" && !slices.Contains(s.Of.Table.Retired, name):
			out = append(out, s.Col(old, name))
		default:
			out = append(out, "NULL")
		}
	}
	now := b.Value(s.Now, shape.Timestamp)
	since := at + ", " + now
	if old != "" {
		since = s.Col(old, own.DeletedAt) + ", " + since
	}
	out = append(out, now, at, s.Col("v", own.ReadAt),
		"CASE WHEN "+s.deleted(p)+" THEN coalesce("+since+") END",
		"CASE WHEN "+s.deleted(p)+" THEN "+s.reason(p)+" END")
	if !s.Unmarked {
		out = append(out, "CAST(NULL AS "+s.Dialect.Type(shape.Timestamp, 0)+")")
	}
	if s.Streams {
		out = append(out, "CAST(NULL AS "+s.Dialect.Type(shape.Timestamp, 0)+")")
	}
	return strings.Join(out, ",\n\t")
}

// isDeleted is the final table's column of IsDeleted, where the object has that
// field. It is true of every row that is gone, whatever said so: reports go by it.
func (s *Merge) isDeleted() (string, bool) {
	c, ok := s.Of.Table.Column(shape.FieldDeleted)
	return c.Name, ok && slices.Contains(s.Columns, c.Name)
}

// comesBack is what IsDeleted becomes where a version that doesn't carry it takes
// the place of a row.
func comesBack(isDeleted, deletedAt string) string {
	return "CASE WHEN " + deletedAt + " IS NULL THEN " + isDeleted + " ELSE false END"
}

// names is the columns of the final table, in the order of row.
func (s *Merge) names() []string {
	names := append(slices.Clone(s.Columns), own.SyncedAt, own.At, own.ReadAt, own.DeletedAt, own.DeleteReason)
	if !s.Unmarked {
		names = append(names, own.RejectedAt)
	}
	if s.Streams {
		names = append(names, EventAt)
	}
	return names
}

// InsertPlain writes the versions of a part into an empty table.
func (s *Merge) InsertPlain(p Part) dialect.Statement {
	b := s.Binds()
	row := s.row(p, s.at(p), "", b)
	where := s.where(p, b)
	sql := dialect.Fill(`INSERT INTO {final} ({names})
SELECT
	{row}
FROM {staging} v
WHERE {where}`, dialect.Holes{
		"final": s.Rows(), "names": s.Dialect.List("", s.names()), "row": row, "staging": s.Staging(),
		"where": where,
	})
	if s.Of.Policy != gone.Flag {
		sql += " AND NOT " + s.deleted(p)
	}
	return b.Statement(sql)
}

// BuryPlain leaves a tombstone for each deleted record of such a part.
func (s *Merge) BuryPlain(p Part) dialect.Statement {
	b := s.Binds()
	table, now := b.Text(s.Of.Table.Name), b.Value(s.Now, shape.Timestamp)
	where := s.where(p, b)
	sql := dialect.Fill(`INSERT INTO {tombstones}
SELECT {table}, {key}, {at}, {read_at}, {reason}, {now}
FROM {staging} v
WHERE {where} AND {deleted}`, dialect.Holes{
		"tombstones": s.Tombs(), "table": table, "key": s.RecordKey("v"), "at": s.at(p),
		"read_at": s.Col("v", own.ReadAt), "reason": s.reason(p), "now": now, "staging": s.Staging(),
		"where": where, "deleted": s.deleted(p),
	})
	return b.Statement(sql)
}

// MakeNewest makes the temporary table of the versions that win.
func (s *Merge) MakeNewest() dialect.Statement {
	place := ""
	if s.Dialect.Place != "" {
		place = ", " + s.Dialect.Place + " AS place"
	}
	return dialect.Statement{SQL: dialect.Fill(`CREATE TEMP TABLE {newest} AS
SELECT {names}, true AS known, true AS live{place} FROM {final} WHERE false`, dialect.Holes{
		"newest": s.Quote(own.NewestTable), "names": s.Dialect.List("", s.names()), "place": place, "final": s.Rows(),
	})}
}

// FillNewest picks the newest version of each key, where it is newer than the
// final row and than a tombstone. Deleted records don't count under Ignore.
func (s *Merge) FillNewest(p Part) dialect.Statement {
	b := s.Binds()
	const at = "v._catchment_version"
	row := s.row(p, at, "f", b)
	table := b.Text(s.Of.Table.Name)
	where := s.where(p, b)
	if s.Of.Policy == gone.Ignore {
		where += " AND NOT " + s.deleted(p)
	}
	place := ""
	if s.Dialect.Place != "" {
		place = ",\n\tf." + s.Dialect.Place
	}
	sql := dialect.Fill(`INSERT INTO {newest}
SELECT
	{row},
	{row_key} IS NOT NULL,
	{row_key} IS NOT NULL AND {row_deleted} IS NULL{row_place}
FROM (
	SELECT v.*, {at} AS _catchment_version, row_number() OVER (
		PARTITION BY {key}
		ORDER BY {at} DESC NULLS LAST, {read_at} DESC NULLS LAST, {seq} DESC NULLS LAST) AS _catchment_rank
	FROM {staging} v
	WHERE {where}
) v
LEFT JOIN {final} f ON {same_key}
LEFT JOIN {tombstones} t ON t.table_name = {table} AND t.record_key = {record_key}
WHERE v._catchment_rank = 1
	AND ({row_key} IS NULL OR {wins_over_row})
	AND (t.record_key IS NULL OR {wins_over_tombstone})`, dialect.Holes{
		"newest":              s.Quote(own.NewestTable),
		"row":                 row,
		"row_key":             s.Col("f", s.Of.Table.Key[0]),
		"row_deleted":         s.Col("f", own.DeletedAt),
		"row_place":           place,
		"at":                  s.at(p),
		"key":                 s.Dialect.List("v.", s.Of.Table.Key),
		"read_at":             s.Col("v", own.ReadAt),
		"seq":                 s.Col("v", own.Seq),
		"staging":             s.Staging(),
		"where":               where,
		"final":               s.Rows(),
		"same_key":            s.SameKey("v", "f"),
		"tombstones":          s.Tombs(),
		"table":               table,
		"record_key":          s.RecordKey("v"),
		"wins_over_row":       s.wins(p, at, "f"),
		"wins_over_tombstone": s.wins(p, at, "t"),
	})
	sql += s.spare(p, literalsOf(gone.Reasons(), kept))
	return b.Statement(sql)
}

// CountNewest counts what the winning versions are going to do: insert,
// update, delete a row that was live, and replace a row in any way.
func (s *Merge) CountNewest() string {
	deleted := s.Col("n", own.DeletedAt) + " IS NOT NULL"
	inserted, updated := "NOT known", "known AND NOT (live AND "+deleted+")"
	if s.Of.Policy == gone.Remove {
		inserted, updated = "NOT known AND NOT "+deleted, "known AND NOT "+deleted
	}
	return dialect.Fill("SELECT count(CASE WHEN {inserted} THEN 1 END), count(CASE WHEN {updated} THEN 1 END), "+
		"count(CASE WHEN live AND {deleted} THEN 1 END), count(CASE WHEN known THEN 1 END) FROM {newest} n",
		dialect.Holes{
			"inserted": inserted, "updated": updated, "deleted": deleted, "newest": s.Quote(own.NewestTable),
		})
}

// ChangeTombstones removes the tombstones of the winning versions, and leaves
// one for each deleted record that has no row.
func (s *Merge) ChangeTombstones() []dialect.Statement {
	out := []dialect.Statement{s.unbury(own.NewestTable)}
	if s.Of.Policy == gone.Remove {
		out = append(out, s.bury(own.NewestTable, s.Col("n", own.DeleteReason),
			s.Col("n", own.DeletedAt)+" IS NOT NULL"))
	}
	return out
}

// unbury removes the tombstones of the keys in a temporary table.
func (s *Merge) unbury(temp string) dialect.Statement {
	target, t := s.target(s.Options.Staging, own.TombstoneTable, "t")
	return dialect.Statement{SQL: dialect.Fill(`DELETE FROM {target}
USING {keys} n
WHERE {t}.table_name = $1 AND {t}.record_key = {key}`, dialect.Holes{
		"target": target, "keys": s.Quote(temp), "t": t, "key": s.RecordKey("n"),
	}), Args: []any{s.Of.Table.Name}}
}

// bury leaves tombstones for keys in a temporary table.
func (s *Merge) bury(temp, reason, where string) dialect.Statement {
	b := s.Binds()
	table, now := b.Text(s.Of.Table.Name), b.Value(s.Now, shape.Timestamp)
	sql := dialect.Fill(`INSERT INTO {tombstones}
SELECT {table}, {key}, {at}, {read_at}, {reason}, {now}
FROM {keys} n
WHERE {where}`, dialect.Holes{
		"tombstones": s.Tombs(), "table": table, "key": s.RecordKey("n"), "at": s.Col("n", own.At),
		"read_at": s.Col("n", own.ReadAt), "reason": reason, "now": now, "keys": s.Quote(temp), "where": where,
	})
	return b.Statement(sql)
}

// AnyOther tells whether staging holds versions of another attempt, as 1 or 0.
func (s *Merge) AnyOther() dialect.Statement {
	b := s.Binds()
	var attempt any // null stands for rows that no attempt loaded
	if s.Of.Attempt != "" {
		attempt = s.Of.Attempt
	}
	return b.Statement(fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s IS DISTINCT FROM %s LIMIT 1) x",
		s.Staging(), s.Quote(own.Attempt), b.Value(attempt, shape.Text)))
}

// Clear removes the merged versions from staging.
func (s *Merge) Clear() dialect.Statement {
	if s.called {
		return dialect.Statement{SQL: fmt.Sprintf("DELETE FROM %s WHERE %s", s.Staging(),
			s.Dialect.Same(s.Quote(own.Attempt), "$1")),
			Args: []any{s.Of.Attempt}}
	}
	if s.Of.Attempt == "" {
		return dialect.Statement{SQL: fmt.Sprintf("DELETE FROM %s WHERE %s IS NULL", s.Staging(), s.Quote(own.Attempt))}
	}
	return dialect.Statement{SQL: fmt.Sprintf("DELETE FROM %s WHERE %s = $1", s.Staging(), s.Quote(own.Attempt)),
		Args: []any{s.Of.Attempt}}
}

// spare is the condition that keeps versions of deleted records away from rows that are gone for one of some
// reasons, and from rows whose records an archive is about to take out of Salesforce.
func (s *Merge) spare(p Part, reasons string) string {
	if _, told := p.carries(s.Of.Table, shape.FieldDeleted); !told || s.Of.Policy == gone.Ignore {
		return "" // it says of none that it is deleted, or those that are were left out before
	}
	kept := ""
	if reasons != "" {
		kept = fmt.Sprintf("coalesce(%s IN (%s), false) OR ", s.Col("f", own.DeleteReason), reasons)
	}
	return fmt.Sprintf("\n\tAND NOT (%s AND (%s%s IN (SELECT record_id %s)))", s.deleted(p), kept, s.RecordKey("v"),
		s.leaving())
}
