// Package engine walks a plan in this process.
//
// It knows steps by name only: what they do, and what is remembered of them,
// is the business of whoever wrote them. It repeats a step whose failure is of
// class Retry, waits between polls, keeps a failed item from stopping its
// siblings, and always reaches the plan's Finally.
//
// Start at Engine.Run.
package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"catchment/internal/plan"
)

// ErrStopped is what a run returns that was asked to stop, and did so between
// two steps, or in one that waited for somebody.
var ErrStopped = plan.ErrStopped

// An Observer hears steps begin and end. Its methods are called from several
// goroutines at once.
type Observer interface {
	Begin(step string, t plan.Task)
	End(step string, t plan.Task, err error)
}

// An Engine runs plans. The zero value of each field but Steps is usable.
type Engine struct {
	Steps    plan.Steps
	Observer Observer
	Stop     <-chan struct{} // closed: finish the steps that are under way and begin no other
	Tries    int             // of a step that fails with class Retry; 5 where 0

	Now   func() time.Time                     // time.Now where nil
	After func(time.Duration) <-chan time.Time // time.After where nil
}

// Run walks p from task t. It returns what went wrong, joined: the body's own
// failure, each failed item, and failures of Finally.
func (e *Engine) Run(ctx context.Context, p plan.Plan, t plan.Task) error {
	w := &walk{Engine: e}
	out, err := w.node(ctx, p.Body, t)
	if err != nil {
		w.fail(err)
	}
	unstoppable := *e // Stop doesn't reach Finally
	unstoppable.Stop = nil
	last := &walk{Engine: &unstoppable}
	if _, err := last.node(ctx, p.Finally, out); err != nil {
		w.fail(err)
	}
	return errors.Join(append(w.failures, last.failures...)...)
}

// A walk is one Run: an Engine, and the failures that it stepped over.
type walk struct {
	*Engine
	mu       sync.Mutex
	failures []error
}

func (w *walk) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, err)
}

func (w *walk) node(ctx context.Context, n plan.Node, t plan.Task) (plan.Task, error) {
	switch n := n.(type) {
	case plan.Do:
		return w.do(ctx, n.Step, t)
	case plan.Seq:
		return w.seq(ctx, n, t)
	case plan.Each:
		w.each(ctx, n, t)
		return t, nil
	case plan.Poll:
		return w.poll(ctx, n, t)
	}
	panic(fmt.Sprintf("engine: unknown node %T", n))
}

func (w *walk) seq(ctx context.Context, ns plan.Seq, t plan.Task) (plan.Task, error) {
	for _, n := range ns {
		out, err := w.node(ctx, n, t)
		if err != nil {
			return t, err
		}
		t = out
	}
	return t, nil
}

func (w *walk) each(ctx context.Context, n plan.Each, t plan.Task) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(n.Limit, 1))
	for _, item := range t.Items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if _, err := w.node(ctx, n.Body, item); err != nil && !errors.Is(err, ErrStopped) {
				w.fail(fmt.Errorf("%s: %w", item.Flow, err))
			}
		})
	}
	wg.Wait()
}

func (w *walk) poll(ctx context.Context, n plan.Poll, t plan.Task) (plan.Task, error) {
	for {
		out, err := w.do(ctx, n.Step, t)
		if err != nil || out.Done {
			return out, err
		}
		pause := n.Every
		if !out.NotBefore.IsZero() {
			pause = out.NotBefore.Sub(w.now())
		}
		if err := w.sleep(ctx, pause); err != nil {
			return t, err
		}
		t = out
	}
}

// do does one step, again where its failure is of class Retry.
func (w *walk) do(ctx context.Context, step string, t plan.Task) (plan.Task, error) {
	tries := w.Tries
	if tries == 0 {
		tries = 5
	}
	for try := 1; ; try++ {
		if err := w.sleep(ctx, 0); err != nil {
			return t, err
		}
		if w.Observer != nil {
			w.Observer.Begin(step, t)
		}
		out, err := w.Steps.Do(ctx, step, t)
		if w.Observer != nil {
			w.Observer.End(step, out, err)
		}
		stopped := errors.Is(err, ErrStopped) // also in Finally, which Stop doesn't reach
		if err == nil || stopped || try == tries || plan.ClassOf(err) != plan.Retry {
			return out, err
		}
		if serr := w.sleep(ctx, backoff(try)); serr != nil {
			return t, errors.Join(serr, err)
		}
	}
}

func (e *Engine) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

func (e *Engine) after(d time.Duration) <-chan time.Time {
	if e.After == nil {
		return time.After(d)
	}
	return e.After(d)
}

// backoff doubles from one second, with full jitter above the first half, so
// that the flows of a run don't come back all at once.
func backoff(try int) time.Duration {
	d := min(time.Second<<(try-1), 30*time.Second)
	return d/2 + rand.N(d/2) // #nosec G404 -- it spreads the tries
}

// sleep waits for d, or until somebody wants the run to end.
func (w *walk) sleep(ctx context.Context, d time.Duration) error {
	var wake <-chan time.Time
	if d > 0 {
		wake = w.after(d)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.Stop:
		return ErrStopped
	default:
	}
	if wake == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.Stop:
		return ErrStopped
	case <-wake:
		return nil
	}
}
