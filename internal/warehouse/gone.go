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
	sql := fmt.Sprintf(`INSERT INTO %s
SELECT %s, %s, v.read_at
FROM (
	SELECT %s, max(%s) AS at, max(%s) AS read_at
	FROM %s v
	WHERE %s
	GROUP BY %s
) v
JOIN %s f ON %s
WHERE %s IS NULL`,
		s.q(tableGone), s.d.list("f.", s.m.Table.Key), s.col("f", colAt),
		s.d.list("v.", s.m.Table.Key), stamps, s.col("v", colReadAt), s.staging(), where, s.d.list("v.", s.m.Table.Key),
		s.final(), s.sameKey("v", "f"), s.col("f", colDeleted))
	if p.override {
		sql += "\n\tAND " + s.notEarlier("v.read_at", "f")
	} else {
		sql += fmt.Sprintf("\n\tAND (v.at IS NULL OR v.at >= %s)\n\tAND %s > %s",
			s.oldest(s.col("f", colAt)), s.oldest("v.read_at"), s.oldest(s.col("f", colReadAt)))
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
	sql := fmt.Sprintf(`INSERT INTO %s
SELECT %s, %s, %s
FROM %s f
WHERE %s IS NULL
	AND NOT EXISTS (SELECT 1 FROM %s v WHERE %s AND %s)
	AND %s`,
		s.q(tableGone), s.d.list("f.", s.m.Table.Key), s.col("f", colAt), readAt,
		s.final(), s.col("f", colDeleted), s.staging(), s.where(p, b), s.sameKey("v", "f"),
		s.notRejected("f", b.text(s.m.Attempt)))
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
	return statement{fmt.Sprintf("UPDATE %s AS f\nSET %s = %s, %s = %s, %s = %s, %s = %s\nFROM %s n\nWHERE %s",
		s.final(), s.q(colDeleted), now, s.q(colReason), b.text(string(reason)), s.q(colSyncedAt), now,
		s.q(colReadAt), s.col("n", colReadAt), s.q(tableGone), s.sameKey("n", "f")), b.args}
}
