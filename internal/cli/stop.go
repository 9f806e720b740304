package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

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

// always says of a command that it changes something whatever its flags are.
const always = ""

// resumed are the commands whose work stays done where they are stopped, and the flag without
// which each only looks. The others begin anew.
var resumed = map[string]string{
	"adopt": "yes", "archive rehydrate": "really", "archive run": "really", "aws deploy": always,
	"aws destroy": "yes", "erase": always, "files gc": "remove", "files get": always, "flows push": always,
	"maintain": always, "verify": "repair",
}

// stoppedWords tells that a command was stopped, and what becomes of what it was doing.
func stoppedWords(cmd *cobra.Command) string {
	name := strings.TrimPrefix(cmd.CommandPath(), "catchment ")
	if name == "run" {
		return "stopped; the next run goes on from here"
	}
	flag, resumes := resumed[name]
	if flag != always {
		resumes, _ = cmd.Flags().GetBool(flag)
	}
	if resumes {
		return "stopped; what it did stays done, and the same command does the rest"
	}
	return "stopped"
}
