package warehouse

import (
	"context"
	"fmt"
)

// Torn lists the keys of records that one job of an attempt read and another,
// which reads further columns of the same records, did not read in the same
// version: the two don't fit together.
func (w *Warehouse) Torn(ctx context.Context, t Table, attempt, job, further string) ([]string, error) {
	stamp, ok := t.column(fieldStamp)
	differs := "false"
	if ok {
		differs = w.d.differs("a."+w.d.Quote(stamp.Name), "b."+w.d.Quote(stamp.Name))
	}
	s := mergeSQL{d: w.d, o: w.o, m: Merge{Table: t}}
	var keys []string
	err := w.driver.View(ctx, func(tx Tx) error {
		keys = nil
		return tx.Query(ctx, func(scan Scan) error {
			var key string
			err := scan(&key)
			keys = append(keys, key)
			return err
		}, fmt.Sprintf(`SELECT %[1]s FROM %[2]s a
LEFT JOIN (SELECT * FROM %[2]s WHERE %[3]s = $1 AND %[4]s = $3) b ON %[5]s
WHERE a.%[3]s = $1 AND a.%[4]s = $2 AND (%[6]s IS NULL OR %[7]s) ORDER BY 1`,
			s.recordKey("a"), s.staging(), w.d.Quote(colAttempt), w.d.Quote(colJob), s.sameKey("a", "b"),
			s.col("b", t.Key[0]), differs), attempt, job, further)
	})
	if err != nil {
		return nil, fmt.Errorf("compare two readings of %s: %w", t.Name, err)
	}
	return keys, nil
}
