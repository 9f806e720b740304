package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// rejected is what a flow's rules kept out of the pages of a batch, on its way
// into the table of rejected records. It comes there with the pages' rows.
func (w *loader) rejected(b warehouse.Batch) Copy {
	c := Copy{Into: w.own(own.RejectedTable), Op: b.Op, Attempt: b.Attempt, Job: b.Job, ReadAt: dialect.Stamp(b.ReadAt)}
	for _, name := range warehouse.RejectedHeader() {
		kind := shape.Text
		if name == own.RejectedStamp {
			kind = shape.Timestamp
		}
		c.Columns = append(c.Columns, dialect.CopyColumn{Name: name, Kind: kind, Type: w.d.Type(kind, 0)})
	}
	for _, p := range b.Pages {
		if p.Rejected != nil {
			c.Pages = append(c.Pages, *p.Rejected)
		}
	}
	return c
}

// Rejected counts the different records of an attempt's job that its flow's
// rules kept out; those of all jobs where job is "".
func (w *asker) Rejected(ctx context.Context, attempt, job string) (int64, error) {
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = count(ctx, tx,
			fmt.Sprintf("SELECT count(DISTINCT record_key) FROM %s WHERE %s = $1 AND ($2 = '' OR %s = $2)",
				w.own(own.RejectedTable), w.d.Quote(own.Attempt), w.d.Quote(own.Job)), attempt, job)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rejected records of attempt %s: %w", attempt, err)
	}
	return n, nil
}

// RejectedKeys calls each with the key of every record that the flow's rules
// kept out of an attempt's job.
func (w *asker) RejectedKeys(ctx context.Context, attempt, job string, each func(key string)) error {
	err := w.driver.View(ctx, func(tx Tx) error {
		return eachKey(ctx, tx, each, fmt.Sprintf("SELECT record_key FROM %s WHERE %s = $1 AND %s = $2",
			w.own(own.RejectedTable), w.d.Quote(own.Attempt), w.d.Quote(own.Job)), attempt, job)
	})
	if err != nil {
		return fmt.Errorf("rejected records of attempt %s: %w", attempt, err)
	}
	return nil
}

// StillRejected lists the records whose rejection is the newest that is known of
// them: no version was consolidated since, nor a delete. Patches that were
// rejected don't count.
func (w *asker) StillRejected(ctx context.Context, t shape.Table) (map[string]bool, error) {
	s := w.of(t)
	b := s.Binds()
	still := map[string]bool{}
	later := func(alias string) string {
		return dialect.Fill("({read_at} IS NULL OR {read_at} <= r.read_at)",
			dialect.Holes{"read_at": s.Col(alias, own.ReadAt)})
	}
	object, table := b.Text(t.Object), b.Text(t.Name)
	sql := dialect.Fill(`SELECT r.record_key
FROM (SELECT record_key, max({read_at}) AS read_at FROM {rejected} WHERE flow = {flow} AND coalesce({op}, 'put') = 'put' GROUP BY record_key) r
LEFT JOIN {final} f ON {row_key} = r.record_key
LEFT JOIN {tombstones} t ON t.table_name = {table} AND t.record_key = r.record_key
WHERE {later_than_row} AND {later_than_tombstone}`, dialect.Holes{
		"read_at": s.Quote(own.ReadAt), "rejected": w.own(own.RejectedTable), "flow": object, "op": s.Quote(own.Op),
		"final": s.Final(), "row_key": s.RecordKey("f"), "tombstones": s.Tombs(), "table": table,
		"later_than_row": later("f"), "later_than_tombstone": later("t"),
	})
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(still)
		return eachKey(ctx, tx, func(key string) { still[key] = true }, sql, b.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("rejected records of %s: %w", t.Object, err)
	}
	return still, nil
}

// forget takes out of the final table what a flow doesn't want to have copied
// any more, before the versions of a rebuild bring it anew: a mask or a drop
// was added. The rows of purged records, those that the policy leaves alone, and
// rejected records would keep it in clear.
func (j *join) forget(ctx context.Context, tx Tx) error {
	if len(j.Of.Forget) == 0 {
		return nil
	}
	var qs []dialect.Statement
	if cols := j.kept(j.Of.Forget); len(cols) > 0 {
		qs = append(qs, dialect.Statement{SQL: fmt.Sprintf("UPDATE %s\nSET %s", j.Rows(),
			strings.Join(j.Emptied(cols), ", "))})
	}
	return do(ctx, tx,
		append(qs, dialect.Statement{SQL: fmt.Sprintf("UPDATE %s\nSET record = NULL\nWHERE flow = $1 AND %s <> $2",
			j.Dialect.Table(j.Options.Staging, own.RejectedTable), j.Quote(own.Attempt)),
			Args: []any{j.Of.Table.Object, j.Of.Attempt}})...)
}

// kept is those of names that the final table has.
func (j *join) kept(names []string) []string {
	var out []string
	for _, c := range slices.Concat(j.Columns, j.Apart) {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(c, name) }) {
			out = append(out, c)
		}
	}
	return out
}
