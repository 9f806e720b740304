package warehouse

import (
	"context"
	"fmt"
	"time"
)

// Inspect compares a final table with what its mark remembers (invariant 12).
func (w *shaper) Inspect(ctx context.Context, t Table, m Mark) (Condition, error) {
	var seen sight
	err := w.driver.View(ctx, func(tx Tx) error {
		cols, err := storedColumns(ctx, tx, w.o.Schema, t.Name)
		if err != nil || len(cols) == 0 {
			return err
		}
		seen.exists, seen.ours = true, isOurs(cols, t)
		if !seen.ours {
			return nil
		}
		seen.rows, seen.newest, err = w.extent(ctx, tx, t)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("inspect %s: %w", t.Name, err)
	}
	return condition(seen, m), nil
}

// A sight is what can be seen of a final table from outside.
type sight struct {
	exists, ours bool
	rows         int64
	newest       time.Time
}

// condition decides what became of a table since its mark was written.
func condition(s sight, m Mark) Condition {
	consolidated := !m.SyncedAt.IsZero()
	switch {
	case !s.exists && !consolidated:
		return Absent
	case !s.exists:
		return Dropped
	case !s.ours:
		return Foreign
	case s.rows == 0 && m.Rows > 0:
		return Emptied
	case s.newest.Before(m.Newest):
		return Restored
	case s.rows < m.Rows:
		return Fewer
	}
	return Intact
}

// isOurs tells whether a final table was made by Prepare.
func isOurs(cols []stored, t Table) bool {
	for _, c := range finalOwn() {
		if _, ok := find(cols, c.Name); !ok {
			return false
		}
	}
	for _, k := range t.Key {
		if _, ok := find(cols, k); !ok {
			return false
		}
	}
	return true
}

// extent is the number of rows of a final table and the newest stamp that a
// consolidation left in it.
func (w *store) extent(ctx context.Context, tx Tx, t Table) (int64, time.Time, error) {
	var n int64
	var newest *time.Time
	_, err := queryRow(ctx, tx, []any{&n, &newest},
		"SELECT count(*), max("+w.d.Quote(colSyncedAt)+") FROM "+w.final(t))
	return n, fromNull(newest), err
}
