package planning_test

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/fakeorg"
	"catchment/internal/policy"
)

// support is an org with customers, their cases, and what hangs on these.
func support(o *fakeorg.Org) error {
	counts := map[string]int{"Account": 50, "Contact": 50, "Case": 60, "Opportunity": 20, "Task": 120, "User": 3}
	if err := o.GenerateCounts(counts, 7); err != nil {
		return err
	}
	return o.GenerateFiles(fakeorg.Files{Versions: 60, Attachments: 20, Documents: 3})
}

func TestCasesWithAllThatHangsOnThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, support,
		"Case", "EmailMessage", "Task", "Attachment", "ContentDocument", "ContentVersion", "ContentDocumentLink")
	sum, r := w.plan(policy.Policy{Root: "Case", Where: "Status = 'Closed'", Cascades: true})
	if sum.End.In == 0 || sum.End.Held+sum.End.Blocked > 0 || int64(len(r.records)) != sum.End.In ||
		r.end != sum.End || len(r.losses) > 0 {
		t.Errorf("%+v, and %d records", sum, len(r.records))
	}
	level := map[string]int{"Case": 0, "EmailMessage": 1, "Task": 1, "Attachment": 1, "ContentDocument": 1,
		"ContentVersion": 2, "ContentDocumentLink": 2}
	for i, one := range r.records {
		if i > 0 && r.records[i-1].Level < one.Level {
			t.Errorf("%s of level %d stands after one of level %d", one.ID, one.Level, r.records[i-1].Level)
		}
		parent, there := r.by[one.Parent]
		if one.Level != level[one.Object] || one.Level > 0 && (!there || parent.Level >= one.Level) ||
			one.Along != (one.Level == 2) {
			t.Errorf("%+v", one)
		}
	}
}

// everything is all objects of the made up org, so that nothing would be lost.
func everything() []string {
	return []string{"Account", "Contact", "Opportunity", "Case", "Task", "Invoice__c", "EmailMessage", "Attachment",
		"ContentDocument", "ContentVersion", "ContentDocumentLink"}
}

// A plan has what Salesforce deletes, neither more nor less: whatever hangs on whatever.
func TestPlansHaveWhatSalesforceDeletes(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64N(1 << 32)
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2 {
		world := random.Uint64N(1 << 32)
		w := newWorld(t, fakeorg.Options{StandardDelete: true}, func(o *fakeorg.Org) error {
			counts := map[string]int{"Account": 40, "Contact": 40, "Case": 20, "Opportunity": 30, "Task": 60,
				"Invoice__c": 30, "User": 2}
			if err := o.GenerateCounts(counts, world); err != nil {
				return err
			}
			return o.GenerateFiles(fakeorg.Files{Versions: 40, Attachments: 20})
		}, everything()...)
		for _, p := range []policy.Policy{
			{Root: "Account", Where: "Name < 'M'", Cascades: true},
			{Root: "Contact", Where: "LastName > 'M'", Cascades: true},
			{Root: "Account", Where: "Name >= 'M'", Cascades: true, Plus: []string{"Case", "Invoice__c"}},
		} {
			before := w.deleted()
			_, r := w.plan(p)
			w.carryOut(r)
			want := maps.Clone(before)
			for _, one := range r.records {
				if one.Fate == manifest.In {
					want[one.Object+" "+one.ID] = true
				}
			}
			got := w.deleted()
			for id := range got {
				if !want[id] {
					t.Errorf("world %d, %s: %s was deleted, and isn't in the plan", world, p.Root, id)
				}
			}
			for id := range want {
				if !got[id] {
					t.Errorf("world %d, %s: %s is in the plan, and wasn't deleted", world, p.Root, id)
				}
			}
			t.Logf("%s: %d go, %d stay", p.Root, r.end.In, r.end.Blocked)
		}
	}
}

// A root that is deleted by itself takes what the plan says that goes with it, but for documents,
// which outlive their records.
func TestOneRootTakesWhatThePlanSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, support, everything()...)
	_, r := w.plan(policy.Policy{Root: "Account", Cascades: true})
	tried := 0
	for _, root := range r.records {
		if root.Object != "Account" || tried == 15 {
			continue
		}
		tried++
		before := w.deleted()
		err := w.org.Delete(root.ID)
		itself := strings.HasPrefix(root.Reason, "records of ")
		if (root.Fate == manifest.In || itself) && (err == nil) == itself {
			t.Errorf("%s is %s for %q, and its delete: %v", root.ID, root.Fate, root.Reason, err)
		}
		for id := range w.deleted() {
			_, id, _ = strings.Cut(id, " ")
			if r.by[id].Fate != root.Fate && !before[r.by[id].Object+" "+id] {
				t.Errorf("%s went with %s, which is %s, and the plan has it %q", id, root.ID, root.Fate, r.by[id].Fate)
			}
		}
	}
}

// The same org gives the same decisions.
func TestPlansAreTheSameAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, support, everything()...)
	p := policy.Policy{Root: "Account", Cascades: true, Cap: policy.Cap{Records: 60, Share: 80}}
	one, first := w.plan(p)
	two, second := w.plan(p)
	if one.Digest != two.Digest || one.Name != two.Name || !slices.Equal(first.records, second.records) {
		t.Errorf("%s, then %s", one.Name, two.Name)
	}
	w.org.Clock().Advance(time.Minute)
	if three, third := w.plan(p); three.Digest == one.Digest || !slices.Equal(first.records, third.records) {
		t.Error("a minute later")
	}
}

// The nonprofit data, with the relations that its objects really have.
func TestNonprofit(t *testing.T) {
	t.Parallel()
	const data = "../../../testdata/npsp-1k"
	files, err := filepath.Glob(data + "/*.csv")
	var objects []string
	for _, f := range files {
		objects = append(objects, strings.TrimSuffix(filepath.Base(f), ".csv"))
	}
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, func(o *fakeorg.Org) error {
		return o.LoadDir(data, "../../../testdata/describes")
	}, objects...)
	w.must(err)
	_, r := w.plan(policy.Policy{Root: "Account", Where: "Name LIKE 'A%'", Cascades: true})
	for _, o := range r.objects {
		t.Logf("%+v", o)
	}
	t.Logf("%+v %+v", r.losses, r.end)
	if r.end.Roots == 0 || r.end.In <= r.end.Roots {
		t.Errorf("%+v", r.end)
	}
	before := w.deleted()
	w.carryOut(r)
	if got := int64(len(w.deleted()) - len(before)); got != r.end.In {
		t.Errorf("%d were deleted of %d", got, r.end.In)
	}
}

// hardis#296: attachments of emails aren't forgotten. What hangs on records of two levels stands below the deeper.
func TestFilesOfEmails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, support, everything()...)
	root := w.create("Case", `{"Subject":"Zzz","Status":"New"}`)
	email := w.create("EmailMessage", `{"ParentId":"`+root+`","TextBody":"Hello"}`)
	attachment := w.create("Attachment", `{"Name":"a","ParentId":"`+email+`","Body":"YWJj"}`)
	version := w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJj",`+
		`"FirstPublishLocationId":"`+root+`"}`)
	document := w.value("ContentVersion", version, "ContentDocumentId")
	w.create("ContentDocumentLink", `{"ContentDocumentId":"`+document+`","LinkedEntityId":"`+email+`","ShareType":"V"}`)
	_, r := w.plan(policy.Policy{Root: "Case", Where: "Subject = 'Zzz'", Cascades: true})
	for id, level := range map[string]int{root: 0, email: 1, attachment: 2, document: 2, version: 3} {
		if one := r.by[id]; one.Fate != manifest.In || one.Level != level || one.Root != root {
			t.Errorf("level %d: %+v", level, one)
		}
	}
	if r.by[document].Parent != email || r.end.Files != 6 || r.end.In != 8 {
		t.Errorf("%+v; %+v", r.by[document], r.end)
	}
	w.carryOut(r)
}

// An Account with those below it, and those below them, where the policy says so: else they stay, and lose their
// lookup.
func TestRecordsOfTheSameObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, support, everything()...)
	top := w.record("Account", map[string]string{"Name": "Zzz"})
	under := w.record("Account", map[string]string{"Name": "Y", "ParentId": top})
	last := w.record("Account", map[string]string{"Name": "X", "ParentId": under})
	w.must(w.org.Update(top, map[string]any{"ParentId": last})) // in a circle
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{top: "in", under: "", last: ""})
	if len(r.clears) != 1 || r.clears[0].ID != under || r.clears[0].Field != "ParentId" {
		t.Errorf("%+v", r.clears)
	}
	_, r = w.plan(zzz(func(p *policy.Policy) { p.Plus = []string{"Account"} }))
	r.fates(t, map[string]string{top: "in", under: "in", last: "in"})
	if len(r.clears) != 0 || r.end.Roots != 1 {
		t.Errorf("%+v, %+v", r.clears, r.end)
	}
	w.carryOut(r)
}
