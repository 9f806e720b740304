package warehouse

import (
	"fmt"
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
	sql := fmt.Sprintf(`UPDATE %s AS f
SET %s,
	%s = %s
FROM (
	SELECT v.*, %s AS _catchment_version, row_number() OVER (
		PARTITION BY %s
		ORDER BY %[5]s DESC NULLS LAST, %[7]s DESC NULLS LAST) AS _catchment_rank
	FROM %[8]s v
	WHERE %[9]s
) v
WHERE v._catchment_rank = 1 AND %[10]s
	AND (%[11]s)`,
		s.final(), strings.Join(set, ",\n\t"), s.q(colSyncedAt), now,
		s.at(p), s.d.list("v.", s.m.Table.Key), s.col("v", colSeq), s.staging(), where, s.sameKey("v", "f"),
		strings.Join(differs, "\n\t\tOR "))
	if !p.override {
		older, was := s.oldest(at), s.oldest(s.col("f", colAt))
		sql += fmt.Sprintf("\n\tAND (%s > %s OR\n\t\t%s = %s AND %s >= %s)", older, was, older, was,
			s.oldest(s.col("v", colReadAt)), s.oldest(s.col("f", colReadAt)))
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
			set = append(set, fmt.Sprintf("%s = CASE WHEN %s THEN %s ELSE %s END", s.q(name), carried, v, f))
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
