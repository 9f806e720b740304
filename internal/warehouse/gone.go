package warehouse

import (
	"fmt"
	"slices"
)

// The statements for rows whose record is gone; n is a row of the temporary
// table of their keys.

// makeGone makes the temporary table of the rows that are gone.
func (s *mergeSQL) makeGone() statement {
	return statement{sql: fmt.Sprintf("CREATE TEMP TABLE %s AS\nSELECT %s FROM %s WHERE false",
		s.q(tableGone), s.d.list("", append(slices.Clone(s.m.Table.Key), colAt, colReadAt)), s.final())}
}

// fillDeleted picks the live rows that Delete versions are newer than. Such a
// version never moves a row's at: a record that comes back need not carry a
// later stamp, but it is read later.
func (s *mergeSQL) fillDeleted(p part) statement {
	b := s.binds()
	where := s.where(p, b)
	stamps := s.col("v", colAt)
	if name, ok := p.carries(s.m.Table, fieldStamp); ok {
		stamps = "coalesce(" + stamps + ", " + s.col("v", name) + ")"
	}
	sql := fill(`INSERT INTO {gone}
SELECT {row_key}, {row_at}, v.read_at
FROM (
	SELECT {key}, max({stamp}) AS at, max({read_at}) AS read_at
	FROM {staging} v
	WHERE {where}
	GROUP BY {key}
) v
JOIN {final} f ON {same_key}
WHERE {row_deleted} IS NULL`, holes{
		"gone": s.q(tableGone), "row_key": s.d.list("f.", s.m.Table.Key), "row_at": s.col("f", colAt),
		"key": s.d.list("v.", s.m.Table.Key), "stamp": stamps, "read_at": s.col("v", colReadAt),
		"staging": s.staging(), "where": where,
		"final": s.final(), "same_key": s.sameKey("v", "f"), "row_deleted": s.col("f", colDeleted),
	})
	if p.override {
		sql += "\n\tAND " + s.notEarlier("v.read_at", "f")
	} else {
		sql += fill(`
	AND (v.at IS NULL OR v.at >= {row_at})
	AND {read_at} > {row_read_at}`, holes{
			"row_at": s.oldest(s.col("f", colAt)), "read_at": s.oldest("v.read_at"),
			"row_read_at": s.oldest(s.col("f", colReadAt)),
		})
	}
	return statement{sql, b.args}
}

// fillAbsent picks the live rows that a part which read every record didn't
// have, and that were read before it began. What a rebuild lacks is gone
// whenever it was read.
func (s *mergeSQL) fillAbsent(p part) statement {
	b := s.binds()
	at := s.readAt
	if !p.readAt.IsZero() {
		at = stamp(p.readAt)
	}
	readAt := b.value(at, Timestamp)
	where := s.where(p, b)
	notRejected := s.notRejected("f", b.text(s.m.Attempt))
	sql := fill(`INSERT INTO {gone}
SELECT {row_key}, {row_at}, {read_at}
FROM {final} f
WHERE {row_deleted} IS NULL
	AND NOT EXISTS (SELECT 1 FROM {staging} v WHERE {where} AND {same_key})
	AND {not_rejected}`, holes{
		"gone": s.q(tableGone), "row_key": s.d.list("f.", s.m.Table.Key), "row_at": s.col("f", colAt),
		"read_at": readAt, "final": s.final(), "row_deleted": s.col("f", colDeleted),
		"staging": s.staging(), "where": where, "same_key": s.sameKey("v", "f"), "not_rejected": notRejected,
	})
	if p.override {
		sql += "\n\tAND " + s.notEarlier(readAt, "f")
	} else {
		sql += fmt.Sprintf("\n\tAND %s < %s", s.oldest(s.col("f", colReadAt)), readAt)
	}
	return statement{sql, b.args}
}

// everything is the part that a complete attempt holds the table against: all
// whole records that it read.
func (s *mergeSQL) everything() part {
	return part{op: Put, whole: true, reason: s.m.AbsentReason, override: s.m.Override}
}

// buryGone leaves tombstones for the rows that are gone.
func (s *mergeSQL) buryGone(reason Reason) []statement {
	if reason.traits().under(s.m.Policy) != Remove {
		return nil
	}
	text := string(reason)
	if !s.called {
		text = literal(text)
	}
	return []statement{s.unbury(tableGone), s.bury(tableGone, text, "true")}
}

// takeAway flags the rows that are gone, or removes them.
func (s *mergeSQL) takeAway(reason Reason) statement {
	if reason.traits().under(s.m.Policy) == Remove {
		target, f := s.target(s.o.Schema, s.m.Table.Name, "f")
		return statement{sql: fmt.Sprintf("DELETE FROM %s\nUSING %s n\nWHERE %s", target, s.q(tableGone),
			s.sameKey("n", f))}
	}
	b := s.binds()
	now := b.value(s.now, Timestamp)
	why := b.text(string(reason))
	sql := fill(`UPDATE {final} AS f
SET {deleted} = {now}, {reason} = {why}, {synced_at} = {now}, {read_at} = {gone_read_at}
FROM {gone} n
WHERE {same_key}`, holes{
		"final": s.final(), "deleted": s.q(colDeleted), "now": now, "reason": s.q(colReason), "why": why,
		"synced_at": s.q(colSyncedAt), "read_at": s.q(colReadAt), "gone_read_at": s.col("n", colReadAt),
		"gone": s.q(tableGone), "same_key": s.sameKey("n", "f"),
	})
	return statement{sql, b.args}
}
