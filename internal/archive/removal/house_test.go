package removal_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/removal"
	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/policy"
	"catchment/internal/rig"
	"catchment/internal/rig/lakes"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/pgtest"
)

var (
	crashEvery = flag.Int("crash.every", 0, "die at every n-th moment of an archive; 1 is exhaustive (0: some)")
	crashFirst = flag.Int("crash.first", 1, "die at this moment first")
)

var cluster pgtest.Cluster

const cool = 2 * 24 * time.Hour

// A house is an org whose Accounts have Visits, and those Steps, which all go together; a
// Memo only refers to an Account, and a Deal stands against its delete.
type house struct {
	*rig.Rig
	t     *testing.T
	names map[string]string // by Id
	ids   map[string]string // by name
	head  manifest.Head
	now   policy.Policy
	plan  string
	stop  chan struct{}

	losses  []manifest.Loss
	clears  []manifest.Clear
	refused error // what the approvals say
}

func newHouse(t *testing.T, in string, change func(*fakeorg.Options)) *house {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 1, "User": 3}, change)
	h := &house{t: t, names: map[string]string{}, ids: map[string]string{}, stop: make(chan struct{})}
	lookup := func(to string, f fakeorg.Field) fakeorg.Field {
		f.Name, f.Type, f.References = strings.TrimSuffix(to, "__c")+"__c", "reference", []string{to}
		return f
	}
	text := fakeorg.Field{Name: "Text__c", Type: "string", Length: 80}
	for _, err := range []error{
		org.AddObject("Visit__c", "a0V", lookup("Account", fakeorg.Field{Cascade: true}), text),
		org.AddObject("Step__c", "a0S", lookup("Visit__c", fakeorg.Field{Cascade: true}), text),
		org.AddObject("Memo__c", "a0M", lookup("Account", fakeorg.Field{}), text),
		org.AddObject("Deal__c", "a0D", lookup("Account", fakeorg.Field{Restrict: true}), text),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	h.Rig = rig.New(t, org, "Account", "Visit__c", "Step__c", "Memo__c")
	h.Shelf = lakes.NewShelf(t, &cluster, in)
	h.Keeps("Account", "Name", "Industry")
	h.now = policy.Policy{Name: "old", Root: "Account", Where: "Industry = 'Old'", Cascades: true, Cool: cool,
		Approve: 1, Cap: policy.Cap{Records: 50_000, PerDay: 20_000}}
	return h
}

// add makes a record with a name.
func (h *house) add(name, object string, values map[string]any) string {
	h.t.Helper()
	id, err := h.Org.Create(object, values)
	h.Must(err)
	h.ids[name], h.names[id] = id, name
	return id
}

// single makes an Account with one Visit.
func (h *house) single(name string) {
	h.t.Helper()
	account := h.add(name, "Account", map[string]any{"Name": name, "Industry": "Old"})
	h.add(name+" v1", "Visit__c", map[string]any{"Account__c": account, "Text__c": name})
}

// family makes an Account with two Visits, the first of which has two Steps.
func (h *house) family(name string) {
	h.t.Helper()
	account := h.add(name, "Account", map[string]any{"Name": name, "Industry": "Old"})
	for _, visit := range []string{" v1", " v2"} {
		h.add(name+visit, "Visit__c", map[string]any{"Account__c": account, "Text__c": visit})
	}
	for _, step := range []string{" s1", " s2"} {
		h.add(name+step, "Step__c", map[string]any{"Visit__c": h.ids[name+" v1"], "Text__c": step})
	}
}

// noteClear says that the plan knows of a lookup that will be emptied.
func (h *house) noteClear(name, object, account string) {
	h.clears = append(h.clears, manifest.Clear{Type: manifest.TypeClear, Object: object, ID: h.ids[name],
		Field: "Account__c", Value: h.ids[account]})
}

// A kinship is how the house's objects hang together.
func kinship() []manifest.Object {
	return []manifest.Object{
		{Object: "Step__c", Level: 2, Prefix: "a0S", Fields: []string{"Id", "Text__c"}},
		{Object: "Visit__c", Level: 1, Prefix: "a0V"},
		{Object: "Account", Level: 0, Prefix: "001"},
	}
}

// makePlan plans some families: in go, held and blocked stay.
func (h *house) makePlan(in, kept []string) {
	h.t.Helper()
	now := h.Org.Clock().Now()
	h.head = manifest.Head{Type: manifest.TypeHead, Format: manifest.Format, Catchment: "test", Org: h.Org.ID(),
		Author: "somebody", MadeAt: now, ExpiresAt: now.Add(90 * 24 * time.Hour),
		Policy: manifest.Policy{Name: h.now.Name, Root: h.now.Root, Where: h.now.Where, PerDay: h.now.Cap.PerDay,
			Cool: "2d", Approve: 1}}
	for _, hold := range h.now.Hold {
		text := hold.Where
		if hold.File != "" {
			text = "file:" + hold.File
		}
		h.head.Policy.Hold = append(h.head.Policy.Hold, text)
	}
	var text bytes.Buffer
	w := manifest.NewWriter(&text)
	put := func(line any) { h.Must(w.Put(line)) }
	put(h.head)
	end := manifest.End{Type: manifest.TypeEnd}
	var records []any
	for _, object := range kinship() {
		object.Type = manifest.TypeObject
		for _, r := range h.recordsOf(object, in, kept) {
			records = append(records, r)
			if r.Fate == manifest.In {
				object.In++
				end.In++
			} else {
				object.Held++
				end.Held++
			}
		}
		put(object)
	}
	for _, l := range h.losses {
		put(l)
	}
	for _, r := range records {
		put(r)
	}
	for _, c := range h.clears {
		put(c)
	}
	put(end)
	digest, err := w.Close()
	h.Must(err)
	h.plan = manifest.Name(h.head, digest)
	p := h.Start(nil)
	defer p.Close()
	_, err = p.Stage.Put(p.Ctx, manifest.Key(h.plan), &text)
	h.Must(err)
}

// recordsOf are the lines of an object: those of families by their names.
func (h *house) recordsOf(object manifest.Object, in, kept []string) (all []manifest.Record) {
	truth := h.Truth(object.Object, "")
	for _, id := range slices.Sorted(maps.Keys(truth)) {
		family, _, _ := strings.Cut(h.names[id], " ")
		r := manifest.Record{Type: manifest.TypeRecord, Object: object.Object, ID: id, Level: object.Level,
			Root: h.ids[family], Fate: manifest.In}
		switch {
		case slices.Contains(kept, family):
			r.Fate, r.Reason = manifest.Held, "a hold keeps it"
		case !slices.Contains(in, family):
			continue
		}
		var err error
		r.Stamp, err = time.Parse(time.RFC3339, truth[id]["systemmodstamp"])
		h.Must(err)
		switch object.Object {
		case "Visit__c":
			r.Parent, r.By = truth[id]["account__c"], "Account__c"
		case "Step__c":
			r.Parent, r.By = truth[id]["visit__c"], "Visit__c"
		}
		all = append(all, r)
	}
	return all
}

// A copier copies as catchment run does.
type copier struct{ p *rig.Process }

func (c copier) Copy(context.Context, []string) error {
	if row := c.p.Run(); row.State != control.Done {
		if cause := context.Cause(c.p.Ctx); cause != nil {
			return cause
		}
		return fmt.Errorf("run is %s: %s", row.State, row.Error)
	}
	return nil
}

// remover makes what carries plans out, in a process.
func (h *house) remover(p *rig.Process) *removal.Remover {
	v := p.Verifier()
	return &removal.Remover{
		Org: p.Client, Warehouse: p.Warehouse, Control: p.Control, Store: p.Stage, Prover: v, Copier: copier{p},
		Holder: lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: v.Options.Run, Name: "archive",
			Alone: true},
		Flows:    func(context.Context) ([]flow.Flow, error) { return h.Flows, nil },
		Policies: []policy.Policy{h.now},
		Approvals: func(context.Context, string, manifest.Head, string) ([]archive.Approval, error) {
			return []archive.Approval{{By: "somebody"}}, h.refused
		},
		Version: "test", Stop: h.stop,
		Sleep: func(ctx context.Context, d time.Duration) error {
			h.Later(d)
			return context.Cause(ctx)
		},
	}
}

// run carries the plan out in a process of its own, which may die.
func (h *house) run(f *rig.Fate, change func(*removal.Remover)) (status removal.Status, err error) {
	h.t.Helper()
	p := h.Start(f)
	defer p.Close()
	if p.Control == nil {
		return status, context.Cause(p.Ctx)
	}
	r := h.remover(p)
	if change != nil {
		change(r)
	}
	return r.Run(p.Ctx, h.plan, true)
}

// ready copies, plans and proves, and waits until everything has cooled.
func (h *house) ready(in, kept []string) {
	h.t.Helper()
	h.Later(time.Hour)
	h.Done(nil)
	h.makePlan(in, kept)
	h.cools()
}

// cools proves, and waits until everything has cooled.
func (h *house) cools() {
	h.t.Helper()
	if status, err := h.run(nil, nil); err == nil || status.Cooling == 0 {
		h.t.Fatalf("it doesn't wait: %+v, %v", status, err)
	}
	h.Later(cool + time.Hour)
}

// ends are the states and reasons of a plan's records, by their names.
func (h *house) ends() map[string]string {
	h.t.Helper()
	p := h.Start(nil)
	defer p.Close()
	ledger, _ := archived.Of(p.Warehouse)
	lines, err := ledger.Lines(p.Ctx, archived.Query{Plan: h.plan}, archived.Line{}, 5000)
	h.Must(err)
	all := map[string]string{}
	for _, l := range lines {
		all[h.names[l.ID]] = strings.TrimSuffix(string(l.State)+": "+l.Reason, ": ")
	}
	return all
}

// want holds the ends against what they should be: a state for each record whose name begins so.
func (h *house) want(want map[string]string) {
	h.t.Helper()
	for name, end := range h.ends() {
		best := ""
		for prefix := range want {
			if strings.HasPrefix(name, prefix) && len(prefix) >= len(best) {
				best = prefix
			}
		}
		if !strings.HasPrefix(end, want[best]) || want[best] == "" {
			h.t.Errorf("%s is %q, want %q", name, end, want[best])
		}
	}
}

// gone tells which records are deleted in the org, by their names.
func (h *house) gone() (names []string) {
	h.t.Helper()
	for _, object := range []string{"Account", "Visit__c", "Step__c", "Memo__c", "Deal__c"} {
		for id, r := range h.Truth(object, "") {
			if r["isdeleted"] == "true" {
				names = append(names, h.names[id])
			}
		}
	}
	slices.Sort(names)
	return names
}

// isNoise tells of records that a test deleted, to fill the bin.
func isNoise(name string) bool { return name == "x" || name == "y" }

// sound holds what must be at rest: deleted in the org is what the ledger says, each row is
// marked, and the evidence checks.
func (h *house) sound() {
	h.t.Helper()
	var deleted, known []string
	for name, end := range h.ends() {
		if strings.HasPrefix(end, "deleted") {
			deleted = append(deleted, name)
		}
		if strings.HasPrefix(end, "deleted") || strings.HasPrefix(end, "vanished") {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	if gone := h.gone(); !slices.Equal(slices.DeleteFunc(gone, isNoise), known) {
		h.t.Errorf("deleted in the org are %q, and by the ledger %q", gone, known)
	}
	p := h.Start(nil)
	for _, object := range []string{"account", "visit__c", "step__c"} {
		if len(h.Flows) == 2 && object == "step__c" {
			continue
		}
		rows, err := p.Eyes.Rows("salesforce", object, "id", "_catchment_delete_reason")
		h.Must(err)
		for _, row := range rows {
			marked := row[1] != nil && *row[1] == "archived"
			if name := h.names[*row[0]]; marked != slices.Contains(deleted, name) {
				h.t.Errorf("the row of %s is marked: %v", name, marked)
			}
		}
	}
	p.Close()
	h.checks()
}

// told holds the evidence to so many records outside the plan that were brought back.
func (h *house) told(outside int64) {
	h.t.Helper()
	p := h.Start(nil)
	defer p.Close()
	if account, err := evidence.Check(p.Ctx, p.Stage, h.plan); err != nil || account.Outside != outside {
		h.t.Errorf("%d records outside the plan, %v", account.Outside, err)
	}
}

// checks reads the evidence back.
func (h *house) checks() {
	h.t.Helper()
	p := h.Start(nil)
	defer p.Close()
	if _, err := evidence.Check(p.Ctx, p.Stage, h.plan); err != nil {
		h.t.Errorf("evidence: %v", err)
	}
}
