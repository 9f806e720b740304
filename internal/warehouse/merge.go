package warehouse

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// mergeSQL writes the statements of one merge. In all of them v is a staged
// version, f the row of the final table, t a tombstone, n a row of the
// temporary table of what is going to be written.
type mergeSQL struct {
	d       *Dialect
	o       Options
	m       Merge
	columns []string  // of the final table, without ours
	now     time.Time // of the consolidation
	readAt  any       // of the attempt
	applied int64     // staged versions that were written
	called  bool      // the SQL is for a procedure: the attempt is a variable that may be null
}

func (s *mergeSQL) staging() string { return s.d.Table(s.o.Staging, s.m.Table.Name) }
func (s *mergeSQL) final() string   { return s.d.Table(s.o.Schema, s.m.Table.Name) }
func (s *mergeSQL) tombs() string   { return s.d.Table(s.o.Staging, tableTombstone) }
func (s *mergeSQL) binds() *binds   { return &binds{d: s.d} }
func (s *mergeSQL) q(name string) string {
	return s.d.Quote(name)
}

// col is a column of a table's alias.
func (s *mergeSQL) col(alias, name string) string { return alias + "." + s.d.Quote(name) }

// target is a table that a DELETE deletes from, and how its columns are
// qualified.
func (s *mergeSQL) target(schema, table, alias string) (name, as string) {
	if s.d.Targets {
		return s.d.Table(schema, table) + " " + alias, alias
	}
	return s.d.Table(schema, table), s.q(table)
}

// sameKey joins two aliases on the key.
func (s *mergeSQL) sameKey(a, b string) string {
	on := make([]string, len(s.m.Table.Key))
	for i, k := range s.m.Table.Key {
		on[i] = s.col(a, k) + " = " + s.col(b, k)
	}
	return strings.Join(on, " AND ")
}

// recordKey is the key as one text, as a tombstone keeps it.
func (s *mergeSQL) recordKey(alias string) string {
	texts := make([]string, len(s.m.Table.Key))
	for i, k := range s.m.Table.Key {
		texts[i] = fmt.Sprintf("CAST(%s AS %s)", s.col(alias, k), s.d.Type(Text, 0))
	}
	return strings.Join(texts, " || chr(31) || ")
}

// at is the first part of a version's order: the stamp of the record. What
// carries none is as new as its reading.
func (s *mergeSQL) at(p part) string {
	stamps := []string{s.col("v", colAt)}
	if name, ok := p.carries(s.m.Table, fieldStamp); ok {
		stamps = append(stamps, s.col("v", name))
	}
	return "coalesce(" + strings.Join(append(stamps, s.col("v", colReadAt)), ", ") + ")"
}

// deleted tells whether a version is of a deleted record.
func (s *mergeSQL) deleted(p part) string {
	if name, ok := p.carries(s.m.Table, fieldDeleted); ok {
		return "coalesce(" + s.col("v", name) + ", false)"
	}
	return "false"
}

// reason says how a deleted record went: the loser of a merge names its winner.
func (s *mergeSQL) reason(p part) string {
	if name, ok := p.carries(s.m.Table, fieldMaster); ok {
		return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s ELSE %s END", s.col("v", name), literal(string(Merged)),
			literal(string(Soft)))
	}
	return literal(string(Soft))
}

// oldest stands for a stamp that is missing: AppFlow's rows have no read_at,
// an adopted row may have neither. The literal holds no colon, which begins a
// parameter where the Data API of Redshift reads the statement.
func (s *mergeSQL) oldest(expr string) string {
	return "coalesce(" + expr + ", TIMESTAMPTZ '0001-01-01')"
}

// newer is the order of versions, by at, then read_at (invariant 4). Equal
// versions are not newer, so a repeat changes nothing.
func (s *mergeSQL) newer(at, readAt, alias string) string {
	return fill(`({at} > {its_at} OR
		{at} = {its_at} AND {read_at} > {its_read_at})`, holes{
		"at": s.oldest(at), "its_at": s.oldest(s.col(alias, colAt)), "read_at": s.oldest(readAt),
		"its_read_at": s.oldest(s.col(alias, colReadAt)),
	})
}

// notEarlier is the order of a rebuild or a repair, which goes by the time of
// reading alone: a stamp may be ahead of the org's, but what was read later is
// the newer one. A page that comes late doesn't undo a repair.
func (s *mergeSQL) notEarlier(readAt, alias string) string {
	return fill("({read_at} IS NULL OR {its_read_at} IS NULL OR {read_at} >= {its_read_at})", holes{
		"read_at": readAt, "its_read_at": s.col(alias, colReadAt),
	})
}

// wins tells whether a part's version, stamped at, replaces what alias holds.
func (s *mergeSQL) wins(p part, at, alias string) string {
	readAt := s.col("v", colReadAt)
	if p.override {
		return s.notEarlier(readAt, alias)
	}
	return s.newer(at, readAt, alias)
}

// where selects a part's rows in staging.
func (s *mergeSQL) where(p part, b *binds) string {
	attempt, job, op := s.col("v", colAttempt), s.col("v", colJob), s.col("v", colOp)
	cond := attempt + " IS NULL"
	switch {
	case s.called:
		cond = s.d.same(attempt, b.text(s.m.Attempt))
		if p.among != "" {
			cond += " AND coalesce(" + job + ", '') " + p.among
		}
	case p.whole:
		cond = attempt + " = " + b.text(s.m.Attempt)
	case p.jobs != nil:
		cond = attempt + " = " + b.text(s.m.Attempt) + " AND " + job + " IN (" + b.texts(p.jobs) + ")"
	}
	if p.op != Put {
		return cond + " AND " + op + " = " + literal(string(p.op))
	}
	return cond + " AND (" + op + " IS NULL OR " + op + " = 'put')"
}

// sizes counts a part's versions, their keys, and the ones without a key.
func (s *mergeSQL) sizes(p part) statement {
	b := s.binds()
	sql := fill(`SELECT count(*), count(DISTINCT {key}{bytewise}), count(*) - count({key})
FROM {staging} v
WHERE {where}`, holes{
		"key": s.recordKey("v"), "bytewise": s.d.Bytewise, "staging": s.staging(), "where": s.where(p, b),
	})
	return statement{sql, b.args}
}

// unique tells whether each of a part's versions has a key of its own.
func (s *mergeSQL) unique(p part) statement {
	b := s.binds()
	return statement{fmt.Sprintf("SELECT count(*) = count(DISTINCT %s) FROM %s v WHERE %s",
		s.recordKey("v")+s.d.Bytewise, s.staging(), s.where(p, b)), b.args}
}

// anyTombstone tells whether the table has a tombstone, as 1 or 0.
func (s *mergeSQL) anyTombstone() statement {
	return statement{"SELECT count(*) FROM (SELECT 1 FROM " + s.tombs() + " WHERE table_name = $1 LIMIT 1) x",
		[]any{s.m.Table.Name}}
}

// anyRow tells whether the final table has a row, as 1 or 0.
func (s *mergeSQL) anyRow() statement {
	return statement{sql: "SELECT count(*) FROM (SELECT 1 FROM " + s.final() + " LIMIT 1) x"}
}

// liveRows counts the rows that aren't deleted.
func (s *mergeSQL) liveRows() statement {
	return statement{sql: fmt.Sprintf("SELECT count(*) - count(%s) FROM %s", s.q(colDeleted), s.final())}
}

// row is the columns of a final row made from a version that is stamped at; old
// is the alias of the row that it replaces, "" where there is none.
func (s *mergeSQL) row(p part, at, old string, b *binds) string {
	var out []string
	for _, name := range s.columns {
		switch {
		case slices.Contains(p.columns, name):
			out = append(out, s.col("v", name))
		case old != "":
			out = append(out, s.col(old, name))
		default:
			out = append(out, "NULL")
		}
	}
	now := b.value(s.now, Timestamp)
	since := at + ", " + now
	if old != "" {
		since = s.col(old, colDeleted) + ", " + since
	}
	out = append(out, now, at, s.col("v", colReadAt),
		"CASE WHEN "+s.deleted(p)+" THEN coalesce("+since+") END",
		"CASE WHEN "+s.deleted(p)+" THEN "+s.reason(p)+" END")
	return strings.Join(out, ",\n\t")
}

// names is the columns of the final table, in the order of row.
func (s *mergeSQL) names() []string {
	return append(slices.Clone(s.columns), colSyncedAt, colAt, colReadAt, colDeleted, colReason)
}

// insertPlain writes the versions of a part into an empty table.
func (s *mergeSQL) insertPlain(p part) statement {
	b := s.binds()
	row := s.row(p, s.at(p), "", b)
	where := s.where(p, b)
	sql := fill(`INSERT INTO {final} ({names})
SELECT
	{row}
FROM {staging} v
WHERE {where}`, holes{
		"final": s.final(), "names": s.d.list("", s.names()), "row": row, "staging": s.staging(),
		"where": where,
	})
	if s.m.Policy != Flag {
		sql += " AND NOT " + s.deleted(p)
	}
	return statement{sql, b.args}
}

// buryPlain leaves a tombstone for each deleted record of such a part.
func (s *mergeSQL) buryPlain(p part) statement {
	b := s.binds()
	table, now := b.text(s.m.Table.Name), b.value(s.now, Timestamp)
	where := s.where(p, b)
	sql := fill(`INSERT INTO {tombstones}
SELECT {table}, {key}, {at}, {read_at}, {reason}, {now}
FROM {staging} v
WHERE {where} AND {deleted}`, holes{
		"tombstones": s.tombs(), "table": table, "key": s.recordKey("v"), "at": s.at(p),
		"read_at": s.col("v", colReadAt), "reason": s.reason(p), "now": now, "staging": s.staging(),
		"where": where, "deleted": s.deleted(p),
	})
	return statement{sql, b.args}
}

// makeNewest makes the temporary table of the versions that win.
func (s *mergeSQL) makeNewest() statement {
	place := ""
	if s.d.Place != "" {
		place = ", " + s.d.Place + " AS place"
	}
	return statement{sql: fill(`CREATE TEMP TABLE {newest} AS
SELECT {names}, true AS known, true AS live{place} FROM {final} WHERE false`, holes{
		"newest": s.q(tableNewest), "names": s.d.list("", s.names()), "place": place, "final": s.final(),
	})}
}

// fillNewest picks the newest version of each key, where it is newer than the
// final row and than a tombstone. Deleted records don't count under Ignore.
func (s *mergeSQL) fillNewest(p part) statement {
	b := s.binds()
	const at = "v._catchment_version"
	row := s.row(p, at, "f", b)
	table := b.text(s.m.Table.Name)
	where := s.where(p, b)
	if s.m.Policy == Ignore {
		where += " AND NOT " + s.deleted(p)
	}
	place := ""
	if s.d.Place != "" {
		place = ",\n\tf." + s.d.Place
	}
	sql := fill(`INSERT INTO {newest}
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
	AND (t.record_key IS NULL OR {wins_over_tombstone})`, holes{
		"newest":              s.q(tableNewest),
		"row":                 row,
		"row_key":             s.col("f", s.m.Table.Key[0]),
		"row_deleted":         s.col("f", colDeleted),
		"row_place":           place,
		"at":                  s.at(p),
		"key":                 s.d.list("v.", s.m.Table.Key),
		"read_at":             s.col("v", colReadAt),
		"seq":                 s.col("v", colSeq),
		"staging":             s.staging(),
		"where":               where,
		"final":               s.final(),
		"same_key":            s.sameKey("v", "f"),
		"tombstones":          s.tombs(),
		"table":               table,
		"record_key":          s.recordKey("v"),
		"wins_over_row":       s.wins(p, at, "f"),
		"wins_over_tombstone": s.wins(p, at, "t"),
	})
	sql += s.spare(p, literalsOf(Reasons(), ReasonTraits.kept))
	return statement{sql, b.args}
}

// countNewest counts what the winning versions are going to do: insert,
// update, delete a row that was live, and replace a row in any way.
func (s *mergeSQL) countNewest() string {
	deleted := s.col("n", colDeleted) + " IS NOT NULL"
	inserted, updated := "NOT known", "known AND NOT (live AND "+deleted+")"
	if s.m.Policy == Remove {
		inserted, updated = "NOT known AND NOT "+deleted, "known AND NOT "+deleted
	}
	return fill("SELECT count(CASE WHEN {inserted} THEN 1 END), count(CASE WHEN {updated} THEN 1 END), "+
		"count(CASE WHEN live AND {deleted} THEN 1 END), count(CASE WHEN known THEN 1 END) FROM {newest} n", holes{
		"inserted": inserted, "updated": updated, "deleted": deleted, "newest": s.q(tableNewest),
	})
}

// changeTombstones removes the tombstones of the winning versions, and leaves
// one for each deleted record that has no row.
func (s *mergeSQL) changeTombstones() []statement {
	out := []statement{s.unbury(tableNewest)}
	if s.m.Policy == Remove {
		out = append(out, s.bury(tableNewest, s.col("n", colReason), s.col("n", colDeleted)+" IS NOT NULL"))
	}
	return out
}

// unbury removes the tombstones of the keys in a temporary table.
func (s *mergeSQL) unbury(temp string) statement {
	target, t := s.target(s.o.Staging, tableTombstone, "t")
	return statement{fill(`DELETE FROM {target}
USING {keys} n
WHERE {t}.table_name = $1 AND {t}.record_key = {key}`, holes{
		"target": target, "keys": s.q(temp), "t": t, "key": s.recordKey("n"),
	}), []any{s.m.Table.Name}}
}

// bury leaves tombstones for keys in a temporary table.
func (s *mergeSQL) bury(temp, reason, where string) statement {
	b := s.binds()
	table, now := b.text(s.m.Table.Name), b.value(s.now, Timestamp)
	sql := fill(`INSERT INTO {tombstones}
SELECT {table}, {key}, {at}, {read_at}, {reason}, {now}
FROM {keys} n
WHERE {where}`, holes{
		"tombstones": s.tombs(), "table": table, "key": s.recordKey("n"), "at": s.col("n", colAt),
		"read_at": s.col("n", colReadAt), "reason": reason, "now": now, "keys": s.q(temp), "where": where,
	})
	return statement{sql, b.args}
}

// addKey makes the key of the final table. It fails on a duplicate, and the
// merge with it (invariant 5).
func (s *mergeSQL) addKey() string {
	return fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", s.final(), s.d.list("", s.m.Table.Key))
}

// lock keeps others from changing staging until the transaction ends.
func (s *mergeSQL) lock() statement {
	return statement{sql: "LOCK TABLE " + s.staging() + " IN EXCLUSIVE MODE"}
}

// anyOther tells whether staging holds versions of another attempt, as 1 or 0.
func (s *mergeSQL) anyOther() statement {
	b := s.binds()
	var attempt any // null stands for rows that no attempt loaded
	if s.m.Attempt != "" {
		attempt = s.m.Attempt
	}
	return statement{fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s IS DISTINCT FROM %s LIMIT 1) x",
		s.staging(), s.q(colAttempt), b.value(attempt, Text)), b.args}
}

// truncate removes all that is staged.
func (s *mergeSQL) truncate() statement { return statement{sql: "TRUNCATE " + s.staging()} }

// clear removes the merged versions from staging.
func (s *mergeSQL) clear() statement {
	if s.called {
		return statement{fmt.Sprintf("DELETE FROM %s WHERE %s", s.staging(), s.d.same(s.q(colAttempt), "$1")),
			[]any{s.m.Attempt}}
	}
	if s.m.Attempt == "" {
		return statement{sql: fmt.Sprintf("DELETE FROM %s WHERE %s IS NULL", s.staging(), s.q(colAttempt))}
	}
	return statement{fmt.Sprintf("DELETE FROM %s WHERE %s = $1", s.staging(), s.q(colAttempt)), []any{s.m.Attempt}}
}

func (s *mergeSQL) drop(temp string) statement {
	return statement{sql: "DROP TABLE " + s.q(temp)}
}
