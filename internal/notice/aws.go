package notice

import (
	"maps"
	"slices"
	"strings"

	"catchment/internal/status"
)

// A Deployed tells that a stack stands on AWS, and what to do next.
type Deployed struct {
	Bucket  string            `json:"bucket"` // for what was uploaded
	Next    []AWSStep         `json:"next,omitempty"`
	Outputs map[string]string `json:"outputs,omitempty"` // of the stack
	Stack   string            `json:"stack"`
	State   string            `json:"state"` // made, changed or unchanged
	Type    string            `json:"type"`
}

// An AWSStep is something to do, and the command that does it.
type AWSStep struct {
	Command string `json:"command"`
	What    string `json:"what"`
}

// Lines is one line.
func (d Deployed) Lines() []any {
	d.Type = "deployed"
	return []any{d}
}

// Text is the outputs, and talk about the rest.
func (d Deployed) Text() (t status.Text) {
	for _, name := range slices.Sorted(maps.Keys(d.Outputs)) {
		t.Result("%s %s", name, d.Outputs[name])
	}
	t.Talk("stack %s is %s; what was uploaded is in s3://%s/catchment", d.Stack, d.State, d.Bucket)
	if len(d.Next) > 0 {
		t.Talk("next:")
	}
	steps(&t, d.Next)
	return t
}

func steps(t *status.Text, all []AWSStep) {
	for _, s := range all {
		t.Talk("  %s", s.What)
		if s.Command != "" {
			t.Talk("    %s", s.Command)
		}
	}
}

// A Destroyed tells what was taken away on AWS, or would be, and what stays.
type Destroyed struct {
	Again []string      `json:"again,omitempty"` // the parameters by which the next deployment takes up what stays
	Done  bool          `json:"done"`
	Flows []string      `json:"flows,omitempty"` // stacks and flows of AppFlow, that runs had left
	Kept  []AWSResource `json:"kept,omitempty"`
	Stack string        `json:"stack"` // "" where there is none
	Type  string        `json:"type"`
}

// An AWSResource is one that outlives its stack.
type AWSResource struct {
	Command string `json:"command,omitempty"` // that deletes it
	Name    string `json:"name"`
	Type    string `json:"type"`
}

// Lines is one line.
func (d Destroyed) Lines() []any {
	d.Type = "destroyed"
	return []any{d}
}

// Text is talk, and the commands that delete the rest as results.
func (d Destroyed) Text() (t status.Text) {
	verb := "would be deleted"
	if d.Done {
		verb = "is deleted"
	}
	if d.Stack == "" {
		t.Talk("there is no stack")
	} else {
		t.Talk("stack %s %s", d.Stack, verb)
	}
	if len(d.Flows) > 0 {
		t.Talk("with what runs have left of AppFlow: %s", strings.Join(d.Flows, ", "))
	}
	if len(d.Kept) > 0 {
		t.Talk("what stays, with what is in it, and how it is deleted:")
	}
	for _, k := range d.Kept {
		t.Talk("  %s %s", k.Type, k.Name)
		if k.Command != "" {
			t.Result("%s", k.Command)
		}
	}
	if len(d.Again) > 0 {
		t.Talk("to deploy again on top of it: catchment aws deploy --parameter %s",
			strings.Join(d.Again, " --parameter "))
	}
	if !d.Done && d.Stack != "" {
		t.Talk("the control table, the bucket of pages and the secrets stay, with what is in them")
	}
	t.Talk("nothing is done to the warehouse, nor to Salesforce")
	return t
}
