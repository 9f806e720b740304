package duckdb

import (
	"context"
	stdsql "database/sql"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse"
)

// lookAgain is how often a file that another program has open is tried.
const lookAgain = 250 * time.Millisecond

// A wait is for the program that has the file open: for how long, since it was found so.
// What begins when the time is up isn't waited for any more, until the file was open once.
type wait struct {
	warehouse.Patience
	until time.Time // zero: the file was free when it was last tried
	told  string    // for whom, so that it is said once
}

// acquire opens the file where it is closed, and keeps it open until release. It waits for
// another program that has it open.
func (d *driver) acquire(ctx context.Context) (*stdsql.DB, error) {
	for {
		db, err := d.take()
		if err == nil || !isLocked(err.Error()) {
			return db, err
		}
		if err := d.another(ctx, err); err != nil {
			return nil, err
		}
	}
}

// another waits a moment for the program that has the file open, or says that its time is
// up, by the error that it was met with.
func (d *driver) another(ctx context.Context, busy error) error {
	who := holder(busy.Error())
	now := time.Now()
	d.mu.Lock()
	if d.wait.until.IsZero() {
		d.wait.until = now.Add(d.wait.AtMost)
	}
	until, tell := d.wait.until, d.wait.told != who
	d.wait.told = who
	d.mu.Unlock()
	if !now.Before(until) {
		return busy
	}
	if tell && d.wait.Tell != nil {
		d.wait.Tell(until, d.busy(who))
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.wait.Stop:
		return plan.ErrStopped
	case <-time.After(min(lookAgain, until.Sub(now))):
		return nil
	}
}

// busy says who has the file.
func (d *driver) busy(who string) string { return printable.Line(d.path) + " is open in " + who }

// isLocked tells from an error of DuckDB whether another program has the file open.
func isLocked(text string) bool {
	return strings.Contains(text, "Could not set lock on file") ||
		strings.Contains(text, "being used by another process")
}
