package statements

import (
	"fmt"
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// The statements for rows whose record is gone; n is a row of the temporary
// table of their keys.

// MakeGone makes the temporary table of the rows that are gone.
func (s *Merge) MakeGone() dialect.Statement {
	return dialect.Statement{SQL: fmt.Sprintf("CREATE TEMP TABLE %s AS\nSELECT %s FROM %s WHERE false",
		s.Quote(own.GoneTable), s.Dialect.List("", append(slices.Clone(s.Of.Table.Key), own.At, own.ReadAt)),
		s.Rows())}
}

// FillDeleted picks the live rows that Delete versions are newer than. Such a
// version never moves a row's at: a record that comes back need not carry a
// later stamp, but it is read later.
func (s *Merge) FillDeleted(p Part) dialect.Statement {
	b := s.Binds()
	where := s.where(p, b)
	stamps := s.Col("v", own.At)
	if name, ok := p.carries(s.Of.Table, shape.FieldStamp); ok {
		stamps = "coalesce(" + stamps + ", " + s.Col("v", name) + ")"
	}
	sql := dialect.Fill(`INSERT INTO {gone}
SELECT {row_key}, {row_at}, v.read_at
FROM (
	SELECT {key}, max({stamp}) AS at, max({read_at}) AS read_at
	FROM {staging} v
	WHERE {where}
	GROUP BY {key}
) v
JOIN {final} f ON {same_key}
WHERE {row_deleted} IS NULL
	AND {stays}`, dialect.Holes{
		"gone": s.Quote(own.GoneTable), "row_key": s.Dialect.List("f.", s.Of.Table.Key), "row_at": s.Col("f", own.At),
		"key": s.Dialect.List("v.", s.Of.Table.Key), "stamp": stamps, "read_at": s.Col("v", own.ReadAt),
		"staging": s.Staging(), "where": where,
		"final": s.Rows(), "same_key": s.SameKey("v", "f"), "row_deleted": s.Col("f", own.DeletedAt),
		"stays": s.Stays("f"),
	})
	if p.override {
		sql += "\n\tAND " + s.notEarlier("v.read_at", "f")
	} else {
		sql += dialect.Fill(`
	AND (v.at IS NULL OR v.at >= {row_at})
	AND {read_at} > {row_read_at}`, dialect.Holes{
			"row_at": s.Oldest(s.Col("f", own.At)), "read_at": s.Oldest("v.read_at"),
			"row_read_at": s.Oldest(s.Col("f", own.ReadAt)),
		})
	}
	return b.Statement(sql)
}

// FillAbsent picks the live rows that a part which read every record didn't
// have, and that were read before it began. What a rebuild lacks is gone
// whenever it was read.
func (s *Merge) FillAbsent(p Part) dialect.Statement {
	b := s.Binds()
	at := s.ReadAt
	if !p.readAt.IsZero() {
		at = dialect.Stamp(p.readAt)
	}
	readAt := b.Value(at, shape.Timestamp)
	where := s.where(p, b)
	notRejected := s.notRejected("f", b.Text(s.Of.Attempt))
	sql := dialect.Fill(`INSERT INTO {gone}
SELECT {row_key}, {row_at}, {read_at}
FROM {final} f
WHERE {row_deleted} IS NULL
	AND NOT EXISTS (SELECT 1 FROM {staging} v WHERE {where} AND {same_key})
	AND {not_rejected}
	AND {stays}`, dialect.Holes{
		"gone": s.Quote(own.GoneTable), "row_key": s.Dialect.List("f.", s.Of.Table.Key), "row_at": s.Col("f", own.At),
		"read_at": readAt, "final": s.Rows(), "row_deleted": s.Col("f", own.DeletedAt),
		"staging": s.Staging(), "where": where, "same_key": s.SameKey("v", "f"), "not_rejected": notRejected,
		"stays": s.Stays("f"),
	})
	if p.override {
		sql += "\n\tAND " + s.notEarlier(readAt, "f")
	} else {
		sql += fmt.Sprintf("\n\tAND %s < %s", s.Oldest(s.Col("f", own.ReadAt)), readAt)
	}
	return b.Statement(sql)
}

// Everything is the part that a complete attempt holds the table against: all
// whole records that it read.
func (s *Merge) Everything() Part {
	return Part{Op: warehouse.Put, whole: true, Reason: s.Of.AbsentReason, override: s.Of.Override}
}

// BuryGone leaves tombstones for the rows that are gone.
func (s *Merge) BuryGone(reason gone.Reason) []dialect.Statement {
	if reason.Traits().Under(s.Of.Policy) != gone.Remove {
		return nil
	}
	text := string(reason)
	if !s.called {
		text = dialect.Literal(text)
	}
	return []dialect.Statement{s.unbury(own.GoneTable), s.bury(own.GoneTable, text, "true")}
}

// TakeAway flags the rows that are gone, or removes them.
func (s *Merge) TakeAway(reason gone.Reason) dialect.Statement {
	if reason.Traits().Under(s.Of.Policy) == gone.Remove {
		target, f := s.target(s.Options.Schema, s.RowsName(), "f")
		return dialect.Statement{SQL: fmt.Sprintf("DELETE FROM %s\nUSING %s n\nWHERE %s", target,
			s.Quote(own.GoneTable),
			s.SameKey("n", f))}
	}
	b := s.Binds()
	now := b.Value(s.Now, shape.Timestamp)
	why := b.Text(string(reason))
	isDeleted := ""
	if name, ok := s.isDeleted(); ok {
		isDeleted = ", " + s.Quote(name) + " = true"
	}
	sql := dialect.Fill(`UPDATE {final} AS f
SET {deleted} = {now}, {reason} = {why}, {synced_at} = {now}, {read_at} = {gone_read_at}{is_deleted}
FROM {gone} n
WHERE {same_key}`, dialect.Holes{
		"final": s.Rows(), "deleted": s.Quote(own.DeletedAt), "now": now, "reason": s.Quote(own.DeleteReason),
		"why":       why,
		"synced_at": s.Quote(own.SyncedAt), "read_at": s.Quote(own.ReadAt), "gone_read_at": s.Col("n", own.ReadAt),
		"is_deleted": isDeleted, "gone": s.Quote(own.GoneTable), "same_key": s.SameKey("n", "f"),
	})
	return b.Statement(sql)
}
