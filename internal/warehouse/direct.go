package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Most merges are simple: each version has a key of its own, none is of a deleted
// record, and no tombstone stands against one. Where updating takes least, these
// go from staging into the final table, without the temporary table of those
// that win.

// direct merges a part of so many versions in that way, and tells whether it
// could.
func (j *join) direct(ctx context.Context, tx Tx, p part, staged int64) (bool, error) {
	if j.d.Place == "" {
		return false, nil
	}
	q := j.anyTombstone()
	if n, err := count(ctx, tx, q.sql, q.args...); err != nil || n > 0 {
		return false, err
	}
	simple, q := false, j.simple(p)
	if _, err := queryRow(ctx, tx, []any{&simple}, q.sql, q.args...); err != nil || !simple {
		return false, err
	}
	q = j.updateDirect(p)
	updated, err := tx.Exec(ctx, q.sql, q.args...)
	if err != nil {
		return true, err
	}
	inserted := int64(0)
	if updated < staged { // else none is left that could be new
		q = j.insertDirect(p)
		inserted, err = tx.Exec(ctx, q.sql, q.args...)
	}
	j.counts.Updated += updated
	j.counts.Inserted += inserted
	j.applied += updated + inserted
	j.written += updated + inserted
	j.grown += inserted
	return true, err
}

// simple tells whether each of a part's versions has a key of its own, and none
// is of a deleted record.
func (s *mergeSQL) simple(p part) statement {
	b := s.binds()
	sql := fill(`SELECT count(*) = count(DISTINCT {key}{bytewise}) AND count(CASE WHEN {deleted} THEN 1 END) = 0
FROM {staging} v
WHERE {where}`, holes{
		"key": s.recordKey("v"), "bytewise": s.d.Bytewise, "deleted": s.deleted(p),
		"staging": s.staging(), "where": s.where(p, b),
	})
	return statement{sql, b.args}
}

// updateDirect writes versions over the rows that they are newer than. What they
// don't carry stays.
func (s *mergeSQL) updateDirect(p part) statement {
	b := s.binds()
	at := s.at(p)
	set := []string{s.q(colSyncedAt) + " = " + b.value(s.now, Timestamp), s.q(colAt) + " = " + at,
		s.q(colReadAt) + " = " + s.col("v", colReadAt),
		s.q(colDeleted) + " = NULL", s.q(colReason) + " = NULL"}
	for _, name := range s.columns {
		if slices.Contains(p.columns, name) && !slices.Contains(s.m.Table.Key, name) {
			set = append(set, s.q(name)+" = "+s.col("v", name))
		}
	}
	sql := fill(`UPDATE {final} f
SET {set}
FROM {staging} v
WHERE {where} AND {same_key}
	AND {wins}`, holes{
		"final": s.final(), "set": strings.Join(set, ", "), "staging": s.staging(), "where": s.where(p, b),
		"same_key": s.sameKey("v", "f"), "wins": s.wins(p, at, "f"),
	})
	return statement{sql, b.args}
}

// insertDirect writes the versions of records that have no row.
func (s *mergeSQL) insertDirect(p part) statement {
	q := s.insertPlain(p)
	q.sql += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %s f WHERE %s)", s.final(), s.sameKey("v", "f"))
	return q
}
