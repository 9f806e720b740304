package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control/versioned"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/plural"
)

// What --if-busy says of a command that finds another at work.
const (
	busyFail  = "fail"  // tell who it is, with exit code 3
	busyWait  = "wait"  // until it is done
	busyLeave = "leave" // tell who it is, and call that a success
)

// busyFlag gives a command --if-busy.
func busyFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "if-busy", busyFail, "what to do while another catchment works with the same control "+
		"table: "+busyFail+", "+busyWait+" until it is done, or "+busyLeave+" with exit code 0, as a `way`")
}

// checkBusy refuses what --if-busy doesn't know.
func checkBusy(way string) error {
	switch way {
	case busyFail, busyWait, busyLeave:
		return nil
	}
	return usageError{plan.Fixf("write --if-busy "+plural.List([]string{busyFail, busyWait, busyLeave}, "or"),
		"--if-busy: there is no way %q", way)}
}

// lock is Lock, for a command that may wait for another one, or leave it alone.
func (p *work) lock(ctx context.Context, what, ifBusy string) (alone bool, err error) {
	for told := ""; ; {
		alone, err = p.Lock(what)
		if !errors.Is(err, versioned.ErrLocked) {
			return alone, err
		}
		switch ifBusy {
		case busyWait:
			if said := err.Error(); said != told {
				told = said
				p.Say("waiting: %s", said)
			}
			if err := aMoment(ctx, p.stop); err != nil {
				return false, err
			}
		case busyLeave:
			if err := p.Print(notice.Busy{Why: err.Error()}); err != nil {
				return false, err
			}
			return false, exit(exitOK)
		default:
			return false, err
		}
	}
}

// aMoment waits for one, or until the user wants an end.
func aMoment(ctx context.Context, stop stop) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-stop:
		return plan.ErrStopped
	case <-time.After(time.Second):
		return nil
	}
}
