package rehydrate_test

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/archive/rehydrate"
	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
)

// lacks finds how many records lack a field for a reason.
func (t told) lacks(object, field string, reason remake.Reason) int64 {
	for _, m := range t.Missing {
		if m.Object == object && m.Field == field && m.Reason == reason {
			return m.Records
		}
	}
	return 0
}

// last is the last that was said of a record.
func (t told) last(id string) (last rehydrate.Fact) {
	for _, f := range t.facts {
		if f.ID == id && f.State != rehydrate.Linked {
			last = f
		}
	}
	return last
}

// What the org takes no more is left out and told, and the record comes back without it.
func TestWhatTheOrgRefuses(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	c.Must(c.Org.SetTriggers(fakeorg.Trigger{Object: "Attachment", On: "insert", Refuse: "no files"}))
	colour := fakeorg.Field{Name: "Colour__c", Type: "picklist", Values: []string{"green"}}
	c.Must(c.Org.RetypeField("Box__c", colour))
	out := c.rehydrate(nil, c.back())
	if out.err != nil || out.Whole() {
		t.Error(out.err, out.text())
	}
	if n := out.lacks("Box__c", "Colour__c", remake.Refused); n != 6 {
		t.Errorf("%d boxes lack their colour\n%s", n, out.text())
	}
	f := out.last(c.ids["file"])
	if f.State != rehydrate.Failed || !strings.Contains(f.Reason, "FIELD_CUSTOM_VALIDATION_EXCEPTION") ||
		strings.Contains(f.Reason, "no files") {
		t.Errorf("the file: %+v", f)
	}
	c.same(out, func(object, field string) bool {
		return lostOfCabin(object, field) || field == "colour__c" || object == "Attachment"
	})
}

// A lookup that somebody has filled since stays as it is.
func TestFilledSince(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	other, err := c.Org.Create("Box__c", map[string]any{"Name": "other", "Account__c": c.ids["two"]})
	c.Must(err)
	c.Must(c.Org.Update(c.ids["taken"], map[string]any{"Box__c": other}))
	out := c.rehydrate(nil, c.back())
	if out.err != nil || !out.Whole() || out.lacks("Note__c", "box__c", remake.TakenSince) != 1 {
		t.Error(out.err, out.text())
	}
	if is := c.Truth("Note__c", "")[c.ids["taken"]]; is["box__c"] != other {
		t.Errorf("the note leads to %s", is["box__c"])
	}
}

// Only what is asked for comes back, with what went along. What needs a parent that isn't there stays aside.
func TestOnlyWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	const nobody = "001000000000009AAA"
	out := c.rehydrate(nil, rehydrate.Request{IDs: []string{c.ids["a"], c.ids["two"], nobody}, Really: true})
	if out.err != nil {
		t.Fatal(out.err)
	}
	if f := out.last(c.ids["a"]); f.State != rehydrate.Failed || !strings.Contains(f.Reason, "Account__c") {
		t.Errorf("%+v", f)
	}
	for _, id := range []string{c.ids["two"], nobody} {
		if f := out.last(id); f.State != rehydrate.Failed || !strings.Contains(f.Reason, "no plan") {
			t.Errorf("%+v", f)
		}
	}
	if n := c.Org.Requests()["collection"]; n != 0 {
		t.Errorf("%d writes", n)
	}
	all := c.rehydrate(nil, c.back())
	if all.err != nil || !all.Whole() {
		t.Error(all.err, all.text())
	}
	c.same(all, lostOfCabin)
}

// A plan comes back as a whole; another one has to be there.
func TestWholePlan(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	out := c.rehydrate(nil, rehydrate.Request{Plan: c.name, Really: true})
	if out.err != nil || !out.Whole() {
		t.Error(out.err, out.text())
	}
	c.same(out, lostOfCabin)
	for _, bad := range []rehydrate.Request{{Plan: "other-20260101-12345678"}, {}, {IDs: []string{"no Id"}}} {
		if out := c.rehydrate(nil, bad); plan.ClassOf(out.err) != plan.Fix || plan.HintOf(out.err) == "" {
			t.Errorf("%+v: %v", bad, out.err)
		}
	}
}

// Records are found by what their rows hold.
func TestWhere(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	dry := c.rehydrate(nil, rehydrate.Request{Object: "box__c", Where: "Size__c >= 1.25 AND Sealed__c = false"})
	var ids []string
	for _, f := range dry.facts {
		if f.State != rehydrate.ToInsert {
			t.Errorf("%+v", f)
		}
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	if want := []string{c.ids["b"], c.ids["d"]}; !slices.Equal(ids, want) || dry.err != nil {
		t.Errorf("%v, want %v, %v", ids, want, dry.err)
	}
	for where, hint := range map[string]string{"Nothing__c = 1": "Nothing__c", "Size__c": "name of a field"} {
		out := c.rehydrate(nil, rehydrate.Request{Object: "Box__c", Where: where, Really: true})
		if out.err == nil || !strings.Contains(out.err.Error(), hint) {
			t.Errorf("%s: %v", where, out.err)
		}
	}
}

// With a field that takes the old Ids, lost answers are told for certain, even where a trigger changes what is
// made.
func TestByKey(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	req := c.back()
	req.Keys = map[string]string{"Box__c": "Old__c"}
	out := c.rehydrate(nil, req)
	if out.err != nil || !out.Whole() {
		t.Error(out.err, out.text())
	}
	for id, box := range c.Truth("Box__c", "") {
		if old := box["old__c"]; box["isdeleted"] == "false" && (old == "" || out.newIDs()[old] != id) {
			t.Errorf("%s says that it was %q", id, old)
		}
	}
	req.Keys = map[string]string{"Box__c": "Name"}
	if bad := c.rehydrate(nil, req); bad.err == nil {
		t.Error("a field that isn't an external Id takes the old Ids")
	}
}

// Without a key, somebody else's records that may be the lost ones keep us from making more.
func TestNobodyCanTell(t *testing.T) {
	t.Parallel()
	c := newCabin(t, nil)
	c.Org.Fault(fakeorg.Rule{Kind: "collection", Method: "POST", Reset: true})
	if out := c.rehydrate(nil, c.back()); out.err != nil {
		t.Fatal(out.err)
	}
	c.Org.ClearFaults()
	_, err := c.Org.Create("Account", map[string]any{"Name": "somebody's"}) // as a trigger might have made of it
	c.Must(err)
	c.Later(11 * 60e9)
	out := c.rehydrate(nil, c.back())
	if f := out.last(c.ids["one"]); f.State != rehydrate.Unknown || !strings.Contains(f.Reason, "may be it") {
		t.Errorf("%+v %v", f, out.err)
	}
	for id, r := range c.Truth("Account", "") {
		if r["name"] == "somebody's" {
			c.Must(c.Org.Purge(id))
		}
	}
	out = c.rehydrate(nil, c.back())
	if out.err != nil || !out.Whole() {
		t.Error(out.err, out.text())
	}
	c.same(out, lostOfCabin)
}

// A body that was lost keeps its file aside, and nothing else.
func TestLostBody(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(c *cabin, key string){
		"gone":  func(c *cabin, key string) { c.Must(remove(c, key)) },
		"other": func(c *cabin, key string) { c.Must(replace(c, key, "hellO")) },
		"short": func(c *cabin, key string) { c.Must(replace(c, key, "hell")) },
		"long":  func(c *cabin, key string) { c.Must(replace(c, key, "hello, you")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCabin(t, nil)
			spoil(c, bodyKey("hello"))
			out := c.rehydrate(nil, c.back())
			f := out.last(c.ids["file"])
			if out.err != nil || f.State != rehydrate.Failed || f.Missing[0].Reason != remake.NoBody {
				t.Errorf("%+v, %v", f, out.err)
			}
			for _, r := range c.Truth("Attachment", "") {
				if r["isdeleted"] == "false" {
					t.Error("a file came back")
				}
			}
			c.same(out, func(object, field string) bool { return lostOfCabin(object, field) || object == "Attachment" })
		})
	}
}
