package stepfunctions_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"catchment/internal/control"
	"catchment/internal/engine"
	"catchment/internal/outcome"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/stepfunctions"
	"catchment/internal/stepfunctions/asltest"
)

var seed = flag.Uint64("seed", 0, "replay the random histories of this seed")

// A world does what steps do, and writes down which it was asked for. Each flow
// goes its own way: how often it polls, and what it fails with and where.
type world struct {
	mu      sync.Mutex
	done    map[string][]string // by flow: "" for the run itself
	polls   map[string]int
	needs   int               // polls until a poll is done
	waits   int               // of list, before it has its items
	broken  map[string]error  // by step and flow
	flaky   map[string]int    // failures of class Retry, before a step works
	state   control.RunState  // that publish found
	notDone []outcome.Flow    // as it says
	started map[string]string // runs by their flow, as list handed them on
	empty   bool              // no flow can be listed
}

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{done: map[string][]string{}, polls: map[string]int{}, broken: map[string]error{},
		flaky:   map[string]int{},
		started: map[string]string{}, needs: 1 + r.IntN(4), waits: r.IntN(3), state: control.Done}
	steps := []string{replicate.Create, replicate.Ready, replicate.Start, replicate.Done, replicate.Load,
		replicate.Consolidate, replicate.Drop}
	for range r.IntN(4) {
		class := []plan.Class{plan.Fix, plan.Wait, plan.Bug}[r.IntN(3)]
		w.broken[steps[r.IntN(len(steps))]+" "+flows[r.IntN(len(flows))]] = plan.Failf(class, "", "broken")
	}
	if r.IntN(8) == 0 {
		w.broken["list "] = plan.Fixf("", "broken")
	}
	for range r.IntN(4) {
		w.flaky[steps[r.IntN(len(steps))]+" "+flows[r.IntN(len(flows))]] = 1 + r.IntN(4)
	}
	if len(w.broken) > 0 {
		w.state = control.Partial
	}
	return w
}

var flows = []string{"Account", "Contact", "Lead", "Opportunity"}

func (w *world) steps() plan.Steps {
	steps := plan.Steps{}
	for _, name := range []string{replicate.List, replicate.Create, replicate.Ready, replicate.Start, replicate.Done,
		replicate.Load, replicate.Consolidate, replicate.Maintain, replicate.Drop, replicate.Publish} {
		steps[name] = func(_ context.Context, t plan.Task) (plan.Task, error) { return w.do(name, t) }
	}
	return steps
}

func (w *world) do(step string, t plan.Task) (plan.Task, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := step + " " + t.Flow
	if w.flaky[key] > 0 {
		w.flaky[key]--
		return t, plan.Failf(plan.Retry, "", "once more")
	}
	w.done[t.Flow] = append(w.done[t.Flow], step)
	if step == replicate.List && w.waits > 0 {
		w.waits--
		t.NotBefore = time.Now().Add(15 * time.Minute)
		return t, nil
	}
	if err := w.broken[key]; err != nil {
		return t, err
	}
	switch step {
	case replicate.List:
		for _, f := range flows {
			if w.empty {
				break
			}
			w.started[f] = t.Run
			t.Items = append(t.Items, plan.Task{Run: t.Run, Flow: f, Attempt: f + "-1", Fence: 7})
		}
		t.Done = true
	case replicate.Create:
		t.Done = true
	case replicate.Ready, replicate.Done, replicate.Load, replicate.Consolidate, replicate.Maintain:
		w.polls[key]++
		t.Done = w.polls[key] >= w.needs
		if w.polls[key]%2 == 0 {
			t.NotBefore = time.Now().Add(time.Minute)
		}
	}
	return t, nil
}

func (w *world) outcome(context.Context, string) (outcome.Outcome, error) {
	return outcome.Outcome{State: w.state, NotDone: w.notDone}, nil
}

// invoke calls the handler of a world as Lambda would: through JSON.
func (w *world) invoke() func(context.Context, string, []byte) ([]byte, error) {
	h := stepfunctions.Handler{Publish: replicate.Publish, Now: time.Now,
		Open: func(context.Context, stepfunctions.Order) (stepfunctions.Work, error) {
			return stepfunctions.Work{Steps: w.steps(), Outcome: w.outcome}, nil
		}}
	return func(ctx context.Context, function string, payload []byte) ([]byte, error) {
		var call stepfunctions.Call
		if err := json.Unmarshal(payload, &call); err != nil {
			return nil, err
		}
		if function != "${"+call.Step+"}" {
			return nil, fmt.Errorf("%s was called for step %s", function, call.Step)
		}
		out, err := h.Call(ctx, call)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Both runners ask for the same steps of each flow in the same order, and agree
// on whether the run went well, whatever fails.
func TestBothRunnersDoTheSame(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("replay with: -seed %d", first)
	for i := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			local, cloud := newWorld(first+i), newWorld(first+i)
			e := engine.Engine{Steps: local.steps(), Tries: 6}
			p := replicate.Plan(2)
			if i%3 == 0 {
				p = replicate.WithUpkeep(p, 2)
			}
			errLocal := e.Run(t.Context(), p, plan.Task{Run: "r"})
			in := asltest.Interpreter{Invoke: cloud.invoke(), Sleep: sleep}
			machine := renderOf(p, int(i%2)*100)
			out, errCloud := in.Run(t.Context(), machine, "arn:aws:states:x:execution:c:1", time.Now())
			if (errLocal == nil) != (errCloud == nil) {
				t.Errorf("engine: %v; machine: %v", errLocal, errCloud)
			}
			for _, f := range append([]string{""}, flows...) {
				if !slices.Equal(local.done[f], cloud.done[f]) {
					t.Errorf("seed %d, %q: engine %v, machine %v", first+i, f, local.done[f], cloud.done[f])
				}
			}
			if runs := slices.Compact(slices.Sorted(maps.Values(cloud.started))); len(runs) > 1 {
				t.Errorf("one execution has the runs %v", runs)
			}
			if text, _ := json.Marshal(out); errCloud == nil && len(text) > 8<<10 {
				t.Errorf("the execution's output has %d bytes", len(text))
			}
		})
	}
}

// A run that isn't done fails its execution, so that an alarm sees it, and says why
// where people look first.
func TestPartialRunFailsItsExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		clear(w.broken)
		w.state = control.Partial
		w.notDone = []outcome.Flow{{Object: "Lead", State: control.FlowFailed, Error: "INSUFFICIENT_ACCESS",
			Hint: "give it"}}
		in := asltest.Interpreter{Invoke: w.invoke(), Sleep: sleep}
		_, err := in.Run(t.Context(), render(4), "arn", time.Now())
		var told outcome.Outcome
		e, ok := errors.AsType[*asltest.Error](err)
		if !ok || e.Name != "Catchment.Partial" || json.Unmarshal([]byte(e.Cause), &told) != nil ||
			!slices.Equal(told.NotDone, w.notDone) {
			t.Errorf("%v: %+v", err, told)
		}
	})
}

// An execution that went well has the outcome as its output, and nothing else.
func TestOutcomeIsTheOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		clear(w.broken)
		clear(w.flaky)
		w.state = control.Done
		in := asltest.Interpreter{Invoke: w.invoke(), Sleep: sleep}
		out, err := in.Run(t.Context(), render(4), "arn", time.Now())
		if m, ok := out.(map[string]any); err != nil || !ok || m["state"] != "done" || m["items"] != nil {
			t.Errorf("%v, %v", out, err)
		}
	})
}

// What a machine caught, and nobody wrote down, is the reason that its end tells.
func TestCaughtErrorIsTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		clear(w.broken)
		clear(w.flaky)
		w.state = control.Failed
		next := w.invoke()
		in := asltest.Interpreter{Sleep: sleep,
			Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, error) {
				if function == "${"+replicate.List+"}" {
					return nil, &asltest.Error{Name: "Runtime.ExitError", Cause: "exit status 137"}
				}
				return next(ctx, function, payload)
			}}
		_, err := in.Run(t.Context(), render(4), "arn", time.Now())
		e, ok := errors.AsType[*asltest.Error](err)
		if !ok || e.Name != "Catchment.NotDone" || !strings.Contains(e.Cause, "Runtime.ExitError: exit status 137") {
			t.Error(err)
		}
	})
}

// A run of which no flow could be listed comes to publish, which says so: a Map
// whose items aren't there would end the execution without.
func TestNoFlowIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		clear(w.broken)
		clear(w.flaky)
		w.empty, w.state = true, control.Failed
		in := asltest.Interpreter{Invoke: w.invoke(), Sleep: sleep}
		_, err := in.Run(t.Context(), render(4), "arn", time.Now())
		if e, ok := errors.AsType[*asltest.Error](err); !ok || e.Name != "Catchment.NotDone" ||
			!slices.Equal(w.done[""], []string{replicate.List, replicate.Publish}) {
			t.Errorf("%v after %v", err, w.done[""])
		}
	})
}

// What AWS itself breaks off is tried again, and too much data leads on to drop
// and publish, which say so.
func TestErrorsOfAWS(t *testing.T) {
	for _, c := range []struct {
		name   string
		step   string
		times  int
		works  bool
		counts int // of calls of the step
	}{
		{"Sandbox.Timedout", replicate.Load, 2, true, len(flows) + 2},
		{"Lambda.TooManyRequestsException", replicate.List, 6, true, 7},
		{"States.DataLimitExceeded", replicate.List, 1, false, 1},
		{"Runtime.ExitError", replicate.List, 1, false, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(1)
			clear(w.broken)
			clear(w.flaky)
			w.needs, w.waits, w.state = 1, 0, control.Done
			next, calls, left := w.invoke(), 0, c.times
			var mu sync.Mutex
			in := asltest.Interpreter{Sleep: sleep,
				Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, error) {
					if function == "${"+c.step+"}" {
						mu.Lock()
						calls++
						left--
						breaks := left >= 0
						mu.Unlock()
						if breaks {
							return nil, &asltest.Error{Name: c.name}
						}
					}
					return next(ctx, function, payload)
				}}
			if !c.works {
				w.state = control.Failed // publish finds no flow done
			}
			_, err := in.Run(t.Context(), render(4), "arn", time.Now())
			if (err == nil) != c.works || calls != c.counts {
				t.Errorf("%s: %v after %d calls of %s, want %d", c.name, err, calls, c.step, c.counts)
			}
			if !slices.Contains(w.done[""], replicate.Publish) {
				t.Errorf("%s: publish was not reached", c.name)
			}
		})
	}
}
