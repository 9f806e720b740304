package trial

import (
	"context"
	"slices"
	"time"

	"catchment/internal/archive/rehydrate"
	"catchment/internal/fakeorg"
	"catchment/internal/lease"
	"catchment/internal/rig"
)

// What was archived comes back: asked for at random, killed at any moment, refused in part, and done again until
// nothing is open. What has to hold then is in returned_test.go.

// rehydrate brings records back in a process that may die. said are the last states that it told of.
func (h *house) rehydrate(f *rig.Fate, req rehydrate.Request) (said map[string]rehydrate.Fact, open bool, err error) {
	h.T.Helper()
	p := h.Start(f)
	defer p.Close()
	if p.Control == nil {
		return nil, true, context.Cause(p.Ctx)
	}
	run, err := p.Control.NewRunID()
	if err != nil {
		return nil, true, err
	}
	r := &rehydrate.Rehydrator{
		Org: p.Client, Warehouse: p.Warehouse, Stage: p.Stage, Flows: h.flows, Now: h.Now,
		Holder: lease.Holder{
			Control: p.Control, Warehouse: p.Warehouse, Run: run, Name: p.Options.Holder, Alone: p.Options.Alone,
			Dead: p.Options.Dead,
		},
	}
	said = map[string]rehydrate.Fact{}
	result, err := r.Rehydrate(p.Ctx, req, func(f rehydrate.Fact) error {
		if f.State != rehydrate.Linked && f.State != rehydrate.Compared {
			said[f.ID] = f
		}
		return nil
	})
	for _, o := range result.Objects {
		open = open || o.States[rehydrate.Unknown] > 0
	}
	return said, open || result.Waits != nil, err
}

// bringBack has some archived records come back, whatever happens.
func (l *life) bringBack() {
	req := l.wish()
	if req.Plan == "" && len(req.IDs) == 0 {
		return
	}
	want := l.wanted(req)
	already := l.already(want)
	l.tell("back: plan %q, %v; wanted are %d", req.Plan, req.IDs, len(want))
	if cases := l.binned(root); len(cases) > 0 && l.dice.IntN(4) == 0 {
		id := some(l.dice, cases, 1)[0]
		l.tell("people empty the bin of %s, refused: %v", id, l.Org.Purge(id))
		l.tally.add("a root was purged alone", 1)
		l.unseen = true
	}
	l.refuseBack()
	defer l.Org.ClearFaults()
	for n := range 14 {
		f := l.fate()
		if f.At > 0 {
			f.At = 1 + f.At/4
		}
		if n > 7 {
			f = nil
		}
		if n > 3 {
			l.Org.ClearFaults()
			l.Must(l.Org.SetTriggers())
		}
		said, open, err := l.rehydrate(f, req)
		l.tell("back: open %v, %v", open, err)
		for id, f := range said {
			if f.State == rehydrate.Failed || f.State == rehydrate.Unknown {
				l.tell("  %s %s %s: %s", f.Object, id, f.State, f.Reason)
			}
		}
		if died(err) {
			l.tally.add("a process died on the way back", 1)
		}
		if err == nil && !open && n > 3 {
			l.returned(want, already, said)
			l.attested(want)
			return
		}
		l.Later(time.Duration(l.dice.IntN(int(15 * time.Minute))))
		if l.dice.IntN(4) == 0 {
			l.Run(rig.AllowDeletes)
		}
	}
	l.T.Errorf("what comes back is still open")
}

// wish is what somebody may ask for: a whole plan, or some records of it.
func (l *life) wish() (req rehydrate.Request) {
	req.Really = true
	if len(l.plans) == 0 {
		return req
	}
	name := some(l.dice, l.plans, 1)[0]
	var ids []string
	for id, line := range l.linesOf(name) {
		if line.state == "deleted" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return req
	}
	if l.dice.IntN(2) == 0 {
		req.Plan = name
		return req
	}
	if l.dice.IntN(2) == 0 {
		req.Plan = name
	}
	req.IDs = some(l.dice, ids, 1+l.dice.IntN(3))
	return req
}

// refuseBack has the org refuse some of what comes back, some time.
func (l *life) refuseBack() {
	if l.dice.IntN(3) == 0 { // an answer is lost
		l.Org.Fault(fakeorg.Rule{Kind: "collection", Method: "POST", Path: "/composite/sobjects", Truncate: 1,
			Nth: 1 + l.dice.IntN(3), Times: 1})
	}
	if l.dice.IntN(4) == 0 {
		l.Org.Fault(fakeorg.Rule{Method: "POST", Path: "/sobjects/", Reset: true, Nth: 1 + l.dice.IntN(2), Times: 1})
	}
	if l.dice.IntN(4) == 0 {
		l.Org.Fault(fakeorg.Rule{Path: "/services/Soap/", Truncate: 1, Nth: 1 + l.dice.IntN(2), Times: 1})
	}
	if l.dice.IntN(3) == 0 {
		object := some(l.dice, []string{root, visit, step, task, attachment}, 1)[0]
		l.Must(l.Org.SetTriggers(some(l.dice, []fakeorg.Trigger{
			{Object: object, On: "insert", Refuse: "not now"}, {Object: object, On: "undelete", Refuse: "not now"},
		}, 1)...))
	}
}
