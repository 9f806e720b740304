package sql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// An asker is Evidence.
type asker struct{ *store }

// StagedKeys calls each with the key of every version that a job has in
// staging. The table's key must be one column.
func (w *asker) StagedKeys(ctx context.Context, t shape.Table, attempt, job string, each func(key string)) error {
	err := w.driver.View(ctx, func(tx Tx) error {
		s, err := (&firsts{w.store}).placed(ctx, tx, t)
		if err != nil {
			return err
		}
		return eachKey(ctx, tx, each, fmt.Sprintf("SELECT %s FROM %s v WHERE %s = $1 AND %s = $2",
			s.RecordKey("v"), s.Staging(), s.Col("v", own.Attempt), s.Col("v", own.Job)), attempt, job)
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
func (w *asker) Held(ctx context.Context, t shape.Table, keys []string) (map[string]bool, error) {
	held := map[string]bool{}
	s := w.of(t)
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(held)
		for rest := keys; len(rest) > 0; {
			n := min(len(rest), keysAtOnce)
			b := s.Binds()
			in := ""
			for i, k := range rest[:n] {
				if i > 0 {
					in += ", "
				}
				in += b.Text(k)
			}
			err := eachKey(ctx, tx, func(key string) { held[key] = true },
				dialect.Fill("SELECT {record_key} FROM {final} f WHERE {deleted} IS NULL AND {key} IN ({keys})",
					dialect.Holes{
						"record_key": s.RecordKey("f"), "final": s.Final(), "deleted": s.Col("f", own.DeletedAt),
						"key": s.Col("f", t.Key[0]), "keys": in,
					}), b.Args...)
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
	ctx context.Context, t shape.Table, attempt string, jobs []string, readAt time.Time,
) ([]string, error) {
	var keys []string
	s, err := (&firsts{w.store}).seen(ctx, t)
	if err != nil {
		return nil, err
	}
	b := s.Binds()
	of, these, before := b.Text(attempt), b.Texts(jobs), b.Value(dialect.Stamp(readAt), shape.Timestamp)
	sql := dialect.Fill(`SELECT {key}
FROM {final} f
WHERE {deleted} IS NULL
	AND {read_at} < {before}
	AND NOT EXISTS (SELECT 1 FROM {staging} v WHERE {attempt} = {of} AND {job} IN ({these}) AND {same_key})
ORDER BY 1`, dialect.Holes{
		"key": s.RecordKey("f"), "final": s.Final(), "deleted": s.Col("f", own.DeletedAt),
		"read_at": s.Oldest(s.Col("f", own.ReadAt)), "before": before,
		"staging": s.Staging(), "attempt": s.Col("v", own.Attempt), "of": of,
		"job": s.Col("v", own.Job), "these": these, "same_key": s.SameKey("v", "f"),
	})
	err = w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		return eachKey(ctx, tx, func(key string) { keys = append(keys, key) }, sql, b.Args...)
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
	ctx context.Context, t shape.Table, attempt string, jobs []string,
) (alive, binned []string, err error) {
	s, err := (&firsts{w.store}).seen(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	gone := "false"
	if c, ok := t.Column(shape.FieldDeleted); ok {
		gone = "coalesce(" + s.Col("v", c.Name) + ", false)"
	}
	held := fmt.Sprintf("EXISTS (SELECT 1 FROM %s f WHERE %s IS NULL AND %s)", s.Final(), s.Col("f", own.DeletedAt),
		s.SameKey("v", "f"))
	b := s.Binds()
	of, these := b.Text(attempt), b.Texts(jobs)
	list := func(differs string) string {
		return dialect.Fill(`SELECT {key}
FROM {staging} v
WHERE {attempt} = {of} AND {job} IN ({these}) AND {differs}
	AND NOT EXISTS (SELECT 1 FROM {staging} o WHERE {other_attempt} = {of} AND {other_job} NOT IN ({these}) AND coalesce({other_op}, 'put') <> 'patch' AND {same_key})
ORDER BY 1`, dialect.Holes{
			"key": s.RecordKey("v"), "staging": s.Staging(), "attempt": s.Col("v", own.Attempt), "of": of,
			"job": s.Col("v", own.Job), "these": these, "differs": differs,
			"other_attempt": s.Col("o", own.Attempt), "other_job": s.Col("o", own.Job), "other_op": s.Col("o", own.Op),
			"same_key": s.SameKey("v", "o"),
		})
	}
	err = w.driver.View(ctx, func(tx Tx) error {
		alive, binned = nil, nil
		err := eachKey(ctx, tx, func(key string) { alive = append(alive, key) },
			list("NOT "+gone+" AND NOT "+held), b.Args...)
		if err != nil {
			return err
		}
		return eachKey(ctx, tx, func(key string) { binned = append(binned, key) }, list(gone+" AND "+held), b.Args...)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("what a reading of all Ids saw of %s: %w", t.Name, err)
	}
	return alive, binned, nil
}

// Live counts the rows of a table that aren't deleted.
func (w *asker) Live(ctx context.Context, t shape.Table) (int64, error) {
	s := w.of(t)
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = count(ctx, tx, s.LiveRows().SQL)
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

// Torn lists the keys of records that some jobs of an attempt read and others,
// which read further columns of the same records, did not read in the same
// version: the two don't fit together.
func (w *asker) Torn(ctx context.Context, t shape.Table, attempt string, jobs, further []string) ([]string, error) {
	stamp, ok := t.Column(shape.FieldStamp)
	differs := "false"
	if ok {
		differs = w.d.Differs("a."+w.d.Quote(stamp.Name), "b."+w.d.Quote(stamp.Name))
	}
	s, err := (&firsts{w.store}).seen(ctx, t)
	if err != nil {
		return nil, err
	}
	b := s.Binds()
	of, these, those := b.Text(attempt), b.Texts(jobs), b.Texts(further)
	sql := dialect.Fill(`SELECT {key} FROM {staging} a
LEFT JOIN (SELECT * FROM {staging} WHERE {attempt} = {of} AND {job} IN ({those})) b ON {same_key}
WHERE a.{attempt} = {of} AND a.{job} IN ({these}) AND ({other_key} IS NULL OR {differs}) ORDER BY 1`, dialect.Holes{
		"key": s.RecordKey("a"), "staging": s.Staging(), "attempt": s.Quote(own.Attempt), "of": of,
		"job": s.Quote(own.Job), "those": those, "same_key": s.SameKey("a", "b"), "these": these,
		"other_key": s.Col("b", t.Key[0]), "differs": differs,
	})
	var keys []string
	err = w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		return tx.Query(ctx, func(scan Scan) error {
			var key string
			err := scan(&key)
			keys = append(keys, key)
			return err
		}, sql, b.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("compare two readings of %s: %w", t.Name, err)
	}
	return keys, nil
}

// Days counts the live rows of a final table by the day of their stamp, in days
// since 1970, as far as they are stamped before a moment.
func (w *asker) Days(ctx context.Context, t shape.Table, before time.Time) (map[int64]int64, error) {
	c, ok := t.Column(shape.FieldStamp)
	if !ok {
		return nil, fmt.Errorf("count %s by day: it has no %s", t.Name, shape.FieldStamp)
	}
	sql := dialect.Fill("SELECT CAST(floor(extract(epoch FROM {stamp}) / 86400) AS {number}) AS day, count(*) "+
		"FROM {final} WHERE {deleted} IS NULL AND {stamp} < {before} GROUP BY 1", dialect.Holes{
		"stamp": w.d.Quote(c.Name), "number": w.d.Type(shape.Long, 0), "final": w.final(t),
		"deleted": w.d.Quote(own.DeletedAt), "before": w.d.Moment(before.UTC()),
	})
	days := map[int64]int64{}
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(days)
		return tx.Query(ctx, func(scan Scan) error {
			var day, n int64
			err := scan(&day, &n)
			days[day] = n
			return err
		}, sql)
	})
	if err != nil {
		return nil, fmt.Errorf("count %s by day: %w", t.Name, err)
	}
	return days, nil
}

// Rows counts the rows of a final table, deleted ones included.
func (w *asker) Rows(ctx context.Context, t shape.Table) (int64, error) {
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = count(ctx, tx, "SELECT count(*) FROM "+w.final(t))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.Name, err)
	}
	return n, nil
}

// SomeKey picks the key of any row of a final table, "" where there is none.
func (w *asker) SomeKey(ctx context.Context, t shape.Table) (string, error) {
	var key string
	err := w.driver.View(ctx, func(tx Tx) error {
		_, err := queryRow(ctx, tx, []any{&key},
			fmt.Sprintf("SELECT %s FROM %s ORDER BY random() LIMIT 1", w.d.Quote(t.Key[0]), w.final(t)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("pick a row of %s: %w", t.Name, err)
	}
	return key, nil
}

// keepsOut tells whether anything at all was kept out: mostly nothing was, and then
// nobody looks any further.
func keepsOut(ctx context.Context, tx Tx, k *statements.Kept) (bool, error) {
	q := k.Any()
	n, err := count(ctx, tx, q.SQL, q.Args...)
	return n > 0, err
}

// frugalMemory is what a warehouse inside this process may take for a
// comparison, where it hasn't less anyway. It writes the rest to disk.
const (
	frugalMemory = "400MB"
	frugalBytes  = 400e6
)

// frugally does f with little memory where the warehouse is inside this
// process: it would keep whole tables there, since it takes four fifths of the
// machine's for its own.
func (w *asker) frugally(ctx context.Context, tx Tx, f func() error) (err error) {
	if w.d.Memory == "" {
		return f()
	}
	var before string
	if _, err := queryRow(ctx, tx, []any{&before}, "SELECT current_setting("+dialect.Literal(w.d.Memory)+
		")"); err != nil {
		return err
	}
	if n, known := bytesOf(before); known && n <= frugalBytes { // whoever gives it less has a reason
		return f()
	}
	if _, err := tx.Exec(ctx, "SET "+w.d.Memory+" = "+dialect.Literal(frugalMemory)); err != nil {
		return err
	}
	defer func() {
		// After a failure the transaction takes no more statements; the setting
		// then goes with the idle file.
		_, undo := tx.Exec(context.WithoutCancel(ctx), "SET "+w.d.Memory+" = "+dialect.Literal(before))
		if err == nil {
			err = undo
		}
	}()
	return f()
}

// bytesOf reads an amount of memory as a warehouse writes it: 95.3 MiB.
func bytesOf(amount string) (n float64, known bool) {
	number, unit, _ := strings.Cut(amount, " ")
	n, err := strconv.ParseFloat(number, 64)
	factor, known := map[string]float64{
		"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[unit]
	return n * factor, known && err == nil
}
