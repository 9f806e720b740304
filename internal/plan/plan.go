// Package plan describes a run as a small tree of named steps.
//
// The tree is data: engine walks it in this process, stepfunctions writes it
// down for AWS, and nobody keeps two versions of the pipeline. A step must be
// safe to do twice, because both runners may repeat it (invariant 2).
//
// The package also says what kind of failure an error is (failure.go), since
// both runners act on that and on nothing else.
//
// Start at Node, then Steps.Do.
package plan

import (
	"context"
	"fmt"
	"time"
)

// A Task is the note handed from step to step. It carries keys, never rows,
// and stays under 512 bytes of JSON without its items.
type Task struct {
	Run       string    `json:"run"`
	Flow      string    `json:"flow,omitempty"`
	Attempt   string    `json:"attempt,omitempty"`
	Fence     int64     `json:"fence,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	Done      bool      `json:"done"`
	Items     []Task    `json:"items,omitempty"`
}

// A Func does one step. Whatever it has done must be found again by the next
// call with the same task.
type Func func(context.Context, Task) (Task, error)

// Steps maps a step's name to the code that does it.
type Steps map[string]Func

// Do does the step called name. Every runner comes through here, so that both
// hand a step the same task: not done, and with nothing to wait for.
func (s Steps) Do(ctx context.Context, name string, t Task) (Task, error) {
	f, ok := s[name]
	if !ok {
		return t, fmt.Errorf("plan: no step is called %q", name)
	}
	t.Done, t.NotBefore = false, time.Time{}
	out, err := f(ctx, t)
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// A Plan is a body, and what follows it whether the body failed or not.
type Plan struct {
	Body    Node
	Finally Seq
}

// A Node is one of Do, Seq, Each or Poll.
type Node interface{ node() }

// Do does one step.
type Do struct{ Step string }

// Seq does its nodes in order, each taking what the one before returned.
type Seq []Node

// Each does Body once for every item of the task, at most Limit at a time. An
// item that fails doesn't stop the others.
type Each struct {
	Limit int
	Body  Node
}

// Poll repeats a step until the task is done. Between two calls it waits until
// the task's NotBefore, or Every where the step named no time.
type Poll struct {
	Step  string
	Every time.Duration
}

func (Do) node()   {}
func (Seq) node()  {}
func (Each) node() {}
func (Poll) node() {}
