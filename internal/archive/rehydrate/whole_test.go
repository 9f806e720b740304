package rehydrate_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/archive/rehydrate"
	"catchment/internal/archive/removal"
	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/rig"
)

// An office has Cases with emails, Tasks, Attachments and files, and archives them as a user does: planned, copied,
// proven and deleted by the archive's own rooms.
type office struct {
	*house
	policy policy.Policy
}

// newOffice makes one with some closed Cases, which hang on each other in places.
func newOffice(t *testing.T, shelf string) *office {
	t.Helper()
	counts := map[string]int{"Account": 2, "Contact": 3, "Case": 4, "Task": 2, "User": 3}
	org := rig.NewOrg(t, counts, func(o *fakeorg.Options) {
		o.StandardDelete, o.SetAuditFields, o.InactiveOwners, o.SessionLife = true, true, true, 10000*time.Hour
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(org.GenerateFiles(fakeorg.Files{}))
	must(org.AddField("Case", reference("Before__c", "Case", nil)))
	create := func(object string, values map[string]any) string {
		t.Helper()
		id, err := org.Create(object, values)
		must(err)
		return id
	}
	data := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	last := ""
	for n := range 6 {
		values := map[string]any{"Status": "Closed", "Subject": fmt.Sprintf("case %d", n), "Priority": "Low"}
		if last != "" {
			values["Before__c"] = last
		}
		last = create("Case", values)
		create("Task", map[string]any{"WhatId": last, "Subject": "call", "Status": "Completed",
			"Priority": "Low"})
		mail := create("EmailMessage", map[string]any{"ParentId": last, "Subject": fmt.Sprintf("mail %d", n)})
		create("Attachment", map[string]any{"ParentId": mail, "Name": "a",
			"Body": data(fmt.Sprintf("attached %d", n))})
		version := create("ContentVersion", map[string]any{"PathOnClient": "f.txt", "Title": "first",
			"VersionData": data(fmt.Sprintf("version 1 of %d", n)), "FirstPublishLocationId": last})
		r := rig.New(t, org, "ContentVersion").Truth("ContentVersion", "Id = '"+version+"'")
		create("ContentVersion", map[string]any{"PathOnClient": "f.txt", "Title": "second",
			"VersionData":       data(fmt.Sprintf("version 2 of %d", n)),
			"ContentDocumentId": r[version]["contentdocumentid"]})
	}
	org.Clock().Advance(time.Hour)
	o := &office{house: newHouse(t, shelf, org, "Account", "Contact", "Case", "Task", "EmailMessage",
		"Attachment", "ContentDocument", "ContentVersion", "ContentDocumentLink")}
	o.policy = policy.Policy{Name: "old", Root: "Case", Where: "Status = 'Closed' AND Subject LIKE 'case %'",
		Cascades: true, Plus: []string{"Task"}, Files: policy.AllFiles, Cool: time.Hour, Approve: 1,
		Cap: policy.Cap{Records: 1000, PerDay: 1000}, Expires: 1000 * time.Hour}
	return o
}

// A copier copies as catchment run does.
type copier struct{ p *rig.Process }

func (c copier) Copy(context.Context, []string) error {
	if row := c.p.Run(); row.State != control.Done {
		return fmt.Errorf("run is %s: %s", row.State, row.Error)
	}
	return nil
}

// leave has the Cases leave.
func (o *office) leave() {
	o.T.Helper()
	p := o.Start(nil)
	v := p.Verifier()
	made, err := (&planning.Planner{Org: p.Client, Warehouse: p.Warehouse, Flows: p.Replicator().Flows, Prover: v,
		Store: p.Stage, Now: o.Now, Author: "somebody", Catchment: "test"}).Plan(p.Ctx, o.policy)
	o.Must(err)
	p.Close()
	o.name = made.Name
	for range 2 {
		p := o.Start(nil)
		v := p.Verifier()
		_, err := (&removal.Remover{
			Org: p.Client, Warehouse: p.Warehouse, Control: p.Control, Store: p.Stage, Prover: v, Copier: copier{p},
			Holder: lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: v.Options.Run, Name: "archive",
				Alone: true},
			Flows: p.Replicator().Flows, Policies: []policy.Policy{o.policy}, Version: "test",
			Approvals: func(context.Context, string, manifest.Head, string) ([]archive.Approval, error) {
				return []archive.Approval{{By: "somebody"}}, nil
			},
			Sleep: func(ctx context.Context, d time.Duration) error { o.Later(d); return context.Cause(ctx) },
		}).Run(p.Ctx, o.name, true)
		if err != nil && plan.ClassOf(err) != plan.Wait { // the first time it waits until all has cooled
			o.T.Error(err)
		}
		p.Close()
		o.Later(2 * time.Hour)
	}
	now := o.all()
	o.left = map[string]map[string]bool{}
	for object, records := range o.was {
		o.left[object] = map[string]bool{}
		for id := range records {
			if now[object][id]["isdeleted"] == "true" && records[id]["isdeleted"] == "false" {
				o.left[object][id] = true
			}
		}
	}
	for object, n := range map[string]int{"Case": 6, "Task": 6, "EmailMessage": 6, "Attachment": 6,
		"ContentDocument": 6, "ContentVersion": 12, "ContentDocumentLink": 12} {
		if len(o.left[object]) != n {
			o.T.Fatalf("%d of %s left, not %d", len(o.left[object]), object, n)
		}
	}
}

// notBackOffice are the fields that can't come back, by hand.
func notBackOffice(object, field string) bool {
	switch {
	case notBack(object, field):
	case object == "Case" && field == "casenumber":
	case object == "ContentVersion" && slices.Contains([]string{"versionnumber"}, field):
	case field == "hasattachment": // of an email: it says so once it has one
	default:
		return false
	}
	return true
}

// archive, then rehydrate, both ways: all but the documented fields are equal, and links are equal under the map.
func TestArchiveThenRehydrate(t *testing.T) {
	t.Parallel()
	for shelf, after := range map[string]time.Duration{"postgres": 0, "duckdb": binDays} {
		t.Run(shelf, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, shelf)
			o.leave()
			o.Later(after)
			out := o.rehydrate(nil, rehydrate.Request{Plan: o.name, Really: true})
			if out.err != nil || !out.Whole() {
				t.Error(out.err, out.text())
			}
			o.same(out, notBackOffice)
			o.counted(out)
			o.twice(rehydrate.Request{Plan: o.name, Really: true})
			o.copied(out)
		})
	}
}
