package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// RejectedHeader is the header of a page of rejected records: the flow, the
// record's key, the field and the rule that it breaks, and the record itself,
// as JSON.
func RejectedHeader() []string { return []string{"flow", "record_key", "field", "rule", "record"} }

// loadRejected puts what a flow's rules kept out of the pages of a batch into
// the table of rejected records, in the transaction of their ledger rows.
func (w *Warehouse) loadRejected(ctx context.Context, tx Tx, b Batch) error {
	c := Copy{Into: w.own(tableRejected), Op: b.Op, Attempt: b.Attempt, Job: b.Job, ReadAt: stamp(b.ReadAt)}
	for _, name := range RejectedHeader() {
		c.Columns = append(c.Columns, CopyColumn{Name: name, Kind: Text, Type: w.d.Type(Text, 0)})
	}
	for _, p := range b.Pages {
		if p.Rejected != nil {
			c.Pages = append(c.Pages, *p.Rejected)
		}
	}
	if len(c.Pages) == 0 {
		return nil
	}
	if err := copyPages(ctx, tx, c); err != nil {
		return fmt.Errorf("rejected records: %w", err)
	}
	return nil
}

// Rejected counts the different records of an attempt's job that its flow's
// rules kept out; those of all jobs where job is "".
func (w *Warehouse) Rejected(ctx context.Context, attempt, job string) (int64, error) {
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = count(ctx, tx, fmt.Sprintf("SELECT count(DISTINCT record_key) FROM %s WHERE %s = $1 AND ($2 = '' OR %s = $2)",
			w.own(tableRejected), w.d.Quote(colAttempt), w.d.Quote(colJob)), attempt, job)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rejected records of attempt %s: %w", attempt, err)
	}
	return n, nil
}

// notRejected is the condition that the record of alias was not rejected by the
// attempt: it is in the org, only not in the page.
func (s *mergeSQL) notRejected(alias, attempt string) string {
	return fmt.Sprintf("NOT EXISTS (SELECT 1 FROM %s r WHERE %s = %s AND r.record_key = %s)",
		s.d.Table(s.o.Staging, tableRejected), s.col("r", colAttempt), attempt, s.recordKey(alias))
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
