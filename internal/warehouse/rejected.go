package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// RejectedHeader is the header of a page of rejected records: the flow, the
// record's key and stamp, the field and the rule that it breaks, and the record
// itself, as JSON.
func RejectedHeader() []string {
	return []string{"flow", "record_key", rejectedStamp, "field", "rule", "record"}
}

// rejectedStamp is the column that tells which version of a record was rejected.
const rejectedStamp = "stamp"

// rejected is what a flow's rules kept out of the pages of a batch, on its way
// into the table of rejected records. It comes there with the pages' rows.
func (w *loader) rejected(b Batch) Copy {
	c := Copy{Into: w.own(tableRejected), Op: b.Op, Attempt: b.Attempt, Job: b.Job, ReadAt: stamp(b.ReadAt)}
	for _, name := range RejectedHeader() {
		kind := Text
		if name == rejectedStamp {
			kind = Timestamp
		}
		c.Columns = append(c.Columns, CopyColumn{Name: name, Kind: kind, Type: w.d.Type(kind, 0)})
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
				w.own(tableRejected), w.d.Quote(colAttempt), w.d.Quote(colJob)), attempt, job)
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
			w.own(tableRejected), w.d.Quote(colAttempt), w.d.Quote(colJob)), attempt, job)
	})
	if err != nil {
		return fmt.Errorf("rejected records of attempt %s: %w", attempt, err)
	}
	return nil
}

// StillRejected lists the records whose rejection is the newest that is known of
// them: no version was consolidated since, nor a delete. Patches that were
// rejected don't count.
func (w *asker) StillRejected(ctx context.Context, t Table) (map[string]bool, error) {
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t}}
	b := s.binds()
	still := map[string]bool{}
	later := func(alias string) string {
		return fill("({read_at} IS NULL OR {read_at} <= r.read_at)", holes{"read_at": s.col(alias, colReadAt)})
	}
	object, table := b.text(t.Object), b.text(t.Name)
	sql := fill(`SELECT r.record_key
FROM (SELECT record_key, max({read_at}) AS read_at FROM {rejected} WHERE flow = {flow} AND coalesce({op}, 'put') = 'put' GROUP BY record_key) r
LEFT JOIN {final} f ON {row_key} = r.record_key
LEFT JOIN {tombstones} t ON t.table_name = {table} AND t.record_key = r.record_key
WHERE {later_than_row} AND {later_than_tombstone}`, holes{
		"read_at": s.q(colReadAt), "rejected": w.own(tableRejected), "flow": object, "op": s.q(colOp),
		"final": s.final(), "row_key": s.recordKey("f"), "tombstones": s.tombs(), "table": table,
		"later_than_row": later("f"), "later_than_tombstone": later("t"),
	})
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(still)
		return eachKey(ctx, tx, func(key string) { still[key] = true }, sql, b.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("rejected records of %s: %w", t.Object, err)
	}
	return still, nil
}

// notRejected is the condition that the record of alias was not rejected by the
// attempt: it is in the org, only not in the page. What a patch was rejected for
// doesn't count.
func (s *mergeSQL) notRejected(alias, attempt string) string {
	return fill("NOT EXISTS (SELECT 1 FROM {rejected} r "+
		"WHERE {attempt} = {of} AND r.record_key = {key} AND coalesce({op}, 'put') = 'put')", holes{
		"rejected": s.d.Table(s.o.Staging, tableRejected), "attempt": s.col("r", colAttempt), "of": attempt,
		"key": s.recordKey(alias), "op": s.col("r", colOp),
	})
}

// forget takes out of the final table what a flow doesn't want to have copied
// any more, before the versions of a rebuild bring it anew: a mask or a drop
// was added. The rows of purged records, those that the policy leaves alone, and
// rejected records would keep it in clear.
func (j *join) forget(ctx context.Context, tx Tx) error {
	if len(j.m.Forget) == 0 {
		return nil
	}
	var qs []statement
	if cols := j.kept(j.m.Forget); len(cols) > 0 {
		qs = append(qs, statement{sql: fmt.Sprintf("UPDATE %s\nSET %s", j.final(), j.nulls(cols))})
	}
	return do(ctx, tx, append(qs, statement{fmt.Sprintf("UPDATE %s\nSET record = NULL\nWHERE flow = $1 AND %s <> $2",
		j.d.Table(j.o.Staging, tableRejected), j.q(colAttempt)), []any{j.m.Table.Object, j.m.Attempt}})...)
}

// kept is those of names that the final table has.
func (j *join) kept(names []string) []string {
	var out []string
	for _, c := range j.columns {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(c, name) }) {
			out = append(out, c)
		}
	}
	return out
}

func (j *join) nulls(names []string) string {
	set := make([]string, len(names))
	for i, name := range names {
		set[i] = j.q(name) + " = NULL"
	}
	return strings.Join(set, ", ")
}
