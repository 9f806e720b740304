package rehydrate

import (
	"cmp"
	"maps"
	"slices"

	"catchment/internal/archive/rehydrate/remake"
)

// A Result says what became of all records.
type Result struct {
	Objects []Object
	Missing []Loss
	Waits   error // why some are Unknown, and until when: the same call settles them then
}

// An Object counts the records of one object by what became of them.
type Object struct {
	Object string          `json:"object"`
	States map[State]int64 `json:"states"`
}

// A Loss is a field that isn't as it was, of how many records, and why. Field is "" where it is about whole
// records.
type Loss struct {
	Object  string        `json:"object"`
	Field   string        `json:"field,omitempty"`
	Reason  remake.Reason `json:"reason"`
	Records int64         `json:"records"`
}

// Whole tells whether all came back that was asked for, but for the fields that can't.
func (r Result) Whole() bool {
	return !slices.ContainsFunc(r.Objects, func(o Object) bool { return o.States[Failed]+o.States[Unknown] > 0 })
}

// A tally counts facts: the last state of each record is counted by who knows it.
type tally struct {
	missing map[Loss]int64
	others  map[stateOf]int64
}

// A stateOf is an object and a state.
type stateOf struct {
	Object string
	State  State
}

// add counts what a fact lacks, and facts of what is no member.
func (t *tally) add(f Fact) {
	if t.missing == nil {
		t.missing, t.others = map[Loss]int64{}, map[stateOf]int64{}
	}
	for _, m := range f.Missing {
		t.missing[Loss{Object: f.Object, Field: m.Field, Reason: m.Reason}]++
	}
	if f.State == Outside || f.State == Linked || f.Object == "" {
		t.others[stateOf{f.Object, f.State}]++
	}
}

// result counts the members by their states.
func (w *work) result() Result {
	states := map[stateOf]int64{}
	maps.Copy(states, w.counts.others)
	for _, m := range w.members {
		if !m.asked && m.state == "" {
			continue
		}
		states[stateOf{m.subject.name, m.state}]++
	}
	r := Result{Waits: w.waits}
	for _, at := range slices.SortedFunc(maps.Keys(states), func(a, b stateOf) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.State, b.State))
	}) {
		if last := len(r.Objects) - 1; last < 0 || r.Objects[last].Object != at.Object {
			r.Objects = append(r.Objects, Object{at.Object, map[State]int64{}})
		}
		r.Objects[len(r.Objects)-1].States[at.State] = states[at]
	}
	for loss, n := range w.counts.missing {
		loss.Records = n
		r.Missing = append(r.Missing, loss)
	}
	slices.SortFunc(r.Missing, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}
