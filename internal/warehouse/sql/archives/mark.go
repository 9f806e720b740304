package archives

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A marking is the rows of one table on their way to say that they are archived.
type marking struct {
	*statements.Tables
	isDeleted string // the column of IsDeleted, "" where there is none
	now       time.Time
	missing   []string  // records without a row
	newest    time.Time // the latest moment that a row was marked with now, zero where all were before
}

// marking looks at the table.
func (l *Ledger) marking(ctx context.Context, tx Tx, t shape.Table) (*marking, error) {
	has, err := l.at.Columns(ctx, tx, t.Name)
	if err != nil {
		return nil, err
	}
	if _, ours := dialect.Find(has, own.DeleteReason); !ours || len(t.Key) != 1 {
		return nil, plan.Failf(plan.Bug, "run it again", "table %s isn't one of records with an Id", t.Name)
	}
	m := &marking{Tables: l.of(t).Over(has), now: l.at.Options.Now().UTC().Truncate(time.Microsecond)}
	if c, ok := t.Column(shape.FieldDeleted); ok {
		if _, ok := dialect.Find(has, c.Name); ok {
			m.isDeleted = c.Name
		}
	}
	return m, nil
}

// mark marks the rows of records that left Salesforce at a moment. They were read then at the latest:
// what was read before, and is merged later, doesn't bring one back.
func (m *marking) mark(ctx context.Context, tx Tx, ended time.Time, ids []string) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), atOnce)]
		q := m.archive(ended, some)
		n, err := tx.Exec(ctx, q.SQL, q.Args...)
		if err != nil {
			return err
		}
		if n > 0 && ended.After(m.newest) {
			m.newest = ended
		}
		if err := m.look(ctx, tx, some); err != nil {
			return err
		}
		ids = ids[len(some):]
	}
	return nil
}

// archive is the statement that marks rows. Those that are marked already stay as they are.
func (m *marking) archive(ended time.Time, ids []string) dialect.Statement {
	b := m.Binds()
	at, now := b.Value(dialect.Stamp(ended), shape.Timestamp), b.Value(m.now, shape.Timestamp)
	why := b.Text(string(gone.Archived))
	isDeleted := ""
	if m.isDeleted != "" {
		isDeleted = ", " + m.Quote(m.isDeleted) + " = true"
	}
	return b.Statement(dialect.Fill(`UPDATE {rows}
SET {deleted_at} = {at}, {reason} = {why}, {synced_at} = {now},
	{read_at} = CASE WHEN {read_at} >= {at} THEN {read_at} ELSE {at} END{is_deleted}
WHERE {key} IN ({ids}) AND ({other_reason} OR {other_time})`, dialect.Holes{
		"rows": m.Rows(), "deleted_at": m.Quote(own.DeletedAt), "at": at, "reason": m.Quote(own.DeleteReason),
		"why": why, "synced_at": m.Quote(own.SyncedAt), "now": now, "read_at": m.Quote(own.ReadAt),
		"is_deleted": isDeleted, "key": m.Quote(m.Table.Key[0]), "ids": b.Texts(ids),
		"other_reason": m.Dialect.Differs(m.Quote(own.DeleteReason), why),
		"other_time":   m.Dialect.Differs(m.Quote(own.DeletedAt), at),
	}))
}

// look finds the records of which there is no row to mark.
func (m *marking) look(ctx context.Context, tx Tx, ids []string) error {
	b := m.Binds()
	marked := map[string]bool{}
	sql := fmt.Sprintf("SELECT %s FROM %s f WHERE %s IN (%s) AND %s = %s", m.RecordKey("f"), m.Rows(),
		m.Col("f", m.Table.Key[0]), b.Texts(ids), m.Col("f", own.DeleteReason), b.Text(string(gone.Archived)))
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		marked[id] = true
		return err
	}, sql, b.Args...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !marked[id] {
			m.missing = append(m.missing, id)
		}
	}
	return nil
}
