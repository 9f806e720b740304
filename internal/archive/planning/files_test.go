package planning_test

import (
	"fmt"
	"testing"

	"catchment/internal/archive/manifest"
	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/policy"
)

// A field that was copied once and isn't seen any more, one that no query gives, and bodies that aren't copied.
func TestLossesOfFiles(t *testing.T) {
	t.Parallel()
	w, account, _ := customers(t, "Visit__c", "Step__c", "Attachment", "ContentDocument", "ContentVersion",
		"ContentDocumentLink")
	w.create("Attachment", `{"Name":"a","ParentId":"`+account+`","Body":"YWJj"}`)
	version := w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJj",`+
		`"FirstPublishLocationId":"`+account+`"}`)
	document := w.value("ContentVersion", version, "ContentDocumentId")
	w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJjZA==",`+
		`"ContentDocumentId":"`+document+`"}`)
	lost := func(want string) {
		t.Helper()
		sum, err := w.try(zzz(nil))
		got := ""
		for _, l := range sum.Losses {
			got += fmt.Sprintf("%s=%d ", l.What, l.Records)
		}
		if got != want || (err != nil) != (want != "") {
			t.Errorf("lost %q, not %q: %v", got, want, err)
		}
	}
	lost("")
	for i, fl := range w.copied {
		if fl.Bodies != "" {
			w.copied[i].Bodies = body.Latest
		}
	}
	lost("ContentVersion.VersionData=1 ")
	for i := range w.copied {
		w.copied[i].Bodies = ""
	}
	lost("Attachment.Body=1 ContentVersion.VersionData=2 ")
}

// An attachment's body is read from the org once more at each of two looks, since Salesforce knows no checksum of it; a
// version's isn't.
func TestCallsOfBodies(t *testing.T) {
	t.Parallel()
	w, account, _ := customers(t, "Visit__c", "Step__c", "Attachment", "ContentDocument", "ContentVersion",
		"ContentDocumentLink")
	attach := func() {
		w.create("Attachment", `{"Name":"a","ParentId":"`+account+`","Body":"YWJj"}`)
	}
	upload := func() {
		w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJj",`+
			`"FirstPublishLocationId":"`+account+`"}`)
	}
	calls := func() int64 {
		sum, _ := w.plan(zzz(nil))
		return sum.End.Calls
	}
	attach()
	upload()
	before := calls()
	attach()
	if got := calls() - before; got != 2 {
		t.Errorf("one more attachment takes %d calls more", got)
	}
	before = calls()
	upload()
	if got := calls() - before; got != 0 {
		t.Errorf("one more version takes %d calls more", got)
	}
}

// Links are records of an object, too: a plan takes no larger share of them than of any other. Only who may ask for all
// of them knows how many there are; else they are bound by what they go with.
func TestShareOfLinks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		blind bool
		less  int // hundredths that the cap lacks for one link
		fate  string
	}{
		"too many":       {less: 1, fate: "blocked"},
		"few enough":     {fate: "in"},
		"nobody can ask": {blind: true, less: 1, fate: "in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeorg.Options{StandardDelete: true, NoQueryAllFiles: c.blind}, small, "Account",
				"ContentDocument", "ContentVersion", "ContentDocumentLink")
			goes := w.record("Account", map[string]string{"Name": "Zzz"})
			stays := w.record("Account", map[string]string{"Name": "Stays"})
			version := w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJj",`+
				`"FirstPublishLocationId":"`+stays+`"}`)
			document := w.value("ContentVersion", version, "ContentDocumentId")
			w.create("ContentDocumentLink", `{"ContentDocumentId":"`+document+`","LinkedEntityId":"`+goes+
				`","ShareType":"V"}`)
			// of five links, since the org has a file already, one would go
			_, r := w.plan(zzz(func(p *policy.Policy) { p.Cap.Share = 20 - c.less }))
			r.fates(t, map[string]string{goes: c.fate})
			for _, one := range r.records {
				if one.Object == "ContentDocumentLink" && string(one.Fate) != c.fate {
					t.Errorf("%+v", one)
				}
			}
			for _, o := range r.objects {
				if o.Object == "ContentDocumentLink" && !c.blind && o.Live != 5 {
					t.Errorf("the plan says that there are %d links", o.Live)
				}
			}
		})
	}
}

// A document goes where all that it is linked to goes. Its versions and links go along; its owner's link shares it
// with nobody.
func TestFiles(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]fakeorg.Options{
		"hardis486OneDocumentManyLinks": {StandardDelete: true},
		"GraxQueryAllFilesMissing":      {StandardDelete: true, NoQueryAllFiles: true},
	} {
		t.Run(name, func(t *testing.T) { plansFiles(t, options) })
	}
}

func plansFiles(t *testing.T, options fakeorg.Options) {
	t.Helper()
	w := newWorld(t, options, small, "Account", "ContentDocument", "ContentVersion", "ContentDocumentLink")
	one := w.record("Account", map[string]string{"Name": "Zzz"})
	two := w.record("Account", map[string]string{"Name": "Zzz"})
	stays := w.record("Account", map[string]string{"Name": "Stays"})
	file := func(to ...string) (document, version string) {
		version = w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJj",`+
			`"FirstPublishLocationId":"`+to[0]+`"}`)
		document = w.value("ContentVersion", version, "ContentDocumentId")
		for _, id := range to[1:] {
			w.create("ContentDocumentLink", `{"ContentDocumentId":"`+document+`","LinkedEntityId":"`+id+
				`","ShareType":"V"}`)
		}
		return document, version
	}
	own, version := file(one)
	both, _ := file(one, two)
	shared, _ := file(two, stays)
	_, r := w.plan(zzz(nil))
	r.fates(t, map[string]string{one: "in", two: "in", own: "in", version: "in", both: "in", shared: "", stays: ""})
	if r.by[own].Level != 1 || r.by[version].Level != 2 || !r.by[version].Along || r.by[own].Along ||
		r.by[version].Parent != own || r.by[version].Size != 3 || r.by[both].By != "ContentDocumentLink" {
		t.Errorf("%+v, %+v, %+v", r.by[own], r.by[version], r.by[both])
	}
	if r.end.Files != 6 {
		t.Errorf("%d bytes of files", r.end.Files)
	}
	links := 0
	for _, one := range r.records {
		if one.Object == "ContentDocumentLink" {
			links++
			if !one.Along || one.Fate != manifest.In || one.Parent == shared {
				t.Errorf("%+v", one)
			}
		}
	}
	if links != 6 { // three to records and two to owners of documents that go, one to a record that goes
		t.Errorf("%d links", links)
	}

	held := zzz(func(p *policy.Policy) { p.Hold = []policy.Hold{{File: "holds"}} })
	w.files["holds"] = "# the law\n\n" + shared[:15] + "\r\n"
	_, r = w.plan(held)
	r.fates(t, map[string]string{one: "in", two: "held", own: "in", both: "blocked"})

	none := zzz(func(p *policy.Policy) { p.Files = policy.NoFiles })
	_, r = w.plan(none)
	r.fates(t, map[string]string{one: "in", two: "in", own: "", both: ""})
	if r.end.Files != 0 {
		t.Errorf("%d bytes of files that stay", r.end.Files)
	}
	w.carryOut(r)
}

// A file that hangs on nothing but what goes would be deleted along, whatever the policy says of files.
func TestLastLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, small, "Account", "ContentDocument", "ContentVersion",
		"ContentDocumentLink")
	account := w.record("Account", map[string]string{"Name": "Zzz"})
	version := w.create("ContentVersion", `{"Title":"a","PathOnClient":"a.txt","VersionData":"YWJj",`+
		`"FirstPublishLocationId":"`+account+`"}`)
	document := w.value("ContentVersion", version, "ContentDocumentId")
	for r, err := range w.client.Query(t.Context(), "SELECT Id, LinkedEntityId FROM ContentDocumentLink WHERE "+
		"ContentDocumentId = '"+document+"'", false) {
		w.must(err)
		id, _ := r.Text("Id")
		if to, _ := r.Text("LinkedEntityId"); to != account {
			w.must(w.org.Delete(id))
		}
	}
	_, r := w.plan(zzz(func(p *policy.Policy) { p.Files = policy.NoFiles }))
	r.fates(t, map[string]string{account: "blocked"})
	_, r = w.plan(zzz(nil))
	r.fates(t, map[string]string{account: "in", document: "in"})
}
