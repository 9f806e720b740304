package rehydrate_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/rehydrate"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/rig"
)

var crashEvery = flag.Int("crash.every", 0, "die at every n-th moment; 1 is exhaustive (0: some)")

// A cabin is a small org: two Accounts; Boxes that hang on them, and on each other, in a circle too; Notes that
// point to Boxes and stay; an Attachment.
type cabin struct {
	*house
	ids map[string]string
}

// reference is a lookup.
func reference(name, to string, change func(*fakeorg.Field)) fakeorg.Field {
	f := fakeorg.Field{Name: name, Type: "reference", References: []string{to}}
	if change != nil {
		change(&f)
	}
	return f
}

// cabinOrg makes the org, the same each time.
func cabinOrg(t *testing.T, change func(*fakeorg.Options)) (*fakeorg.Org, map[string]string) {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 2}, func(o *fakeorg.Options) {
		o.SetAuditFields, o.SessionLife = true, 10000*time.Hour
		if change != nil {
			change(o)
		}
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(org.AddObject("Box__c", "a0B",
		reference("Account__c", "Account", func(f *fakeorg.Field) { f.Cascade, f.Required = true, true }),
		fakeorg.Field{Name: "Name", Type: "string"}, fakeorg.Field{Name: "Size__c", Type: "double", Scale: 2},
		fakeorg.Field{Name: "Opened__c", Type: "datetime"}, fakeorg.Field{Name: "Day__c", Type: "date"},
		fakeorg.Field{Name: "Sealed__c", Type: "boolean"},
		fakeorg.Field{Name: "Colour__c", Type: "picklist", Values: []string{"red", "blue"}},
		fakeorg.Field{Name: "Old__c", Type: "string", ExternalID: true}))
	must(org.AddField("Box__c", reference("In__c", "Box__c", nil)))
	must(org.AddObject("Note__c", "a0N", fakeorg.Field{Name: "Name", Type: "string"},
		reference("Box__c", "Box__c", nil)))
	must(org.AddStandard("Attachment"))
	ids := map[string]string{}
	add := func(name, object string, values map[string]any) {
		t.Helper()
		id, err := org.Create(object, values)
		must(err)
		ids[name] = id
	}
	add("one", "Account", map[string]any{"Name": "one"})
	add("two", "Account", map[string]any{"Name": "two"})
	for n, name := range []string{"a", "b", "c", "d", "twin 1", "twin 2"} {
		values := map[string]any{"Name": name, "Account__c": ids["one"], "Size__c": float64(n) + 0.25,
			"Opened__c": "2020-02-29T23:59:59.000Z", "Day__c": "2020-02-29", "Sealed__c": n%2 == 0, "Colour__c": "red"}
		if strings.HasPrefix(name, "twin") {
			values["Name"], values["Size__c"], values["Sealed__c"] = "twin", nil, false
		}
		add(name, "Box__c", values)
	}
	link := func(from, to string) {
		t.Helper()
		must(org.Update(ids[from], map[string]any{"In__c": ids[to]}))
	}
	link("a", "b") // a lies in b, b in c; c and d in each other
	link("b", "c")
	link("c", "d")
	link("d", "c")
	add("note", "Note__c", map[string]any{"Name": "note", "Box__c": ids["a"]})
	add("taken", "Note__c", map[string]any{"Name": "taken", "Box__c": ids["b"]})
	add("file", "Attachment", map[string]any{"Name": "f", "ParentId": ids["one"], "Body": "aGVsbG8="})
	org.Clock().Advance(time.Hour)
	return org, ids
}

// newCabin is one whose first Account was archived so long ago that the bin has forgotten it.
func newCabin(t *testing.T, template *cabin) *cabin {
	t.Helper()
	org, ids := cabinOrg(t, nil)
	c := &cabin{ids: ids}
	if template == nil {
		c.house = newHouse(t, "duckdb", org, "Account", "Box__c", "Note__c", "Attachment")
	} else {
		c.house = template.house.moved(t, org)
	}
	c.archive(ids["one"])
	c.Later(binDays)
	return c
}

// moved is a house of another org that is the same, as it was before anything left.
func (h *house) moved(t *testing.T, org *fakeorg.Org) *house {
	t.Helper()
	r := rig.Moved(t, h.Rig, org)
	r.Begun = h.Begun
	return &house{Rig: r, was: h.was}
}

// lostOfCabin are the fields that can't come back there.
func lostOfCabin(_, field string) bool { return strings.HasPrefix(field, "lastmodified") }

func (c *cabin) back() rehydrate.Request {
	return rehydrate.Request{IDs: []string{c.ids["one"]}, Really: true}
}

// Records that refer to each other come back in the right order, in circles too.
func TestCircles(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	out := c.rehydrate(nil, c.back())
	if out.err != nil || !out.Whole() {
		t.Error(out.err, out.text())
	}
	c.same(out, lostOfCabin)
	c.counted(out)
	c.twice(c.back())
}

// Records that were deleted one by one, each emptying the lookups of those that lived longer, come back with these.
func TestTies(t *testing.T) {
	t.Parallel()
	org, ids := cabinOrg(t, nil)
	c := &cabin{house: newHouse(t, "duckdb", org, "Account", "Box__c", "Note__c", "Attachment"), ids: ids}
	before := []string{ids["file"], ids["c"], ids["b"], ids["a"], ids["d"], ids["twin 1"], ids["twin 2"]}
	c.archiveAfter(before, ids["one"])
	out := c.rehydrate(nil, c.back())
	if out.err != nil || !out.Whole() {
		t.Error(out.err, out.text())
	}
	c.same(out, lostOfCabin)
	c.counted(out)
	c.twice(c.back())
}

// What comes back along with its parent, and no plan took, is told.
func TestOutside(t *testing.T) {
	t.Parallel()
	org, ids := cabinOrg(t, nil)
	c := &cabin{house: newHouse(t, "duckdb", org, "Account", "Box__c", "Note__c", "Attachment"), ids: ids}
	c.unplanned = map[string]bool{ids["twin 1"]: true}
	c.archive(ids["one"])
	out := c.rehydrate(nil, c.back())
	if f := out.last(ids["twin 1"]); f.State != rehydrate.Outside || out.err != nil {
		t.Errorf("%+v, %v %s", f, out.err, out.text())
	}
	c.same(out, lostOfCabin)
}

// It may die at any moment: done again, at once and later, all is back and nothing is there twice.
func TestRehydrateCrashes(t *testing.T) {
	t.Parallel()
	org, ids := cabinOrg(t, nil)
	template := &cabin{house: newHouse(t, "duckdb", org, "Account", "Box__c", "Note__c", "Attachment"), ids: ids}
	for name, leave := range map[string]func() *cabin{
		"as new records": func() *cabin { return newCabin(t, template) },
		"from the bin": func() *cabin {
			org, ids := cabinOrg(t, nil)
			c := &cabin{house: template.house.moved(t, org), ids: ids}
			c.archiveAfter([]string{ids["c"], ids["b"], ids["a"], ids["d"]}, ids["one"])
			return c
		},
	} {
		t.Run(name, func(t *testing.T) { dieEverywhere(t, leave) })
	}
}

func dieEverywhere(t *testing.T, leave func() *cabin) {
	f := &rig.Fate{}
	c := leave()
	if out := c.rehydrate(f, c.back()); out.err != nil {
		t.Fatal(out.err)
	}
	every := *crashEvery
	if every == 0 {
		every = max(1, f.Moments/8)
	}
	for n := 1; n <= f.Moments; n += every {
		died := fmt.Sprintf("died at %d of %d (%s)", n, f.Moments, f.Kinds[n-1])
		c := leave()
		if out := c.rehydrate(&rig.Fate{At: n}, c.back()); out.err == nil {
			t.Errorf("%s: it should have died", died)
		}
		moved := c.rehydrate(nil, c.back()).newIDs()
		c.Later(11 * time.Minute)
		out := c.rehydrate(nil, c.back())
		if out.err != nil || !out.Whole() {
			t.Errorf("%s: %v %s", died, out.err, out.text())
		}
		for old, now := range out.newIDs() {
			moved[old] = now
		}
		out.facts = append(out.facts, factsOf(moved)...)
		c.same(out, lostOfCabin)
		c.counted(out)
		if t.Failed() {
			t.Fatal(died)
		}
	}
}

// factsOf says where records are by now.
func factsOf(moved map[string]string) (facts []rehydrate.Fact) {
	for old, now := range moved {
		facts = append(facts, rehydrate.Fact{ID: old, NewID: now, State: rehydrate.Before})
	}
	return facts
}

// An answer is lost: what was made is found, and nothing is made twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	org, ids := cabinOrg(t, nil)
	template := &cabin{house: newHouse(t, "duckdb", org, "Account", "Box__c", "Note__c", "Attachment"), ids: ids}
	for name, fault := range map[string]fakeorg.Rule{
		"every answer to an insert": {Kind: "collection", Method: "POST", Path: "/composite/sobjects", Truncate: 1},
		"the upload's":              {Method: "POST", Path: "/sobjects/Attachment", Truncate: 1},
		"the link's":                {Kind: "collection", Method: "PATCH", Truncate: 1},
		"nothing was done":          {Kind: "collection", Method: "POST", Reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCabin(t, template)
			c.Org.Fault(fault)
			var moved told
			moved = c.rehydrate(nil, c.back())
			if moved.err != nil {
				t.Error(moved.err)
			}
			if name == "nothing was done" && plan.ClassOf(moved.Waits) != plan.Wait {
				t.Errorf("waits: %v", moved.Waits)
			}
			c.Org.ClearFaults()
			c.Later(11 * time.Minute)
			out := c.rehydrate(nil, c.back())
			if out.err != nil || !out.Whole() {
				t.Error(out.err, out.text())
			}
			out.facts = append(moved.facts, out.facts...)
			c.same(out, lostOfCabin)
			c.counted(out)
		})
	}
}
