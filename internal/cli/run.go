package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/control/versioned"
	"catchment/internal/engine"
	"catchment/internal/falsestart"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/progress"
	"catchment/internal/replicate"
	"catchment/internal/standing"
	"catchment/internal/warehouse/maintained"
)

// runFlags are the switches of run.
type runFlags struct {
	full, allowDeletes bool
	newOrg, dropRows   bool
	ifBusy             string
	exclude            []string
}

// check refuses switches that don't go together.
func (f runFlags) check(objects []string) error {
	switch {
	case f.dropRows && !f.newOrg:
		return usageError{plan.Fixf("add --full --new-org, or leave it out",
			"--drop-rows is for --new-org: it drops the rows of the org that was replaced")}
	case f.newOrg && !f.full:
		return usageError{plan.Fixf("add --full", "with --new-org everything is read anew")}
	case f.newOrg && len(objects)+len(f.exclude) > 0:
		return usageError{plan.Fixf("name no objects",
			"--new-org is for all flows together: a copy of half an org is none")}
	}
	return checkBusy(f.ifBusy)
}

// declare makes the switches known by their names.
func (f *runFlags) declare(cmd *cobra.Command) {
	quietFlag(cmd)
	busyFlag(cmd, &f.ifBusy)
	excludeFlag(cmd, &f.exclude)
	cmd.Flags().BoolVar(&f.full, "full", false, "read everything again and rebuild the tables")
	cmd.Flags().BoolVar(&f.allowDeletes, "allow-deletes", false,
		"delete more than 5 % of a table, if that is what happened in the org")
	cmd.Flags().BoolVar(&f.newOrg, "new-org", false,
		"with --full: this org takes the place of the one whose copy is here")
	cmd.Flags().BoolVar(&f.dropRows, "drop-rows", false, "with --new-org: drop the old org's rows first")
}

func (s *session) runCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run [OBJECT...]",
		Short: "Copy what changed into the warehouse",
		Long: `Copy what changed since the last run into the warehouse, every record once.

An OBJECT may be a pattern: * stands for any letters, and ? for one.

A run that was stopped or killed goes on where it was. --full reads everything
again and rebuilds the tables in place: readers see the old rows until the new
ones are complete.

--full --new-org is for an org that takes another one's place, as a refreshed
sandbox does: the control table and the schemas become those of the org that the
configuration names now, and every flow is read anew. Rows whose records it lacks
go as the delete policy says; with --drop-rows all old rows go at once. Production
orgs are refused, as the old org and as the new one.

Under cron, --quiet says nothing unless something went wrong. A run that fails before
it begins, since a secret isn't set, say, is shown by status: it leaves a file beside
the configuration, catchment.yaml.failed, which the next run takes away.`,
		Example: `  catchment run
  catchment run Account Contact
  catchment run 'Sales_*' --exclude Sales_Log__c
  catchment run --full Account
  catchment run --full --new-org
  catchment run --quiet --if-busy leave
  catchment run --json | jq 'select(.type == "object") | .inserted'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(args); err != nil {
				return err
			}
			return runAndReport(cmd.Context(), s, args, flags)
		},
	}
	flags.declare(cmd)
	return cmd
}

// runAndReport does one run, and leaves a trace of one that failed before it began.
func runAndReport(ctx context.Context, s *session, names []string, flags runFlags) error {
	s.Clock = s.Now
	begun := false // it has a row in the control table
	err := s.inProject(func(p *work) error {
		run, err := p.run(ctx, names, flags)
		begun = run.ID != ""
		if err == nil {
			err = p.warn(ctx)
		}
		if err != nil {
			return err
		}
		return p.report(run)
	})
	if !begun {
		leaveTrace(ctx, s, err)
	}
	return err
}

// run does one run and returns its row.
func (p *work) run(ctx context.Context, names []string, flags runFlags) (control.RunRow, error) {
	p.Without = flags.exclude
	if err := p.OpenAll(ctx); err != nil {
		return control.RunRow{}, err
	}
	id, err := p.Control.NewRunID()
	if err != nil {
		return control.RunRow{}, err
	}
	alone, err := p.lock(ctx, "run "+id, flags.ifBusy)
	if err != nil {
		return control.RunRow{}, err
	}
	p.Run = id
	return p.copy(ctx, id, names, alone, flags)
}

// copy is run with everything open.
func (p *work) copy(
	ctx context.Context, id string, names []string, alone bool, flags runFlags,
) (control.RunRow, error) {
	shown := progress.NewRun(p.voice.screen, p.voice.underWay(p.Printer).SayOf, p.Now)
	defer shown.Close()
	p.Waits = func(until time.Time, why string) { shown.Hear(replicate.Progress{Until: until, Why: why}) }
	o := p.runOptions(alone)
	o.Full, o.AllowDeletes, o.Progress = flags.full, flags.allowDeletes, shown.Hear
	r := p.Replicator(names, o)
	if flags.newOrg {
		if err := p.replaceOrg(ctx, r, id, flags.dropRows); err != nil {
			return control.RunRow{}, err
		}
	}
	if err := falsestart.Clear(p.config); err != nil {
		p.tell(err) // that the run goes on is worth more
	}
	e := engine.Engine{Steps: r.Steps(), Stop: p.stop, Observer: shown}
	steps := replicate.Plan(p.File.Limits.Flows)
	if p.File.CopiesBodies() || p.File.FromControl { // a row may ask for them
		steps = replicate.WithBodies(p.File.Limits.Flows)
	}
	if _, needs := maintained.Of(p.Warehouse); needs {
		steps = replicate.WithUpkeep(steps, p.File.Limits.Flows)
	}
	runErr := e.Run(ctx, steps, plan.Task{Run: id})
	shown.Close()
	run, err := p.Control.Run(context.WithoutCancel(ctx), id)
	if err != nil {
		return run, errors.Join(runErr, err)
	}
	if len(run.Objects) == 0 || run.Ended.IsZero() || context.Cause(ctx) != nil {
		return run, runErr // nothing to report: list or publish itself failed, or nobody waits for it
	}
	if untold(run) {
		return run, runErr
	}
	return run, nil // what went wrong with a flow stands in its row
}

// warn tells what the configuration uses that Salesforce has announced the end of.
func (p *work) warn(ctx context.Context) error {
	all, err := p.Endings(ctx)
	for _, e := range all {
		if err == nil {
			err = p.Print(notice.Warning{What: e.What, Detail: e.Text, Hint: e.Hint})
		}
	}
	return err
}

// replaceOrg gives the copy of another org to this one, and says so.
func (p *work) replaceOrg(ctx context.Context, r *replicate.Replicator, run string, drop bool) error {
	done, err := r.NewOrg(ctx, run, drop)
	if err != nil {
		return err
	}
	report := notice.Replaced{Dropped: drop, Left: done.Left, New: named(done.New)}
	for _, old := range done.Old {
		report.Old = append(report.Old, named(old))
	}
	return p.Print(report)
}

func named(o control.Org) notice.NamedOrg {
	return notice.NamedOrg{ID: o.ID, Name: o.Name, Kind: o.Kind}
}

// untold tells whether a run failed and none of its flows says why: the control
// table couldn't be written, say, and then could.
func untold(run control.RunRow) bool {
	failed := run.State == control.Failed || run.State == control.Partial
	return failed && !slices.ContainsFunc(run.Objects, func(o control.RunObject) bool {
		return o.State == control.FlowFailed
	})
}

// report prints a run's result and turns it into an exit code.
func (p *work) report(run control.RunRow) error {
	report := standing.Result(run)
	report.Brief = p.voice.quiet()
	if err := p.Print(report); err != nil {
		return err
	}
	switch run.State {
	case control.Done:
		if wrong(run) {
			return exit(exitDiffers)
		}
		return nil
	case control.Stopped:
		return plan.ErrStopped
	}
	return exit(codeOf(classes(run)...))
}

// classes are those of the failures of a run's flows; of a run that failed without one
// nothing is known.
func classes(run control.RunRow) []plan.Class {
	var all []plan.Class
	for _, o := range run.Objects {
		if o.State == control.FlowFailed {
			all = append(all, o.Class)
		}
	}
	if len(all) == 0 {
		return []plan.Class{plan.Bug}
	}
	return all
}

// wrong tells whether rows are known to differ from the org, though the run itself did
// all it could.
func wrong(run control.RunRow) bool {
	return slices.ContainsFunc(run.Objects, func(o control.RunObject) bool {
		return slices.ContainsFunc(o.Doubts, func(d recall.Doubt) bool {
			return d.Kind == recall.RowsWrong || d.Kind == recall.ValuesWrong
		})
	})
}

// leaveTrace keeps for status why a run failed before it had a row in the control table.
// What needs none: a mistake in the command line, which whoever typed it has seen; an end
// that the user wanted; another run, which status shows; a folder without a configuration.
func leaveTrace(ctx context.Context, s *session, err error) {
	_, told := errors.AsType[exit](err)
	_, typed := errors.AsType[usageError](err)
	if err == nil || told || typed || stoppedBy(ctx, err) || errors.Is(err, versioned.ErrLocked) {
		return
	}
	if _, missing := os.Stat(s.config); errors.Is(missing, fs.ErrNotExist) {
		return
	}
	left := falsestart.Leave(s.config, falsestart.Trace{At: s.Now().UTC(), By: holder(), Error: err.Error(),
		Hint: plan.AdviceOf(err), Class: plan.ClassOf(err)})
	if left != nil {
		s.tell(left)
	}
}
