// Package waiting waits for some time, unless nobody wants that any more.
package waiting

import (
	"context"
	"time"
)

// For waits for d, or for the end of ctx, which it gives the cause of. It waits for nothing where d isn't positive.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
