// Package outcome says in a few kilobytes how a run went: what the machine on AWS
// ends with, and what its metrics are made of. It is read from the run's row, holds
// no more than that does (no values, no secrets), and has a bound, since the end of
// an execution has one. Start at Of.
package outcome

import (
	"encoding/json"
	"time"
	"unicode/utf16"

	"catchment/internal/control"
	"catchment/internal/printable"
)

// An Outcome is how a run went: the numbers, and of the flows that are not done why.
type Outcome struct {
	ID       string           `json:"id"`
	State    control.RunState `json:"state"`
	Error    string           `json:"error,omitempty"` // of the run as a whole
	Hint     string           `json:"hint,omitempty"`  // what to do about Error
	Objects  int              `json:"objects"`
	Done     int              `json:"done"` // of the objects, and so on
	Failed   int              `json:"failed"`
	Open     int              `json:"open"`
	Paused   int              `json:"paused"`
	Loaded   int64            `json:"loaded"`   // records
	Rejected int64            `json:"rejected"` // records
	Seconds  int64            `json:"seconds"`
	Lag      *int64           `json:"lag_seconds,omitempty"` // of the flow that is complete up to the earliest time
	NotDone  []Flow           `json:"not_done"`
	More     int              `json:"more,omitempty"` // flows that aren't done, and had no room in NotDone
}

// A Flow is one that a run didn't bring to its end.
type Flow struct {
	Object string            `json:"object"`
	State  control.FlowState `json:"state"`
	Class  string            `json:"class,omitempty"`
	Error  string            `json:"error,omitempty"`
	Hint   string            `json:"hint,omitempty"`
}

// What an Outcome has room for. The end of an execution takes 32,768 characters
// (DescribeExecution, cause), and a writer of JSON may write six for one.
const (
	roomForFlows = 24_000
	errorAtMost  = 800
	hintAtMost   = 500
)

// brokenOff is what is told of a flow that nothing else is known of.
const brokenOff = "a step was broken off without a word: the history of the execution has its error; the next run " +
	"goes on from there"

// Of reads the outcome of a run that was published.
func Of(run control.RunRow) Outcome {
	out := Outcome{ID: run.ID, State: run.State, Objects: len(run.Objects), NotDone: []Flow{},
		Seconds: int64(run.Ended.Sub(run.Started) / time.Second)}
	out.Error, out.Hint = told(run.Error, run.Hint)
	out.Done, out.Failed, out.Open, out.Paused = run.Tally()
	room := roomForFlows
	var earliest time.Time
	for _, o := range run.Objects {
		out.Loaded += o.Records
		out.Rejected += o.Rejected
		if o.State != control.FlowPaused && !o.To.IsZero() && (earliest.IsZero() || o.To.Before(earliest)) {
			earliest = o.To
		}
		if o.State == control.FlowDone || o.State == control.FlowPaused {
			continue
		}
		flow := notDone(o)
		if room -= length(flow); room < 0 {
			out.More++
			continue
		}
		out.NotDone = append(out.NotDone, flow)
	}
	if !earliest.IsZero() {
		lag := int64(run.Ended.Sub(earliest) / time.Second)
		out.Lag = &lag
	}
	return out
}

// Because is out with what a machine caught on its way to the end, where the run's
// row says nothing: a function that was broken off wrote nothing down.
func (out Outcome) Because(name, cause string) Outcome {
	if name == "" || out.Error != "" || out.State == control.Done {
		return out
	}
	out.Error, out.Hint = told(name+": "+cause, "the history of the execution has the state that it comes from; "+
		"start it again: what is open is taken up where it was")
	return out
}

func notDone(o control.RunObject) Flow {
	f := Flow{Object: o.Object, State: o.State, Class: string(o.Class)}
	if f.Error, f.Hint = told(o.Error, o.Hint); f.Error == "" {
		f.Hint = brokenOff
	}
	return f
}

func told(problem, hint string) (string, string) {
	return printable.Cut(problem, errorAtMost), printable.Cut(hint, hintAtMost)
}

// length is how many characters a flow takes where JSON is written in ASCII.
func length(f Flow) int {
	text, err := json.Marshal(f)
	if err != nil {
		return roomForFlows + 1
	}
	n := len(",")
	for _, r := range string(text) {
		if r < 0x80 {
			n++
			continue
		}
		n += len(`\u0000`) * utf16.RuneLen(r)
	}
	return n
}
