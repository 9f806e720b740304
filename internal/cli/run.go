package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/engine"
	"catchment/internal/plan"
	"catchment/internal/replicate"
)

// runFlags are the switches of run.
type runFlags struct {
	full, allowDeletes bool
}

func (s *session) runCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run [OBJECT...]",
		Short: "Copy what changed into the warehouse",
		Long: `Copy what changed since the last run into the warehouse, every record once.

A run that was stopped or killed goes on where it was. --full reads everything
again and rebuilds the tables in place: readers see the old rows until the new
ones are complete.`,
		Example: `  catchment run
  catchment run Account Contact
  catchment run --full Account
  catchment run --json | jq 'select(.type == "object") | .inserted'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			run, err := p.run(cmd.Context(), args, flags)
			if err != nil {
				return err
			}
			return p.report(run)
		},
	}
	cmd.Flags().BoolVar(&flags.full, "full", false, "read everything again and rebuild the tables")
	cmd.Flags().BoolVar(&flags.allowDeletes, "allow-deletes", false, "delete more than 5 % of a table, if that is what happened in the org")
	return cmd
}

// run does one run and returns its row.
func (p *work) run(ctx context.Context, names []string, flags runFlags) (control.RunRow, error) {
	if err := p.OpenAll(ctx); err != nil {
		return control.RunRow{}, err
	}
	alone, err := p.Lock("run")
	if err != nil {
		return control.RunRow{}, err
	}
	id, err := p.Control.NewRunID()
	if err != nil {
		return control.RunRow{}, err
	}
	r := p.replicator(names, alone)
	r.Options.Full, r.Options.AllowDeletes = flags.full, flags.allowDeletes
	bars := p.newProgress()
	r.Options.Progress = bars.hear
	e := engine.Engine{Steps: r.Steps(), Stop: p.stop, Observer: bars}
	runErr := e.Run(ctx, replicate.Plan(p.File.Limits.Flows), plan.Task{Run: id})
	bars.end()
	run, err := p.Control.Run(context.WithoutCancel(ctx), id)
	if err != nil {
		return run, errors.Join(runErr, err)
	}
	if len(run.Objects) == 0 || run.Ended.IsZero() || context.Cause(ctx) != nil {
		return run, runErr // nothing to report: list or publish itself failed, or nobody waits for it
	}
	return run, nil // what went wrong with a flow stands in its row
}

// report prints a run's result and turns it into an exit code.
func (p *work) report(run control.RunRow) error {
	if err := p.printRun(run); err != nil {
		return err
	}
	switch run.State {
	case control.Done:
		return nil
	case control.Stopped:
		p.say("stopped; the next run goes on from here")
		return exit(exitStopped)
	}
	return exit(exitFailed)
}

func (p *work) printRun(run control.RunRow) error {
	failed, seconds := 0, run.Ended.Sub(run.Started).Round(time.Millisecond).Seconds()
	for _, o := range run.Objects {
		if o.State == control.FlowFailed {
			failed++
		}
	}
	if p.json {
		for _, o := range run.Objects {
			if err := p.line(runObjectLine(o)); err != nil {
				return err
			}
		}
		return p.line(map[string]any{"type": "run", "id": run.ID, "state": run.State,
			"objects": len(run.Objects), "failed": failed, "seconds": seconds, "api_calls": run.Calls})
	}
	t := newTable(p.Stdout, "OBJECT", "STATE", "BY", "READ", "INSERTED", "UPDATED", "DELETED", "COMPLETE UP TO")
	for _, o := range run.Objects {
		t.row(o.Object, string(o.State), o.Mover, count(o.Records), count(o.Inserted), count(o.Updated), count(o.Deleted), complete(o.To, o.Grade))
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, o := range run.Objects {
		p.notes(o)
	}
	p.say("run %s is %s: %d objects, %d failed, %.1f s, %s API calls", run.ID, run.State, len(run.Objects), failed, seconds, count(run.Calls))
	return nil
}

// notes tells what the user should know of a flow's part in a run.
func (p *work) notes(o control.RunObject) {
	for _, note := range o.Notes {
		p.say("%s: note: %s", o.Object, note)
	}
	p.trouble(o.Object, o.Error, o.Hint)
}

// trouble tells what went wrong with a flow or a run, and what to do about it.
func (p *work) trouble(of, failure, hint string) {
	if failure != "" {
		p.say("%s: error: %s", of, failure)
	}
	if hint != "" {
		p.say("%s: hint: %s", of, hint)
	}
}

func complete(to time.Time, grade string) string {
	if grade == "" {
		return stamp(to)
	}
	return stamp(to) + " " + grade
}

// runObjectLine is the JSON line of one flow in a run; design and users rely on
// its keys.
func runObjectLine(o control.RunObject) map[string]any {
	line := map[string]any{
		"type": "object", "object": o.Object, "state": o.State, "mover": o.Mover,
		"extracted": o.Records + o.Rejected, "loaded": o.Records, "rejected": o.Rejected,
		"inserted": o.Inserted, "updated": o.Updated, "deleted": o.Deleted,
		"bytes": o.Bytes, "api_calls": o.Calls, "from": moment(o.From), "to": moment(o.To), "grade": o.Grade,
	}
	if len(o.Notes) > 0 {
		line["notes"] = o.Notes
	}
	if o.Error != "" {
		line["error"], line["hint"] = o.Error, o.Hint
	}
	return line
}
