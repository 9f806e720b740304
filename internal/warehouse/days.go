package warehouse

import (
	"context"
	"fmt"
	"time"
)

// Days counts the live rows of a final table by the day of their stamp, in days
// since 1970, as far as they are stamped before a moment.
func (w *asker) Days(ctx context.Context, t Table, before time.Time) (map[int64]int64, error) {
	c, ok := t.column(fieldStamp)
	if !ok {
		return nil, fmt.Errorf("count %s by day: it has no %s", t.Name, fieldStamp)
	}
	sql := fill("SELECT CAST(floor(extract(epoch FROM {stamp}) / 86400) AS {number}) AS day, count(*) "+
		"FROM {final} WHERE {deleted} IS NULL AND {stamp} < {before} GROUP BY 1", holes{
		"stamp": w.d.Quote(c.Name), "number": w.d.Type(Long, 0), "final": w.final(t),
		"deleted": w.d.Quote(colDeleted), "before": w.d.moment(before.UTC()),
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
