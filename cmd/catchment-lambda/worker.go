package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"catchment/cmd/internal/cloud"
	"catchment/internal/flow"
	"catchment/internal/outcome"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/replicate"
	"catchment/internal/stepfunctions"
)

// A worker is one life of a Lambda function, which answers one call after the
// other. It opens what the function's step needs and no more: that is what the
// function's role may touch. What it has opened stays open for the calls of the
// same run; the next run reads the configuration anew.
type worker struct {
	account *cloud.AWS
	world   project.World

	run        string
	needs      replicate.Needs
	project    *project.Project
	replicator *replicate.Replicator
	steps      plan.Steps
}

// open gives what does a step.
func (w *worker) open(ctx context.Context, o stepfunctions.Order) (stepfunctions.Work, error) {
	needs := replicate.NeedsOf(o.Step)
	if w.project == nil || w.run != o.Run || w.needs != needs {
		if err := w.reopen(ctx, o.Run, needs); err != nil {
			return stepfunctions.Work{}, err
		}
	}
	w.replicator.Options.Holder, w.replicator.Options.Stop = o.Holder, o.Stop
	how := func(ctx context.Context, run string) (outcome.Outcome, error) {
		row, err := w.project.Control.Run(ctx, run)
		return outcome.Of(row), err
	}
	return stepfunctions.Work{Steps: w.steps, Outcome: how}, nil
}

func (w *worker) reopen(ctx context.Context, run string, needs replicate.Needs) (err error) {
	if w.project != nil {
		err = w.project.Close()
		w.project = nil
	}
	file, rerr := w.configuration(ctx)
	if err = errors.Join(err, rerr); err != nil {
		return err
	}
	if needs.Warehouse {
		if err := w.password(); err != nil {
			return err
		}
	}
	p := project.New(w.world, file)
	if err := p.OpenFor(ctx, needs); err != nil {
		return errors.Join(err, p.Close())
	}
	w.run, w.needs, w.project = run, needs, p
	o := p.RunOptions()
	o.StageLimit = 0 // S3 has no end; the quota bounds one process only
	o.Dead = func(execution string) bool { return w.account.Ended(execution) }
	if job := w.world.Getenv("CATCHMENT_GLUE_JOB"); job != "" {
		o.Elsewhere = func(ctx context.Context, attempt string) (bool, error) {
			return w.account.ConsolidatedByGlue(ctx, job, attempt)
		}
	}
	w.replicator = p.Replicator(nil, o)
	w.steps = w.replicator.Steps()
	return nil
}

// password gives the warehouse's password to drivers that look for it where
// every PostgreSQL program does.
func (w *worker) password() error {
	ref := w.world.Getenv("CATCHMENT_WAREHOUSE_PASSWORD")
	if ref == "" {
		return nil
	}
	v, err := w.world.Resolver().Resolve(ref)
	if err != nil {
		return fmt.Errorf("the warehouse's password: %w", err)
	}
	return os.Setenv("PGPASSWORD", v.Reveal())
}

// configuration reads catchment.yaml from where the template has put it.
func (w *worker) configuration(ctx context.Context) (*flow.File, error) {
	place := w.world.Getenv("CATCHMENT_CONFIG")
	if place == "" {
		return nil, plan.Fixf("set it to s3://bucket/key of catchment.yaml, as the template of catchment "+
			"aws render does",
			"the variable CATCHMENT_CONFIG is not set")
	}
	data, err := w.account.Read(ctx, place)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return flow.Parse(place, data, w.world.Drivers.Known())
}
