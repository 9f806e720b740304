package warehouse

import (
	"context"
	"fmt"
)

// Torn lists the keys of records that some jobs of an attempt read and others,
// which read further columns of the same records, did not read in the same
// version: the two don't fit together.
func (w *asker) Torn(ctx context.Context, t Table, attempt string, jobs, further []string) ([]string, error) {
	stamp, ok := t.column(fieldStamp)
	differs := "false"
	if ok {
		differs = w.d.differs("a."+w.d.Quote(stamp.Name), "b."+w.d.Quote(stamp.Name))
	}
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t}}
	b := s.binds()
	of, these, those := b.text(attempt), b.texts(jobs), b.texts(further)
	sql := fill(`SELECT {key} FROM {staging} a
LEFT JOIN (SELECT * FROM {staging} WHERE {attempt} = {of} AND {job} IN ({those})) b ON {same_key}
WHERE a.{attempt} = {of} AND a.{job} IN ({these}) AND ({other_key} IS NULL OR {differs}) ORDER BY 1`, holes{
		"key": s.recordKey("a"), "staging": s.staging(), "attempt": s.q(colAttempt), "of": of,
		"job": s.q(colJob), "those": those, "same_key": s.sameKey("a", "b"), "these": these,
		"other_key": s.col("b", t.Key[0]), "differs": differs,
	})
	var keys []string
	err := w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		return tx.Query(ctx, func(scan Scan) error {
			var key string
			err := scan(&key)
			keys = append(keys, key)
			return err
		}, sql, b.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("compare two readings of %s: %w", t.Name, err)
	}
	return keys, nil
}
