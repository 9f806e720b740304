// Package archiving has the commands of the archive: plan, approve, run, status, rehydrate and
// check. Each opens what it needs of the project, has the archive's rooms do the work,
// and says in reports what came of it. What every command of the program does, the
// command around them gives: a Desk.
//
// Start at Command.
package archiving

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/archive"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/project"
	"catchment/internal/status"
)

// What was told already, and is left to an exit code.
var (
	ErrDiffers = errors.New("evidence isn't as it was written")
	ErrPartial = errors.New("some records failed")
)

// A Desk is the project that one call of the command works on, and what the command does for
// any of its verbs.
type Desk struct {
	*project.Project
	status.Printer
	// Hold locks out other processes that work with the same control table, and tells who
	// holds flows then.
	Hold func(what string) (lease.Holder, error)
	// Copier is the way of catchment run.
	Copier archive.Copier
	Stop   <-chan struct{}
	// Ends is a context that the first signal ends, for what leaves nothing half done.
	Ends func(context.Context) (context.Context, context.CancelFunc)
	// Ask asks the user, who has to say yes; false where nobody is there to be asked.
	Ask func(question string) bool
	Me  string // who is at it, as this machine knows them
}

// At opens a project for as long as do takes.
type At func(do func(d *Desk) error) error

// Command has the verbs of the archive.
func Command(at At) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "Take records and files out of Salesforce, with proof, and bring them back",
		Long: `Take records and files out of Salesforce once their copy is proven, and bring them back.

  plan POLICY    decides which records go, and shows what that frees and costs
  approve PLAN   says that you agree; a policy may want several people, by their keys
  run PLAN       copies, proves, deletes, and proves again; a look without --really
  status         how far each plan is
  rehydrate      brings records back: out of the recycle bin, later as new ones
  check          reads the evidence back, and finds a changed byte

What may go is said by the section archive of catchment.yaml. Nothing is deleted whose
copy isn't equal to the record at that moment, and nothing for good: what is deleted lies
in Salesforce's recycle bin for 15 days. docs/howto/archive.md has the whole way.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(planCommand(at), approveCommand(at), runCommand(at), statusCommand(at), rehydrateCommand(at),
		checkCommand(at))
	return cmd
}

// completePlans has a shell complete the names of plans.
func completePlans(at At, cmd *cobra.Command) *cobra.Command {
	return completed(at, cmd, func(ctx context.Context, d *Desk) ([]string, error) {
		if err := project.OpenStage(d.Project); err != nil {
			return nil, err
		}
		return plans(ctx, d.Stage)
	})
}

// completePolicies has a shell complete the names of policies.
func completePolicies(at At, cmd *cobra.Command) *cobra.Command {
	return completed(at, cmd, func(_ context.Context, d *Desk) ([]string, error) {
		return policyNames(d.File.Archive.Policies), nil
	})
}

// completed has a shell complete names. It asks at each key, so that nothing is said where they
// can't be had.
func completed(at At, cmd *cobra.Command, known func(context.Context, *Desk) ([]string, error)) *cobra.Command {
	cmd.ValidArgsFunction = func(c *cobra.Command, _ []string, word string) ([]cobra.Completion,
		cobra.ShellCompDirective) {
		var names []string
		err := at(func(d *Desk) (err error) {
			names, err = known(c.Context(), d)
			return err
		})
		if err != nil {
			names = nil
		}
		return beginning(names, word), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// beginning are the names that begin as a word does.
func beginning(names []string, word string) []cobra.Completion {
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, word) })
}

func policyNames(all []policy.Policy) []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	return names
}

// policyOf finds a policy by its name.
func policyOf(all []policy.Policy, name string) (policy.Policy, error) {
	i := slices.IndexFunc(all, func(p policy.Policy) bool { return p.Name == name })
	switch {
	case i >= 0:
		return all[i], nil
	case len(all) == 0:
		return policy.Policy{}, plan.Fixf("write one in `archive: {policies: ...}`, as docs/howto/archive.md does",
			"the configuration has no policy of what may leave Salesforce")
	}
	return policy.Policy{}, plan.Fixf("the policies are: "+strings.Join(policyNames(all), ", "),
		"there is no policy %q", name)
}
