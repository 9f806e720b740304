package fakeorg_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

const minute = "2006-01-02T15:04:05.000+0000"

// updated asks for the Ids that changed since an hour ago.
func (c *client) updated(object string) (ids []string, covered string) {
	now := c.org.Clock().Now()
	got := c.get(span(object, "updated", now.Add(-time.Hour), now))
	for _, id := range got["ids"].([]any) {
		ids = append(ids, id.(string))
	}
	covered, _ = got["latestDateCovered"].(string)
	return ids, covered
}

// What a transaction writes carries the stamp of its writing and is seen when
// it commits: behind a reader that has asked for everything up to now.
func TestTransactionInFlight(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	began := c.org.Clock().Now()
	flight := c.org.Begin()
	id, err := flight.Create("Account", map[string]any{"Name": "late"})
	if err != nil {
		t.Fatal(err)
	}
	old := "001Ho0000000001IAA"
	if err := flight.Update(old, map[string]any{"Name": "changed"}); err != nil {
		t.Fatal(err)
	}
	c.org.Clock().Advance(20 * time.Minute)
	other := c.ok("POST", data+"/sobjects/Account", `{"Name":"early"}`)["id"].(string)
	c.org.Clock().Advance(20 * time.Minute)

	ids, covered := c.updated("Account")
	if want := began.Truncate(time.Minute).Format(minute); covered != want || len(ids) != 1 || ids[0] != other {
		t.Errorf("in flight: %v, covered until %s, want %s", ids, covered, want)
	}
	c.do("GET", data+"/sobjects/Account/"+id, "").refused(t, 404, "NOT_FOUND")
	c.do("PATCH", data+"/sobjects/Account/"+old, `{"Name":"mine"}`).refused(t, 400, "UNABLE_TO_LOCK_ROW")
	before := c.job("SELECT Id FROM Account WHERE Name IN ('late', 'changed')")
	if err := flight.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, rows := c.results(before, 10); rows != "" {
		t.Errorf("a job from before saw %q", rows)
	}
	if r := c.get(data + "/sobjects/Account/" + id); r["SystemModstamp"] != began.Format(minute) {
		t.Errorf("stamped %v, written at %v", r["SystemModstamp"], began)
	}
	if ids, covered = c.updated("Account"); len(ids) != 3 ||
		covered != c.org.Clock().Now().Truncate(time.Minute).Format(minute) {
		t.Errorf("committed: %v, covered until %s", ids, covered)
	}
	if flight.Commit() == nil || flight.Rollback() == nil || flight.Delete(id) == nil {
		t.Error("a transaction goes on after its end")
	}
}

func TestRollbackLeavesNothing(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	flight := c.org.Begin()
	id, _ := flight.Create("Account", map[string]any{"Name": "never"})
	if err := flight.Delete("001Ho0000000001IAA"); err != nil {
		t.Fatal(err)
	}
	if err := flight.Rollback(); err != nil {
		t.Fatal(err)
	}
	c.ok("PATCH", data+"/sobjects/Account/001Ho0000000001IAA", `{"Name":"free"}`)
	c.do("GET", data+"/sobjects/Account/"+id, "").refused(t, 404, "NOT_FOUND")
	c.org.Clock().Advance(time.Minute)
	next := c.ok("POST", data+"/sobjects/Account", `{"Name":"next"}`)["id"].(string)
	if next <= id {
		t.Errorf("the Id %s was given twice", id)
	}
	c.org.Clock().Advance(time.Minute)
	if ids, _ := c.updated("Account"); len(ids) != 2 {
		t.Errorf("updated: %v", ids)
	}
}

// The same over HTTP, from any language: a request joins by a header.
func TestTransactionOverHTTP(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	id := c.ok("POST", "/_org/transactions", "")["id"].(string)
	a := c.do("POST", data+"/sobjects/Account", `{"Name":"held"}`, "Org-Transaction", id)
	if a.StatusCode != 201 {
		t.Fatal(a.body)
	}
	held := queryPath("SELECT Id FROM Account WHERE Name = 'held'")
	if got := c.query(held); len(got) != 0 {
		t.Errorf("seen too early: %v", got)
	}
	c.do("POST", "/_org/transactions/"+id, `{"do":"dance"}`).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	c.ok("POST", "/_org/transactions/"+id, `{"do":"commit"}`)
	if got := c.query(held); len(got) != 1 {
		t.Errorf("after the commit: %v", got)
	}
	c.do("POST", "/_org/transactions/"+id, `{"do":"rollback"}`).refused(t, 404, "NOT_FOUND")
	c.do("POST", data+"/sobjects/Account", `{"Name":"x"}`, "Org-Transaction", id).refused(t, 404, "NOT_FOUND")
	id = c.ok("POST", "/_org/transactions", "")["id"].(string)
	c.ok("POST", "/_org/transactions/"+id, `{"do":"rollback"}`)
}

// A change that fails half-way is taken back; the rest of its transaction stays.
func TestTransactionAfterAFailure(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	flight := c.org.Begin()
	id, _ := flight.Create("Account", map[string]any{"Name": "kept"})
	fine(t, flight.Update(id, map[string]any{"Site": "kept too"}))
	if err := flight.Delete(id, "001Ho0000000001IAA", "001Ho0000009999IAA"); err == nil {
		t.Fatal("deleted what isn't there")
	}
	if err := flight.Commit(); err != nil {
		t.Fatal(err)
	}
	if r := c.get(data + "/sobjects/Account/" + id); r["Site"] != "kept too" {
		t.Errorf("site %v", r["Site"])
	}
	c.ok("PATCH", data+"/sobjects/Account/001Ho0000000001IAA", `{"Name":"free"}`)
}

func TestDateCoveredCanBeAbsent(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.org.Fault(fakeorg.Rule{Kind: "updated", Omit: []string{"latestDateCovered"}})
	if _, covered := c.updated("Account"); covered != "" {
		t.Errorf("covered until %q", covered)
	}
}

func TestRecycleBinForgets(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	id, back := "001Ho0000000001IAA", "001Ho0000000002IAA"
	if err := c.org.Delete(id, back); err != nil {
		t.Fatal(err)
	}
	c.org.Clock().Advance(15*24*time.Hour - time.Second)
	if err := c.org.Undelete(back); err != nil {
		t.Fatal(err)
	}
	all := strings.Replace(queryPath("SELECT Id FROM Account WHERE Id = '"+id+"'"), "/query", "/queryAll", 1)
	if got := c.query(all); len(got) != 1 {
		t.Errorf("gone too early: %v", got)
	}
	c.org.Clock().Advance(time.Second)
	if got := c.query(all); len(got) != 0 {
		t.Errorf("still there: %v", got)
	}
	c.get(data + "/sobjects/Account/" + back)
	if err := c.org.Undelete(id); err == nil {
		t.Error("came back from nowhere")
	}
}

func TestDeleteLogIsTrimmed(t *testing.T) {
	c := serve(t, fakeorg.Options{DeleteLog: 1}, generated(100))
	from := c.org.Clock().Now().Add(-5 * time.Minute)
	deleted := func(start time.Time) answer {
		return c.do("GET", span("Account", "deleted", start, c.org.Clock().Now()), "")
	}
	for _, id := range []string{"001Ho0000000001IAA", "001Ho0000000002IAA"} {
		if a := deleted(from); a.StatusCode != 200 {
			t.Fatal(a.body)
		}
		if err := c.org.Delete(id); err != nil {
			t.Fatal(err)
		}
		c.org.Clock().Advance(10 * time.Minute)
	}
	deleted(from).refused(t, 400, "INVALID_REPLICATION_DATE")
	a := deleted(start().Add(time.Minute))
	if a.StatusCode != 200 || !strings.Contains(a.body, "001Ho0000000002") ||
		strings.Contains(a.body, "001Ho0000000001") ||
		!strings.Contains(a.body, `"earliestDateAvailable":"2026-03-14T15:10:00.000+0000"`) {
		t.Error(a.body)
	}
}
