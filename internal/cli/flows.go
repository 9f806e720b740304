package cli

import (
	"context"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/notice"
)

func (s *session) flowsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "Flows of Amazon AppFlow: bring them in, write them out, list them",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.flowsImportCommand(), s.flowsPushCommand(), s.flowsListCommand())
	return cmd
}

func (s *session) flowsPushCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "push [OBJECT...]",
		Short: "Write control rows, and templates for flows that land by AppFlow",
		Long: `Write the row of each flow into the control table, and for flows whose mover is
appflow the CloudFormation template of the flow that a run makes, under templates/ in
the stage. A run does both by itself where they are missing; pushed beforehand they
can be read and reviewed. No stack is made and nothing is copied.`,
		Example: "  catchment flows push",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error { return p.pushFlows(cmd.Context(), args) })
		},
	}
}

// pushFlows writes what a run would write of the named flows before it copies.
func (p *work) pushFlows(ctx context.Context, names []string) error {
	if err := p.OpenAll(ctx); err != nil {
		return err
	}
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return err
	}
	r := p.Replicator(names, p.runOptions(false))
	for _, fl := range flows {
		key, err := r.Keep(ctx, fl)
		if err != nil {
			return err
		}
		if _, err := p.Control.UpdateFlow(ctx, fl.Object, func(*control.FlowRow) {}); err != nil {
			return err
		}
		if err := p.Print(notice.Pushed{Object: fl.Object, Mover: string(fl.Mover), Template: key}); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) flowsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the control rows and the templates",
		Long: "List the flows that the control table knows, and the templates in the stage. " +
			"Neither the org nor the warehouse is asked.",
		Example: "  catchment flows list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error { return p.listFlows(cmd.Context()) })
		},
	}
}

// listFlows prints what the control table and the stage know of flows.
func (p *work) listFlows(ctx context.Context) error {
	if err := p.OpenControl(ctx); err != nil {
		return err
	}
	rows, err := p.Control.Flows(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		err := p.Print(notice.ControlRow{
			Object: row.Object, Paused: row.Paused, Generation: row.Generation, Rows: row.Rows, LastRun: row.LastRun,
			Watermark: row.Watermark, Behind: behind(row.Watermark, p.Now()),
		})
		if err != nil {
			return err
		}
	}
	for info, err := range p.Stage.List(ctx, "templates/") {
		if err != nil {
			return err
		}
		if err := p.Print(notice.Template{Key: info.Key, Bytes: info.Size, Written: info.Written}); err != nil {
			return err
		}
	}
	return nil
}
