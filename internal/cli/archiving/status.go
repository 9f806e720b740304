package archiving

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"catchment/internal/archive/report"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/warehouse/archived"
)

func statusCommand(at At) *cobra.Command {
	var ids string
	cmd := &cobra.Command{
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
  back      of the deleted: it lives in the org again

--ids writes down what becomes of each record of a plan and why, as JSON lines: before
the plan is carried out, what it says of it. - is stdout.`,
		Example: `  catchment archive status
  catchment archive status old-cases-20260301-01234567 --ids ids.jsonl
  catchment archive status --json | jq 'select(.type == "archive_status") | .state'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				if err := project.OpenCopy(ctx, d.Project); err != nil {
					return err
				}
				if ids != "" {
					if err := writeFates(ctx, d, args, ids); err != nil {
						return err
					}
				}
				return showStatus(ctx, d, args)
			})
		},
	}
	cmd.Flags().StringVar(&ids, "ids", "", "write each Id of the plan and what becomes of it into this `file`")
	return completePlans(at, cmd)
}

// writeFates writes down what becomes of each record of a plan: by the ledger, or by the plan
// where the ledger doesn't know it yet.
func writeFates(ctx context.Context, d *Desk, names []string, path string) (err error) {
	if len(names) != 1 {
		return plan.Fixf("name the plan: catchment archive status PLAN --ids FILE", "whose Ids isn't said")
	}
	ledger, ok := archived.Of(d.Warehouse)
	if !ok {
		return noLedger(d)
	}
	tally, err := ledger.Tally(ctx, names[0])
	if err != nil {
		return err
	}
	out, closed, err := written(d, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed()) }()
	if len(tally) == 0 {
		_, err = readOutline(ctx, d.Stage, names[0], writesIDs(names[0], out))
		return err
	}
	lines := json.NewEncoder(out)
	return eachLine(ctx, ledger, archived.Query{Plan: names[0]}, func(line archived.Line) error {
		return lines.Encode(report.Record{Fate: string(line.State), ID: line.ID, Level: line.Level, NewID: line.NewID,
			Object: line.Object, Plan: line.Plan, Reason: line.Reason, Type: "archive_record"})
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
		if standing.State == report.Unapproved {
			standing.Next = "catchment archive approve " + name
		}
		if err := d.Print(standing); err != nil {
			return err
		}
	}
	return nil
}
