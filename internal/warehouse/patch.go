package warehouse

import (
	"slices"
	"strings"
)

// patch changes the listed columns of rows that are there, where they differ.
// It is dropped where the row is newer: a patch is as new as the stamp that it
// was read with, and never moves the row's (invariant 4). f is the row, v the
// newest patch of its key. Where the whole record was rejected, the row stays
// as it was.
func (s *mergeSQL) patch(p part) statement {
	b := s.binds()
	const at = "v._catchment_version"
	now := b.value(s.now, Timestamp)
	where := s.where(p, b) + " AND " + s.notRejected("v", b.text(s.m.Attempt))
	set, differs := s.patches(p)
	sql := fill(`UPDATE {final} AS f
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
	AND ({differs})`, holes{
		"final": s.final(), "set": strings.Join(set, ",\n\t"), "synced_at": s.q(colSyncedAt), "now": now,
		"at": s.at(p), "key": s.d.list("v.", s.m.Table.Key), "seq": s.col("v", colSeq),
		"staging": s.staging(), "where": where, "same_key": s.sameKey("v", "f"),
		"differs": strings.Join(differs, "\n\t\tOR "),
	})
	if !p.override {
		sql += fill(`
	AND ({at} > {row_at} OR
		{at} = {row_at} AND {read_at} >= {row_read_at})`, holes{
			"at": s.oldest(at), "row_at": s.oldest(s.col("f", colAt)),
			"read_at": s.oldest(s.col("v", colReadAt)), "row_read_at": s.oldest(s.col("f", colReadAt)),
		})
	}
	return statement{sql, b.args}
}

// patches says what a patch sets, and how it tells that a row differs. In a
// procedure the columns of a patch are a variable.
func (s *mergeSQL) patches(p part) (set, differs []string) {
	for _, name := range s.patched(p) {
		f, v := s.col("f", name), s.col("v", name)
		if s.called {
			carried := holds("this_columns", name)
			set = append(set, fill("{column} = CASE WHEN {carried} THEN {patch} ELSE {row} END", holes{
				"column": s.q(name), "carried": carried, "patch": v, "row": f,
			}))
			differs = append(differs, carried+" AND "+s.d.differs(f, v))
			continue
		}
		set = append(set, s.q(name)+" = "+v)
		differs = append(differs, s.d.differs(f, v))
	}
	return set, differs
}

// patched is the columns that a patch changes: what it carries besides the
// key, and besides what only a whole record may say.
func (s *mergeSQL) patched(p part) []string {
	var names []string
	for _, name := range p.columns {
		c, ok := s.m.Table.named(name)
		if ok && !slices.Contains(s.m.Table.Key, name) && !isField(c, fieldStamp, fieldDeleted, fieldMaster) {
			names = append(names, name)
		}
	}
	return names
}

func isField(c Column, fields ...string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, c.Field) })
}
