package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A visit is one call of a step on one attempt.
type visit struct {
	attempt control.Attempt
	source  *source.Source
	wait    time.Duration // before the next call, where the step isn't done
}

func (v *visit) fence() warehouse.Fence {
	return warehouse.Fence{Flow: v.attempt.Flow, Number: v.attempt.Fence}
}

// step makes a plan.Func of f, which takes an attempt out of state from. What
// every step owes is done here once: an attempt that is past the step, or that
// failed in this run, is left alone; the lease is renewed; the attempt is
// saved; a failure is recorded.
func (r *Replicator) step(from control.AttemptState, f func(context.Context, *visit) error) plan.Func {
	return func(ctx context.Context, t plan.Task) (plan.Task, error) {
		a, err := r.Control.Attempt(ctx, t.Attempt)
		if err != nil {
			return t, err
		}
		t.Done = a.State.Past(from) || a.FailedRun == t.Run
		if t.Done {
			return t, nil
		}
		if from.Past(a.State) { // an earlier step gave up; its reason stands in the attempt
			a.FailedRun = t.Run
			_, err := r.Control.SaveAttempt(ctx, a)
			t.Done = true
			return t, err
		}
		ctx, calls := counted(ctx)
		if err := r.holder(t.Run).Resume(t.Flow, t.Fence).Renew(ctx); err != nil {
			return t, err
		}
		v := &visit{attempt: a}
		v.source, err = r.source(ctx, a.Flow)
		if err == nil && from != control.Loaded { // consolidating costs the org nothing
			err = r.spare(ctx)
		}
		if err == nil {
			err = f(ctx, v)
		}
		v.attempt.Calls += calls.Load()
		if plan.ClassOf(err) == plan.Wait {
			return r.waits(ctx, v, t, err)
		}
		if err != nil {
			return t, r.failed(ctx, v.attempt, t.Run, err)
		}
		v.attempt.Waiting = time.Time{}
		v.attempt.Error, v.attempt.ErrorClass, v.attempt.Hint = "", "", ""
		if a, err = r.Control.SaveAttempt(ctx, v.attempt); err != nil {
			return t, err
		}
		t.Done = a.State.Past(from)
		if !t.Done && v.wait > 0 {
			t.NotBefore = r.Options.Now().Add(v.wait)
		}
		return t, nil
	}
}

// failed records err in the attempt and returns it. A failure that the runner
// will try again doesn't end the flow's part in the run yet.
func (r *Replicator) failed(ctx context.Context, a control.Attempt, run string, err error) error {
	if errors.Is(err, warehouse.ErrFenced) || errors.Is(err, control.ErrLost) {
		return superseded(err) // the attempt is another run's now
	}
	a.Error, a.ErrorClass, a.Hint = err.Error(), plan.ClassOf(err), plan.HintOf(err)
	if a.ErrorClass != plan.Retry {
		a.FailedRun = run
	}
	// A cancelled run still says why it ended.
	if _, serr := r.Control.SaveAttempt(context.WithoutCancel(ctx), a); serr != nil {
		return errors.Join(err, serr)
	}
	return err
}

// superseded says that a run lost a flow to another one.
func superseded(err error) error {
	return plan.Fixf("see which run has the flow now: catchment status", "superseded: %w", err)
}

// note tells the user something of an attempt, once.
func (v *visit) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(v.attempt.Notes, text) {
		v.attempt.Notes = append(v.attempt.Notes, text)
	}
}

// counted lets the API calls made under ctx be counted. Steps may run in
// processes of their own, so what each counts is added up in the control table.
func counted(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return salesforce.CountInto(ctx, n), n
}

// pager finds the mover of an attempt.
func (r *Replicator) pager(name string) (mover.Pager, error) {
	if name == byFinding {
		return &r.gone, nil
	}
	p, ok := r.Movers[name]
	if !ok {
		return nil, plan.Failf(plan.Bug, "", "no mover is called %q", name)
	}
	return p, nil
}
