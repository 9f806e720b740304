package planning_test

import (
	"fmt"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/policy"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c")
	other := w.record("Account", map[string]string{"Name": "Zzz", "Site": "keep"})
	p := zzz(func(p *policy.Policy) {
		p.Hold = []policy.Hold{{Where: "Site = 'keep' OR Site = 'x'"}, {File: "holds"}}
	})
	w.files["holds"] = made["Step__c"] + "\n"
	_, r := w.plan(p)
	r.fates(t, map[string]string{other: "held", account: "held", made["Visit__c"]: "held", made["Step__c"]: "held"})
	if r.by[account].Reason != "it goes with "+made["Step__c"]+": the file holds holds it" || r.end.Held != 4 {
		t.Errorf("%+v", r.by[account])
	}
	if got := r.head.Policy.Hold; len(got) != 2 || got[1] != "file:holds" {
		t.Errorf("%q", got)
	}

	// what is only counted, since no flow copies it, is held as well
	w.copied = w.copied[:2]
	p.Lose = []string{"Step__c"}
	_, r = w.plan(p)
	r.fates(t, map[string]string{account: "held", made["Visit__c"]: "held"})

	w.files["holds"] = "\ufeff001\n"
	_, err := w.try(p)
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(fmt.Sprint(err), "holds: line 1 is no Id") {
		t.Error(err)
	}
	delete(w.files, "holds")
	if _, err := w.try(p); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
	p.Hold = []policy.Hold{{Where: "Nope = 1"}}
	if _, err := w.try(p); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
}

// What hangs on a record that the policy doesn't choose is held with it, and so is a record of the roots' object
// that lies below one.
func TestHoldsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, small, "Account", "Contact", "Task")
	account := w.record("Account", map[string]string{"Name": "Zzz"})
	contact := w.record("Contact", map[string]string{"LastName": "A", "AccountId": account})
	kept := w.record("Account", map[string]string{"Name": "Kept", "Site": "keep"})
	task := w.record("Task", map[string]string{"WhoId": contact, "WhatId": kept})
	other := w.record("Account", map[string]string{"Name": "Zzz"})
	below := w.record("Account", map[string]string{"Name": "Below", "Site": "keep", "ParentId": other})
	p := zzz(func(p *policy.Policy) { p.Hold = []policy.Hold{{Where: "Site = 'keep'"}} })
	_, r := w.plan(p)
	r.fates(t, map[string]string{account: "held", contact: "held", task: "held", kept: "", other: "in", below: ""})
	if got := r.by[task].Reason; got != "it goes with "+kept+", too: it meets the hold Site = 'keep'" {
		t.Error(got)
	}
	p.Plus = []string{"Account"}
	_, r = w.plan(p)
	r.fates(t, map[string]string{account: "held", other: "held", below: "held"})

	p = zzz(func(p *policy.Policy) { p.Hold = []policy.Hold{{File: "holds"}} })
	w.files["holds"] = kept
	_, r = w.plan(p)
	r.fates(t, map[string]string{account: "held", contact: "held", task: "held", other: "in"})
}

// More roots than a plan has room for: the next one goes on. What stays takes no room.
func TestManyRoots(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 5000, "User": 1}, 1)
	}, "Account")
	sum, r := w.plan(policy.Policy{Root: "Account", Cascades: true, Cap: policy.Cap{Records: 100}})
	if r.end.In != 100 || r.end.Blocked != 900 || sum.More != 4000 {
		t.Errorf("%+v, %d more", r.end, sum.More)
	}
	w.files["holds"] = strings.Join(idsOf(r)[:1000], "\n")
	sum, r = w.plan(policy.Policy{Root: "Account", Cascades: true, Cap: policy.Cap{Records: 100, PerDay: 30},
		Hold: []policy.Hold{{File: "holds"}}})
	if r.end.In != 100 || r.end.Held != 1000 || r.end.Days != 4 {
		t.Errorf("%+v, %d more", r.end, sum.More)
	}
	_, err := w.try(policy.Policy{Root: "Account", Cap: policy.Cap{Records: 1 << 40}})
	if plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
}

func idsOf(r *read) (ids []string) {
	for _, one := range r.records {
		ids = append(ids, one.ID)
	}
	return ids
}

// A root that has more than a whole plan stays, and the others go.
func TestHugeRoot(t *testing.T) {
	t.Parallel()
	w, account, _ := customers(t, "Visit__c", "Step__c")
	p := zzz(func(p *policy.Policy) { p.Cap.Records = 5 })
	huge := w.record("Account", map[string]string{"Name": "Zzz"})
	for range 11_000 {
		w.record("Visit__c", map[string]string{"To__c": huge})
	}
	_, r := w.plan(p)
	r.fates(t, map[string]string{account: "in", huge: "blocked"})
	if !strings.Contains(r.by[huge].Reason, "cap.records: 5") || len(r.records) != 4 {
		t.Errorf("%+v", r.by[huge])
	}
}
