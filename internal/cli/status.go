package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/schema"
)

func (s *session) statusCommand() *cobra.Command {
	var runs int
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show each flow's watermark and the last runs",
		Long: `Show how far each flow is complete, how many rows its table has, the data storage
that as many records take in the org, and the last runs. A transaction that stays open
in Salesforce holds back how far a flow is complete, though it delays no other
record: the state names it. It reads the control table only, so it answers while
a run is going on or the org is down.`,
		Example: `  catchment status
  catchment status --runs 20 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			if err := p.OpenControl(cmd.Context()); err != nil {
				return err
			}
			return p.status(cmd.Context(), runs)
		},
	}
	cmd.Flags().IntVar(&runs, "runs", 5, "how many runs to show")
	return cmd
}

func (p *work) status(ctx context.Context, atMost int) error {
	flows, err := p.Control.Flows(ctx)
	if err != nil {
		return err
	}
	runs, err := p.Control.Runs(ctx)
	if err != nil {
		return err
	}
	runs = runs[:min(len(runs), max(atMost, 0))]
	if p.json {
		return p.statusLines(ctx, flows, runs)
	}
	if len(flows)+len(runs) == 0 {
		p.say("nothing was copied yet; begin with: catchment run")
		return nil
	}
	t := newTable(p.Stdout, "OBJECT", "STATE", "COMPLETE UP TO", "BEHIND", "ROWS", "CRM STORAGE", "LAST RUN")
	for _, f := range flows {
		state, err := p.stateOf(ctx, f)
		if err != nil {
			return err
		}
		t.row(f.Object, state+held(f), complete(f.Watermark, f.Grade), p.lag(f.Watermark), count(f.Rows),
			size(f.Rows*schema.StorageBytes(f.Object)), f.LastRun)
	}
	t.row()
	t.row("RUN", "STATE", "STARTED", "TOOK", "OBJECTS", "API CALLS", "BY")
	for _, r := range runs {
		t.row(r.ID, string(r.State), stamp(r.Started), p.took(r), count(int64(len(r.Objects))), count(r.Calls), r.Holder)
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, r := range runs {
		p.trouble(r.ID, r.Error, r.Hint)
	}
	return nil
}

// held names the transaction that keeps a flow from being complete any further,
// as far as the last run knew of one.
func held(f control.FlowRow) string {
	if f.PinnedSince.IsZero() {
		return ""
	}
	return ", held back by a transaction that is open since about " + stamp(f.PinnedSince)
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

func (p *work) statusLines(ctx context.Context, flows []control.FlowRow, runs []control.RunRow) error {
	for _, f := range flows {
		state, err := p.stateOf(ctx, f)
		if err != nil {
			return err
		}
		line := map[string]any{"type": "flow", "object": f.Object, "state": state, "paused": f.Paused,
			"watermark": moment(f.Watermark), "grade": f.Grade, "rows": f.Rows, "generation": f.Generation,
			"storage_bytes": f.Rows * schema.StorageBytes(f.Object), "last_run": f.LastRun, "pinned_since": moment(f.PinnedSince)}
		if !f.Watermark.IsZero() {
			line["behind_seconds"] = p.behind(f.Watermark).Seconds()
		}
		if err := p.line(line); err != nil {
			return err
		}
	}
	for _, r := range runs {
		line := map[string]any{"type": "run", "id": r.ID, "state": r.State, "started": r.Started,
			"objects": len(r.Objects), "api_calls": r.Calls}
		if !r.Ended.IsZero() {
			line["seconds"] = r.Ended.Sub(r.Started).Seconds()
		}
		if r.Error != "" {
			line["error"], line["hint"] = r.Error, r.Hint
		}
		if err := p.line(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *work) took(r control.RunRow) string {
	if r.Ended.IsZero() {
		return "-"
	}
	return r.Ended.Sub(r.Started).Round(100 * time.Millisecond).String()
}
