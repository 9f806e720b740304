package pubsub_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/fakeorg/admin"
	"catchment/internal/fakeorg/events"
)

const everything = "/data/ChangeEvents"

func TestChangesOfOneRecord(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	id := r.create("Account", map[string]any{"Name": "Acme", "BillingCity": "Paris", "BillingStreet": "1 rue"})
	r.update(id, map[string]any{"BillingCity": nil, "AnnualRevenue": 1.5, "Description": "x"})
	r.update(id, map[string]any{"BillingStreet": nil})
	r.ok(r.org.Delete(id))
	r.ok(r.org.Undelete(id))
	r.ok(r.org.Delete(id))
	r.ok(r.org.Purge(id)) // out of the recycle bin: no event
	all := r.subscribe("/data/AccountChangeEvent", 100).hear(6)
	r.same("types", types(all), []string{"Account CREATE", "Account UPDATE", "Account UPDATE", "Account DELETE",
		"Account UNDELETE", "Account DELETE"})
	for _, h := range all {
		h.says(t, "recordIds", `["`+id+`"]`)
		h.says(t, "sequenceNumber", "1")
	}
	created, changed, emptied, deleted := all[0], all[1], all[2], all[3]
	created.says(t, "changedFields", "[]")
	created.says(t, "commitTimestamp", fmt.Sprint(begin.UnixMilli()))
	if created.body["Name"] != "Acme" || created.body["CreatedDate"] != begin.UnixMilli() {
		t.Errorf("created with %v", created.body)
	}
	// What of an address is emptied stands in a bitmap of its own, and alone in the list where nothing else is.
	emptied.says(t, "nulledFields", `["`+r.position("Account", "BillingAddress")+`-0x01"]`)
	changed.says(t, "nulledFields", `["`+r.position("Account", "BillingAddress")+`-0x02"]`)
	if _, there := changed.body["Name"]; there || changed.body["AnnualRevenue"] != 1.5 {
		t.Errorf("changed with %v", changed.body)
	}
	if len(deleted.body) > 0 || all[4].body["Name"] != "Acme" {
		t.Errorf("deleted with %v, undeleted with %v", deleted.body, all[4].body)
	}
}

// position is where a field stands in the schema of an entity.
func (r *rig) position(entity, field string) string {
	r.Helper()
	schema, ok := r.org.PubSub().Bus.SchemaOf(entity)
	if !ok {
		r.Fatalf("no schema of %s", entity)
	}
	var told struct{ Fields []struct{ Name string } }
	r.ok(json.Unmarshal([]byte(schema.JSON), &told))
	for at, f := range told.Fields {
		if f.Name == field {
			return fmt.Sprint(at)
		}
	}
	r.Fatalf("%s has no %s", entity, field)
	return ""
}

// A transaction has one key and one number; each record the stamp of its own write, and one event whatever was done to
// it.
func TestLeadIsConverted(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.ok(r.org.AddObject("Lead", "00Q", admin.Field{Name: "LastName", Type: "string"},
		admin.Field{Name: "IsConverted", Type: "boolean"}, admin.Field{Name: "ConvertedAccountId", Type: "reference",
			References: []string{"Account"}}))
	r.selects("Account", "Contact", "Lead")
	lead := r.create("Lead", map[string]any{"LastName": "Ada"})
	tx := r.org.Begin()
	account, err := tx.Create("Account", map[string]any{"Name": "Ada's"})
	r.ok(err)
	_, err = tx.Create("Contact", map[string]any{"LastName": "Ada", "AccountId": account})
	r.ok(err)
	r.org.Clock().Advance(time.Second)
	r.ok(tx.Update(lead, map[string]any{"IsConverted": true, "ConvertedAccountId": account}))
	r.ok(tx.Update(account, map[string]any{"Site": "x"}))
	r.org.Clock().Advance(time.Minute)
	r.ok(tx.Commit())
	all := r.subscribe(everything, 100).hear(4)[1:]
	r.same("types", types(all), []string{"Account CREATE", "Contact CREATE", "Lead UPDATE"})
	for i, h := range all {
		if h.header["transactionKey"] != all[0].header["transactionKey"] ||
			h.header["commitNumber"] != all[0].header["commitNumber"] || h.header["sequenceNumber"] != int32(i+1) {
			t.Errorf("event %d: %v", i, h.header)
		}
	}
	all[1].says(t, "commitTimestamp", fmt.Sprint(begin.UnixMilli()))
	all[2].says(t, "commitTimestamp", fmt.Sprint(begin.Add(time.Second).UnixMilli()))
	if name := all[1].body["Name"].(map[string]any); name["LastName"] != "Ada" || name["FirstName"] != nil {
		t.Errorf("the name of a contact is %v", name)
	}
}

func TestMergeTellsOfAll(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	winner, loser := r.create("Account", map[string]any{"Name": "a"}), r.create("Account", map[string]any{"Name": "b"})
	contact := r.create("Contact", map[string]any{"LastName": "c", "AccountId": loser})
	r.org.Clock().Advance(time.Second)
	r.ok(r.org.Merge(winner, loser))
	all := r.subscribe(everything, 100).hear(6)[3:]
	r.same("types", types(all), []string{"Contact UPDATE", "Account DELETE", "Account UPDATE"})
	all[0].says(t, "recordIds", `["`+contact+`"]`)
	if all[0].body["AccountId"] != winner {
		t.Errorf("the contact moved with %v", all[0].body)
	}
}

// A person account is two events; its name has parts, and that of another is a text.
func TestPersonAccountIsTwoEvents(t *testing.T) {
	r := newRig(t, fakeorg.Options{PersonAccounts: true})
	r.create("Account", map[string]any{"LastName": "Ada", "FirstName": "A"})
	r.create("Account", map[string]any{"Name": "Acme"})
	all := r.subscribe(everything, 100).hear(3)
	r.same("types", types(all), []string{"Contact CREATE", "Account CREATE", "Account CREATE"})
	if name := all[1].body["Name"].(map[string]any); name["LastName"] != "Ada" || all[2].body["Name"] != "Acme" {
		t.Errorf("names are %v and %v", all[1].body["Name"], all[2].body["Name"])
	}
}

// What a person's Contact has is told of the Account only where events of Contact are published.
func TestPersonWithoutEventsOfContact(t *testing.T) {
	r := newRig(t, fakeorg.Options{PersonAccounts: true})
	id := r.create("Account", map[string]any{"LastName": "Ada"})
	for _, entities := range [][]string{{"Account", "Contact"}, {"Account"}} {
		r.selects(entities...)
		r.update(id, map[string]any{"PersonEmail": entities[len(entities)-1] + "@example.com"})
	}
	all := r.subscribe("/data/AccountChangeEvent", 10).hear(3)
	if all[1].body["PersonEmail"] != "Contact@example.com" || all[2].body["PersonEmail"] != nil {
		t.Errorf("the addresses are %v and %v", all[1].body["PersonEmail"], all[2].body["PersonEmail"])
	}
}

// Records that change alike in one transaction share an event.
func TestRecordsThatChangeAlikeShareAnEvent(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	a, b := r.create("Account", map[string]any{"Name": "a"}), r.create("Account", map[string]any{"Name": "b"})
	r.org.Clock().Advance(time.Second)
	tx := r.org.Begin()
	for _, id := range []string{a, b} {
		r.ok(tx.Update(id, map[string]any{"Site": "x"}))
	}
	r.ok(tx.Commit())
	r.subscribe(everything, 100).hear(3)[2].says(t, "recordIds", fmt.Sprintf("[%q,%q]", a, b))
}

func TestEntityThatIsNotSelectedLeavesAHole(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.selects("Contact")
	tx := r.org.Begin()
	account, err := tx.Create("Account", map[string]any{"Name": "a"})
	r.ok(err)
	_, err = tx.Create("Contact", map[string]any{"LastName": "c", "AccountId": account})
	r.ok(err)
	r.ok(tx.Commit())
	r.subscribe(everything, 100).hear(1)[0].says(t, "sequenceNumber", "2")
}

func TestSixthEntityNeedsTheAddOn(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	six := []string{"Account", "Contact", "Opportunity", "Case", "Task", "Invoice__c"}
	if err := r.org.PubSub().Bus.Select(six...); err == nil || !strings.Contains(err.Error(), "LIMIT_EXCEEDED") {
		t.Errorf("six entities are selected: %v", err)
	}
	r.org.PubSub().Bus.SetLimits(events.Limits{Entities: 100})
	r.selects(six...)
}

func TestLongTextComesAsADifference(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	lines := strings.Repeat("one line of many\n", 100)
	id := r.create("Account", map[string]any{"Name": "a", "Description": lines})
	r.update(id, map[string]any{"Description": lines + "and another\n"})
	r.update(id, map[string]any{"Description": strings.Repeat("wholly new\n", 150)})
	all := r.subscribe(everything, 100).hear(3)
	diff := all[1].body["Description"].(string)
	if !strings.HasPrefix(diff, "--- \n+++ ") || !strings.Contains(diff, "\n+and another\n") || len(diff) > 200 {
		t.Errorf("the difference is %q", diff)
	}
	if all[1].header["diffFields"].([]any)[0] == "" || len(all[2].header["diffFields"].([]any)) > 0 {
		t.Errorf("diffFields are %v and %v", all[1].header["diffFields"], all[2].header["diffFields"])
	}
}

// An event of more than a megabyte, and of a transaction with too many changes, says no more than that there was one.
func TestGapAndOverflow(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	var fields []admin.Field
	values := map[string]any{"Name": "long"}
	for i := range 10 {
		name := fmt.Sprintf("Long%d__c", i)
		fields = append(fields, admin.Field{Name: name, Type: "textarea", Length: 131_072})
		values[name] = strings.Repeat("x", 131_072)
	}
	for _, f := range fields {
		r.ok(r.org.AddField("Account", f))
	}
	id := r.create("Account", values)
	r.org.PubSub().Bus.SetLimits(events.Limits{TransactionChanges: 3})
	tx := r.org.Begin()
	for i := range 5 {
		_, err := tx.Create("Account", map[string]any{"Name": fmt.Sprint(i)})
		r.ok(err)
	}
	r.ok(tx.Commit())
	r.ok(r.org.PubSub().Bus.Gap("Account", events.GapUpdate, events.AllRecords("001")))
	all := r.subscribe(everything, 100).hear(6)
	r.same("types", types(all), []string{"Account GAP_CREATE", "Account CREATE", "Account CREATE", "Account CREATE",
		"Account GAP_OVERFLOW", "Account GAP_UPDATE"})
	all[0].says(t, "recordIds", `["`+id+`"]`)
	all[4].says(t, "recordIds", `["000000000000000AAA"]`)
	all[5].says(t, "recordIds", `["001*"]`)
	if len(all[0].body) > 0 {
		t.Errorf("a gap event has %d fields", len(all[0].body))
	}
}

// A field added a second ago is in the next event, under another schema; events of before keep theirs.
func TestSchemaChangesWithinABatch(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	id := r.create("Account", map[string]any{"Name": "a"})
	r.ok(r.org.AddField("Account", admin.Field{Name: "Place__c", Type: "location"}))
	r.update(id, map[string]any{"Place__Latitude__s": 48.5, "Place__Longitude__s": 2.25})
	all := r.subscribe(everything, 100).hear(2)
	if all[0].schema == all[1].schema {
		t.Error("both events have one schema")
	}
	if at := all[1].body["Place__c"].(map[string]any); at["Latitude"] != 48.5 || at["Longitude"] != 2.25 {
		t.Errorf("the place is %v", at)
	}
}

// What the user doesn't see of a record isn't in its events, though the schema has it.
func TestHiddenFieldIsLeftOut(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	id := r.create("Account", map[string]any{"Name": "a"})
	r.ok(r.org.HideField("Account", "Site"))
	tx := r.org.Begin()
	r.org.Clock().Advance(time.Second)
	r.ok(tx.Update(id, map[string]any{"Description": "seen"}))
	r.ok(tx.Commit())
	r.ok(r.org.Drift(id, "Site", "hidden"))
	r.ok(r.org.Drift(id, "Description", "drifted"))
	all := r.subscribe(everything, 100).hear(3)
	if all[2].body["Description"] != "drifted" || r.position("Account", "Site") == "0" {
		t.Errorf("the last event has %v", all[2].body)
	}
}
