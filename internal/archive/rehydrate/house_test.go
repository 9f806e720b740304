package rehydrate_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/rehydrate"
	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/rig"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/pgtest"
)

// cluster is the PostgreSQL of this package's tests.
var cluster pgtest.Cluster

// recorded are the real data, and what a real org says of its objects.
const recorded = "../../../testdata/"

// A house is a rig whose records leave and come back. What left is found by looking at the org before and after,
// not by what any part of the archive thinks.
type house struct {
	*rig.Rig
	was  map[string]map[string]rig.Record // the org before anything left, by object and Id
	left map[string]map[string]bool       // Ids that left, by object
	name string                           // of the plan

	unplanned map[string]bool // Ids that left, and that the plan knows nothing of
}

// objects are those of the house. Whoever is a parent comes before its children.
func objects() []string {
	return []string{"Account", "Contact", "Opportunity", "OpportunityContactRole", "npe01__OppPayment__c",
		"npe4__Relationship__c", "ContentDocument", "ContentVersion", "ContentDocumentLink", "Attachment"}
}

// npsp is an org with the real data, with files.
func npsp(t *testing.T, change func(*fakeorg.Options)) *fakeorg.Org {
	t.Helper()
	options := fakeorg.Options{Seed: 1, Clock: fakeorg.StillClock(rig.Morning()), SetAuditFields: true,
		SessionLife: 1000 * time.Hour}
	if change != nil {
		change(&options)
	}
	org, err := fakeorg.New(options)
	if err == nil {
		err = org.LoadDir(recorded+"npsp-1k", recorded+"describes")
	}
	if err == nil {
		err = org.GenerateFiles(fakeorg.Files{Versions: 30, Attachments: 12, Size: 3000})
	}
	if err != nil {
		t.Fatal(err)
	}
	org.Clock().Advance(time.Hour)
	return org
}

// newHouse copies an org, files and all.
func newHouse(t *testing.T, shelf string, org *fakeorg.Org, objects ...string) *house {
	t.Helper()
	r := rig.New(t, org, objects...)
	r.Shelf = rig.NewShelf(t, &cluster, shelf)
	for i := range r.Flows {
		if _, isFile := body.Of(r.Flows[i].Object); isFile {
			r.Flows[i].Bodies = body.All
		}
	}
	r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
	r.Done(nil)
	h := &house{Rig: r}
	h.was = h.all()
	return h
}

// all is all that the org has.
func (h *house) all() map[string]map[string]rig.Record {
	all := map[string]map[string]rig.Record{}
	for _, fl := range h.Flows {
		all[fl.Object] = h.Truth(fl.Object, "")
	}
	return all
}

// archive deletes roots, and writes a plan and a ledger by what went.
func (h *house) archive(roots ...string) { h.archiveAfter(nil, roots...) }

// archiveAfter does so after what hangs on the roots was deleted one by one, as an archive does it.
func (h *house) archiveAfter(before []string, roots ...string) {
	h.T.Helper()
	h.Delete(before...)
	h.Delete(roots...)
	now := h.all()
	h.left = map[string]map[string]bool{}
	for object, records := range h.was {
		h.left[object] = map[string]bool{}
		for id := range records {
			if r, there := now[object][id]; records[id]["isdeleted"] != "true" && (!there || r["isdeleted"] == "true") {
				h.left[object][id] = true
			}
		}
	}
	h.write(roots, now)
	h.Later(time.Hour)
}

// write writes the plan.
func (h *house) write(roots []string, now map[string]map[string]rig.Record) {
	h.T.Helper()
	var text bytes.Buffer
	head := manifest.Head{Type: manifest.TypeHead, Format: manifest.Format, Policy: manifest.Policy{Name: "old"},
		Org: h.Org.ID(), MadeAt: h.Now()}
	w := manifest.NewWriter(&text)
	h.Must(w.Put(head))
	level := map[string]int{}
	for _, id := range roots {
		level[id] = 0
	}
	parents := map[string]string{}
	for changed := true; changed; {
		changed = false
		for object, ids := range h.left {
			for id := range ids {
				if _, known := level[id]; known {
					continue
				}
				for _, value := range h.above(object, id) {
					if at, known := level[value]; known && value != id {
						level[id], parents[id], changed = at+1, value, true
						break
					}
				}
			}
		}
	}
	for object, ids := range h.left {
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			if h.unplanned[id] {
				delete(ids, id)
				continue
			}
			at, known := level[id]
			if !known {
				h.T.Errorf("%s %s left, and hangs on nothing that did", object, id)
			}
			h.Must(w.Put(manifest.Record{Type: manifest.TypeRecord, Object: object, ID: id, Level: at,
				Parent: parents[id], Fate: manifest.In}))
		}
	}
	for object, records := range now {
		for id, r := range records {
			for field, was := range h.was[object][id] {
				if r["isdeleted"] != "true" && r[field] == "" && h.gone(was) {
					h.Must(w.Put(manifest.Clear{Type: manifest.TypeClear, Object: object, ID: id, Field: field,
						Value: was}))
				}
			}
		}
	}
	h.Must(w.Put(manifest.End{Type: manifest.TypeEnd}))
	digest, err := w.Close()
	h.Must(err)
	h.name = manifest.Name(head, digest)
	for _, fl := range h.Flows {
		if ids := slices.Sorted(maps.Keys(h.left[fl.Object])); len(ids) > 0 {
			rig.Archived(h.Rig, fl, archived.Deleted, ids, func(l *archived.Line) {
				l.Plan, l.Level = h.name, level[l.ID]
			})
		}
	}
	p := h.Start(nil)
	defer p.Close()
	_, err = p.Stage.Put(p.Ctx, manifest.Key(h.name), &text)
	h.Must(err)
}

// above are the records that one may hang on.
func (h *house) above(object, id string) []string {
	if object == "ContentDocument" {
		var all []string
		for _, link := range h.was["ContentDocumentLink"] {
			if link["contentdocumentid"] == id {
				all = append(all, link["linkedentityid"])
			}
		}
		slices.Sort(all)
		return all
	}
	return slices.Sorted(maps.Values(h.was[object][id]))
}

// gone tells whether a record left.
func (h *house) gone(id string) bool {
	for _, ids := range h.left {
		if ids[id] {
			return true
		}
	}
	return false
}

// A told is what a rehydration said.
type told struct {
	rehydrate.Result
	facts []rehydrate.Fact
	err   error
}

// newIDs are the Ids that records have now, by the old ones.
func (t told) newIDs() map[string]string {
	now := map[string]string{}
	for _, f := range t.facts {
		if f.NewID != "" && f.State != rehydrate.Linked {
			now[f.ID] = f.NewID
		}
	}
	return now
}

// rehydrate brings records back, in a process of its own that may die.
func (h *house) rehydrate(f *rig.Fate, req rehydrate.Request) (out told) {
	h.T.Helper()
	p := h.Start(f)
	defer p.Close()
	if p.Control == nil {
		out.err = context.Cause(p.Ctx)
		return out
	}
	run, err := p.Control.NewRunID()
	if err != nil {
		out.err = err
		return out
	}
	r := &rehydrate.Rehydrator{
		Org: p.Client, Warehouse: p.Warehouse, Stage: p.Stage, Now: h.Now,
		Flows: func(context.Context) ([]flow.Flow, error) { return h.Flows, nil },
		Holder: lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: run, Name: "back",
			Alone: true},
	}
	out.Result, out.err = r.Rehydrate(p.Ctx, req, func(f rehydrate.Fact) error {
		out.facts = append(out.facts, f)
		return nil
	})
	return out
}

// text says a result in lines.
func (t told) text() string {
	var b strings.Builder
	for _, o := range t.Objects {
		fmt.Fprintf(&b, "%s %v\n", o.Object, o.States)
	}
	for _, m := range t.Missing {
		fmt.Fprintf(&b, "%s.%s %s: %d\n", m.Object, m.Field, m.Reason, m.Records)
	}
	return b.String()
}

// documents are all files, some of which have older versions.
func (h *house) documents() []string { return slices.Sorted(maps.Keys(h.was["ContentDocument"])) }

// families are the Accounts with the most files, counting those of their children.
func (h *house) families(n int) []string {
	h.T.Helper()
	account := func(id string) string {
		if r, ok := h.was["Contact"][id]; ok {
			return r["accountid"]
		}
		if r, ok := h.was["Opportunity"][id]; ok {
			return r["accountid"]
		}
		return id
	}
	files := map[string][]string{}
	for _, link := range h.was["ContentDocumentLink"] {
		at := account(link["linkedentityid"])
		files[at] = append(files[at], link["contentdocumentid"])
	}
	maps.DeleteFunc(files, func(id string, _ []string) bool { return h.was["Account"][id] == nil })
	roots := slices.SortedFunc(maps.Keys(files), func(a, b string) int {
		return cmp.Or(len(files[b])-len(files[a]), strings.Compare(a, b))
	})
	return roots[:min(n, len(roots))]
}

// same holds the org against what it was: each record as it was, under its Id or the new one, but for fields that
// lost takes.
func (h *house) same(out told, lost func(object, field string) bool) {
	h.T.Helper()
	now, moved := h.all(), out.newIDs()
	bad := 0
	differs := func(format string, args ...any) {
		h.T.Helper()
		if bad++; bad <= 10 {
			h.T.Errorf(format, args...)
		}
	}
	for object, records := range h.was {
		for id, was := range records {
			at := id
			if to, ok := moved[id]; ok {
				at = to
			}
			is, ok := now[object][at]
			if !ok || is["isdeleted"] == "true" {
				if lost == nil || !lost(object, "id") {
					differs("%s %s isn't back", object, id)
				}
				continue
			}
			for field := range is {
				if _, had := was[field]; !had && (lost == nil || !lost(object, field)) {
					differs("%s %s: %s was empty, and is %q", object, id, field, is[field])
				}
			}
			for field, value := range was {
				if field == "id" || field == "systemmodstamp" || lost != nil && lost(object, field) {
					continue
				}
				if to, ok := moved[value]; ok {
					value = to
				}
				if is[field] != value {
					differs("%s %s: %s is %q, was %q", object, id, field, is[field], value)
				}
			}
		}
	}
	if bad > 10 {
		h.T.Errorf("%d differences in all", bad)
	}
}

// counted proves that exactly those that left are there anew, and no other.
func (h *house) counted(out told) {
	h.T.Helper()
	now := h.all()
	for object, records := range now {
		live, was := 0, 0
		for _, r := range records {
			if r["isdeleted"] != "true" {
				live++
			}
		}
		for _, r := range h.was[object] {
			if r["isdeleted"] != "true" {
				was++
			}
		}
		if live != was {
			h.T.Errorf("%s: %d records live, and %d did", object, live, was)
		}
	}
}

// twice proves that a second call writes nothing.
func (h *house) twice(req rehydrate.Request) {
	h.T.Helper()
	var out told
	calls := h.Calls(func() { out = h.rehydrate(nil, req) })
	if out.err != nil || !out.Whole() || calls["collection"]+calls["soap"] > 0 {
		h.T.Errorf("a second time: %v %v\n%s", out.err, calls, out.text())
	}
}

// bodyKey is the blob of a body.
func bodyKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return body.Key(hex.EncodeToString(sum[:]))
}

// remove takes a blob out of the stage.
func remove(c *cabin, key string) error {
	p := c.Start(nil)
	defer p.Close()
	return p.Stage.Delete(p.Ctx, key)
}

// replace gives a blob other bytes.
func replace(c *cabin, key, text string) error {
	if err := remove(c, key); err != nil {
		return err
	}
	p := c.Start(nil)
	defer p.Close()
	_, err := p.Stage.Put(p.Ctx, key, strings.NewReader(text))
	return err
}

// copied proves that a run brings the new records, and leaves the archived rows as they are; and that the ledger
// counts what is back.
func (h *house) copied(out told) {
	h.T.Helper()
	h.Later(time.Hour)
	h.Done(nil)
	p := h.Start(nil)
	defer p.Close()
	ledger, _ := archived.Of(p.Warehouse)
	counts, err := ledger.Tally(p.Ctx, h.name)
	h.Must(err)
	back := map[string]int64{}
	for _, c := range counts {
		back[c.Object] += c.Back
	}
	moved := out.newIDs()
	for object, ids := range h.left {
		if back[object] != int64(len(ids)) {
			h.T.Errorf("%s: the ledger has %d back, of %d", object, back[object], len(ids))
		}
		rows := p.Rows(object)
		for id := range ids {
			if moved[id] == "" {
				continue
			}
			if rows[id].Reason != "archived" || rows[moved[id]].Reason != "" || rows[moved[id]].Values["id"] == "" {
				h.T.Errorf("%s %s: %q, and %q", object, id, rows[id].Reason, rows[moved[id]].Values["id"])
			}
		}
	}
}
