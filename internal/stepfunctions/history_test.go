package stepfunctions_test

import (
	"context"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/stepfunctions"
	"catchment/internal/stepfunctions/asltest"
)

// historyLimit is the most events that the history of an execution has.
const historyLimit = 25_000

// events counts what the history of an execution gets, by the guide's list of event
// types: entered and exited for a state, three more for a call of a function; a Map
// is started and succeeds, each of its items too, and a Distributed one is a run.
type events struct {
	types  map[string]string // of states, by their name
	inMap  map[string]bool   // is in the body of a Map
	parent int               // events of the execution, without the items of its Maps
	items  int               // and of all items
}

func eventsOf(m stepfunctions.Machine) *events {
	e := &events{types: map[string]string{}, inMap: map[string]bool{}, parent: 2} // it started, and ended
	eachMachine(m, func(body stepfunctions.Machine) {
		for name, s := range body.States {
			e.types[name], e.inMap[name] = s.Type, body.ProcessorMode != nil
		}
	})
	return e
}

func (e *events) enter(state string) error {
	n := map[string]int{"Task": 5, "Map": 6}[e.types[state]]
	if n = max(n, 2); e.inMap[state] {
		e.items += n
	} else {
		e.parent += n
	}
	return nil
}

// Over twenty flows an execution's history could end before its flows do; then each
// has a history of its own, and the run's doesn't grow with them.
func TestHistoryHasRoom(t *testing.T) {
	const pollsOfAFlow = 80 // a job of some hours
	for _, c := range []struct {
		flows  int
		inline bool
	}{{4, true}, {20, true}, {71, false}, {1000, false}} {
		m := render(c.flows)
		counted := eventsOf(m)
		w := newWorld(1)
		clear(w.broken)
		clear(w.flaky)
		w.needs, w.waits, w.state = pollsOfAFlow/4, 0, control.Done // four steps poll
		in := asltest.Interpreter{Invoke: w.invoke(), Enter: counted.enter,
			Sleep: func(context.Context, time.Duration) error { return nil }}
		if _, err := in.Run(t.Context(), oneAtATime(m), "arn", time.Now()); err != nil {
			t.Fatal(err)
		}
		perFlow := counted.items/len(flows) + 3*2 // an item of each of three Maps starts and succeeds
		inline := counted.parent + c.flows*perFlow
		t.Logf("%d flows: %d events of the run, %d of each flow: %d in one history", c.flows, counted.parent, perFlow,
			inline)
		if c.inline && inline > historyLimit || counted.parent > 60 || perFlow > historyLimit {
			t.Errorf("%d flows don't fit", c.flows)
		}
		if !c.inline && inline < historyLimit {
			t.Errorf("%d flows would have fitted", c.flows)
		}
		if mode := m.States["each: create"].ItemProcessor.ProcessorMode.Mode; (mode == "INLINE") != c.inline {
			t.Errorf("%d flows: the Maps are %s", c.flows, mode)
		}
	}
}

// oneAtATime lets a machine enter one state after the other.
func oneAtATime(m stepfunctions.Machine) stepfunctions.Machine {
	for name, s := range m.States {
		s.MaxConcurrency = 1
		m.States[name] = s
	}
	return m
}
