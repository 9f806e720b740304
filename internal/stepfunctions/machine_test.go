package stepfunctions_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/stepfunctions"
)

func render(flows int) stepfunctions.Machine {
	return renderOf(replicate.Plan(4), flows)
}

// renderOf renders a plan.
func renderOf(p plan.Plan, flows int) stepfunctions.Machine {
	return stepfunctions.Render(p, stepfunctions.Options{
		Function: func(step string) string { return "${" + step + "}" }, Flows: flows,
	})
}

// eachMachine visits m and the bodies of its Maps.
func eachMachine(m stepfunctions.Machine, visit func(m stepfunctions.Machine)) {
	visit(m)
	for _, s := range m.States {
		if s.ItemProcessor != nil {
			eachMachine(*s.ItemProcessor, visit)
		}
	}
}

// Whatever fails, drop and publish come after it; and no item's failure leaves
// its Map.
func TestFailuresLeadOn(t *testing.T) {
	m := render(13)
	for name, s := range m.States {
		if s.Type != "Task" && s.Type != "Map" {
			continue
		}
		want := "each: drop"
		switch name {
		case "each: drop":
			want = "publish"
		case "publish":
			want = ""
		}
		if want == "" {
			if len(s.Catch) > 0 {
				t.Errorf("%s has a Catch, and nothing comes after it", name)
			}
			continue
		}
		for i, errorName := range []string{"States.DataLimitExceeded", "States.ALL"} {
			if len(s.Catch) != 2 || !slices.Equal(s.Catch[i].ErrorEquals, []string{errorName}) ||
				s.Catch[i].Next != want {
				t.Errorf("%s: catches %+v, want %s to lead to %s", name, s.Catch, errorName, want)
			}
		}
	}
	for name, s := range m.States {
		if s.Type != "Map" {
			continue
		}
		if string(s.ResultPath) != "null" {
			t.Errorf("%s: ResultPath is %s: the items' answers would replace the task", name, s.ResultPath)
		}
		for inner, body := range s.ItemProcessor.States {
			if body.Type == "Task" &&
				(len(body.Catch) != 2 || !strings.HasPrefix(body.Catch[1].Next, "item given up")) {
				t.Errorf("%s: %s lets its failure out: %+v", name, inner, body.Catch)
			}
			if body.End && (body.Type != "Pass" || fmt.Sprint(body.Result) != "{}") {
				t.Errorf("%s: %s ends with %v", name, inner, body.Result)
			}
		}
	}
}

func TestRetriers(t *testing.T) {
	calls := 0
	eachMachine(render(0), func(m stepfunctions.Machine) {
		for name, s := range m.States {
			if s.Type != "Task" {
				continue
			}
			calls++
			var names []string
			for _, r := range s.Retry {
				names = append(names, r.ErrorEquals...)
				if r.JitterStrategy != "FULL" || r.MaxDelaySeconds == 0 || r.MaxAttempts == 0 {
					t.Errorf("%s: %+v", name, r)
				}
			}
			for _, want := range []string{"Catchment.Retry", "Lambda.ServiceException", "Lambda.AWSLambdaException",
				"Lambda.SdkClientException",
				"Lambda.ClientExecutionTimeoutException", "Lambda.TooManyRequestsException", "Lambda.Unknown",
				"Sandbox.Timedout"} {
				if !slices.Contains(names, want) {
					t.Errorf("%s doesn't try again after %s", name, want)
				}
			}
			for _, never := range []string{"Catchment.Fix", "Catchment.Bug", "Catchment.Wait", "States.ALL",
				"States.TaskFailed"} {
				if slices.Contains(names, never) {
					t.Errorf("%s tries again after %s", name, never)
				}
			}
		}
	})
	if calls != 9 {
		t.Errorf("the machine calls %d steps, the plan has 9", calls)
	}
}

// An execution's history ends at 25,000 events.
func TestManyFlowsGetHistoriesOfTheirOwn(t *testing.T) {
	for flows, want := range map[int]string{0: "DISTRIBUTED", 1: "INLINE", 13: "INLINE", 20: "INLINE",
		21: "DISTRIBUTED", 1000: "DISTRIBUTED"} {
		for name, s := range render(flows).States {
			if s.Type != "Map" {
				continue
			}
			mode := s.ItemProcessor.ProcessorMode
			if mode.Mode != want || (mode.ExecutionType == "STANDARD") != (want == "DISTRIBUTED") ||
				(s.Tolerated == 100) != (want == "DISTRIBUTED") {
				t.Errorf("%d flows: %s is %+v, tolerates %d %%; want %s", flows, name, *mode, s.Tolerated, want)
			}
		}
	}
}

// What goes from state to state ends at 256 KiB: a thousand flows of the
// longest names that are common stay below.
func TestThousandFlowsFit(t *testing.T) {
	id := "20261124T234241123-0a1b2c3d"
	note := stepfunctions.Note{Task: plan.Task{Run: id},
		Execution: "arn:aws:states:eu-central-1:123456789012:execution:catchment:" + strings.Repeat("x", 80),
		Started:   time.Now()}
	for i := range 1000 {
		flow := fmt.Sprintf("npe01__Recurring_Pay%04d__c", i)
		note.Items = append(note.Items, plan.Task{Run: id, Flow: flow, Attempt: flow + "-" + id, Fence: 100_000})
	}
	data, err := json.Marshal(note)
	if err != nil || len(data) > 200<<10 {
		t.Errorf("the task of 1,000 flows has %d bytes, %v", len(data), err)
	}
	machine, err := json.MarshalIndent(render(1000), "", "  ")
	if err != nil || len(machine) > 200<<10 {
		t.Errorf("the machine for 1,000 flows has %d bytes, %v", len(machine), err)
	}
	t.Logf("task %d bytes, machine %d bytes", len(data), len(machine))
}

// A machine's states are all reached, all of them exist, and no two have one
// name, the bodies of Maps included.
func TestStatesAreConnected(t *testing.T) {
	names := map[string]bool{}
	eachMachine(render(0), func(m stepfunctions.Machine) {
		for name := range m.States {
			if names[name] {
				t.Errorf("two states are called %q", name)
			}
			names[name] = true
		}
	})
	eachMachine(render(0), func(m stepfunctions.Machine) {
		reached := map[string]bool{}
		var visit func(name string)
		visit = func(name string) {
			s, ok := m.States[name]
			if !ok {
				t.Errorf("there is no state %q", name)
			}
			if reached[name] || !ok {
				return
			}
			reached[name] = true
			next := []string{s.Next, s.Default}
			for _, c := range s.Choices {
				next = append(next, c.Next)
			}
			for _, c := range s.Catch {
				next = append(next, c.Next)
			}
			for _, n := range next {
				if n != "" {
					visit(n)
				}
			}
		}
		visit(m.StartAt)
		for name := range m.States {
			if !reached[name] {
				t.Errorf("nothing leads to %q", name)
			}
		}
	})
}
