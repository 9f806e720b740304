package warehouse

import (
	"context"
	"fmt"
	"time"
)

// StagedKeys calls each with the key of every version that a job has in
// staging. The table's key must be one column.
func (w *asker) StagedKeys(ctx context.Context, t Table, attempt, job string, each func(key string)) error {
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t, Attempt: attempt}}
	err := w.driver.View(ctx, func(tx Tx) error {
		return eachKey(ctx, tx, each, fmt.Sprintf("SELECT %s FROM %s v WHERE %s = $1 AND %s = $2",
			s.recordKey("v"), s.staging(), s.col("v", colAttempt), s.col("v", colJob)), attempt, job)
	})
	if err != nil {
		return fmt.Errorf("staged keys of attempt %s: %w", attempt, err)
	}
	return nil
}

// keysAtOnce is how many keys one statement is asked about.
const keysAtOnce = 500

// Held tells which of some keys have a row in the final table that isn't
// deleted. The table's key must be one column.
func (w *asker) Held(ctx context.Context, t Table, keys []string) (map[string]bool, error) {
	held := map[string]bool{}
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t}}
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(held)
		for rest := keys; len(rest) > 0; {
			n := min(len(rest), keysAtOnce)
			b := s.binds()
			in := ""
			for i, k := range rest[:n] {
				if i > 0 {
					in += ", "
				}
				in += b.text(k)
			}
			err := eachKey(ctx, tx, func(key string) { held[key] = true },
				fill("SELECT {record_key} FROM {final} f WHERE {deleted} IS NULL AND {key} IN ({keys})", holes{
					"record_key": s.recordKey("f"), "final": s.final(), "deleted": s.col("f", colDeleted),
					"key": s.col("f", t.Key[0]), "keys": in,
				}), b.args...)
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rows of %s: %w", t.Name, err)
	}
	return held, nil
}

// Absent lists the keys of live rows that some jobs of an attempt, which read
// every Id together, don't have in staging, and that were read before readAt,
// when the first of them was created: a row that was read later is no evidence
// (invariant 4). The table's key must
// be one column.
func (w *asker) Absent(
	ctx context.Context, t Table, attempt string, jobs []string, readAt time.Time,
) ([]string, error) {
	var keys []string
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t, Attempt: attempt}}
	b := s.binds()
	of, these, before := b.text(attempt), b.texts(jobs), b.value(stamp(readAt), Timestamp)
	sql := fill(`SELECT {key}
FROM {final} f
WHERE {deleted} IS NULL
	AND {read_at} < {before}
	AND NOT EXISTS (SELECT 1 FROM {staging} v WHERE {attempt} = {of} AND {job} IN ({these}) AND {same_key})
ORDER BY 1`, holes{
		"key": s.recordKey("f"), "final": s.final(), "deleted": s.col("f", colDeleted),
		"read_at": s.oldest(s.col("f", colReadAt)), "before": before,
		"staging": s.staging(), "attempt": s.col("v", colAttempt), "of": of,
		"job": s.col("v", colJob), "these": these, "same_key": s.sameKey("v", "f"),
	})
	err := w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		return eachKey(ctx, tx, func(key string) { keys = append(keys, key) }, sql, b.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("rows of %s that a reading of all Ids lacks: %w", t.Name, err)
	}
	return keys, nil
}

// Otherwise lists the keys that some jobs of an attempt, which read every Id and
// IsDeleted together, saw otherwise than the final table has them: alive, where the table
// has no live row, and in the recycle bin, where it has one. What other jobs of
// the attempt read whole, or found to be gone, is left out. The table's key must
// be one column.
func (w *asker) Otherwise(
	ctx context.Context, t Table, attempt string, jobs []string,
) (alive, binned []string, err error) {
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t, Attempt: attempt}}
	gone := "false"
	if c, ok := t.column(fieldDeleted); ok {
		gone = "coalesce(" + s.col("v", c.Name) + ", false)"
	}
	held := fmt.Sprintf("EXISTS (SELECT 1 FROM %s f WHERE %s IS NULL AND %s)", s.final(), s.col("f", colDeleted),
		s.sameKey("v", "f"))
	b := s.binds()
	of, these := b.text(attempt), b.texts(jobs)
	list := func(differs string) string {
		return fill(`SELECT {key}
FROM {staging} v
WHERE {attempt} = {of} AND {job} IN ({these}) AND {differs}
	AND NOT EXISTS (SELECT 1 FROM {staging} o WHERE {other_attempt} = {of} AND {other_job} NOT IN ({these}) AND coalesce({other_op}, 'put') <> 'patch' AND {same_key})
ORDER BY 1`, holes{
			"key": s.recordKey("v"), "staging": s.staging(), "attempt": s.col("v", colAttempt), "of": of,
			"job": s.col("v", colJob), "these": these, "differs": differs,
			"other_attempt": s.col("o", colAttempt), "other_job": s.col("o", colJob), "other_op": s.col("o", colOp),
			"same_key": s.sameKey("v", "o"),
		})
	}
	err = w.driver.View(ctx, func(tx Tx) error {
		alive, binned = nil, nil
		err := eachKey(ctx, tx, func(key string) { alive = append(alive, key) },
			list("NOT "+gone+" AND NOT "+held), b.args...)
		if err != nil {
			return err
		}
		return eachKey(ctx, tx, func(key string) { binned = append(binned, key) }, list(gone+" AND "+held), b.args...)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("what a reading of all Ids saw of %s: %w", t.Name, err)
	}
	return alive, binned, nil
}

// Live counts the rows of a table that aren't deleted.
func (w *asker) Live(ctx context.Context, t Table) (int64, error) {
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t}}
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = count(ctx, tx, s.liveRows().sql)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.Name, err)
	}
	return n, nil
}

func eachKey(ctx context.Context, tx Tx, each func(string), sql string, args ...any) error {
	return tx.Query(ctx, func(scan Scan) error {
		var key string
		if err := scan(&key); err != nil {
			return err
		}
		each(key)
		return nil
	}, sql, args...)
}
