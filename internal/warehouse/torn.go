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
	var keys []string
	err := w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		return tx.Query(ctx, func(scan Scan) error {
			var key string
			err := scan(&key)
			keys = append(keys, key)
			return err
		}, fmt.Sprintf(`SELECT %[1]s FROM %[2]s a
LEFT JOIN (SELECT * FROM %[2]s WHERE %[3]s = %[8]s AND %[4]s IN (%[10]s)) b ON %[5]s
WHERE a.%[3]s = %[8]s AND a.%[4]s IN (%[9]s) AND (%[6]s IS NULL OR %[7]s) ORDER BY 1`,
			s.recordKey("a"), s.staging(), w.d.Quote(colAttempt), w.d.Quote(colJob), s.sameKey("a", "b"),
			s.col("b", t.Key[0]), differs, of, these, those), b.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("compare two readings of %s: %w", t.Name, err)
	}
	return keys, nil
}
