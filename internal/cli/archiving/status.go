package archiving

import (
	"context"

	"github.com/spf13/cobra"

	"catchment/internal/archive/report"
	"catchment/internal/project"
)

func statusCommand(at At) *cobra.Command {
	return completePlans(at, &cobra.Command{
		Use:   "status [PLAN]",
		Short: "Show how far plans are",
		Long: `Show how far each plan is, or one of them: who still has to agree, what waits and until
when, and what became of its records, by object and level. It is what the warehouse
says; the org isn't asked.

  deleted   out of Salesforce; the copy was proven before and after
  changed   it, or what would go with it, is another one than was planned: kept
  held      a hold keeps it
  blocked   Salesforce wouldn't let it go, or the plan's own rules
  vanished  somebody else has deleted it
  failed    its delete was refused, or its copy couldn't be proven: kept
  open      on its way
  back      of the deleted: it lives in the org again`,
		Example: `  catchment archive status
  catchment archive status --json | jq 'select(.type == "archive_status") | .state'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				if err := project.OpenCopy(ctx, d.Project); err != nil {
					return err
				}
				return showStatus(ctx, d, args)
			})
		},
	})
}

// showStatus prints how far plans are, the newest last; all of them where none is named.
func showStatus(ctx context.Context, d *Desk, names []string) error {
	if len(names) == 0 {
		var err error
		if names, err = plans(ctx, d.Stage); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return d.Print(report.None{})
	}
	for _, name := range names {
		standing, err := standingOf(ctx, d, name)
		if err != nil {
			return err
		}
		if err := d.Print(standing); err != nil {
			return err
		}
	}
	return nil
}
