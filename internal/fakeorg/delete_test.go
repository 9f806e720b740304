package fakeorg_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// ties fills an org with an Account and its children: a Visit goes with it, a Deal
// stands against its delete, a Note__c and another Account only point to it. A Step
// goes with a Visit.
func ties(c *client) (account string, made map[string]string) {
	t := c.t.(*testing.T)
	t.Helper()
	lookup := func(to string) fakeorg.Field {
		return fakeorg.Field{Name: to + "__c", Type: "reference", References: []string{strings.TrimSuffix(to, "__c")}}
	}
	cascade, restrict, step := lookup("Account"), lookup("Account"), lookup("Visit")
	cascade.Cascade, restrict.Restrict, step.Cascade = true, true, true
	step.References = []string{"Visit__c"}
	fine(t, c.org.AddObject("Visit__c", "a0V", cascade), c.org.AddObject("Deal__c", "a0D", restrict),
		c.org.AddObject("Note__c", "a0N", lookup("Account")), c.org.AddObject("Step__c", "a0S", step))
	create := func(object, body string) string {
		return c.ok("POST", data+"/sobjects/"+object, body)["id"].(string)
	}
	account = create("Account", `{"Name":"Parent"}`)
	made = map[string]string{}
	for _, object := range []string{"Visit__c", "Deal__c", "Note__c"} {
		made[object] = create(object, `{"Account__c":"`+account+`"}`)
	}
	made["Step__c"] = create("Step__c", `{"Visit__c":"`+made["Visit__c"]+`"}`)
	made["Account"] = create("Account", `{"Name":"Child","ParentId":"`+account+`"}`)
	made["Contact"] = create("Contact", `{"LastName":"Left","AccountId":"`+account+`"}`)
	c.org.Clock().Advance(time.Hour)
	return account, made
}

// byIDs calls an operation of SOAP that takes Ids, and returns what it says.
func (c *client) byIDs(operation, header string, ids ...string) string {
	c.t.Helper()
	body := ""
	for _, id := range ids {
		body += "<ids>" + id + "</ids>"
	}
	return c.soap(header, "<"+operation+">"+body+"</"+operation+">").body
}

func TestDeleteTakesAlongClearsAndIsRefused(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	account, made := ties(c)
	path := data + "/sobjects/Account/" + account
	r := c.do("DELETE", path, "")
	r.refused(t, 400, "DELETE_FAILED")
	if !strings.Contains(r.body, "Your attempt to delete Parent could not be completed because it is associated with "+
		"the following deals.: "+made["Deal__c"]) {
		t.Errorf("refused with %s", r.body)
	}
	if _, deleted := c.stampOf("Visit__c", made["Visit__c"]); deleted != "false" {
		t.Error("a refused delete took a child along")
	}
	c.ok("DELETE", data+"/sobjects/Deal__c/"+made["Deal__c"], "")
	c.ok("DELETE", path, "")
	for object, gone := range map[string]string{
		"Visit__c": "true", "Step__c": "true", "Note__c": "false", "Account": "false", "Contact": "false",
	} {
		if _, deleted := c.stampOf(object, made[object]); deleted != gone {
			t.Errorf("%s: deleted %s", object, deleted)
		}
	}
	note := c.get(data + "/sobjects/Note__c/" + made["Note__c"])
	if note["Account__c"] != nil || note["SystemModstamp"] == note["LastModifiedDate"] {
		t.Errorf("the lookup holds %v, stamped %v and %v", note["Account__c"], note["SystemModstamp"],
			note["LastModifiedDate"])
	}
	c.do("DELETE", path, "").refused(t, 404, "ENTITY_IS_DELETED")

	c.ok("PATCH", data+"/sobjects/Account/"+made["Account"], `{"ParentId":"`+first+`"}`)
	if got := c.byIDs("undelete", "", account); !strings.Contains(got, "<id>"+account+"</id><success>true</success>") {
		t.Fatalf("undelete says %s", got)
	}
	for _, object := range []string{"Visit__c", "Step__c"} {
		if _, deleted := c.stampOf(object, made[object]); deleted != "false" {
			t.Errorf("%s didn't come back", object)
		}
	}
	for object, want := range map[string]map[string]any{
		"Note__c": {"Account__c": account}, "Account": {"ParentId": first}, "Contact": {"AccountId": nil},
	} {
		r := c.get(data + "/sobjects/" + object + "/" + made[object])
		for field, value := range want {
			if r[field] != value {
				t.Errorf("%s.%s holds %v, not %v", object, field, r[field], value)
			}
		}
	}
}

func TestUndeleteIsRefused(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	account, made := ties(c)
	says := func(words, got string) {
		t.Helper()
		if !strings.Contains(got, words) {
			t.Errorf("%s is not in %s", words, got)
		}
	}
	const notThere = "<statusCode>UNDELETE_FAILED</statusCode>"
	says(notThere, c.byIDs("undelete", "", account))
	says("<statusCode>MALFORMED_ID</statusCode>", c.byIDs("undelete", "", "rubbish"))
	says("<statusCode>INVALID_CROSS_REFERENCE_KEY</statusCode>", c.byIDs("undelete", "", "001Ho00000zzzzzIAA"))
	says("EXCEEDED_ID_LIMIT", c.byIDs("undelete", "", make([]string, 201)...))

	fine(t, c.org.Delete(made["Deal__c"]), c.org.Delete(made["Visit__c"]), c.org.Delete(account))
	says("the parent is deleted", c.byIDs("undelete", "", made["Visit__c"]))
	says("goes with it", c.byIDs("emptyRecycleBin", "", made["Step__c"]))
	const whole = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
	says("ALL_OR_NONE_OPERATION_ROLLED_BACK", c.byIDs("undelete", whole, account, made["Visit__c"]+"A"))
	if _, deleted := c.stampOf("Account", account); deleted != "true" {
		t.Error("all or none brought back one")
	}
	says("<success>true</success>", c.byIDs("emptyRecycleBin", "", account))
	says(notThere, c.byIDs("undelete", "", account))
	says("<success>true</success>", c.byIDs("delete", "", made["Note__c"]))
	says("<statusCode>ENTITY_IS_DELETED</statusCode>", c.byIDs("delete", "", made["Note__c"]))
	fine(t, c.org.SetObject("Note__c", "", map[string]bool{"undeletable": false}))
	says(notThere, c.byIDs("undelete", "", made["Note__c"]))
}

func TestDeletesThatAreRefused(t *testing.T) {
	c := serve(t, fakeorg.Options{MostAlong: 2}, generated(100))
	account, made := ties(c)
	fine(t, c.org.Delete(made["Deal__c"]))
	path := data + "/composite/sobjects?ids=" + account
	refused := func(code string) {
		t.Helper()
		if got := c.do("DELETE", path, "").body; !strings.Contains(got, `"statusCode":"`+code+`"`) {
			t.Errorf("%s is not in %s", code, got)
		}
	}
	refused("DELETE_OPERATION_TOO_LARGE")
	fine(t, c.org.Delete(made["Step__c"]))
	c.ok("POST", "/_org/records", `{"do":"lock","ids":["`+made["Visit__c"]+`"]}`)
	refused("ENTITY_IS_LOCKED")
	c.do("PATCH", data+"/sobjects/Visit__c/"+made["Visit__c"], `{"Account__c":null}`).
		refused(t, 400, "ENTITY_IS_LOCKED")
	c.ok("POST", "/_org/records", `{"do":"unlock","ids":["`+made["Visit__c"]+`"]}`)
	fine(t, c.org.SetObject("Visit__c", "", map[string]bool{"deletable": false}))
	refused("DELETE_FAILED")
	c.do("DELETE", data+"/sobjects/Visit__c/"+made["Visit__c"], "").
		refused(t, 400, "INSUFFICIENT_ACCESS_OR_READONLY")
	fine(t, c.org.SetObject("Visit__c", "", map[string]bool{"deletable": true}))
	c.ok("POST", "/_org/triggers", `[{"object":"Account","on":"delete","refuse":"Accounts stay."}]`)
	refused("FIELD_CUSTOM_VALIDATION_EXCEPTION")
	c.ok("POST", "/_org/triggers", `[]`)
	if got := c.do("DELETE", path, "").body; !strings.Contains(got, `"success":true`) {
		t.Error(got)
	}
}

func TestTriggers(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	account, made := ties(c)
	fine(t, c.org.SetTriggers(
		fakeorg.Trigger{Object: "Account", On: "delete", Deletes: []string{"Deal__c.Account__c", "Contact.AccountId"}},
		fakeorg.Trigger{Object: "Note__c", On: "update", Refuse: "Notes stay as they are.",
			Code: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"},
	))
	c.do("PATCH", data+"/sobjects/Note__c/"+made["Note__c"], `{"Account__c":null}`).
		refused(t, 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
	c.ok("DELETE", data+"/sobjects/Account/"+account, "")
	for _, object := range []string{"Deal__c", "Contact"} {
		if _, deleted := c.stampOf(object, made[object]); deleted != "true" {
			t.Errorf("the trigger left %s", object)
		}
	}
	c.byIDs("undelete", "", account)
	if _, deleted := c.stampOf("Contact", made["Contact"]); deleted != "true" {
		t.Error("what a trigger deleted came back with the record")
	}
	for _, wrong := range []fakeorg.Trigger{
		{Object: "Nope", On: "delete"}, {Object: "Account", On: "merge"},
		{Object: "Account", On: "update", Deletes: []string{"Contact.AccountId"}},
	} {
		if c.org.SetTriggers(wrong) == nil {
			t.Errorf("taken: %+v", wrong)
		}
	}
}

// What stands against a delete is told by each API in its own form, and one record that
// is refused doesn't keep the others, unless all or none are wanted.
func TestRefusedDeletesOfEachAPI(t *testing.T) {
	c := serve(t, fakeorg.Options{HardDelete: true}, generated(100))
	account, made := ties(c)
	const failed = "DELETE_FAILED"
	at := data + "/composite/sobjects?ids=" + account + "," + made["Note__c"]
	all := c.do("DELETE", at+"&allOrNone=true", "").body
	if !strings.Contains(all, failed) || !strings.Contains(all, "ALL_OR_NONE_OPERATION_ROLLED_BACK") {
		t.Errorf("all or none: %s", all)
	}
	if c.isDeleted("Note__c", made["Note__c"]) {
		t.Error("all or none deleted one")
	}
	for _, operation := range []string{"delete", "hardDelete"} {
		job := c.ok("POST", data+"/jobs/ingest",
			`{"object":"Account","operation":"`+operation+`","contentType":"CSV","lineEnding":"LF"}`)["id"].(string)
		rows := "Id\n" + account + "\n" + account[:15] + "\nrubbish\n001Ho00000zzzzzIAA\n"
		c.ok("PUT", data+"/jobs/ingest/"+job+"/batches", rows)
		c.ok("PATCH", data+"/jobs/ingest/"+job, `{"state":"UploadComplete"}`)
		got := c.do("GET", data+"/jobs/ingest/"+job+"/failedResults", "").body
		for code, times := range map[string]int{
			failed + ":Your attempt to delete Parent": 2, "MALFORMED_ID": 1, "INVALID_CROSS_REFERENCE_KEY": 1,
		} {
			if n := strings.Count(got, code); n != times {
				t.Errorf("%s: %s is %d times in %s", operation, code, n, got)
			}
		}
	}
	if got := c.byIDs("delete", "", account); !strings.Contains(got, "<statusCode>"+failed+"</statusCode>") {
		t.Errorf("SOAP: %s", got)
	}
	some := c.do("DELETE", at, "").body
	if !strings.Contains(some, failed) || strings.Count(some, `"success":true`) != 1 {
		t.Errorf("each by itself: %s", some)
	}
}
