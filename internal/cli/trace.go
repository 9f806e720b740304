package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"catchment/internal/control/versioned"
	"catchment/internal/falsestart"
	"catchment/internal/plan"
)

// leaveTrace keeps for status why a run failed before it had a row in the control table.
// What needs none: a mistake in the command line, which whoever typed it has seen; an end
// that the user wanted; another run, which status shows; a folder without a configuration.
func leaveTrace(ctx context.Context, s *session, err error) {
	_, told := errors.AsType[exit](err)
	_, typed := errors.AsType[usageError](err)
	if err == nil || told || typed || stoppedBy(ctx, err) || errors.Is(err, versioned.ErrLocked) {
		return
	}
	if _, missing := os.Stat(s.config); errors.Is(missing, fs.ErrNotExist) {
		return
	}
	left := falsestart.Leave(s.config, falsestart.Trace{At: s.Now().UTC(), By: holder(), Error: err.Error(),
		Hint: plan.AdviceOf(err), Class: plan.ClassOf(err)})
	if left != nil {
		s.tell(left)
	}
}

// stoppedBy tells whether an error is the end that the user wanted.
func stoppedBy(ctx context.Context, err error) bool {
	return errors.Is(context.Cause(ctx), errStopped) || errors.Is(err, plan.ErrStopped)
}
