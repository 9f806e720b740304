package trial

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
)

// What a plan refuses, or leaves out, and says so.

// fates are those of a plan's records by Id.
func (m *mishap) fates() map[string]planned {
	m.T.Helper()
	all := map[string]planned{}
	for _, r := range plannedOf(m.Rig, m.name) {
		all[r.ID] = r
	}
	return all
}

// A root that nobody may delete is in no plan.
func TestGraxAccountCannotBeDeleted(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	m.Must(m.Org.SetObject(root, "", map[string]bool{"deletable": false}))
	m.copied(true)
	sum, err := m.plan(nil, m.pol)
	if err == nil && sum.End.In > 0 {
		t.Errorf("%d records of what can't be deleted are in a plan", sum.End.In)
	}
	if err != nil && (plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
	t.Logf("%v", err)
}

// What goes along and has no flow is named, and nothing of its root is in a plan.
func TestFlowIsNotConfigured(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	m.copied(true)
	m.Flows = withoutFlow(m.Flows, visit)
	sum, err := m.plan(nil, m.pol)
	if err == nil || !strings.Contains(err.Error(), visit) || !strings.Contains(plan.HintOf(err), "lose") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
	if sum != nil && sum.Name != "" {
		t.Error("there is a plan all the same")
	}
	m.Flows = withoutFlow(m.Flows, root)
	if _, err = m.plan(nil, m.pol); plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), root) {
		t.Errorf("without a flow for the root: %v", err)
	}
}

func withoutFlow(flows []flow.Flow, object string) (left []flow.Flow) {
	for _, fl := range flows {
		if fl.Object != object {
			left = append(left, fl)
		}
	}
	return left
}

// Roots beyond the cap stay whole.
func TestBeyondTheCap(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	for range 10 {
		m.people.create(visit, map[string]any{"Of__c": m.people.closed(nil), "Text__c": "x"})
	}
	m.pol.Cap.Records = 9
	m.prepared()
	in, roots := 0, map[string]int{}
	for _, r := range m.fates() {
		if r.Fate == "in" {
			in++
			roots[r.Root]++
		}
	}
	if in == 0 || in > 9 {
		t.Errorf("%d records are in a plan of 9", in)
	}
	m.runs()
	m.judge(m.name)
	now := m.witness.now()
	for id, v := range now {
		if parent := v.values["of__c"]; v.object == visit && v.deleted() != now[parent].deleted() {
			t.Errorf("%s is deleted %v, and what it belongs to isn't alike", id, v.deleted())
		}
	}
}

// A delete from the top would be too large; from the deepest level up it takes nothing along.
func TestForceea180CascadeTooLarge(t *testing.T) {
	t.Parallel()
	m := newMishap(t, func(o *fakeorg.Options) { o.MostAlong = 20 })
	for i := range 60 {
		m.people.create(visit, map[string]any{"Of__c": m.one, "Text__c": fmt.Sprint(i)})
	}
	m.Later(time.Hour)
	m.prepared().runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
}

// A hold on a child keeps its root, and all that goes with that.
func TestHoldOnAChild(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	m.holdFile(m.child)
	m.prepared()
	fates := m.fates()
	if fates[m.one].Fate != "held" || fates[m.other].Fate != "in" {
		t.Errorf("%+v and %+v", fates[m.one], fates[m.other])
	}
	m.runs()
	m.ended(map[string]string{m.one: "held", m.child: "held", m.other: "deleted"})
}

// A child of a relation that has no name is found, and proven, as others are.
func TestSalesforceArchiveNamelessRelationships(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	m.Must(m.Org.AddField(step, fakeorg.Field{Name: "Case__c", Type: "reference", References: []string{root},
		Cascade: true}))
	m.Later(time.Hour)
	of := m.people.create(step, map[string]any{"Case__c": m.other})
	m.Later(time.Hour)
	m.prepared().runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", of: "deleted"})
}
