package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/control/wanted"
	"catchment/internal/flow"
	"catchment/internal/notice"
	"catchment/internal/project"
)

func (s *session) pauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "pause OBJECT...",
		Short:   "Take flows out of runs",
		Long:    "Take flows out of runs until they are resumed. A run that is going on finishes them.",
		Example: "  catchment pause Account",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error { return p.setPaused(cmd.Context(), args, true) })
		},
	}
}

func (s *session) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "resume OBJECT...",
		Short:   "Bring paused flows back into runs",
		Long:    "Bring paused flows back into runs. They go on from their watermark: nothing is lost.",
		Example: "  catchment resume Account",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error { return p.setPaused(cmd.Context(), args, false) })
		},
	}
}

func (p *work) setPaused(ctx context.Context, names []string, paused bool) error {
	if err := p.OpenControl(ctx); err != nil {
		return err
	}
	for i, name := range names {
		var err error
		if names[i], err = p.named(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range names {
		row, err := p.Control.UpdateFlow(ctx, name, func(f *control.FlowRow) { f.Paused = paused })
		if err != nil {
			return err
		}
		if !paused {
			if err := p.resumeRow(ctx, name); err != nil {
				return err
			}
		}
		if err := p.Print(notice.PauseState{Object: row.Object, Paused: row.Paused}); err != nil {
			return err
		}
	}
	return nil
}

// named finds the object that the user means among the flows, without asking
// the org: pausing must work while the org is down.
func (p *work) named(ctx context.Context, name string) (string, error) {
	known, err := p.objects(ctx)
	if err != nil {
		return "", err
	}
	for _, object := range known {
		if strings.EqualFold(object, name) {
			return object, nil
		}
	}
	rows, err := p.Control.Flows(ctx)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		if strings.EqualFold(row.Object, name) {
			return row.Object, nil
		}
	}
	stands := func(object string) bool { return flow.Flow{Object: object}.Matches(name) }
	if slices.ContainsFunc(known, stands) {
		return name, nil
	}
	return "", project.NoFlow(known, name)
}

// objects are those of the flows, as the configuration or the control rows call them.
func (p *work) objects(ctx context.Context) ([]string, error) {
	if !p.File.FromControl {
		return project.FlowNames(p.File.Flows), nil
	}
	rows, err := p.WantedRows(ctx)
	return wanted.Objects(rows), err
}

// resumeRow takes the pause out of a control row that has one.
func (p *work) resumeRow(ctx context.Context, object string) error {
	if !p.File.FromControl {
		return nil
	}
	rows, err := p.WantedRows(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if strings.EqualFold(row.Object, object) && row.Wrong == nil && row.Paused {
			row.Paused = false
			_, err = p.Wanted.Put(ctx, row)
		}
	}
	return err
}
