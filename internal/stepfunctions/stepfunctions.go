// Package stepfunctions is the runner on AWS: Render writes a plan down as a
// Step Functions machine, and a Handler, in Lambda, answers the calls of that
// machine.
//
// The machine waits, repeats and fans out; the steps themselves are the ones
// that engine does in its process, and everything that is remembered of them
// is in the control table and the warehouse. So either runner takes over from
// the other. What the calls are allowed to touch is the template's business.
//
// Start at Render, then Handler.Call.
package stepfunctions

import (
	"encoding/json"
	"fmt"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
)

// Options are the settings of one machine.
type Options struct {
	// Function gives the name or ARN of the Lambda function that does a step;
	// in a template that is a placeholder, such as "${list}".
	Function func(step string) string

	// Flows is how many flows a run has, 0 where nobody knows.
	Flows int
}

// How much an inline Map may write into the history of its execution, which
// ends at 25,000 events; and what one flow does there. A poll costs about nine
// events, and pollsPerFlow of them are a job of some hours.
const (
	historyBudget = 15_000
	eventsPerPoll = 9
	pollsPerFlow  = 80
	inlineAtMost  = 40 // items at a time, in an inline Map
)

// inline tells whether the items of a run fit into one history.
func inline(flows int) bool {
	return flows > 0 && flows*pollsPerFlow*eventsPerPoll < historyBudget
}

// The names of the errors that a call answers with, one for each class.
const (
	errRetry = "Catchment.Retry"
	errWait  = "Catchment.Wait"
	errFix   = "Catchment.Fix"
	errBug   = "Catchment.Bug"
)

// The names of the errors that an execution ends with where flows are not done:
// some of them, or all.
const (
	errPartial = "Catchment.Partial"
	errNotDone = "Catchment.NotDone"
)

// ErrorName is what a Step Functions machine calls an error of a class.
func ErrorName(c plan.Class) string {
	switch c {
	case plan.Retry:
		return errRetry
	case plan.Wait:
		return errWait
	case plan.Fix, plan.Full: // neither passes while an execution waits
		return errFix
	}
	return errBug
}

// retriers are those of every step. What AWS itself broke off may have been
// done, or may still go on: steps may be repeated, and overlap (invariant 2).
func retriers() []Retrier {
	return []Retrier{
		{ErrorEquals: []string{errRetry}, IntervalSeconds: 2, MaxAttempts: 5, BackoffRate: 2, MaxDelaySeconds: 120,
			JitterStrategy: "FULL"},
		{ErrorEquals: []string{
			"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
			"Lambda.ClientExecutionTimeoutException", "Lambda.TooManyRequestsException", "Lambda.Unknown",
			"Sandbox.Timedout", "States.Timeout",
		}, IntervalSeconds: 5, MaxAttempts: 8, BackoffRate: 2, MaxDelaySeconds: 300, JitterStrategy: "FULL"},
	}
}

// stepTimeout is a little more than a Lambda may live.
const stepTimeout = 960

// Render writes p down. The machine's last states tell the outcome that publish
// gave: an execution succeeds with it where every flow is done, and has it as the
// cause of its failure where not.
func Render(p plan.Plan, o Options) Machine {
	r := &renderer{options: o, states: map[string]State{}, taken: map[string]bool{"begin": true}}
	for name, s := range ends() {
		r.states[name], r.taken[name] = s, true
	}

	// From the end to the beginning: each node of Finally is reached by a
	// failure of any before it.
	next := "result"
	for i := len(p.Finally) - 1; i >= 0; i-- {
		last := i == len(p.Finally)-1
		if r.caught = next; last {
			r.caught = "" // nothing comes after it that could tell: the execution fails with its error
		}
		next = r.node(p.Finally[i], next)
	}
	r.caught = next
	start := r.node(p.Body, next)
	r.states["begin"] = State{Type: "Pass", Next: start, Parameters: map[string]any{
		"execution.$": "$$.Execution.Id", "started.$": "$$.Execution.StartTime", "run": "", "done": false,
		"items": []any{},
	}}
	return Machine{Comment: "Written by catchment aws render from the plan of a run: change that, not this.",
		StartAt: "begin", States: r.states}
}

// ends are the states that come after publish, from the one called result on.
func ends() map[string]State {
	why := "States.JsonToString($.outcome)"
	return map[string]State{
		"result": {Type: "Choice", Default: "run not done", Choices: []Choice{
			{Variable: "$.outcome.state", StringEquals: string(control.Done), Next: "run done"},
			{Variable: "$.outcome.state", StringEquals: string(control.Partial), Next: "run partial"},
		}},
		"run done":     {Type: "Pass", OutputPath: "$.outcome", End: true},
		"run partial":  {Type: "Fail", Error: errPartial, CausePath: why},
		"run not done": {Type: "Fail", Error: errNotDone, CausePath: why},
	}
}

type renderer struct {
	options Options
	caught  string // where a failure of a state leads; "" for nowhere
	states  map[string]State
	taken   map[string]bool // names: they are unique in a machine, the bodies of its Maps included
}

// node adds n's states, which go on to next, and returns the first one's name.
func (r *renderer) node(n plan.Node, next string) string {
	switch n := n.(type) {
	case plan.Do:
		return r.do(n.Step, 0, next)
	case plan.Seq:
		for i := len(n) - 1; i >= 0; i-- {
			next = r.node(n[i], next)
		}
		return next
	case plan.Each:
		return r.each(n, next)
	case plan.Poll:
		return r.poll(n, next)
	}
	panic(fmt.Sprintf("stepfunctions: unknown node %T", n))
}

// do calls a step; its answer is the next state's input.
func (r *renderer) do(step string, every time.Duration, next string) string {
	name := r.free(step)
	payload := map[string]any{"step": step, "task.$": "$"}
	if every > 0 {
		payload["every"] = int(every / time.Second)
	}
	r.states[name] = State{
		Type:           "Task",
		Resource:       "arn:aws:states:::lambda:invoke",
		Parameters:     map[string]any{"FunctionName": r.options.Function(step), "Payload": payload},
		OutputPath:     "$.Payload",
		TimeoutSeconds: stepTimeout,
		Retry:          retriers(),
		Catch:          r.catchers(),
		Next:           next,
	}
	return name
}

// catchers lead every failure on. States.ALL leaves two out, of which only the
// one for too much data can be caught by name.
func (r *renderer) catchers() []Catcher {
	if r.caught == "" {
		return nil
	}
	path := json.RawMessage(`"$.error"`)
	return []Catcher{
		{ErrorEquals: []string{"States.DataLimitExceeded"}, ResultPath: path, Next: r.caught},
		{ErrorEquals: []string{"States.ALL"}, ResultPath: path, Next: r.caught},
	}
}

// each works on every item. A failure ends its item and no other; what it was
// stands in the attempt.
func (r *renderer) each(n plan.Each, next string) string {
	done, givenUp := r.free("item done"), r.free("item given up")
	body := &renderer{options: r.options, caught: givenUp, taken: r.taken, states: map[string]State{
		// The answers of a Map's items are one array, and that may grow too large.
		done: {Type: "Pass", Result: struct{}{}, End: true},
		givenUp: {Type: "Pass", Result: struct{}{}, End: true,
			Comment: "What went wrong is in the control table: catchment status shows it."},
	}}
	start := body.node(n.Body, done)
	s := State{
		Type: "Map", ItemsPath: "$.items", MaxConcurrency: max(n.Limit, 1), ResultPath: json.RawMessage("null"),
		Catch: r.catchers(), Next: next,
		ItemProcessor: &Machine{ProcessorMode: &ProcessorConfig{Mode: "INLINE"}, StartAt: start, States: body.states},
	}
	if inline(r.options.Flows) {
		s.MaxConcurrency = min(s.MaxConcurrency, inlineAtMost)
	} else {
		s.ItemProcessor.ProcessorMode = &ProcessorConfig{Mode: "DISTRIBUTED", ExecutionType: "STANDARD"}
		s.Tolerated = 100
	}
	name := r.free("each: " + start)
	r.states[name] = s
	return name
}

// poll repeats a step until the task is done, and waits as long as the answer
// says.
func (r *renderer) poll(n plan.Poll, next string) string {
	yes := true
	ask, wait := r.free(n.Step+" finished?"), r.free("wait for "+n.Step)
	first := r.do(n.Step, n.Every, ask)
	r.states[ask] = State{Type: "Choice", Choices: []Choice{{Variable: "$.done", BooleanEquals: &yes, Next: next}},
		Default: wait}
	r.states[wait] = State{Type: "Wait", SecondsPath: "$.wait", Next: first}
	return first
}

// free takes name, or name with a number where it is taken.
func (r *renderer) free(name string) string {
	out := name
	for i := 2; r.taken[out]; i++ {
		out = fmt.Sprintf("%s %d", name, i)
	}
	r.taken[out] = true
	return out
}
