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
	stamp := w.d.Quote(c.Name)
	days := map[int64]int64{}
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(days)
		return tx.Query(ctx, func(scan Scan) error {
			var day, n int64
			err := scan(&day, &n)
			days[day] = n
			return err
		}, fmt.Sprintf("SELECT CAST(floor(extract(epoch FROM %[1]s) / 86400) AS %[2]s) AS day, "+
			"count(*) FROM %[3]s WHERE %[4]s IS NULL AND %[1]s < %[5]s GROUP BY 1",
			stamp, w.d.Type(Long, 0), w.final(t), w.d.Quote(colDeleted), w.d.moment(before.UTC())))
	})
	if err != nil {
		return nil, fmt.Errorf("count %s by day: %w", t.Name, err)
	}
	return days, nil
}
