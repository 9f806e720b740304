package sql

import (
	"context"
	"fmt"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// Repeated tells of the keys that a job has in staging more than once.
func (w *loader) Repeated(ctx context.Context, t shape.Table, attempt, job string) (evidence.Repeats, error) {
	var found evidence.Repeats
	err := w.driver.View(ctx, func(tx Tx) error {
		found = evidence.Repeats{}
		staging, err := storedColumns(ctx, tx, w.o.Staging, t.Name)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(scan Scan) error {
			var key string
			var rows, pages, differing int64
			if err := scan(&key, &rows, &pages, &differing); err != nil {
				return err
			}
			found.Add(key, rows, pages, differing > 0)
			return nil
		}, w.of(t).Doubles(dialect.Payload(staging)), attempt, job)
	})
	if err != nil {
		return found, fmt.Errorf("repeated keys of attempt %s: %w", attempt, err)
	}
	return found, nil
}
