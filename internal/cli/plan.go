package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/salesforce"
	"catchment/internal/status"
	"catchment/internal/storage"
	"catchment/internal/verify"
)

func (s *session) planCommand() *cobra.Command {
	var full bool
	var exclude []string
	cmd := &cobra.Command{
		Use:   "plan [OBJECT...]",
		Short: "Show what a run would read and what it would cost",
		Long: `Show what a run would do: the window and the mover of each flow, how many records
it would read, which backfill, refresh or sweep is due, the API calls and Bulk
jobs that takes, the share of the day's limits, and the data storage that the
objects' records take in the org. Nothing is read or changed; looking itself costs
three or four API calls per flow, and one for the storage.`,
		Example: `  catchment plan
  catchment plan --full Account`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error {
				p.Without = exclude
				return p.plan(cmd, args, full)
			})
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "plan for run --full")
	excludeFlag(cmd, &exclude)
	return cmd
}

func (p *work) plan(cmd *cobra.Command, names []string, full bool) error {
	ctx := cmd.Context()
	if err := p.OpenAll(ctx); err != nil {
		return err
	}
	org, err := p.Org.Org(ctx)
	if err != nil {
		return err
	}
	if err := p.Place().Look(ctx, org); err != nil {
		return err
	}
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return err
	}
	r := p.Replicator(names, p.runOptions(false))
	r.Options.Full = full
	var forecasts []replicate.Forecast
	var errs []error
	var failed []string
	for _, fl := range flows {
		if p.stop.asked() {
			return plan.ErrStopped
		}
		f, err := r.Forecast(ctx, fl)
		if err != nil {
			errs = append(errs, fmt.Errorf("plan %s: %w", fl.Object, err))
			failed = append(failed, fl.Object)
			continue
		}
		forecasts = append(forecasts, f)
	}
	limits, err := p.Org.Limits(ctx)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	report := p.planReport(forecasts, limits)
	report.Failed = failed
	if err := p.storage(ctx, report.Objects); err != nil {
		return errors.Join(append(errs, err)...)
	}
	return errors.Join(append(errs, p.Print(report))...)
}

// storage asks how much storage the planned objects take. An org that doesn't say is no
// failure: not every user may know.
func (p *work) storage(ctx context.Context, planned []status.PlannedObject) error {
	names := make([]string, len(planned))
	for i, o := range planned {
		names[i] = o.Object
	}
	held, err := storage.Ask(ctx, p.Org, names)
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, plan.ErrStopped) {
		return err
	}
	for i := range planned {
		bytes, at := storage.Taken(planned[i].Object, held[planned[i].Object])
		planned[i].StorageBytes, planned[i].StorageAsOf = bytes, status.Moment(at)
	}
	return nil
}

// planReport is what forecasts and the limits of the day say.
func (p *work) planReport(forecasts []replicate.Forecast, limits map[string]salesforce.Limit) status.Plan {
	daily, bulk := limits["DailyApiRequests"], limits["DailyBulkV2QueryJobs"]
	report := status.Plan{
		CallsLeft: daily.Remaining, CallsMax: daily.Max, JobsLeft: bulk.Remaining, ReservePercent: p.File.Org.Reserve,
	}
	for _, f := range forecasts {
		report.Objects = append(report.Objects, planned(f))
	}
	return report
}

// planned is what a forecast says. A paused flow reads nothing.
func planned(f replicate.Forecast) status.PlannedObject {
	o := status.PlannedObject{
		Object: f.Object, Why: f.Why, Mover: f.Mover, From: status.Moment(f.Window.From),
		To:    status.Moment(f.Window.To),
		Grade: f.Window.Grade, Records: f.Records, Total: f.Total, Calls: f.Calls, Jobs: f.Jobs,
		ByREST: f.ByREST, Extra: []status.Extra{}, Verify: verifyCosts(f), Retyped: f.Retyped,
		Merges: f.Merges,
	}
	for _, a := range f.AsOf {
		o.AsOf = append(o.AsOf, status.AsOf{
			At: status.Moment(a.At), By: a.By, Hint: a.Hint, Planned: a.Planned, Why: a.Why, Text: a.String(),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(f.Held)) {
		o.Held = append(o.Held, status.Held{Column: name, Views: f.Held[name]})
	}
	for _, skip := range f.Skipped {
		o.Skipped = append(o.Skipped, status.Skipped{Field: skip.Field, Reason: skip.Reason})
	}
	for _, e := range f.Extra {
		o.Due = append(o.Due, status.Extra{Name: e.Name, Mover: e.Mover, Records: e.Records,
			Calls: e.Calls, Jobs: e.Jobs})
	}
	if f.Paused {
		o.Why, o.Records, o.Calls, o.Jobs = "paused", 0, 0, 0
		return o
	}
	o.Extra = append(o.Extra, o.Due...)
	return o
}

// verifyCosts is what verify would take of an object, by what it compares.
func verifyCosts(f replicate.Forecast) status.VerifyCosts {
	cost := func(m verify.Method) status.Cost {
		c := verify.CostOf(f.Total, m)
		if f.Parents {
			c = verify.CostByParents(f.Total, f.Lists, m)
		}
		return status.Cost{Records: c.Records, Jobs: c.Jobs, Calls: c.Calls}
	}
	return status.VerifyCosts{Counts: cost(verify.Counts), Stamps: cost(verify.Stamps), Values: cost(verify.Values)}
}
