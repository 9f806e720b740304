package fakeorg_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/fakeorg/recordid"
)

// left is what the limits say is left of the data storage, in megabytes.
func (c *client) left(limit string) string {
	c.t.Helper()
	return c.get(data + "/limits")[limit].(map[string]any)["Remaining"].(json.Number).String()
}

func TestStorageMovesAfterAWhile(t *testing.T) {
	c := serve(t, fakeorg.Options{DataStorageMB: 100}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 2048, "User": 2048}, 1)
	})
	fine(t, c.org.AddStandard("AccountFeed"))
	if left := c.left("DataStorageMB"); left != "96" {
		t.Errorf("%s MB are left beside 2048 records of 2 KB", left)
	}
	c.org.Clock().Advance(2 * time.Hour)
	for n := 1; n <= 1024; n++ {
		fine(t, c.org.Delete(recordid.New("001", n)))
	}
	if left := c.left("DataStorageMB"); left != "96" {
		t.Errorf("%s MB are left at once", left)
	}
	c.org.Clock().Advance(time.Hour)
	if left := c.left("DataStorageMB"); left != "98" {
		t.Errorf("%s MB are left, half of the records in the bin", left)
	}
	for range 512 {
		_, err := c.org.Create("Account", map[string]any{"Name": "x"})
		fine(t, err)
	}
	c.org.Clock().Advance(time.Hour)
	if left := c.left("DataStorageMB"); left != "97" {
		t.Errorf("%s MB are left with 512 new records", left)
	}
}

func TestFullBinLosesTheOldest(t *testing.T) {
	c := serve(t, fakeorg.Options{DataStorageMB: 1}, generated(1000)) // the bin holds 25 records
	ids := c.query(queryPath("SELECT Id FROM Contact LIMIT 30"))
	for i, r := range ids {
		fine(t, c.org.Delete(r["Id"].(string)))
		if i == 4 {
			c.org.Clock().Advance(time.Hour)
		}
	}
	inBin := func() int {
		return len(c.query(data + "/queryAll?q=SELECT+Id+FROM+Contact+WHERE+IsDeleted=true"))
	}
	if n := inBin(); n != 30 {
		t.Errorf("%d records are in the bin before two hours are over", n)
	}
	c.org.Clock().Advance(time.Hour)
	if n := inBin(); n != 25 {
		t.Errorf("%d records are in the bin after two hours", n)
	}
	gone := ids[0]["Id"].(string)
	if got := c.byIDs("undelete", "", gone); !strings.Contains(got, "UNDELETE_FAILED") {
		t.Errorf("what the bin had no room for came back: %s", got)
	}
	c.org.Clock().Advance(15 * 24 * time.Hour)
	if n := inBin(); n != 0 {
		t.Errorf("%d records are in the bin after fifteen days", n)
	}
}

func TestAuditFieldsAreForInserts(t *testing.T) {
	c := serve(t, fakeorg.Options{SetAuditFields: true}, generated(100))
	const old = `"CreatedDate":"2001-02-03T04:05:06Z","LastModifiedDate":"2002-02-03T04:05:06Z"`
	const refused = "INVALID_FIELD_FOR_INSERT_UPDATE"
	c.do("PATCH", data+"/sobjects/Account/"+first, `{`+old+`}`).refused(t, 400, refused)
	c.do("PATCH", data+"/sobjects/Invoice__c/Number__c/new", `{`+old+`}`).refused(t, 400, refused)
	task := c.ok("POST", data+"/sobjects/Task", `{"Status":"Completed","Priority":"Low","WhatId":"`+first+`",`+old+`}`)
	r := c.get(data + "/sobjects/Task/" + task["id"].(string))
	if r["CreatedDate"] != "2001-02-03T04:05:06.000+0000" || r["LastModifiedDate"] == "2002-02-03T04:05:06.000+0000" {
		t.Errorf("a Task about something was created %v, changed %v", r["CreatedDate"], r["LastModifiedDate"])
	}
	c.query(queryPath("SELECT PermissionsCreateAuditFields FROM UserPermissionAccess"))

	user := c.query(queryPath("SELECT Id FROM User LIMIT 1"))[0]["Id"].(string)
	fine(t, c.org.Drift(user, "IsActive", "false"))
	owned := `{"Name":"x","OwnerId":"` + user + `"}`
	c.do("POST", data+"/sobjects/Account", owned).refused(t, 400, "INACTIVE_OWNER_OR_USER")
	c = serve(t, fakeorg.Options{InactiveOwners: true}, generated(100))
	fine(t, c.org.Drift(user, "IsActive", "false"))
	c.ok("POST", data+"/sobjects/Account", owned)
}

func TestStandardDelete(t *testing.T) {
	c := serve(t, fakeorg.Options{StandardDelete: true}, generated(1000))
	held := c.query(queryPath("SELECT AccountId FROM Case WHERE AccountId != null LIMIT 1"))[0]["AccountId"].(string)
	c.do("DELETE", data+"/sobjects/Account/"+held, "").refused(t, 400, "DELETE_FAILED")
	changes, err := c.org.History(2000, 7)
	fine(t, err)
	if changes.Deleted == 0 || changes.Undeleted == 0 {
		t.Errorf("a history made %+v", changes)
	}
	for _, r := range c.query(queryPath("SELECT Id, Account.IsDeleted FROM Contact WHERE AccountId != null")) {
		if r["Account"].(map[string]any)["IsDeleted"] == true {
			t.Errorf("%s is there without its Account", r["Id"])
		}
	}
}
