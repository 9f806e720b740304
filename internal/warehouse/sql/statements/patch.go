package statements

import (
	"slices"
	"strings"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Patch changes the listed columns of rows that are there, where they differ.
// It is dropped where the row is newer: a patch is as new as the stamp that it
// was read with, and never moves the row's (invariant 4). f is the row, v the
// newest patch of its key. Where the whole record was rejected, the row stays
// as it was; so it does where an archive has taken its record out, or is about to.
func (s *Merge) Patch(p Part) dialect.Statement {
	b := s.Binds()
	const at = "v._catchment_version"
	now := b.Value(s.Now, shape.Timestamp)
	where := s.where(p, b) + " AND " + s.notRejected("v", b.Text(s.Of.Attempt)) +
		" AND NOT " + s.RecordKey("v") + " IN (SELECT record_id " + s.leaving() + ")"
	set, differs := s.patches(p)
	sql := dialect.Fill(`UPDATE {final} AS f
SET {set},
	{synced_at} = {now}
FROM (
	SELECT v.*, {at} AS _catchment_version, row_number() OVER (
		PARTITION BY {key}
		ORDER BY {at} DESC NULLS LAST, {seq} DESC NULLS LAST) AS _catchment_rank
	FROM {staging} v
	WHERE {where}
) v
WHERE v._catchment_rank = 1 AND {same_key}
	AND ({differs})
	AND NOT coalesce({reason} IN ({kept}), false)`, dialect.Holes{
		"final": s.Rows(), "set": strings.Join(set, ",\n\t"), "synced_at": s.Quote(own.SyncedAt), "now": now,
		"at": s.at(p), "key": s.Dialect.List("v.", s.Of.Table.Key), "seq": s.Col("v", own.Seq),
		"staging": s.Staging(), "where": where, "same_key": s.SameKey("v", "f"),
		"differs": strings.Join(differs, "\n\t\tOR "), "reason": s.Col("f", own.DeleteReason),
		"kept": literalsOf(gone.Reasons(), kept),
	})
	if !p.override {
		sql += dialect.Fill(`
	AND ({at} > {row_at} OR
		{at} = {row_at} AND {read_at} >= {row_read_at})`, dialect.Holes{
			"at": s.Oldest(at), "row_at": s.Oldest(s.Col("f", own.At)),
			"read_at": s.Oldest(s.Col("v", own.ReadAt)), "row_read_at": s.Oldest(s.Col("f", own.ReadAt)),
		})
	}
	return b.Statement(sql)
}

// patches says what a patch sets, and how it tells that a row differs. In a
// procedure the columns of a patch are a variable.
func (s *Merge) patches(p Part) (set, differs []string) {
	apart := s.apart(s.Patched(p))
	if len(apart) > 0 {
		f := s.Col("f", own.Overflow)
		patched := s.overflow(apart, "f")
		if s.called {
			patched = s.Dialect.Overflow.ReplacedListed(f, s.Col("v", own.Overflow), "this_columns")
		}
		set = append(set, s.Quote(own.Overflow)+" = "+patched)
		differs = append(differs, s.Dialect.Differs(f, patched))
	}
	for _, name := range s.Patched(p) {
		if slices.Contains(apart, name) {
			continue
		}
		f, v := s.Col("f", name), s.Col("v", name)
		if s.called {
			carried := holds("this_columns", name)
			set = append(set, dialect.Fill("{column} = CASE WHEN {carried} THEN {patch} ELSE {row} END", dialect.Holes{
				"column": s.Quote(name), "carried": carried, "patch": v, "row": f,
			}))
			differs = append(differs, carried+" AND "+s.Dialect.Differs(f, v))
			continue
		}
		set = append(set, s.Quote(name)+" = "+v)
		differs = append(differs, s.Dialect.Differs(f, v))
	}
	return set, differs
}

// Patched is the columns that a patch changes: what it carries besides the
// key, and besides what only a whole record may say.
func (s *Merge) Patched(p Part) []string {
	var names []string
	for _, name := range p.columns {
		c, ok := s.Of.Table.Named(name)
		if ok && !slices.Contains(s.Of.Table.Key, name) &&
			!isField(c, shape.FieldStamp, shape.FieldDeleted, shape.FieldMaster) {
			names = append(names, name)
		}
	}
	return names
}
