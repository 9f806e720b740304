package replicate

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/plan"
	"catchment/internal/replicate/limits"
	"catchment/internal/replicate/reading"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// An attemptStep is one call of a step on one attempt.
type attemptStep struct {
	*Replicator
	attempt control.Attempt
	source  *source.Source
	// keys are counted, whatever the warehouse proves: it has found some that came more than once
	counting bool
	wait     time.Duration // before the next call, where the step isn't done
}

func (s *attemptStep) fence() warehouse.Fence {
	return warehouse.Fence{Flow: s.attempt.Flow, Number: s.attempt.Fence}
}

// note tells the user something of an attempt.
func (s *attemptStep) note(format string, args ...any) {
	s.attempt.Notes = noted(s.attempt.Notes, fmt.Sprintf(format, args...))
}

// save writes the attempt down in the middle of a step.
func (s *attemptStep) save(ctx context.Context) error {
	saved, err := s.Control.SaveAttempt(ctx, s.attempt)
	if err == nil {
		s.attempt = saved
	}
	return err
}

// merge is how the attempt is to be consolidated, and what is remembered then.
func (s *attemptStep) merge(ctx context.Context) (warehouse.Merge, recall.Memory, error) {
	a := &s.attempt
	memory, err := s.memory(ctx)
	if err != nil {
		return warehouse.Merge{}, memory, err
	}
	text, err := memory.Text()
	if err != nil {
		return warehouse.Merge{}, memory, err
	}
	pages, records, _ := a.Sums()
	m := warehouse.Merge{
		Table: s.source.Table, Attempt: a.ID, Policy: gone.Policy(s.source.Flow.Deletes),
		Pages: pages, Rows: records,
		Complete: a.Complete, AbsentReason: gone.AbsentReason(s.source.Flow.Where), Override: a.Full,
		Generation: a.Generation, Watermark: a.To, Grade: memory.Grade(), Memory: text,
	}
	for _, p := range a.Parts {
		if !p.Unproven {
			continue
		}
		job, err := reading.JobOf(*p)
		if err != nil {
			return m, memory, err
		}
		m.Unproven = append(m.Unproven, job.ID)
	}
	if a.Forget {
		m.Forget = s.source.Guarded()
	}
	return m, memory, nil
}

// memory is what is remembered of the attempt's flow once it is consolidated, by whom.
func (s *attemptStep) memory(ctx context.Context) (recall.Memory, error) {
	row, err := s.Control.Flow(ctx, s.attempt.Flow)
	if err != nil {
		return recall.Memory{}, err
	}
	swept, err := sweptAt(&s.attempt)
	if err != nil {
		return recall.Memory{}, err
	}
	refreshed, err := refreshedAt(&s.attempt)
	if err != nil {
		return recall.Memory{}, err
	}
	m := remembered(row.Memory, s.source, s.attempt, swept, refreshed)
	if m.Rejected, err = s.rejected(ctx, row.Rejected); err != nil {
		return m, err
	}
	m.Writer = recall.Writer{Name: s.Options.name(), Attempt: s.attempt.ID, At: s.attempt.Created}
	m.Writer.Control, err = s.Control.Identity(ctx)
	return m, err
}

// doubtKey doubts a table whose records have more rows than one, where that is what a
// step failed over.
func (s *attemptStep) doubtKey(ctx context.Context) error {
	key, err := s.Warehouse.Key(ctx, s.source.Table)
	if err != nil {
		return nil // the step's own error says why
	}
	why := key.Err(s.source.Table)
	if why == nil {
		return nil
	}
	now, err := s.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	held := s.holder(s.attempt.Run).Resume(s.attempt.Flow, s.attempt.Fence)
	_, err = held.Remember(ctx, func(m *recall.Memory) {
		m.Doubt(recall.Doubt{Kind: recall.RowsWrong, Since: now, Why: why.Error(), Hint: plan.AdviceOf(why)})
	})
	return err
}

// step makes a plan.Func of do, which takes an attempt out of state from. What
// every step owes is done here once: an attempt that is past the step, or that
// failed in this run, is left alone; the lease is renewed; the attempt is
// saved; a failure is recorded.
func (r *Replicator) step(from control.AttemptState, do func(*attemptStep, context.Context) error) plan.Func {
	return func(ctx context.Context, t plan.Task) (plan.Task, error) {
		a, err := r.Control.Attempt(ctx, t.Attempt)
		if err != nil {
			return t, err
		}
		t.Done = a.State.Past(from) || a.FailedRun == t.Run
		if t.Done {
			r.ended(a, t.Run)
			return t, nil
		}
		if from.Past(a.State) { // an earlier step gave up; its reason stands in the attempt
			a.FailedRun = t.Run
			_, err := r.Control.SaveAttempt(ctx, a)
			r.ended(a, t.Run)
			t.Done = true
			return t, err
		}
		ctx, calls := counted(ctx)
		if err := r.holder(t.Run).Resume(t.Flow, t.Fence).Renew(ctx); err != nil {
			return t, err
		}
		s := &attemptStep{Replicator: r, attempt: a}
		s.source, err = r.sources.of(ctx, a.Flow)
		if err == nil && from != control.Loaded { // consolidating costs the org nothing
			err = r.budget.Calls(ctx)
		}
		if err == nil {
			err = do(s, ctx)
		}
		s.attempt.Calls += calls.Load()
		if plan.ClassOf(err) == plan.Wait {
			return s.waits(ctx, t, err)
		}
		if err != nil {
			return t, s.failed(ctx, t.Run, err)
		}
		s.attempt.Waiting, s.attempt.Until = time.Time{}, time.Time{}
		s.attempt.Error, s.attempt.ErrorClass, s.attempt.Hint = "", "", ""
		if err := s.save(ctx); err != nil {
			return t, err
		}
		t.Done = s.attempt.State.Past(from)
		r.ended(s.attempt, t.Run)
		if !t.Done && s.wait > 0 {
			t.NotBefore = r.Options.Now().Add(s.wait)
		}
		return t, nil
	}
}

// waits lets a task wait: its flow has not failed, and goes on by itself.
func (s *attemptStep) waits(ctx context.Context, t plan.Task, why error) (plan.Task, error) {
	a, now := &s.attempt, s.Options.Now()
	if a.Waiting.IsZero() {
		a.Waiting = now.UTC()
	}
	at, worth := limits.Until(why, a.Waiting, now)
	if !worth {
		a.Waiting, a.Until = time.Time{}, time.Time{}
		return t, s.failed(ctx, t.Run, why)
	}
	a.Error, a.ErrorClass, a.Hint, a.Until = why.Error(), plan.Wait, plan.AdviceOf(why), at.UTC()
	if err := s.save(ctx); err != nil {
		return t, err
	}
	s.progress(Progress{Flow: a.Flow, Step: "wait", Mover: a.Mover(), Why: why.Error(), Until: at})
	t.Done, t.NotBefore = false, at
	return t, nil
}

// failed records why in the attempt and returns it. A failure that the runner will
// try again doesn't end the flow's part in the run yet.
func (s *attemptStep) failed(ctx context.Context, run string, why error) error {
	if errors.Is(why, warehouse.ErrFenced) || errors.Is(why, control.ErrLost) {
		return superseded(why) // the attempt is another run's now
	}
	a := &s.attempt
	a.Error, a.ErrorClass, a.Hint = why.Error(), plan.ClassOf(why), plan.AdviceOf(why)
	switch {
	case errors.Is(why, salesforce.ErrStopped): // no failure: the next run goes on from here
		a.Error, a.ErrorClass, a.Hint = "", "", ""
	case a.ErrorClass != plan.Retry:
		a.FailedRun = run
	}
	// A cancelled run still says why it ended.
	if err := s.save(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(why, err)
	}
	s.ended(*a, run)
	return why
}

// superseded says that a run lost a flow to another one.
func superseded(err error) error {
	return plan.Fixf("see which run has the flow now: catchment status", "superseded: %w", err)
}

// A partJob brings what one part reads: by a job whose pages we fetch (paging), or by
// a flow that lands its rows without us (landing).
type partJob interface {
	// create makes the job of a part that has none, or begins to.
	create(context.Context) error
	// finished gets on with the job, and tells whether it has its result. One that is
	// gone or came to nothing is replaced.
	finished(context.Context) (bool, error)
	// load brings the result into staging, as far as it gets. place is the part's in
	// its attempt.
	load(ctx context.Context, place int64) error
	// restart gives up a result that is loaded, since why: the next call reads it again.
	// Where that can't be, it says why, and what the user can do.
	restart(ctx context.Context, why error) error
}

// counted lets the API calls made under ctx be counted. Steps may run in
// processes of their own, so what each counts is added up in the control table.
func counted(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return salesforce.CountInto(ctx, n), n
}
