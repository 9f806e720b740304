package archiving

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/archive/report"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/project"
	"catchment/internal/rights"
)

func planCommand(at At) *cobra.Command {
	var ids string
	cmd := &cobra.Command{
		Use:   "plan POLICY",
		Short: "Decide which records would leave Salesforce, and show what that frees and costs",
		Long: `Decide, by a policy of the configuration, which records would leave Salesforce: the
roots that meet its condition, and whatever Salesforce would delete along, level by
level. The plan is written down, Id by Id, and never changes: its digest is what
people approve. Nothing is deleted, and nothing is written to Salesforce.

It shows what is in, held or blocked and why, what would be lost since no copy has it,
which lookups would be emptied, how much storage is freed, and how many calls and
days it takes. --ids writes each Id with what was decided on it into a file, as JSON
lines; - is stdout.`,
		Example: `  catchment archive plan old-cases
  catchment archive plan old-cases --ids ids.jsonl
  catchment archive plan old-cases --json | jq 'select(.type == "archive_plan") | .plan'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				return planFor(ctx, d, args[0], ids)
			})
		},
	}
	cmd.Flags().StringVar(&ids, "ids", "", "write each Id and what was decided on it into this `file`")
	return completePolicies(at, cmd)
}

// planFor makes a plan, and shows it.
func planFor(ctx context.Context, d *Desk, name, ids string) error {
	wanted, err := policyOf(d.File.Archive.Policies, name)
	if err != nil {
		return err
	}
	if err := d.OpenAll(ctx); err != nil {
		return err
	}
	holder, err := d.Hold("archive plan " + name)
	if err != nil {
		return err
	}
	made, err := project.Planner(d.Project, holder, d.Me).Plan(ctx, wanted)
	switch {
	case made != nil && made.Name == "": // it would lose something, and was not written down
		return errors.Join(d.Print(unmade(made)), err)
	case err != nil:
		return err
	}
	return show(ctx, d, made, ids)
}

// unmade is what a plan would do that isn't made.
func unmade(made *planning.Summary) report.Plan {
	o := outline{digest: made.Digest, head: made.Head, objects: made.Objects, losses: made.Losses, end: made.End}
	return o.report(made.Price)
}

// show prints a plan, and writes its Ids down where somebody wants them.
func show(ctx context.Context, d *Desk, made *planning.Summary, ids string) (err error) {
	each := eachRecord(nil)
	if ids != "" {
		out, closed, err := written(d, ids)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closed()) }()
		each = writesIDs(made.Name, out)
	}
	o, err := readOutline(ctx, d.Stage, made.Name, each)
	if err != nil {
		return err
	}
	r := o.report(made.Price)
	r.More, r.BinRoom = made.More, made.BinRoom
	if r.In > 0 {
		r.Next = "catchment archive approve " + made.Name
	}
	return d.Print(r)
}

// written opens what lines are written into.
func written(d *Desk, path string) (io.Writer, func() error, error) {
	if path == "-" {
		return d.Results, func() error { return nil }, nil
	}
	// #nosec G304 -- the user named it
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, rights.Own)
	if err != nil {
		return nil, nil, plan.Fixf("name a file that can be written", "write it: %w", printable.Error(err))
	}
	out := bufio.NewWriter(file)
	return out, func() error { return errors.Join(out.Flush(), file.Close()) }, nil
}

// writesIDs writes a line for each record.
func writesIDs(name string, out io.Writer) eachRecord {
	lines := json.NewEncoder(out)
	return func(r manifest.Record) error {
		return lines.Encode(report.Record{
			Fate: string(r.Fate), ID: r.ID, Level: r.Level, Object: r.Object, Plan: name, Reason: r.Reason,
			Root: r.Root, Type: "archive_record",
		})
	}
}
