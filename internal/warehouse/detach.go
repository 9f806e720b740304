package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrTooLong says that a statement has more text than the way to the warehouse
// takes.
var ErrTooLong = errors.New("the statement is too long")

// A Background is a Driver whose warehouse goes on with a statement that nobody
// waits for, and can be asked about it later: by another process too, which
// knows nothing but its id.
type Background interface {
	// Detach begins a statement in a transaction of its own, and gives its id.
	// The same token means the same statement, as long as the warehouse remembers
	// it: a second call begins nothing. A text that is too long is ErrTooLong.
	Detach(ctx context.Context, token, sql string) (id string, err error)

	// Ended waits no longer than patience, and tells whether the statement is
	// over; one that the warehouse doesn't know, or doesn't tell this user of, is.
	// The error is the statement's. It goes on when ctx ends.
	Ended(ctx context.Context, id string, patience time.Duration) (bool, error)
}

// Begin lets the warehouse consolidate an attempt that was counted while nobody
// waits for it: it makes the table's procedure, and calls it. The id is to be
// kept, for Ended; "" says that this warehouse, or this table, has no such way.
// The same token begins nothing twice. What the procedure leaves undone,
// Consolidate does, and Consolidate is who tells the counts.
func (w *Detaching) Begin(ctx context.Context, f Fence, p Procedure, token string) (id string, err error) {
	// In a transaction before the CALL's: that one has to begin with its locks.
	err = w.fenced(ctx, f, "make the procedure of "+p.Table.Name, func(tx Tx) error { return w.calls.install(ctx, tx, p) })
	if err == nil {
		id, err = w.background.Detach(ctx, token, "CALL "+w.d.Table(w.o.Staging, procedureName(w.d, p.Table.Name))+"()")
	}
	if errors.Is(err, ErrTooLong) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("begin to consolidate %s: %w", p.Table.Name, err)
	}
	return id, nil
}

// Ended tells whether a consolidation that Begin has begun is over, and waits for
// that no longer than patience. The error is that of the consolidation, or of
// the question; either way Consolidate may follow.
func (w *Detaching) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	return w.background.Ended(ctx, id, patience)
}

// Consolidated tells whether an attempt was consolidated before.
func (w *merger) Consolidated(ctx context.Context, attempt string) (done bool, err error) {
	err = w.driver.View(ctx, func(tx Tx) (err error) {
		_, done, err = w.logged(ctx, tx, attempt)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for attempt %s in the log: %w", attempt, err)
	}
	return done, nil
}
