package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
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

// Rejected counts the different records of an attempt's job that were kept
// out; those of all jobs where job is "".
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

// Rejects names so many of the records that an attempt kept out, in order of their keys.
func (w *asker) Rejects(ctx context.Context, attempt string, most int) ([]evidence.Reject, error) {
	var all []evidence.Reject
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		all, err = rejects(ctx, tx, dialect.Statement{SQL: dialect.Fill(
			"SELECT record_key, coalesce(max(field), ''), coalesce(max(rule), '') FROM {rejected} "+
				"WHERE {attempt} = $1 GROUP BY record_key ORDER BY record_key{bytewise} LIMIT {most}", dialect.Holes{
				"rejected": w.own(own.RejectedTable), "attempt": w.d.Quote(own.Attempt), "bytewise": w.d.Bytewise,
				"most": fmt.Sprint(most),
			}), Args: []any{attempt}})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rejected records of attempt %s: %w", attempt, err)
	}
	return all, nil
}

func rejects(ctx context.Context, tx Tx, q dialect.Statement) ([]evidence.Reject, error) {
	var all []evidence.Reject
	err := tx.Query(ctx, func(scan Scan) error {
		var r evidence.Reject
		err := scan(&r.ID, &r.Field, &r.Rule)
		all = append(all, r)
		return err
	}, q.SQL, q.Args...)
	return all, err
}

// Out counts the records that are kept out of a table, and names some: of those that
// have an older row the first. What an attempt has in staging counts as consolidated.
func (w *asker) Out(ctx context.Context, t shape.Table, m warehouse.Merge, most int) (evidence.Out, error) {
	var out evidence.Out
	err := w.driver.View(ctx, func(tx Tx) error {
		out = evidence.Out{}
		s, err := (&firsts{w.store}).placed(ctx, tx, t)
		if err != nil {
			return err
		}
		k := &statements.Kept{Tables: *s, Attempt: m.Attempt, Complete: m.Complete && m.Attempt != ""}
		some, err := keepsOut(ctx, tx, k)
		if err != nil || !some {
			return err
		}
		if m.Attempt != "" {
			ledger, err := w.ledger(ctx, tx, m.Attempt)
			if err != nil {
				return err
			}
			k.Parts = statements.Parts(m, ledger)
		}
		q := k.Count()
		if _, err := queryRow(ctx, tx, []any{&out.Records, &out.Rows}, q.SQL, q.Args...); err != nil || most == 0 {
			return err
		}
		out.First, err = rejects(ctx, tx, k.First(most))
		return err
	})
	if err != nil {
		return evidence.Out{}, fmt.Errorf("rejected records of %s: %w", t.Object, err)
	}
	return out, nil
}

// OutKeys lists the keys of records that are kept out, so many of those that follow a
// key, in order.
func (w *asker) OutKeys(ctx context.Context, t shape.Table, after string, most int) ([]string, error) {
	var keys []string
	err := w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		k := &statements.Kept{Tables: *w.of(t)}
		some, err := keepsOut(ctx, tx, k)
		if err != nil || !some {
			return err
		}
		q := k.Keys(after, most)
		return eachKey(ctx, tx, func(key string) { keys = append(keys, key) }, q.SQL, q.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("rejected records of %s: %w", t.Object, err)
	}
	return keys, nil
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
