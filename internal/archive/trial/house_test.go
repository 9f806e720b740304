package trial

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// The objects of a house: a Case is the root. Visits, Tasks and Attachments go with it, Steps
// with a Visit, and other Cases with their parent; a Deal stands against its delete, a Note
// only points to it.
const (
	root           = "Case"
	task           = "Task"
	visit          = "Visit__c"
	step           = "Step__c"
	deal           = "Deal__c"
	note           = "Note__c"
	attachment     = "Attachment"
	document       = "ContentDocument"
	contentVersion = "ContentVersion"
	link           = "ContentDocumentLink"
)

// objects are those of a house, parents first.
func objects() []string {
	return []string{root, task, visit, step, deal, note, attachment, document, contentVersion, link}
}

// A house is an org with Cases, their children and their files, and the copy of it.
type house struct {
	*rig.Rig
	dice    *rand.Rand
	witness *witness
	people  *people
	plans   []string // that were carried out before
}

// newHouse makes a house without Cases.
func newHouse(t *testing.T, seed uint64, change func(*fakeorg.Options)) *house {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	counts := map[string]int{"User": 2, "Account": 2, "Contact": 2, root: 0, task: 0}
	org := rig.NewOrg(t, counts, func(o *fakeorg.Options) {
		o.DailyAPIRequests = 10_000_000 // the witness asks a lot
		o.PageRecords = 100
		o.StandardDelete, o.SetAuditFields = true, true
		if change != nil {
			change(o)
		}
	})
	h := &house{dice: rand.New(rand.NewPCG(seed, 23))}
	must(org.GenerateFiles(fakeorg.Files{}))
	cascade := fakeorg.Field{Name: "Of__c", Type: "reference", References: []string{root}, Cascade: true}
	restrict, loose, ofVisit, self := cascade, cascade, cascade, cascade
	restrict.Cascade, restrict.Restrict = false, true
	loose.Cascade = false
	ofVisit.References = []string{visit}
	self.Name = "Parent__c"
	must(org.AddObject(visit, "a0V", cascade, fakeorg.Field{Name: "Text__c", Type: "string"}))
	must(org.AddObject(step, "a0S", ofVisit))
	must(org.AddObject(deal, "a0D", restrict))
	must(org.AddObject(note, "a0N", loose))
	must(org.AddField(root, self))
	must(org.AddField(root, fakeorg.Field{Name: "Hold__c", Type: "boolean"}))
	h.Rig = rig.New(t, org, objects()...)
	for i := range h.Flows {
		if o := h.Flows[i].Object; o == contentVersion || o == attachment {
			h.Flows[i].Bodies = body.All
		}
	}
	h.Begun = func(p *rig.Process) { p.Options.Folder = h.Path("spool") }
	h.witness = newWitness(h.Rig, append(objects(), "Account", "Contact")...)
	h.people = newPeople(h)
	return h
}

// people change the org as other users do.
type people struct {
	*house
	name string // the Id of one
	n    int    // what they have made so far
}

func newPeople(h *house) *people {
	users := slices.Sorted(func(yield func(string) bool) {
		for id := range h.Truth("User", "") {
			if !yield(id) {
				return
			}
		}
	})
	return &people{house: h, name: users[len(users)-1]}
}

// create makes a record.
func (p *people) create(object string, values map[string]any) string {
	p.T.Helper()
	id, err := p.Org.By(p.name).Create(object, values)
	p.Must(err)
	return id
}

// closed makes a Case that a policy may choose.
func (p *people) closed(values map[string]any) string {
	all := map[string]any{"Status": "Closed", "Priority": "Low", "Subject": p.word()}
	for name, value := range values {
		all[name] = value
	}
	return p.create(root, all)
}

// file makes a file that hangs on some records.
func (p *people) file(on ...string) (versionID, documentID string) {
	p.T.Helper()
	versionID = p.create(contentVersion, map[string]any{
		"PathOnClient": p.word() + ".txt", "VersionData": base64.StdEncoding.EncodeToString([]byte(p.word())),
		"FirstPublishLocationId": on[0],
	})
	documentID = p.Truth(contentVersion, "Id = '"+versionID+"'")[versionID]["contentdocumentid"]
	for _, entity := range on[1:] {
		p.create(link, map[string]any{"ContentDocumentId": documentID, "LinkedEntityId": entity, "ShareType": "V"})
	}
	return versionID, documentID
}

// revise gives a file a new version.
func (p *people) revise(documentID string) string {
	return p.create(contentVersion, map[string]any{"PathOnClient": p.word() + ".txt", "ContentDocumentId": documentID,
		"VersionData": base64.StdEncoding.EncodeToString([]byte(p.word()))})
}

// attach makes an Attachment of a record.
func (p *people) attach(to string) string {
	return p.create(attachment, map[string]any{"ParentId": to, "Name": p.word(),
		"Body": base64.StdEncoding.EncodeToString([]byte(p.word()))})
}

// task makes a Task about a record.
func (p *people) task(about string) string {
	return p.create(task, map[string]any{"WhatId": about, "Subject": p.word(), "Status": "Completed",
		"Priority": "Low"})
}

func (p *people) word() string {
	p.n++
	return fmt.Sprintf("word %d of many", p.n)
}

// some gives so many of a list at most, by chance.
func some[T any](dice *rand.Rand, all []T, most int) []T {
	all = slices.Clone(all)
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(len(all), most)]
}

// furnish fills a house with so many Cases and what belongs to them.
func (h *house) furnish(cases int) (ids []string) {
	h.T.Helper()
	for range cases {
		values := map[string]any{}
		if len(ids) > 0 && h.dice.IntN(5) == 0 {
			values["Parent__c"] = some(h.dice, ids, 1)[0]
		}
		if h.dice.IntN(5) == 0 {
			values["Status"] = "New"
		}
		id := h.people.closed(values)
		ids = append(ids, id)
		for range h.dice.IntN(3) {
			of := h.people.create(visit, map[string]any{"Of__c": id, "Text__c": h.people.word()})
			for range h.dice.IntN(2) {
				h.people.create(step, map[string]any{"Of__c": of})
			}
		}
		for range h.dice.IntN(2) {
			h.people.task(id)
		}
		switch h.dice.IntN(6) {
		case 0:
			h.people.attach(id)
		case 1:
			h.people.file(append([]string{id}, some(h.dice, ids[:len(ids)-1], h.dice.IntN(2))...)...)
		case 2:
			h.people.create(note, map[string]any{"Of__c": id})
		case 3:
			if h.dice.IntN(2) == 0 {
				h.people.create(deal, map[string]any{"Of__c": id})
			}
		}
	}
	h.Later(time.Hour)
	return ids
}
