package fakeorg_test

import (
	"maps"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// What somebody does between a request and its answer, and who did it.
func TestMeanwhile(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(2000))
	account := c.ok("POST", data+"/sobjects/Account", `{"Name":"a"}`)["id"].(string)
	other := c.query(queryPath("SELECT Id FROM User ORDER BY Id DESC LIMIT 1"))[0]["Id"].(string)
	heard := 0
	c.org.Fault(fakeorg.Rule{Kind: "limits", Nth: 2, Hear: func() { heard++ }})
	c.ok("POST", "/_org/faults", `[{"kind":"query","path":"Site","nth":2,"meanwhile":{"do":"update","by":"`+other+
		`","ids":["`+account+`"],"values":{"Site":"x"}}}]`)
	ask := func() map[string]any {
		return c.query(queryPath("SELECT Site, LastModifiedById FROM Account WHERE Id = '" + account + "'"))[0]
	}
	if got := ask(); got["Site"] != nil || got["LastModifiedById"] == other {
		t.Errorf("before: %v", got)
	}
	if got := ask(); got["Site"] != "x" || got["LastModifiedById"] != other {
		t.Errorf("the second answer: %v", got)
	}
	for range 3 {
		c.get(data + "/limits")
	}
	if heard != 1 {
		t.Errorf("heard %d times", heard)
	}
	fine(t, c.org.By(other).Delete(account))
	if a := c.do("POST", "/_org/records", `{"do":"nothing"}`); a.StatusCode != 400 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestWritesAreCounted(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(2000))
	account := c.ok("POST", data+"/sobjects/Account", `{"Name":"a"}`)["id"].(string)
	c.query(queryPath("SELECT Id FROM Account"))
	c.do("POST", data+"/composite/sobjects/Account", `{"ids":["`+account+`"],"fields":["Id"]}`)
	c.do("DELETE", data+"/composite/sobjects?ids="+account, "")
	c.byIDs("undelete", "", account)
	c.ingest(`{"object":"Account","operation":"delete"}`, "Id\n"+account+"\n")
	c.org.Fault(fakeorg.Rule{Method: "DELETE", Answer: "insufficient-access"})
	c.do("DELETE", data+"/sobjects/Account/"+account, "").refused(t, 403, "INSUFFICIENT_ACCESS")
	want := map[string]int{
		"POST record": 1, "DELETE collection": 1, "SOAP undelete": 1, "POST ingest": 1, "PUT ingest": 1,
		"PATCH ingest": 1, "DELETE record": 1,
	}
	if got := c.org.Writes(); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if got := c.get("/_org/writes"); len(got) != len(want) {
		t.Errorf("the admin API tells %v", got)
	}
}

// A rule for a record is met by a job that writes it, too; and such a job fails as a whole
// where a rule says so.
func TestFaultsOfIngests(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(2000))
	var ids []string
	for _, r := range c.query(queryPath("SELECT Id FROM Task LIMIT 3")) {
		ids = append(ids, r["Id"].(string))
	}
	c.org.Fault(fakeorg.Rule{Method: "DELETE", Path: ids[1], Answer: "lock"})
	job := c.ingest(`{"object":"Task","operation":"delete"}`, "Id\n"+strings.Join(ids, "\n")+"\n")
	if got := c.ingested(job, "failedResults"); strings.Count(got, "\n") != 2 ||
		!strings.Contains(got, `"`+ids[1]+`","UNABLE_TO_LOCK_ROW:`) {
		t.Errorf("failed: %s", got)
	}
	if got := c.ingested(job, "successfulResults"); strings.Count(got, "\n") != 3 {
		t.Errorf("successful: %s", got)
	}
	c.org.ClearFaults()
	c.org.Fault(fakeorg.Rule{Kind: "ingest", Method: "POST", Nth: 1, FailJob: "InternalServerError : later"})
	job = c.ingest(`{"object":"Task","operation":"delete"}`, "Id\n"+ids[1]+"\n")
	if got := c.get(data + "/jobs/ingest/" + job); got["state"] != "Failed" {
		t.Errorf("%v", got)
	}
	if got := c.ingested(job, "unprocessedrecords"); !strings.Contains(got, ids[1]) {
		t.Errorf("unprocessed: %s", got)
	}
}
