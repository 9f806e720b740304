package archiving

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/archive/removal"
	"catchment/internal/archive/report"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/project"
	"catchment/internal/status"
)

func runCommand(at At) *cobra.Command {
	really := false
	cmd := &cobra.Command{
		Use:   "run PLAN",
		Short: "Carry an approved plan out: copy, prove, delete, prove again; a look without --really",
		Long: `Carry an approved plan out, as far as it goes now. Without --really it only looks whether
it may be, and writes nothing to Salesforce.

Everything that the plan names is copied and proven first: each record and each file is
read again and compared with its copy. After the time of the policy's cool the records
go, deepest level first, at most 2,000 at once: each batch is read and compared once
more right before its delete, and again from the recycle bin right after it. What
changed in between, or went along without being in the plan, is brought back before the
next batch begins.

It may be killed anywhere: the same command goes on where it was. The first signal
finishes the batch. What has to wait, for the cool or for the next day, ends with exit
code 3 and says until when; the same command goes on then, by cron say.

Exit codes: 0 every record came to its end and none failed, 1 some failed, 2 something
has to be changed (such as a missing approval), 3 it waits, 130 stopped.`,
		Example: `  catchment archive run old-cases-20260301-01234567
  catchment archive run old-cases-20260301-01234567 --really`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error { return carryOut(cmd.Context(), d, args[0], really) })
		},
	}
	cmd.Flags().BoolVar(&really, "really", false, "delete, in Salesforce, what the plan says")
	return completePlans(at, cmd)
}

// carryOut carries a plan out, and tells how far it is then: also where it had to stop.
func carryOut(ctx context.Context, d *Desk, name string, really bool) error {
	if err := d.OpenAll(ctx); err != nil {
		return err
	}
	if _, err := readOutline(ctx, d.Stage, name, nil); err != nil {
		return err
	}
	holder, err := d.Hold("archive run " + name)
	if err != nil {
		return err
	}
	remover := project.Remover(d.Project, holder, d.Copier)
	remover.Tell = func(n removal.News) { tell(d, n) }
	_, ran := remover.Run(ctx, name, really)
	s, err := standingOf(context.WithoutCancel(ctx), d, name)
	if err != nil {
		return errors.Join(ran, err)
	}
	s.Dry = !really
	if ran == nil && s.Dry && s.State != report.Done {
		s.Next = "catchment archive run " + name + " --really"
	}
	if ran != nil && plan.ClassOf(ran) == plan.Wait {
		s.Until, ran = status.Moment(plan.UntilOf(ran)), again(ran, name)
	}
	if err := d.Print(s); err != nil {
		return errors.Join(ran, err)
	}
	if ran == nil && s.Failed > 0 {
		return ErrPartial
	}
	return ran
}

// again says what to type once the wait is over.
func again(err error, name string) error {
	return &plan.Failure{Class: plan.Wait, Until: plan.UntilOf(err), Err: err,
		Hint: plan.AdviceOf(err) + "; then type: catchment archive run " + name + " --really"}
}

// tell says how it goes on.
func tell(d *Desk, n removal.News) {
	var parts []string
	if n.Proven > 0 {
		parts = append(parts, plural.Count(n.Proven)+" proven")
	}
	if n.Deleted > 0 {
		parts = append(parts, plural.Count(n.Deleted)+" deleted, and proven again")
	}
	if n.Kept > 0 {
		parts = append(parts, plural.Count(n.Kept)+" kept")
	}
	if n.Text != "" {
		parts = append(parts, n.Text)
	}
	if len(parts) > 0 {
		d.SayOf(n.Object, "", "%s", strings.Join(parts, "; "))
	}
}
