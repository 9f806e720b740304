package salesforce_test

import (
	encoding "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// composite answers each part of a composite request by its path.
func composite(t *testing.T, part func(path string) (status int, body string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Requests []struct{ Method, URL, ReferenceID string } `json:"compositeRequest"`
		}
		if err := encoding.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Requests) > 25 ||
			r.Method != "POST" {
			t.Errorf("%s of %d parts, %v", r.Method, len(asked.Requests), err)
		}
		var parts []string
		for i := range asked.Requests { // in any order: the reference tells
			in := asked.Requests[len(asked.Requests)-1-i]
			status, body := part(in.URL)
			parts = append(parts, fmt.Sprintf(`{"body":%s,"httpHeaders":{},"httpStatusCode":%d,"referenceId":%q}`, body,
				status, in.ReferenceID))
		}
		answer(w, 200, `{"compositeResponse":[`+strings.Join(parts, ",")+`]}`)
	}
}

func TestDescribeEach(t *testing.T) {
	o := newOrg(t)
	part := func(path string) (int, string) {
		name := strings.Split(strings.TrimPrefix(path, "/services/data/v66.0/sobjects/"), "/")[0]
		if name == "Object7" {
			return 404, `[{"errorCode":"NOT_FOUND","message":"no such object"}]`
		}
		return 200, fmt.Sprintf(`{"name":%q,"replicateable":true}`, name)
	}
	o.handle("POST /services/data/v66.0/composite", composite(t, part), composite(t, part))
	var names []string
	for i := range 26 {
		names = append(names, fmt.Sprintf("Object%d", i))
	}
	got, err := o.DescribeEach(t.Context(), names)
	if err != nil || len(got) != 26 || o.Calls() != 2 {
		t.Fatalf("%d, %v, %d calls", len(got), err, o.Calls())
	}
	for i, d := range got {
		if i == 7 {
			want(t, d.Err, plan.Fix, "NOT_FOUND")
		} else if d.Err != nil || d.Object.Name != names[i] || !d.Object.Replicateable {
			t.Errorf("%d: %+v", i, d)
		}
	}
}

func TestChangesEach(t *testing.T) {
	o := newOrg(t)
	end := time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC)
	o.handle("POST /services/data/v66.0/composite", composite(t, func(path string) (int, string) {
		switch {
		case strings.Contains(path, "/Account/deleted/"):
			return 400, `[{"errorCode":"INVALID_REPLICATION_DATE","message":"too long ago"}]`
		case strings.Contains(path, "/deleted/"):
			return 200,
				`{"deletedRecords":[{"id":"003","deletedDate":"2026-01-02T03:01:00.000+0000"}],"earliestDateAvailable":"2025-12-20T00:00:00.000+0000","latestDateCovered":"2026-01-02T03:04:00.000Z"}`
		}
		return 200, `{"ids":["001"],"latestDateCovered":"2026-01-02T03:05:00.000+0000"}`
	}))
	span := salesforce.Span{Start: end.Add(-time.Hour), End: end, Deletes: true}
	account, contact, user := span, span, span
	account.Object, contact.Object, user.Object, user.Deletes = "Account", "Contact", "User", false
	got, err := o.ChangesEach(t.Context(), []salesforce.Span{account, contact, user})
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	want(t, got[0].DeletedErr, plan.Fix, "INVALID_REPLICATION_DATE")
	if got[0].UpdatedErr != nil || len(got[0].Updated.IDs) != 1 || got[1].DeletedErr != nil ||
		got[1].Deleted.Records[0].ID != "003" ||
		got[2].Deleted.Records != nil || !got[2].Updated.Covered.Equal(end) {
		t.Errorf("%+v", got)
	}
}

// What an org refuses as a whole is told from what one object refuses.
func TestNotTogether(t *testing.T) {
	end := time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC)
	span := salesforce.Span{Object: "Account", Start: end.Add(-time.Hour), End: end, Deletes: true}
	all := func(status int, code string) func(string) (int, string) {
		return func(string) (int, string) { return status, `[{"errorCode":"` + code + `","message":""}]` }
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		apart  bool
		whole  bool // an error of the call
	}{
		{"no such resource", refusal(404, "NOT_FOUND", ""), true, true},
		{"not for this user", refusal(403, "FUNCTIONALITY_NOT_ENABLED", ""), true, true},
		{"calls are used up", refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), false, true},
		{"every part", composite(t, all(400, "INVALID_REQUEST")), true, true},
		{"parts that fail for now", composite(t, all(503, "SERVER_UNAVAILABLE")), false, false},
		{"an object of its own kind", composite(t, all(400, "INVALID_TYPE_FOR_OPERATION")), false, false},
		{"one kind", composite(t, func(path string) (int, string) {
			if strings.Contains(path, "/deleted/") {
				return 400, `[{"errorCode":"INVALID_REQUEST","message":""}]`
			}
			return 200, `{"ids":[]}`
		}), true, true},
		{"a part that nobody asked for",
			json(200, `{"compositeResponse":[{"body":{},"httpStatusCode":200,"referenceId":"r9"}]}`), false, true},
		{"parts that are not there", json(200, `{"compositeResponse":[]}`), true, true},
	}
	for _, test := range tests {
		o := newOrg(t)
		o.handle("POST /services/data/v66.0/composite", test.answer)
		got, err := o.ChangesEach(t.Context(), []salesforce.Span{span})
		if errors.Is(err, salesforce.ErrNotTogether) != test.apart || (err != nil) != test.whole {
			t.Errorf("%s: %v", test.name, err)
		}
		if err == nil && (got[0].UpdatedErr == nil || got[0].DeletedErr == nil) {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}
