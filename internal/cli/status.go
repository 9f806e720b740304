package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control/versioned"
	"catchment/internal/falsestart"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/process"
	"catchment/internal/standing"
)

// statusFlags are the switches of status.
type statusFlags struct {
	runs   int
	maxAge time.Duration
}

func (s *session) statusCommand() *cobra.Command {
	var flags statusFlags
	cmd := &cobra.Command{
		Use:   "status [RUN]",
		Short: "Show how each flow stands and the last runs; exit 1 where one has failed",
		Long: `Show the state of each flow in a word, how far it is complete, how many rows its
table has, what the last verify found, the data storage that the object's records
took in the org when a run last asked (runs do once a day), and the last runs. What
went wrong stands below the tables, with what to do about it.

  idle         the last run brought it as far as it should
  running      a run is at it
  waiting      a run waits for the org's limits, and goes on by itself
  failed       in its last run
  interrupted  the process of its run is gone; the next run goes on
  stopped      somebody stopped its run; the next run goes on
  paused       it is taken out of runs
  new          no run has copied it yet
  not copied   nothing names it any more

The exit code is 1 where a flow has failed in its last run, where the last run did
or is interrupted, and with --max-age where a flow is further behind.

With the id of a run, of which the beginning is enough, or the word last, it shows
that run with the steps of each flow.

It reads the control table only, and opens nothing for writing: it answers while a
run is going on or the org is down, and to a user who may only read.`,
		Example: `  catchment status
  catchment status --max-age 2h
  catchment status last
  catchment status --runs 20 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.maxAge < 0 {
				return usageError{plan.Fixf("write a time such as --max-age 2h", "--max-age is negative")}
			}
			return s.inProject(func(p *work) error {
				if len(args) == 1 {
					return p.statusOfRun(cmd.Context(), args[0])
				}
				return p.status(cmd.Context(), flags)
			})
		},
	}
	quietFlag(cmd)
	cmd.Flags().IntVar(&flags.runs, "runs", 5, "how many runs to show")
	cmd.Flags().DurationVar(&flags.maxAge, "max-age", 0,
		"exit 1 where a flow is further behind than this `time`, as 2h")
	return cmd
}

func (s *session) runsCommand() *cobra.Command {
	var atMost int
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs",
		Long: `List the runs, the last one first: how each went, how long it took, and how many of
Salesforce's API calls and Bulk jobs it used. Runs are remembered for 90 days;
catchment status RUN shows one of them.`,
		Example: `  catchment runs
  catchment runs --limit 100 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error {
				view, err := look(cmd.Context(), p, 0)
				if err != nil {
					return err
				}
				runs, err := view.Runs(cmd.Context(), atMost)
				if err != nil {
					return err
				}
				return p.Print(runs)
			})
		},
	}
	cmd.Flags().IntVar(&atMost, "limit", 30, "how many to list")
	return cmd
}

func (p *work) status(ctx context.Context, flags statusFlags) error {
	view, err := look(ctx, p, flags.maxAge)
	if err != nil {
		return err
	}
	report, bad, err := view.Look(ctx, flags.runs)
	if err != nil {
		return err
	}
	if err := p.Print(report); err != nil {
		return err
	}
	if bad {
		return exit(exitFailed)
	}
	return nil
}

// statusOfRun shows one run. The exit code is 0 whatever became of it: it was found.
func (p *work) statusOfRun(ctx context.Context, id string) error {
	view, err := look(ctx, p, 0)
	if err != nil {
		return err
	}
	report, err := view.Run(ctx, id)
	if errors.Is(err, versioned.ErrNotFound) {
		return plan.Fixf("see which there are with: catchment runs", "there is no run %s", printable.Line(id))
	}
	if err != nil {
		return err
	}
	return p.Print(report)
}

// look is what status looks at. It takes no more than the right to read.
func look(ctx context.Context, p *work, maxAge time.Duration) (standing.View, error) {
	if err := p.LookAtControl(ctx); err != nil {
		return standing.View{}, err
	}
	v := standing.View{Control: p.Control, Now: p.Now(), MaxAge: maxAge, Process: process.Look}
	trace, found, err := falsestart.Read(p.config)
	if err != nil {
		return v, err
	}
	if found {
		v.Trace = &trace
	}
	if !p.File.FromControl {
		for _, fl := range p.File.Flows {
			v.Wanted = append(v.Wanted, standing.Wanted{Object: fl.Object, Paused: fl.Paused})
		}
		return v, nil
	}
	rows, err := p.WantedRows(ctx)
	for _, row := range rows {
		v.Wanted = append(v.Wanted, standing.Wanted{Object: row.Object, Paused: row.Paused})
	}
	return v, err
}
