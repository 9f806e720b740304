package trial

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/policy"
)

// What goes wrong while a plan is carried out. Each case has two Cases that are to go, "one" and
// "other": what happens to the first mustn't keep the second.

// A mishap is a house in which something goes wrong.
type mishap struct {
	*house
	one, other string // Cases
	child      string // a Visit of one
	pol        policy.Policy
	name       string // of the plan, once there is one
}

func newMishap(t *testing.T, change func(*fakeorg.Options)) *mishap {
	t.Helper()
	m := &mishap{house: newHouse(t, 1, change), pol: oldCases()}
	m.one, m.other = m.people.closed(nil), m.people.closed(nil)
	m.child = m.people.create(visit, map[string]any{"Of__c": m.one, "Text__c": "x"})
	m.people.create(note, map[string]any{"Of__c": m.one})
	m.Later(time.Hour)
	return m
}

// prepared copies, plans and approves.
func (m *mishap) prepared() *mishap {
	m.T.Helper()
	m.copied(true)
	m.name = m.planned(m.pol)
	m.approve(m.name)
	return m
}

// runs carries the plan out to its end.
func (m *mishap) runs() {
	m.T.Helper()
	status, err := m.carryOut(nil, m.pol, m.name, nil)
	if plan.ClassOf(err) == plan.Wait {
		m.Later(plan.UntilOf(err).Sub(m.Org.Clock().Now()) + time.Second)
		status, err = m.carryOut(nil, m.pol, m.name, nil)
	}
	if err != nil || !status.Finished {
		m.T.Fatalf("finished %v, %v", status.Finished, err)
	}
}

// stops has a run end with an error of a class, which says something.
func (m *mishap) stops(class plan.Class, says string) {
	m.T.Helper()
	_, err := m.carryOut(nil, m.pol, m.name, nil)
	if err == nil || plan.ClassOf(err) != class || !strings.Contains(err.Error(), says) {
		m.T.Fatalf("it ends with %v (%v), want %v and %q", err, plan.ClassOf(err), class, says)
	}
}

// ended holds the ends of records against those that are wanted, and tells why they ended so.
func (m *mishap) ended(want map[string]string) (reasons map[string]string) {
	m.T.Helper()
	got := m.lines()
	reasons = map[string]string{}
	for id, state := range want {
		reasons[id] = got[id].reason
		if got[id].state != state {
			m.T.Errorf("%s ended as %q (%s), want %q", id, got[id].state, got[id].reason, state)
		}
	}
	now := m.witness.now()
	for id, state := range want {
		if v := now[id]; state != "deleted" && state != "vanished" && v.deleted() {
			m.T.Errorf("%s ended as %s, and is deleted", id, state)
		}
	}
	m.judge(m.name)
	return reasons
}

// lines are those of the ledger by Id.
func (m *mishap) lines() map[string]line {
	p := m.Start(nil)
	defer p.Close()
	all := map[string]line{}
	for _, l := range ledgerOf(p) {
		all[l.id] = l
	}
	return all
}

// before has something happen once, just before the delete of a record is sent.
func (m *mishap) before(id string, do func()) {
	done := false
	m.witness.before = func(d deed) func() {
		if done || !d.deletes() || !strings.Contains(d.request+d.body, id) {
			return nil
		}
		done = true
		return do
	}
}

func TestEditedBetweenReadAndDelete(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.before(m.one, func() {
		m.Must(m.Org.By(m.people.name).Update(m.one, map[string]any{"Subject": "new"}))
	})
	m.runs()
	m.ended(map[string]string{m.one: "changed", m.other: "deleted"})
	if got := m.Truth(root, "Id = '"+m.one+"'")[m.one]; got["subject"] != "new" || got["isdeleted"] == "true" {
		t.Errorf("what was written just before the delete is lost: %v", got)
	}
}

// The org's own code deletes more than was asked for.
func TestGraxCascadeTakesMore(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Must(m.Org.SetTriggers(fakeorg.Trigger{Object: root, On: "delete", Deletes: []string{"Note__c.Of__c"}}))
	m.runs()
	m.judge(m.name)
	if left := m.live(note); len(left) != 1 {
		t.Errorf("%d notes are left: what a trigger deleted isn't back", len(left))
	}
}

func TestRestrictedChildAppears(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.before(m.one, func() { m.people.create(deal, map[string]any{"Of__c": m.one}) })
	m.runs()
	m.ended(map[string]string{m.one: "blocked", m.other: "deleted", m.child: "deleted"})
}

func TestChildAppears(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.before(m.one, func() { m.people.create(visit, map[string]any{"Of__c": m.one, "Text__c": "late"}) })
	m.runs()
	m.ended(map[string]string{m.one: "changed", m.other: "deleted"})
	if left := m.live(visit); len(left) != 1 {
		t.Errorf("%d visits are left: the late one isn't back", len(left))
	}
}

// A row that somebody else holds is tried again.
func TestRowLocks(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/" + m.one, Answer: "lock", Nth: 1, Times: 2})
	m.runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted"})
}

func TestRowIsLockedForGood(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/" + m.one, Answer: "lock"})
	m.runs()
	m.ended(map[string]string{m.one: "failed", m.other: "deleted", m.child: "deleted"})
}

func TestApprovalLocks(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Must(m.Org.Lock(m.one))
	m.runs()
	if why := m.ended(map[string]string{m.one: "failed", m.other: "deleted"})[m.one]; why == "" {
		t.Error("nobody says why")
	}
}

// A validation rule refuses.
func TestValidationRefuses(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/" + m.one, Status: 400,
		Body: `[{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"Ask Mrs. Smith of 555-0100 first."}]`})
	m.runs()
	why := m.ended(map[string]string{m.one: "failed", m.other: "deleted"})[m.one]
	if why == "" || strings.Contains(why, "Smith") {
		t.Errorf("it says %q", why)
	}
}

func TestPermissionLostHalfway(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.before(m.one, func() {
		m.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/sobjects/" + root + "/", Answer: "insufficient-access"})
	})
	_, err := m.carryOut(nil, m.pol, m.name, nil)
	if err == nil || plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("it ends with %v, hint %q", err, plan.HintOf(err))
	}
	if left := len(m.live(root)); left != 2 {
		t.Errorf("%d Cases are left", left)
	}
	m.Org.ClearFaults()
	m.runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
}

func TestHoldAfterApproval(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Must(m.Org.By(m.people.name).Update(m.one, map[string]any{"Hold__c": true}))
	m.Later(time.Hour)
	m.runs()
	if state := m.lines()[m.one].state; state != "held" && state != "changed" {
		t.Errorf("the held one ended as %s", state)
	}
	m.ended(map[string]string{m.other: "deleted"})
	if now := m.witness.now(); now[m.one].deleted() || now[m.child].deleted() {
		t.Error("what a hold keeps is deleted")
	}
}

// Nothing is asked to write where a plan is not approved, was edited, or is too old.
func TestPlanThatMayNotBeCarriedOut(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(m *mishap){
		"expired":        func(m *mishap) { m.Later(200 * 24 * time.Hour); m.copied(true) },
		"another policy": func(m *mishap) { m.pol.Where = "Status = 'New'" },
		"edited":         func(m *mishap) { m.edit("plan.jsonl", m.other, m.one) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := newMishap(t, nil).prepared()
			spoil(m)
			m.stops(plan.Fix, "")
			if n := m.Org.Writes(); len(n) > 0 {
				t.Errorf("requests that write: %v", n)
			}
		})
	}
}

// The answer of a delete is lost: nothing is posted twice, and what went is accounted for.
func TestSimpleSalesforce592NoResultOfADelete(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.Org.Fault(fakeorg.Rule{Kind: "collection", Method: "DELETE", Reset: true, Truncate: 1})
	m.runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
	asked := map[string]int{}
	for _, d := range m.witness.deeds {
		for _, id := range []string{m.one, m.other, m.child} {
			if d.deletes() && strings.Contains(d.request, id) {
				asked[id]++
			}
		}
	}
	for _, id := range []string{m.one, m.other, m.child} {
		if asked[id] != 1 {
			t.Errorf("the delete of %s was sent %d times", id, asked[id])
		}
	}
}

func TestNPSP2651MoreThan200(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	var ids []string
	for range 450 {
		ids = append(ids, m.people.closed(nil))
	}
	m.prepared().runs()
	want := map[string]string{}
	for _, id := range ids {
		want[id] = "deleted"
	}
	m.ended(want)
}
