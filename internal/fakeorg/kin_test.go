package fakeorg_test

import (
	"fmt"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// family fills an org with an Account that has two Visits.
func family(c *client) (visits [2]string) {
	c.t.Helper()
	fine(c.t.(*testing.T), c.org.AddObject("Visit__c", "a0V",
		fakeorg.Field{Name: "Account__c", Type: "reference", References: []string{"Account"}, Cascade: true}))
	for i := range visits {
		visits[i] = c.ok("POST", data+"/sobjects/Visit__c", `{"Account__c":"`+first+`"}`)["id"].(string)
	}
	c.org.Clock().Advance(time.Hour)
	return visits
}

// stampOf is the SystemModstamp of a record, in the bin or not.
func (c *client) stampOf(object, id string) (stamp, deleted string) {
	c.t.Helper()
	_, rows := c.results(c.job("SELECT SystemModstamp, IsDeleted FROM "+object+" WHERE Id = '"+id+"'"), 10)
	if all := parse(c.t.(*testing.T), rows); len(all) == 1 {
		return all[0][0], all[0][1]
	}
	return "", ""
}

func TestChildrenShareTheFate(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		t.Run(fmt.Sprint(quiet), func(t *testing.T) {
			c := serve(t, fakeorg.Options{QuietCascades: quiet, QuietUndeletes: quiet}, generated(100))
			visits := family(c)
			born, _ := c.stampOf("Visit__c", visits[0])
			fine(t, c.org.Delete(visits[1]))
			c.org.Clock().Advance(time.Hour)
			fine(t, c.org.Delete(first))
			stamp, deleted := c.stampOf("Visit__c", visits[0])
			if deleted != "true" || (stamp == born) != quiet {
				t.Errorf("deleted %s at %s, born %s", deleted, stamp, born)
			}
			c.org.Clock().Advance(time.Hour)
			fine(t, c.org.Undelete(first))
			again, deleted := c.stampOf("Visit__c", visits[0])
			if deleted != "false" || (again == stamp) != quiet {
				t.Errorf("back: deleted %s at %s, was %s", deleted, again, stamp)
			}
			if _, deleted := c.stampOf("Visit__c", visits[1]); deleted != "true" {
				t.Error("a child came back that hadn't gone along")
			}
			fine(t, c.org.Purge(first))
			if _, deleted := c.stampOf("Visit__c", visits[0]); deleted != "" {
				t.Error("a child survived its parent")
			}
		})
	}
}

func TestMerge(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		t.Run(fmt.Sprint(quiet), func(t *testing.T) {
			c := serve(t, fakeorg.Options{QuietMerges: quiet}, generated(100))
			visits, master := family(c), "001Ho0000000002IAA"
			born, _ := c.stampOf("Visit__c", visits[0])
			c.ok("POST", "/_org/records", `{"do":"merge","master":"`+master+`","ids":["`+first+`"]}`)
			if r := c.get(data + "/sobjects/Visit__c/" + visits[0]); r["Account__c"] != master {
				t.Errorf("the child is %v's", r["Account__c"])
			}
			if stamp, _ := c.stampOf("Visit__c", visits[0]); (stamp == born) != quiet {
				t.Errorf("stamped %s, born %s", stamp, born)
			}
			_, rows := c.results(c.job("SELECT MasterRecordId, IsDeleted FROM Account WHERE Id = '"+first+"'"), 10)
			if rows != `"`+master+`","true"`+"\n" {
				t.Errorf("loser: %q", rows)
			}
			if c.org.Merge(master, master) == nil || c.org.Merge(master) == nil ||
				c.org.Merge(visits[0], visits[1]) == nil || c.org.Merge(master, first) == nil {
				t.Error("nonsense is merged")
			}
		})
	}
}

// What no stamp tells of.
func TestQuietChanges(t *testing.T) {
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 3, "Task": 3}, 1)
	})
	before, _ := c.stampOf("Account", first)
	c.org.Clock().Advance(time.Hour)
	c.ok("POST", "/_org/records", `{"do":"drift","ids":["`+first+`"],"field":"Rating","value":"Frozen"}`)
	if r := c.get(data + "/sobjects/Account/" + first); r["Rating"] != "Frozen" {
		t.Errorf("rating %v", r["Rating"])
	}
	if ids, _ := c.updated("Account"); len(ids) != 0 {
		t.Errorf("getUpdated tells of %v", ids)
	}
	c.ok("POST", "/_org/records", `{"do":"touch","ids":["`+first+`"]}`)
	if stamp, _ := c.stampOf("Account", first); stamp == before {
		t.Error("touched without a stamp")
	}
	task := "00THo0000000001MAA"
	c.ok("POST", "/_org/records", `{"do":"archive","ids":["`+task+`"]}`)
	if got := c.query(queryPath("SELECT Id FROM Task")); len(got) != 2 {
		t.Errorf("query sees %d tasks", len(got))
	}
	if _, deleted := c.stampOf("Task", task); deleted != "false" {
		t.Errorf("queryAll says %q", deleted)
	}
	if c.org.Drift(first, "Nope", "x") == nil || c.org.Archive(first) == nil ||
		c.org.HideRecord("001Ho0000009999IAA") == nil || c.org.Touch("x") == nil {
		t.Error("nonsense is changed")
	}
	c.ok("POST", "/_org/records", `{"do":"hide","ids":["`+first+`"]}`)
	c.ok("POST", "/_org/records", `{"do":"show","ids":["`+first+`"]}`)
}

func TestFieldHistory(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	fine(t, c.org.TrackHistory("Account", "Name", "Rating"), c.org.TrackHistory("Invoice__c", "Amount__c"))
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Name":"A","Site":"x"}`)
	c.org.Clock().Advance(time.Minute)
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Name":"B"}`)
	got := c.query(queryPath("SELECT Field, OldValue, NewValue, CreatedDate FROM AccountHistory WHERE AccountId = '" +
		first + "' ORDER BY CreatedDate DESC"))
	if len(got) != 2 || got[0]["OldValue"] != "A" || got[0]["NewValue"] != "B" || got[0]["Field"] != "Name" {
		t.Errorf("%v", got)
	}
	c.query(queryPath("SELECT Id, ParentId FROM Invoice__History"))
	if c.org.TrackHistory("Nope", "Name") == nil || c.org.TrackHistory("Account", "Nope") == nil {
		t.Error("nonsense is tracked")
	}
}

func TestAuditFieldsOnCreate(t *testing.T) {
	body := `{"Name":"old","CreatedDate":"2001-02-03T04:05:06Z","LastModifiedDate":"2002-02-03T04:05:06Z"}`
	c := serve(t, fakeorg.Options{}, generated(100))
	c.do("POST", data+"/sobjects/Account", body).refused(t, 400, "INVALID_FIELD_FOR_INSERT_UPDATE")
	c = serve(t, fakeorg.Options{SetAuditFields: true}, generated(100))
	r := c.get(data + "/sobjects/Account/" + c.ok("POST", data+"/sobjects/Account", body)["id"].(string))
	if r["CreatedDate"] != "2001-02-03T04:05:06.000+0000" || r["LastModifiedDate"] != "2002-02-03T04:05:06.000+0000" ||
		r["SystemModstamp"] != start().Format(minute) {
		t.Errorf("%v", r)
	}
}
