package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"catchment/internal/engine"
	"catchment/internal/plan"
)

// shape is the plan of replicate in small.
var shape = plan.Plan{
	Body: plan.Seq{
		plan.Do{Step: "list"},
		plan.Each{Limit: 2, Body: plan.Do{Step: "create"}},
		plan.Each{Limit: 2, Body: plan.Seq{plan.Poll{Step: "done", Every: time.Minute}, plan.Do{Step: "merge"}}},
	},
	Finally: plan.Seq{plan.Each{Limit: 1, Body: plan.Do{Step: "drop"}}, plan.Do{Step: "publish"}},
}

// A recorder notes which steps ran and fails where it is told to.
type recorder struct {
	mu     sync.Mutex
	lines  []string
	fail   func(step, flow string, nth int) error
	counts map[string]int
}

func (r *recorder) step(name string, f func(plan.Task, int) plan.Task) plan.Func {
	return func(_ context.Context, t plan.Task) (plan.Task, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		line := strings.TrimSpace(name + " " + t.Flow)
		r.lines = append(r.lines, line)
		r.counts[line]++
		if r.fail != nil {
			if err := r.fail(name, t.Flow, r.counts[line]); err != nil {
				return t, err
			}
		}
		return f(t, r.counts[line]), nil
	}
}

func (r *recorder) steps() plan.Steps {
	r.counts = map[string]int{}
	same := func(t plan.Task, _ int) plan.Task { return t }
	return plan.Steps{
		"list": r.step("list", func(t plan.Task, _ int) plan.Task {
			for _, f := range []string{"Account", "Contact", "Lead"} {
				t.Items = append(t.Items, plan.Task{Run: t.Run, Flow: f})
			}
			return t
		}),
		"create": r.step("create", same),
		"done": r.step("done", func(t plan.Task, nth int) plan.Task {
			t.Done = nth == 3
			return t
		}),
		"merge":   r.step("merge", same),
		"drop":    r.step("drop", same),
		"publish": r.step("publish", same),
	}
}

func (r *recorder) count(line string) int { return r.counts[line] }

func TestRunWalksThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		start := time.Now()
		e := engine.Engine{Steps: r.steps()}
		if err := e.Run(t.Context(), shape, plan.Task{Run: "r1"}); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{"Account", "Contact", "Lead"} {
			for line, want := range map[string]int{"create " + f: 1, "done " + f: 3, "merge " + f: 1, "drop " + f: 1} {
				if got := r.count(line); got != want {
					t.Errorf("%s: %d times, want %d", line, got, want)
				}
			}
		}
		if last := r.lines[len(r.lines)-1]; last != "publish" {
			t.Errorf("last step is %q", last)
		}
		// three flows, two at a time, two waits of a minute each
		if took := time.Since(start); took != 4*time.Minute {
			t.Errorf("took %s, want 4m: two at a time", took)
		}
	})
}

func TestFailuresAreKeptApartAndFinallyIsReached(t *testing.T) {
	fix := plan.Fixf("do this", "broken")
	tests := map[string]struct {
		fail       func(step, flow string, nth int) error
		wantErr    string
		ran, never []string
	}{
		"list fails": {
			fail:    func(step, _ string, _ int) error { return map[bool]error{true: fix}[step == "list"] },
			wantErr: "list: broken",
			ran:     []string{"publish"},
			never:   []string{"create Account", "drop Account"},
		},
		"one item fails": {
			fail: func(step, flow string, _ int) error {
				return map[bool]error{true: fix}[step == "create" && flow == "Contact"]
			},
			wantErr: "Contact: create: broken",
			ran:     []string{"merge Account", "merge Lead", "drop Contact", "publish"},
		},
		"a passing fault is tried again": {
			fail: func(step, flow string, nth int) error {
				if step == "merge" && flow == "Lead" && nth < 4 {
					return plan.Failf(plan.Retry, "", "reset")
				}
				return nil
			},
			ran: []string{"merge Lead", "publish"},
		},
		"a lasting fault is given up": {
			fail: func(step, flow string, _ int) error {
				if step == "merge" && flow == "Lead" {
					return plan.Failf(plan.Retry, "", "reset")
				}
				return nil
			},
			wantErr: "Lead: merge: reset",
			ran:     []string{"merge Account", "publish"},
		},
		"drop fails": {
			fail: func(step, flow string, _ int) error {
				return map[bool]error{true: fix}[step == "drop" && flow == "Lead"]
			},
			wantErr: "Lead: drop: broken",
			ran:     []string{"publish"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{fail: test.fail}
				e := engine.Engine{Steps: r.steps()}
				err := e.Run(t.Context(), shape, plan.Task{Run: "r1"})
				if got := fmt.Sprint(err); test.wantErr == "" && err != nil || !strings.Contains(got, test.wantErr) {
					t.Errorf("error %q, want %q", got, test.wantErr)
				}
				for _, line := range test.ran {
					if r.count(line) == 0 {
						t.Errorf("%s never ran", line)
					}
				}
				for _, line := range test.never {
					if r.count(line) != 0 {
						t.Errorf("%s ran", line)
					}
				}
			})
		})
	}
}

func TestStopEndsBetweenSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := &recorder{}
		e := engine.Engine{Steps: r.steps(), Stop: stop}
		time.AfterFunc(30*time.Second, func() { close(stop) }) // in the middle of the first wait of the polls
		if err := e.Run(t.Context(), shape, plan.Task{Run: "r1"}); err != nil {
			t.Errorf("items that stop are no failures, got %v", err)
		}
		if slices.ContainsFunc(r.lines, func(l string) bool { return strings.HasPrefix(l, "merge") }) {
			t.Error("a step began after the stop")
		}
		if r.count("publish") != 1 {
			t.Error("publish was not reached")
		}
	})
}

// A step that was given up for a user who wants an end isn't tried again, not even in Finally.
func TestStopWithinAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		did := map[string]int{}
		stops := func(_ context.Context, t plan.Task) (plan.Task, error) {
			mu.Lock()
			defer mu.Unlock()
			did[t.Flow]++
			return t, plan.Failf(plan.Retry, "", "%w while somebody was waited for", plan.ErrStopped)
		}
		p := plan.Plan{Body: plan.Each{Limit: 2, Body: plan.Do{Step: "read"}}, Finally: plan.Seq{plan.Do{Step: "drop"}}}
		e := engine.Engine{Steps: plan.Steps{"read": stops, "drop": stops}}
		err := e.Run(t.Context(), p, plan.Task{Items: []plan.Task{{Flow: "Account"}, {Flow: "Contact"}}})
		if !errors.Is(err, engine.ErrStopped) {
			t.Errorf("it ends with %v", err)
		}
		if want := map[string]int{"Account": 1, "Contact": 1, "": 1}; !maps.Equal(did, want) {
			t.Errorf("done so often: %v, want %v", did, want)
		}
	})
}

func TestCancelReachesSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("second signal")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		r := &recorder{}
		e := engine.Engine{Steps: r.steps()}
		if err := e.Run(ctx, shape, plan.Task{Run: "r1"}); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPollWaitsUntilNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		calls := 0
		steps := plan.Steps{"quota": func(_ context.Context, t plan.Task) (plan.Task, error) {
			calls++
			t.Done = calls == 2
			t.NotBefore = start.Add(3 * time.Hour)
			return t, nil
		}}
		e := engine.Engine{Steps: steps}
		if err := e.Run(t.Context(), plan.Plan{Body: plan.Poll{Step: "quota", Every: time.Second}},
			plan.Task{}); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 3*time.Hour {
			t.Errorf("waited %s", got)
		}
	})
}

// Who brings a clock decides how long a wait takes.
func TestOwnClock(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var waited []time.Duration
	e := engine.Engine{
		Steps: plan.Steps{"look": func(_ context.Context, t plan.Task) (plan.Task, error) {
			t.Done = len(waited) == 2
			if len(waited) == 1 {
				t.NotBefore = start.Add(3 * time.Hour)
			}
			return t, nil
		}},
		Now: func() time.Time { return start },
		After: func(d time.Duration) <-chan time.Time {
			waited = append(waited, d)
			passed := make(chan time.Time, 1)
			passed <- start.Add(d)
			return passed
		},
	}
	err := e.Run(t.Context(), plan.Plan{Body: plan.Poll{Step: "look", Every: time.Minute}}, plan.Task{})
	if err != nil || !slices.Equal(waited, []time.Duration{time.Minute, 3 * time.Hour}) {
		t.Errorf("%v, waited %v", err, waited)
	}
}
