package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/control"
	"catchment/internal/engine"
	"catchment/internal/plan"
	"catchment/internal/replicate"
)

// TestAWSTakeovers stops executions midway: the next one goes on, or the engine of
// one machine does, and it goes on where the engine was stopped. make aws calls it.
func TestAWSTakeovers(t *testing.T) {
	byMakeAWS(t)
	a := newAccount(t, variant{name: "takeovers", more: byBoth, flows: bothWays})
	a.deploy()
	for i, c := range []struct {
		name        string
		first, then func() // who is stopped, and who goes on
	}{
		{"stopped as flows are made, then the next execution",
			func() { a.stopped("catchment-status_job") }, a.run},
		{"stopped as they run, then the engine",
			func() { a.stopped("catchment-wait_job") }, func() { a.engine("") }},
		{"the engine, stopped before it loads, then an execution",
			func() { a.engine(replicate.Load) }, a.run},
		{"stopped as it loads, then the next execution",
			func() { a.stopped("catchment-load") }, a.run},
	} {
		began := time.Now()
		c.first()
		open := a.underway()
		c.then()
		a.agrees()
		a.wentOn(open)
		t.Logf("%s: %d attempts were open; %s", c.name, len(open), time.Since(began).Round(100*time.Millisecond))
		a.changes(uint64(i + 1))
	}
	a.nothingLeft()
}

// stopped begins an execution and stops it as it calls a function, which goes on
// after that, as Lambda does. The call waits for the stop, which would come too late
// on a busy machine.
func (a *account) stopped(function string) {
	a.t.Helper()
	client := sfn.NewFromConfig(a.config)
	before := a.called(function)
	release, err := a.aws.Hold(function)
	a.check(err)
	execution := a.start()
	for a.called(function) == before {
		e, err := client.DescribeExecution(a.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &execution})
		a.check(err)
		if e.Status != sfntypes.ExecutionStatusRunning {
			a.t.Fatalf("it is %s before it has called %s\n%s", e.Status, function, a.lastRun())
		}
		time.Sleep(20 * time.Millisecond)
	}
	_, err = client.StopExecution(a.t.Context(), &sfn.StopExecutionInput{ExecutionArn: &execution})
	a.check(err)
	a.check(release())
}

// called tells how often the machine has called a function.
func (a *account) called(function string) int {
	a.t.Helper()
	calls, err := a.aws.Calls()
	a.check(err)
	n := 0
	for _, c := range calls {
		if c.Action == "lambda:InvokeFunction" && strings.HasSuffix(c.Resource, ":"+function) {
			n++
		}
	}
	return n
}

// engine does a run in this process, with the rights of its user, as catchment run
// does; it is stopped before a step, "" for none.
func (a *account) engine(before string) {
	a.t.Helper()
	for name, at := range a.endpoints {
		a.t.Setenv(name, at)
	}
	p := a.project()
	defer p.Close()
	id, err := p.Control.NewRunID()
	a.check(err)
	o := p.RunOptions()
	stop := make(chan struct{})
	o.Holder, o.Alone, o.Stop = "engine", false, stop
	o.Dead = a.cloud.Ended
	e := engine.Engine{Steps: p.Replicator(nil, o).Steps(), Stop: stop,
		Observer: stopper{before, sync.OnceFunc(func() { close(stop) })}}
	err = e.Run(a.t.Context(), replicate.Plan(p.File.Limits.Flows), plan.Task{Run: id})
	run, rerr := p.Control.Run(a.t.Context(), id)
	a.check(rerr)
	want := control.Done
	if before != "" {
		want, err = control.Stopped, nil
	}
	if err != nil || run.State != want {
		a.t.Fatalf("the engine's run is %s: %v\n%s", run.State, err, a.lastRun())
	}
}

// A stopper stops an engine as it begins a step.
type stopper struct {
	step string
	stop func()
}

// Begin may come from several flows at once.
func (s stopper) Begin(step string, _ plan.Task) {
	if step == s.step {
		s.stop()
	}
}

func (stopper) End(string, plan.Task, error) {}

// underway lists the attempts that are under way.
func (a *account) underway() map[string]control.AttemptState {
	a.t.Helper()
	p := a.project()
	defer p.Close()
	all := map[string]control.AttemptState{}
	for _, fl := range a.file.Flows {
		at, found, err := p.Control.Open(a.t.Context(), fl.Object)
		a.check(err)
		if found {
			all[at.ID] = at.State
		}
	}
	if len(all) == 0 {
		a.t.Error("nothing was left open")
	}
	return all
}

// wentOn proves that open attempts were brought to their end, and none given up.
func (a *account) wentOn(open map[string]control.AttemptState) {
	a.t.Helper()
	p := a.project()
	defer p.Close()
	for id, was := range open {
		at, err := p.Control.Attempt(a.t.Context(), id)
		a.check(err)
		ended := at.State == control.Consolidated || at.State == control.Dropped
		if !ended || strings.Contains(strings.Join(at.Notes, " "), "given up") {
			a.t.Errorf("attempt %s, which was %s, is %s: %q", id, was, at.State, at.Notes)
		}
	}
}
