package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/cli/archiving"
	"catchment/internal/control"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/process"
)

func archiveCommand(s *session) *cobra.Command {
	return archiving.Command(func(do func(*archiving.Desk) error) error {
		err := s.inProject(func(p *work) error { return do(desk(p)) })
		switch {
		case errors.Is(err, archiving.ErrDiffers):
			return exit(exitDiffers)
		case errors.Is(err, archiving.ErrPartial):
			return exit(exitFailed)
		}
		return err
	})
}

// desk is what the verbs of the archive work on.
func desk(p *work) *archiving.Desk {
	copies := &copier{work: p}
	d := &archiving.Desk{
		Project: p.Project, Printer: p.Printer, Stop: p.stop, Ends: p.stop.ends, Copier: copies, Me: me(),
	}
	d.Hold = func(what string) (lease.Holder, error) {
		alone, err := p.Lock(what)
		if err != nil {
			return lease.Holder{}, err
		}
		copies.alone = alone
		run, err := p.Control.NewRunID()
		return p.holds(run, alone), err
	}
	d.Ask = func(question string) bool {
		return p.Size != nil && p.Stdin != nil && agrees(p.Stderr, p.Stdin, question)
	}
	return d
}

// me is who types, as this machine knows them.
func me() string {
	name := "user " + fmt.Sprint(os.Getuid())
	if known, err := user.Current(); err == nil {
		name = known.Username
	}
	return name + " on " + process.Host()
}

// agrees asks a person, and tells whether they say yes.
func agrees(out io.Writer, in io.Reader, question string) bool {
	_, _ = fmt.Fprintf(out, "%s [y/N] ", question) // who can't read it doesn't agree
	answer, err := bufio.NewReader(in).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return (err == nil || errors.Is(err, io.EOF)) && (answer == "y" || answer == "yes")
}

// A copier is a run, for who needs flows brought up to date and has the project open.
type copier struct {
	*work
	alone bool
}

// Copy runs flows. What went wrong with one stands in the error; the others are copied.
func (c *copier) Copy(ctx context.Context, objects []string) error {
	id, err := c.Control.NewRunID()
	if err != nil {
		return err
	}
	run, err := c.copy(ctx, id, objects, c.alone, runFlags{})
	if err != nil {
		return err
	}
	switch run.State {
	case control.Done:
		return nil
	case control.Stopped:
		return plan.ErrStopped
	}
	var errs []error
	for _, o := range run.Objects {
		if o.State == control.FlowFailed {
			errs = append(errs, plan.Failf(o.Class, o.Hint, "copy %s: %s", o.Object, o.Error))
		}
	}
	if len(errs) == 0 { // its row doesn't say why
		errs = append(errs, plan.Failf(plan.Retry, "see what went wrong with: catchment status",
			"copy: run %s is %s", id, run.State))
	}
	return errors.Join(errs...)
}
