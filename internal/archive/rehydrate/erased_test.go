package rehydrate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/evidence"
	"catchment/internal/archive/rehydrate"
	"catchment/internal/erase"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/rig"
)

// forgetful has a house erase as the command does: first of its Boxes.
func (c *cabin) forgetful() {
	for i, fl := range c.Flows {
		if fl.Object == "Box__c" {
			c.Flows[0], c.Flows[i] = c.Flows[i], c.Flows[0]
		}
	}
	c.Returns = func(p *rig.Process, h lease.Holder) erase.Returns {
		c.Evidence = evidence.Redactor{Store: p.Stage}
		return &rehydrate.Rehydrator{
			Org: p.Client, Warehouse: p.Warehouse, Stage: p.Stage, Now: c.Now, Holder: h,
			Flows: func(context.Context) ([]flow.Flow, error) { return c.Flows, nil },
		}
	}
}

// refusesErasure proves that a record can't be erased now, and that it is told why.
func (c *cabin) refusesErasure(id string, class plan.Class, says string) {
	c.T.Helper()
	_, err := c.Erase(nil, id)
	if plan.ClassOf(err) != class || err == nil || !strings.Contains(err.Error(), says) || plan.HintOf(err) == "" {
		c.T.Errorf("erased in between: %v (%s), hint %q", err, plan.ClassOf(err), plan.HintOf(err))
	}
}

// A record that is erased between the intent of its insert and the answer doesn't come back, and nothing speaks of
// it any more. As long as the request may be at work it isn't erased.
func TestErasedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	c.forgetful()
	c.Org.Fault(fakeorg.Rule{Kind: "collection", Method: "POST", Path: "/composite/sobjects", Reset: true, Nth: 2})
	out := c.rehydrate(nil, c.back())
	box := c.ids["twin 1"]
	if f := out.last(box); f.State != rehydrate.Unknown {
		t.Fatalf("the box: %+v, %v", f, out.err)
	}
	c.Org.ClearFaults()
	c.refusesErasure(box, plan.Wait, "answers")
	c.Later(11 * time.Minute)
	_, err := c.Erase(nil, box)
	c.Must(err)
	if traces := c.Traces(box); len(traces) > 0 {
		t.Errorf("it still stands in %v", traces)
	}
	out = c.rehydrate(nil, c.back())
	if out.err != nil || len(out.facts) == 0 {
		t.Error(out.err, out.text())
	}
	twins := 0
	for _, r := range c.Truth("Box__c", "") {
		if r["isdeleted"] == "false" && r["name"] == "twin" {
			twins++
		}
	}
	if twins != 1 {
		t.Errorf("%d twins are there, and one of two was erased", twins)
	}
	c.nothingOpen()
}

// One that was made, and of which nobody has heard, is found before it is erased: it has to go first.
func TestErasedWhileItsAnswerWasLost(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	c.forgetful()
	c.Org.Fault(fakeorg.Rule{Kind: "collection", Method: "POST", Path: "/composite/sobjects", Truncate: 1, Nth: 2})
	c.before = func(context.Context) error {
		if c.Org.Requests()["collection"] > 2 {
			return plan.ErrStopped
		}
		return nil
	}
	c.rehydrate(&rig.Fate{At: 10_000}, c.back())
	c.before = nil
	c.Org.ClearFaults()
	box, now := c.ids["twin 1"], ""
	c.refusesErasure(box, plan.Fix, "came back")
	p := c.Start(nil)
	for _, row := range p.Query("SELECT CAST(new_id AS VARCHAR) FROM salesforce._catchment_archive " +
		"WHERE record_id = '" + box + "'") {
		now = *row[0]
	}
	p.Close()
	c.Must(c.Org.Purge(now))
	_, err := c.Erase(nil, box)
	c.Must(err)
	if traces := c.Traces(box); len(traces) > 0 {
		t.Errorf("it still stands in %v", traces)
	}
}
