package sql

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse/shape"
)

// ErrConflict says that a transaction was cancelled for the sake of another, and
// has left nothing: it may be begun again at once. Drivers wrap it.
var ErrConflict = errors.New("cancelled for the sake of another transaction")

// Conflicting is a driver's error that wraps ErrConflict beside what it says.
func Conflicting(err error) error { return conflicting{err} }

type conflicting struct{ error }

func (c conflicting) Unwrap() []error { return []error{c.error, ErrConflict} }

// What others are in the way of is tried so often, after pauses that grow from
// the first one on.
const (
	conflictTries = 6
	conflictPause = 100 * time.Millisecond
)

// patiently does try, again after a pause where another transaction was in the
// way.
func (w *store) patiently(ctx context.Context, try func() error) error {
	pause := conflictPause
	for n := 1; ; n++ {
		err := try()
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if n == conflictTries {
			return lasting(err)
		}
		// Two that met must not meet again: neither waits as long as the other.
		// #nosec G404 -- nobody gains by guessing it
		if err := w.pause(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
		pause *= 2
	}
}

// lasting is a conflict that is given up: it is worth a later try.
func lasting(err error) error {
	if plan.ClassOf(err) == plan.Retry {
		return err
	}
	return plan.Failf(plan.Retry, "", "%w", err)
}

// pause waits between two tries of a transaction.
func (w *store) pause(ctx context.Context, d time.Duration) error {
	if w.o.Pause != nil {
		return w.o.Pause(ctx, d)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errStale says that a table isn't as the look before the transaction saw it:
// another loader was faster, or somebody has changed it.
var errStale = errors.New("the table was changed meanwhile")

// stale is that error, for whoever looked often enough.
func stale(t shape.Table) error {
	return plan.Failf(plan.Retry, "run it again", "%s: %w", t.Name, errStale)
}

// looks is how often a table is looked at that others change meanwhile.
const looks = 4

// lookAgain does try, which begins with a look at a table, and repeats it where
// the table was changed since.
func lookAgain(try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if n == looks || !errors.Is(err, errStale) && !errors.Is(err, ErrNotBrought) {
			return err
		}
	}
}
