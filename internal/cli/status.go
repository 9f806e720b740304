package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/status"
	"catchment/internal/storage"
)

func (s *session) statusCommand() *cobra.Command {
	var runs int
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show each flow's watermark and the last runs",
		Long: `Show how far each flow is complete, how many rows its table has, the data storage
that the object's records took in the org when a run last asked (runs do once a
day), and the last runs. A transaction that stays open in Salesforce holds back how
far a flow is complete, though it delays no other record: the state names it. It
reads the control table only, so it answers while a run is going on or the org is
down.`,
		Example: `  catchment status
  catchment status --runs 20 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error { return p.status(cmd.Context(), runs) })
		},
	}
	cmd.Flags().IntVar(&runs, "runs", 5, "how many runs to show")
	return cmd
}

func (p *work) status(ctx context.Context, atMost int) error {
	if err := p.OpenControl(ctx); err != nil {
		return err
	}
	flows, err := p.Control.Flows(ctx)
	if err != nil {
		return err
	}
	wants, err := p.objects(ctx)
	if err != nil {
		return err
	}
	runs, err := p.Control.Runs(ctx)
	if err != nil {
		return err
	}
	runs = runs[:min(len(runs), max(atMost, 0))]
	var report status.Overview
	for _, f := range flows {
		state, err := p.stateOf(ctx, f)
		if err != nil {
			return err
		}
		isWanted := func(object string) bool { return flow.Flow{Object: object}.Matches(f.Object) }
		if p.File.FromControl && !slices.ContainsFunc(wants, isWanted) {
			state = "not copied any more: no control row wants it"
		}
		bytes, at := storage.Taken(f.Object, storage.Held{Records: f.Held, At: f.HeldAt})
		one := status.Flow{
			Object: f.Object, State: state, Paused: f.Paused, Watermark: status.Moment(f.Watermark), Grade: f.Grade,
			Behind: behind(f.Watermark, p.Now()), Rows: f.Rows, Generation: f.Generation, LastRun: f.LastRun,
			StorageBytes: bytes, StorageAsOf: status.Moment(at), PinnedSince: status.Moment(f.PinnedSince),
			Doubts: doubts(f.Doubts), Rejected: f.Rejected.Records, Outdated: f.Rejected.Rows,
		}
		for _, c := range f.Retired {
			one.Retired = append(one.Retired,
				status.Retired{By: c.By, Column: c.Column, Field: c.Field, Since: status.Moment(c.Since)})
		}
		report.Flows = append(report.Flows, one)
	}
	for _, r := range runs {
		report.Runs = append(report.Runs, pastRun(r))
	}
	return p.Print(report)
}

// stateOf says in a word what a flow is doing.
func (p *work) stateOf(ctx context.Context, f control.FlowRow) (string, error) {
	if f.Paused {
		return "paused", nil
	}
	a, open, err := p.Control.Open(ctx, f.Object)
	switch {
	case err != nil:
		return "", err
	case open && a.Error != "":
		return "failed: " + a.Error, nil
	case open:
		return string(a.State), nil
	case f.LastError != "":
		return "failed: " + f.LastError, nil
	}
	return "idle", nil
}

// pastRun is what a run's row says in a list of them.
func pastRun(r control.RunRow) status.PastRun {
	past := status.PastRun{
		ID: r.ID, State: string(r.State), Started: r.Started, Holder: r.Holder,
		Objects: len(r.Objects), Calls: r.Calls, Error: r.Error, Hint: hintFor(r.Error, r.Hint),
	}
	if !r.Ended.IsZero() {
		past.Seconds = new(status.Seconds(r.Ended.Sub(r.Started)))
	}
	return past
}
