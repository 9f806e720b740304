package statements

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Simple tells whether each of a part's versions has a key of its own, and none
// is of a deleted record.
func (s *Merge) Simple(p Part) dialect.Statement {
	b := s.Binds()
	sql := dialect.Fill(`SELECT count(*) = count(DISTINCT {key}{bytewise}) AND count(CASE WHEN {deleted} THEN 1 END) = 0
FROM {staging} v
WHERE {where}`, dialect.Holes{
		"key": s.RecordKey("v"), "bytewise": s.Dialect.Bytewise, "deleted": s.deleted(p),
		"staging": s.Staging(), "where": s.where(p, b),
	})
	return b.Statement(sql)
}

// UpdateDirect writes versions over the rows that they are newer than. What they
// don't carry stays, but for what their fields left behind.
func (s *Merge) UpdateDirect(p Part) dialect.Statement {
	b := s.Binds()
	at := s.at(p)
	set := []string{s.Quote(own.SyncedAt) + " = " + b.Value(s.Now, shape.Timestamp), s.Quote(own.At) + " = " + at,
		s.Quote(own.ReadAt) + " = " + s.Col("v", own.ReadAt),
		s.Quote(own.DeletedAt) + " = NULL", s.Quote(own.DeleteReason) + " = NULL"}
	if !s.Unmarked {
		set = append(set, s.Quote(own.RejectedAt)+" = NULL")
	}
	if s.Streams {
		set = append(set, s.Quote(EventAt)+" = NULL")
	}
	isDeleted, _ := s.isDeleted()
	for _, name := range s.Columns {
		switch {
		case slices.Contains(s.Of.Table.Key, name):
		case name == own.Overflow:
			set = append(set, s.Quote(name)+" = "+s.overflow(s.wholly(p.columns), "f"))
		case slices.Contains(p.columns, name):
			set = append(set, s.Quote(name)+" = "+s.Col("v", name))
		case slices.Contains(s.Of.Table.Retired, name):
			set = append(set, s.Quote(name)+" = NULL")
		case name == isDeleted:
			set = append(set, s.Quote(name)+" = "+comesBack(s.Col("f", name), s.Col("f", own.DeletedAt)))
		}
	}
	sql := dialect.Fill(`UPDATE {final} f
SET {set}
FROM {staging} v
WHERE {where} AND {same_key}
	AND {wins}`, dialect.Holes{
		"final": s.Rows(), "set": strings.Join(set, ", "), "staging": s.Staging(), "where": s.where(p, b),
		"same_key": s.SameKey("v", "f"), "wins": s.wins(p, at, "f"),
	})
	return b.Statement(sql)
}

// Whole tells whether the versions of p carry all that a row of m holds, so that nothing of
// the rows that they take the place of has to stay.
func (p Part) Whole(m *Merge) bool {
	return !slices.ContainsFunc(m.Columns, func(name string) bool {
		return !slices.Contains(p.columns, name) && !slices.Contains(m.Of.Table.Retired, name)
	})
}

// RemoveDirect removes the rows that versions of p are newer than.
func (p Part) RemoveDirect(m *Merge) dialect.Statement {
	b := m.Binds()
	target, f := m.target(m.Options.Schema, m.RowsName(), "f")
	sql := dialect.Fill(`DELETE FROM {target}
USING {staging} v
WHERE {where} AND {same_key}
	AND {wins}`, dialect.Holes{
		"target": target, "staging": m.Staging(), "where": m.where(p, b), "same_key": m.SameKey("v", f),
		"wins": m.wins(p, m.at(p), f),
	})
	return b.Statement(sql)
}

// InsertDirect writes the versions of records that have no row.
func (s *Merge) InsertDirect(p Part) dialect.Statement {
	q := s.InsertPlain(p)
	q.SQL += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %s f WHERE %s)", s.Rows(), s.SameKey("v", "f"))
	return q
}
