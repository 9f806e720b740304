package cli

import (
	"context"
	"errors"
	"os"

	"catchment/internal/plan"
)

// A stop is closed once the user has asked the command to stop.
type stop chan struct{}

// errStopped is the cause of a context that the second signal ended.
var errStopped = errors.New("stopped by a second signal")

// watch lets the first signal finish what is under way. At the second one it tells
// that all has to end. say is for a line that has to stay in sight until then.
func (s stop) watch(ctx context.Context, signals <-chan os.Signal, say func(format string, args ...any)) bool {
	select {
	case <-ctx.Done():
		return false
	case <-signals:
	}
	close(s)
	say("stopping, once more to stop at once")
	select {
	case <-ctx.Done():
		return false
	case <-signals:
	}
	return true
}

// asked tells whether the user has.
func (s stop) asked() bool {
	select {
	case <-s:
		return true
	default:
		return false
	}
}

// ends is a context that the first signal ends, for what leaves nothing half done.
func (s stop) ends(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-s:
			cancel(plan.ErrStopped)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// stoppedBy tells whether an error is the end that the user wanted.
func stoppedBy(ctx context.Context, err error) bool {
	return errors.Is(context.Cause(ctx), errStopped) || errors.Is(err, plan.ErrStopped)
}
