package planning_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// Pains of those who archive with other products, and what else may stand in the way of a plan.

// small is an org with some accounts, and nothing else.
func small(o *fakeorg.Org) error {
	counts := map[string]int{"Account": 4, "Contact": 0, "Case": 4, "Task": 0, "User": 2}
	if err := o.GenerateCounts(counts, 1); err != nil {
		return err
	}
	return o.GenerateFiles(fakeorg.Files{Versions: 1, Attachments: 1})
}

// customers makes an org with objects of its own: a Visit goes with its Account, a Deal stands against its delete,
// a Step goes with a Visit, and a Mark only points to an Account.
func customers(t *testing.T, copied ...string) (w *world, account string, made map[string]string) {
	t.Helper()
	w = newWorld(t, fakeorg.Options{StandardDelete: true}, small, append([]string{"Account"}, copied...)...)
	to := func(object string) fakeorg.Field {
		return fakeorg.Field{Name: "To__c", Type: "reference", References: []string{object}}
	}
	visit, deal, step := to("Account"), to("Account"), to("Visit__c")
	visit.Cascade, deal.Restrict, step.Cascade = true, true, true
	w.must(w.org.AddObject("Visit__c", "a0V", visit, fakeorg.Field{Name: "Words__c", Type: "string"}))
	w.must(w.org.AddObject("Deal__c", "a0D", deal))
	w.must(w.org.AddObject("Step__c", "a0S", step))
	w.must(w.org.AddObject("Mark__c", "a0M", to("Account")))
	account = w.record("Account", map[string]string{"Name": "Zzz"})
	made = map[string]string{}
	for _, object := range []string{"Visit__c", "Mark__c"} {
		made[object] = w.record(object, map[string]string{"To__c": account})
	}
	made["Step__c"] = w.record("Step__c", map[string]string{"To__c": made["Visit__c"]})
	return w, account, made
}

// zzz is a policy about the account that customers makes.
func zzz(change func(*policy.Policy)) policy.Policy {
	p := policy.Policy{Root: "Account", Where: "Name = 'Zzz'", Cascades: true}
	if change != nil {
		change(&p)
	}
	return p
}

func TestGraxCascadeTakesMore(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c", "Mark__c")
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "in", made["Visit__c"]: "in", made["Step__c"]: "in", made["Mark__c"]: ""})
	step := r.by[made["Step__c"]]
	if step.Level != 2 || step.Parent != made["Visit__c"] || step.By != "To__c" || step.Root != account ||
		step.Stamp.IsZero() || r.records[0] != step {
		t.Errorf("%+v", step)
	}
	mark := manifest.Clear{Type: manifest.TypeClear, Object: "Mark__c", ID: made["Mark__c"], Field: "To__c",
		Value: account}
	if len(r.clears) != 1 || r.clears[0] != mark || r.end.Clears != 1 {
		t.Errorf("%+v", r.clears)
	}

	_, r = w.plan(zzz(func(p *policy.Policy) { p.Cascades = false }))
	r.fates(t, map[string]string{account: "blocked", made["Visit__c"]: "blocked"})
	_, r = w.plan(zzz(func(p *policy.Policy) { p.Root, p.Plus = "account", []string{"mark__C"} }))
	r.fates(t, map[string]string{account: "in", made["Mark__c"]: "in"})
}

func TestGraxAccountCannotBeDeleted(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c")
	w.must(w.org.SetObject("Account", "", map[string]bool{"deletable": false}))
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "blocked", made["Visit__c"]: "blocked"})
	if r.end.In != 0 || r.end.Calls != 0 || r.end.Days != 0 {
		t.Errorf("%+v", r.end)
	}
}

// Restricted: what stands against the delete blocks it, unless it goes, too, and then it goes first.
func TestRestrictedChild(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c", "Deal__c")
	deal := w.record("Deal__c", map[string]string{"To__c": account})
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "blocked", made["Visit__c"]: "blocked", deal: ""})
	_, r = w.plan(zzz(func(p *policy.Policy) { p.Plus = []string{"Deal__c"} }))
	r.fates(t, map[string]string{account: "in", deal: "in"})
	if r.by[deal].Level != 1 {
		t.Errorf("%+v", r.by[deal])
	}
	w.carryOut(r)
}

// What is deleted already is no part of a plan, and what Salesforce has archived by itself is.
func TestDeletedAndArchived(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c", "Task")
	old := w.record("Task", map[string]string{"WhatId": account})
	w.must(w.org.Archive(old))
	w.must(w.org.Delete(made["Step__c"]))
	gone := w.record("Account", map[string]string{"Name": "Zzz"})
	w.must(w.org.Delete(gone))
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "in", old: "in", made["Visit__c"]: "in", made["Step__c"]: "", gone: ""})
}

// Forceea180CascadeTooLarge: a plan deletes the deepest first, so that no delete takes many along.
func TestForceea180CascadeTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true, MostAlong: 5}, support, everything()...)
	_, r := w.plan(policy.Policy{Root: "Account", Cascades: true})
	if r.end.In < 10 {
		t.Errorf("%+v", r.end)
	}
	w.carryOut(r)
}

// What has no flow is named with its number, and only lose lets it pass.
func TestLosses(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c")
	w.must(w.org.Update(made["Visit__c"], map[string]any{"Words__c": "kept nowhere"}))
	w.record("Visit__c", map[string]string{"To__c": account})
	w.must(w.org.TrackHistory("Account", "Name"))
	w.must(w.org.Update(account, map[string]any{"Name": "Other"}), w.org.Update(account, map[string]any{"Name": "Zzz"}))
	w.copied[1].Exclude = []string{"Words__c"}
	want := map[string]int64{"Step__c": 1, "Visit__c.Words__c": 1, "AccountHistory": 2}
	sum, err := w.try(zzz(nil))
	if plan.ClassOf(err) != plan.Fix || sum == nil || sum.Name != "" || len(sum.Losses) != len(want) {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, l := range sum.Losses {
		if want[l.What] != l.Records || l.Allowed {
			t.Errorf("%+v", l)
		}
	}
	const line = "lose: [AccountHistory, Step__c, Visit__c.Words__c]"
	if !strings.Contains(plan.HintOf(err), line) || strings.Contains(fmt.Sprint(err), "kept nowhere") {
		t.Errorf("%v; %s", err, plan.HintOf(err))
	}
	for range w.store.List(t.Context(), "archive/") {
		t.Error("a plan that loses something is stored")
	}

	sum, r := w.plan(zzz(func(p *policy.Policy) { p.Lose = []string{"accounthistory", "Step__c", "Visit__c"} }))
	r.fates(t, map[string]string{account: "in", made["Visit__c"]: "in", made["Step__c"]: ""})
	for _, l := range r.losses {
		if !l.Allowed {
			t.Errorf("%+v", l)
		}
	}
	if len(sum.Losses) != 3 || r.end.In != 3 {
		t.Errorf("%+v", sum)
	}
}

// A field that was copied once, and that isn't there any more or hidden since, may have values that no copy has.
func TestLossOfHiddenFields(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c")
	w.must(w.org.Update(made["Visit__c"], map[string]any{"Words__c": "since then"}))
	w.must(w.org.HideField("Visit__c", "Words__c"))
	w.planner.Warehouse = remembering{past: shape.Past{Columns: []string{"id", "words__c", "mine"},
		Fields: []shape.Known{{Field: "Id", Column: "id"}, {Field: "Words__c", Column: "words__c"},
			{Field: "Gone__c", Column: "dropped"}}}}
	sum, err := w.try(zzz(nil))
	if plan.ClassOf(err) != plan.Fix || len(sum.Losses) != 1 || sum.Losses[0].What != "Visit__c.Words__c" ||
		sum.Losses[0].Records != -1 {
		t.Errorf("%+v, %v", sum.Losses, err)
	}
	_, r := w.plan(zzz(func(p *policy.Policy) { p.Lose = []string{"Visit__c.Words__c"} }))
	r.fates(t, map[string]string{account: "in"})
}

// A remembering warehouse knows what one table had; the others are new.
type remembering struct {
	warehouse.Warehouse
	past shape.Past
}

func (r remembering) Adapt(_ context.Context, t shape.Table) (shape.Table, shape.Past, error) {
	if t.Name != "visit__c" {
		return t, shape.Past{}, nil
	}
	return t, r.past, nil
}

// What this user can't read is no secret: it is named, and blocks.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	w, account, _ := customers(t, "Visit__c", "Step__c")
	for _, object := range []string{"Mark__c", "Deal__c"} {
		w.org.Fault(fakeorg.Rule{Path: "FROM+" + object, Status: 400,
			Body: `[{"errorCode":"INVALID_TYPE","message":"sObject type is not supported."}]`})
	}
	w.org.Fault(fakeorg.Rule{Kind: "composite", Status: 403,
		Body: `[{"errorCode":"FUNCTIONALITY_NOT_ENABLED","message":"no"}]`})
	sum, err := w.try(zzz(nil))
	if plan.ClassOf(err) != plan.Fix || len(sum.Losses) != 1 || sum.Losses[0].What != "Mark__c.To__c" ||
		sum.Losses[0].Records != -1 {
		t.Errorf("%+v, %v", sum, err)
	}
	_, r := w.plan(zzz(func(p *policy.Policy) { p.Lose = []string{"Mark__c"} }))
	r.fates(t, map[string]string{account: "in"})

	w.org.ClearFaults() // where nobody can ask for them, nobody misses what is emptied
	w, account, _ = customers(t, "Visit__c", "Step__c")
	w.org.Fault(fakeorg.Rule{Path: "FROM+Mark__c", Status: 400,
		Body: `[{"errorCode":"INVALID_TYPE_FOR_OPERATION","message":"entity type Mark__c does not support query"}]`})
	_, r = w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "in"})

	w.org.Fault(fakeorg.Rule{Path: "FROM+Visit__c", Status: 500, Body: "no"})
	if _, err := w.try(zzz(nil)); err == nil {
		t.Error("trouble is taken for a refusal")
	}
}

// What isn't configured, or can't be proven, says what to do.
func TestFlows(t *testing.T) {
	t.Parallel()
	w, account, made := customers(t, "Visit__c", "Step__c")
	if _, err := w.try(policy.Policy{Root: "Contact"}); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(plan.HintOf(err), "- object: Contact") {
		t.Errorf("%v, %s", err, plan.HintOf(err))
	}
	if _, err := w.try(zzz(func(p *policy.Policy) { p.Plus = []string{"Mark__c"} })); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
	masks := plan.Fixf("take mask out", "it masks")
	prover := &prover{not: map[string]error{"Step__c": masks}, after: map[string]time.Time{}}
	w.planner.Prover = prover
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "blocked", made["Visit__c"]: "blocked", made["Step__c"]: "blocked"})
	const why = "the copy of Step__c can't be proven by now: it masks; take mask out"
	if got := r.by[made["Step__c"]].Reason; got != why {
		t.Error(got)
	}
	if !prover.after["Step__c"].Equal(r.by[made["Step__c"]].Stamp) {
		t.Errorf("asked for what was changed after %v", prover.after)
	}
	prover.not["Step__c"] = plan.Failf(plan.Retry, "", "the line is dead")
	if _, err := w.try(zzz(nil)); plan.ClassOf(err) != plan.Retry {
		t.Error(err)
	}
	prover.not = nil
	w.copied[2].Wrong = plan.Fixf("", "its table can't bear its name")
	_, r = w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "blocked"})
}

// A person account is a record of two objects: its Contact goes along, and is no root by itself.
func TestPersonAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{PersonAccounts: true, StandardDelete: true}, small, "Account", "Contact",
		"ContactHistory")
	account := w.create("Account", `{"LastName":"Zz"}`)
	contact := w.value("Account", account, "PersonContactId")
	w.must(w.org.TrackHistory("Contact", "LastName"), w.org.Update(account, map[string]any{"LastName": "Zzz"}))
	_, r := w.plan(policy.Policy{Root: "Account", Where: "LastName = 'Zzz'", Cascades: true})
	r.fates(t, map[string]string{account: "in", contact: "in"})
	if !r.by[contact].Along || r.by[account].Along || r.end.Bytes != 4096 {
		t.Errorf("%+v, %+v", r.by[contact], r.end)
	}
	for _, one := range r.records { // what its delete takes is told of the record that is deleted
		told := one.Along && one.Parent == account && one.Level == 2
		if one.Object == "ContactHistory" && !told || len(r.records) != 3 {
			t.Errorf("%+v", one)
		}
	}
	_, r = w.plan(policy.Policy{Root: "Contact", Where: "LastName = 'Zzz'", Cascades: true})
	r.fates(t, map[string]string{contact: "blocked"})
}

// A plan says who made it, until when it holds, and who may approve it.
func TestHead(t *testing.T) {
	t.Parallel()
	w, _, _ := customers(t, "Visit__c", "Step__c")
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKhQXMPTuuCGXBv8hfMxGNkfYeXeJzSnBAxCYTaPcT7S ann@example.com"
	day := 24 * time.Hour
	sum, r := w.plan(zzz(func(p *policy.Policy) {
		p.Cool, p.Expires, p.Approve = 14*day, 30*day, 2
		p.Signers = []policy.Signer{{Name: "ann", Key: key}}
	}))
	h := r.head
	if h.Policy.Cool != "14d" || !h.ExpiresAt.Equal(h.MadeAt.Add(44*day)) || h.Author != "ann" ||
		h.Org != w.org.ID() || len(h.Policy.Signers) != 1 || !strings.HasSuffix(h.Policy.Signers[0], " ann") ||
		!strings.HasPrefix(h.Policy.Signers[0], "SHA256:") || !strings.HasPrefix(sum.Name, "old-2027") {
		t.Errorf("%+v", h)
	}
}
