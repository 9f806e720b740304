package fakeorg_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

func span(object, call string, from, to time.Time) string {
	return fmt.Sprintf("%s/sobjects/%s/%s/?start=%s&end=%s", data, object, call,
		url.QueryEscape(from.Format(time.RFC3339)), url.QueryEscape(to.Format(time.RFC3339)))
}

func day(hour, minute, second int) time.Time {
	return time.Date(2026, 3, 14, hour, minute, second, 0, time.UTC)
}

// Seconds are cut off and both ends belong to the window.
func TestEndsOfWindows(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.org.Clock().Advance(day(16, 30, 0).Sub(start()))
	id := c.ok("POST", data+"/sobjects/Account", `{"Name":"on the minute"}`)["id"].(string)
	c.org.Clock().Advance(time.Second)
	later := c.ok("POST", data+"/sobjects/Account", `{"Name":"a second later"}`)["id"].(string)
	c.org.Clock().Advance(time.Hour)
	for _, window := range []struct {
		from, to time.Time
		want     []string
	}{
		{day(16, 28, 0), day(16, 30, 0), []string{id}},
		{day(16, 28, 0), day(16, 30, 59), []string{id}},
		{day(16, 30, 0), day(16, 32, 0), []string{id, later}},
		{day(16, 30, 45), day(16, 32, 0), []string{id, later}},
		{day(16, 31, 0), day(16, 33, 0), nil},
		{day(16, 27, 0), day(16, 29, 59), nil},
	} {
		got := c.get(span("Account", "updated", window.from, window.to))
		ids := []string{}
		for _, id := range got["ids"].([]any) {
			ids = append(ids, id.(string))
		}
		if !slices.Equal(ids, window.want) && len(ids)+len(window.want) > 0 {
			t.Errorf("%v to %v: got %v, want %v", window.from, window.to, ids, window.want)
		}
		if want := window.to.Truncate(time.Minute).
			Format("2006-01-02T15:04:05.000+0000"); got["latestDateCovered"] != want {
			t.Errorf("%v to %v: covered until %v, want %s", window.from, window.to, got["latestDateCovered"], want)
		}
	}
}

func TestFutureIsNotCovered(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, call := range []string{"updated", "deleted"} {
		got := c.get(span("Account", call, day(15, 0, 0), day(18, 0, 0)))
		if got["latestDateCovered"] != "2026-03-14T15:09:00.000+0000" {
			t.Errorf("%s: covered until %v at %v", call, got["latestDateCovered"], start())
		}
	}
}

func TestRefusedWindows(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	now := start()
	days := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	for _, window := range []struct {
		call     string
		from, to time.Time
		ok       bool
	}{
		{"updated", days(30), now, true},
		{"updated", days(30).Add(-time.Minute), now, false},
		{"deleted", days(15), now, true},
		{"deleted", days(15).Add(-time.Minute), now, false},
		{"updated", now, now, false},
		{"updated", now.Add(time.Hour), now, false},
		{"updated", day(15, 0, 0), day(15, 1, 0), false},
		{"updated", day(15, 0, 0), day(15, 1, 59), false},
		{"updated", day(15, 0, 59), day(15, 2, 0), true},
		{"deleted", day(15, 0, 0), day(15, 2, 0), true},
	} {
		path := span("Account", window.call, window.from, window.to)
		if window.ok {
			c.get(path)
		} else {
			c.do("GET", path, "").refused(t, 400, "INVALID_REPLICATION_DATE")
		}
	}
	c.do("GET", data+"/sobjects/Account/updated", "").refused(t, 400, "MISSING_ARGUMENT")
	c.do("GET", data+"/sobjects/Account/updated?start=x&end=y", "").refused(t, 400, "INVALID_ARGUMENT_TYPE")
	c.do("GET", span("ObjectPermissions", "updated", day(15, 0, 0), day(15, 5, 0)), "").refused(t, 400,
		"INVALID_TYPE_FOR_OPERATION")
	c.do("GET", span("Nothing", "updated", day(15, 0, 0), day(15, 5, 0)), "").refused(t, 404, "NOT_FOUND")
}

func TestTooManyIDs(t *testing.T) {
	c := serve(t, fakeorg.Options{MaxChangedIDs: 3}, generated(100))
	var ids []string
	for i := range 4 {
		ids = append(ids, c.ok("POST", data+"/sobjects/Account", fmt.Sprintf(`{"Name":"%d"}`, i))["id"].(string))
	}
	c.org.Clock().Advance(time.Hour)
	window := func(call string) string { return span("Account", call, day(15, 5, 0), day(15, 15, 0)) }
	c.do("GET", window("updated"), "").refused(t, 400, "EXCEEDED_ID_LIMIT")
	c.ok("DELETE", data+"/sobjects/Account/"+ids[0], "")
	if got := c.get(window("updated"))["ids"].([]any); len(got) != 3 {
		t.Errorf("%d Ids", len(got))
	}
	for _, id := range ids[1:] {
		c.ok("DELETE", data+"/sobjects/Account/"+id, "")
	}
	c.do("GET", span("Account", "deleted", day(16, 5, 0), day(16, 15, 0)), "").refused(t, 400, "EXCEEDED_ID_LIMIT")
}

func TestDeletesAreListed(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	const one, two, three = "001Ho0000000001IAA", "001Ho0000000002IAA", "001Ho0000000003IAA"
	for _, id := range []string{one, two, three} {
		c.ok("DELETE", data+"/sobjects/Account/"+id, "")
	}
	c.org.Clock().Advance(10 * time.Minute)
	c.ok("POST", "/_org/undelete", `{"ids":["`+two+`"]}`)
	c.ok("POST", "/_org/purge", `{"ids":["`+three+`"]}`)
	got := c.get(span("Account", "deleted", day(15, 0, 0), day(15, 15, 0)))
	text := fmt.Sprint(got["deletedRecords"])
	if !strings.Contains(text, one) || strings.Contains(text, two) || !strings.Contains(text, three) ||
		!strings.Contains(text, "deletedDate:2026-03-14T15:09:26.000+0000") {
		t.Errorf("deleted: %v", text)
	}
	if got["earliestDateAvailable"] != "2026-02-12T15:09:00.000+0000" {
		t.Errorf("earliestDateAvailable %v", got["earliestDateAvailable"])
	}
	updated := fmt.Sprint(c.get(span("Account", "updated", day(15, 0, 0), day(15, 20, 0)))["ids"])
	if updated != "["+two+"]" {
		t.Errorf("updated: %v", updated)
	}
}

// What getUpdated and getDeleted say is what a query by stamp finds.
func TestHistoryIsAccountedFor(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(3000))
	c.org.Clock().Advance(time.Hour)
	done, err := c.org.History(400, 5)
	if err != nil {
		t.Fatal(err)
	}
	if done.Created+done.Updated+done.Deleted+done.Undeleted != 400 || done.Created == 0 || done.Updated == 0 ||
		done.Deleted == 0 || done.Undeleted == 0 {
		t.Errorf("history: %+v", done)
	}
	c.org.Clock().Advance(time.Hour)
	updated, deleted := 0, 0
	for _, object := range []string{"Account", "Contact", "Opportunity", "Case", "Task", "Invoice__c"} {
		ids := c.get(span(object, "updated", start().Add(time.Minute), day(18, 0, 0)))["ids"].([]any)
		found := c.query(queryPath("SELECT Id FROM " + object + " WHERE SystemModstamp > 2026-03-14T15:10:00Z"))
		if len(ids) != len(found) {
			t.Errorf("%s: getUpdated has %d, a query %d", object, len(ids), len(found))
		}
		for i, r := range found {
			if ids[i] != r["Id"] {
				t.Fatalf("%s: %v and %v", object, ids[i], r["Id"])
			}
		}
		gone := c.get(span(object, "deleted", start().Add(time.Minute), day(18, 0, 0)))["deletedRecords"].([]any)
		updated, deleted = updated+len(ids), deleted+len(gone)
	}
	if deleted != done.Deleted-done.Undeleted || updated == 0 || updated > 400 {
		t.Errorf("%d updated, %d deleted after %+v", updated, deleted, done)
	}
}
