package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/replicate"
	"catchment/internal/salesforce"
	"catchment/internal/verify"
)

func (s *session) planCommand() *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:   "plan [OBJECT...]",
		Short: "Show what a run would read and what it would cost",
		Long: `Show what a run would do: the window and the mover of each flow, how many records
it would read, which backfill, refresh or sweep is due, the API calls and Bulk
jobs that takes, the share of the day's limits, and the data storage that the
records take in the org. Nothing is read or changed; looking itself costs three
or four API calls per flow.`,
		Example: `  catchment plan
  catchment plan --full Account`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			return p.plan(cmd, args, full)
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "plan for run --full")
	return cmd
}

func (p *work) plan(cmd *cobra.Command, names []string, full bool) error {
	ctx := cmd.Context()
	if err := p.OpenAll(ctx); err != nil {
		return err
	}
	if err := p.Warehouse.Migrate(ctx); err != nil {
		return err
	}
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return err
	}
	r := p.replicator(names, false)
	r.Options.Full = full
	var forecasts []replicate.Forecast
	var errs []error
	for _, fl := range flows {
		f, err := r.Forecast(ctx, fl)
		if err != nil {
			errs = append(errs, fmt.Errorf("plan %s: %w", fl.Object, err))
			continue
		}
		forecasts = append(forecasts, f)
	}
	limits, err := p.Org.Limits(ctx)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	return errors.Join(append(errs, p.printPlan(forecasts, limits))...)
}

func (p *work) printPlan(forecasts []replicate.Forecast, limits map[string]salesforce.Limit) error {
	var calls, jobs, records, storage int64
	t := newTable(p.Stdout, "OBJECT", "WHY", "BY", "FROM", "COMPLETE UP TO", "READ", "OF", "CALLS", "CRM STORAGE")
	for _, f := range forecasts {
		if f.Paused {
			f.Why, f.Records, f.Calls, f.Jobs, f.Extra = "paused", 0, 0, 0, nil
		}
		calls, jobs, records, storage = calls+f.Calls, jobs+f.Jobs, records+f.Records, storage+f.Storage
		if p.json {
			if err := p.line(map[string]any{"type": "plan", "object": f.Object, "why": f.Why, "mover": f.Mover,
				"from": moment(f.Window.From), "to": moment(f.Window.To), "grade": f.Window.Grade, "records": f.Records, "total": f.Total,
				"api_calls": f.Calls, "jobs": f.Jobs, "storage_bytes": f.Storage, "by_rest": f.ByREST, "skipped": f.Skipped, "extra": extras(f), "verify": verifyCosts(f.Total)}); err != nil {
				return err
			}
			continue
		}
		t.row(f.Object, f.Why, f.Mover, stamp(f.Window.From), complete(f.Window.To, f.Window.Grade),
			count(f.Records), count(f.Total), count(f.Calls), size(f.Storage))
	}
	daily, bulk := limits["DailyApiRequests"], limits["DailyBulkV2QueryJobs"]
	if p.json {
		return p.line(map[string]any{"type": "plan_total", "objects": len(forecasts), "records": records, "api_calls": calls,
			"jobs": jobs, "storage_bytes": storage, "api_calls_left": daily.Remaining, "api_calls_max": daily.Max, "reserve_percent": int(p.File.Org.Reserve)})
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, f := range forecasts {
		if len(f.ByREST) > 0 {
			p.say("%s: Bulk can't carry %s: REST reads that beside it, with a call for each 2,000 records", f.Object, strings.Join(f.ByREST, ", "))
		}
		for _, e := range f.Extra {
			p.say("%s: %s is due: %s records by %s, about %s API calls", f.Object, e.Name, count(e.Records), e.Mover, count(e.Calls))
		}
		for _, skip := range f.Skipped {
			p.say("%s: field %s is not copied: %s", f.Object, skip.Field, skip.Reason)
		}
	}
	p.say("about %s API calls of %s left today (%s a day, %s of them for people), %s Bulk jobs of %s left; the records take about %s of data storage in the org",
		count(calls), count(daily.Remaining), count(daily.Max), p.File.Org.Reserve, count(jobs), count(bulk.Remaining), size(storage))
	var exact, quick verify.Cost
	for _, f := range forecasts {
		exact = exact.Plus(verify.CostOf(f.Total, verify.Stamps))
		quick = quick.Plus(verify.CostOf(f.Total, verify.Counts))
	}
	p.say("to verify all that takes about %s API calls and %s Bulk jobs, which read %s records (with --digest whole); --quick %s API calls",
		count(exact.Calls), count(exact.Jobs), count(exact.Records), count(quick.Calls))
	return nil
}

// extras are what a run would read beside the window.
func extras(f replicate.Forecast) []map[string]any {
	all := []map[string]any{}
	for _, e := range f.Extra {
		all = append(all, map[string]any{"name": e.Name, "mover": e.Mover, "records": e.Records, "api_calls": e.Calls, "jobs": e.Jobs})
	}
	return all
}

// verifyCosts is what verify would take, by what it compares.
func verifyCosts(records int64) map[verify.Method]map[string]int64 {
	costs := map[verify.Method]map[string]int64{}
	for _, m := range []verify.Method{verify.Stamps, verify.Values, verify.Counts} {
		c := verify.CostOf(records, m)
		costs[m] = map[string]int64{"records": c.Records, "jobs": c.Jobs, "api_calls": c.Calls}
	}
	return costs
}
