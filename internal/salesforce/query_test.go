package salesforce_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

const soql = "SELECT Id, Name FROM Account WHERE Name = 'a b&c+d'"

func record(id string) string {
	return fmt.Sprintf(`{"attributes":{"type":"Account","url":"/services/data/v66.0/sobjects/Account/%s"},"Id":%q}`, id,
		id)
}

// ids reads a query to its end or its first error.
func ids(ctx context.Context, o *org) (ids []string, err error) {
	for r, err := range o.Query(ctx, soql, true) {
		if err != nil {
			return ids, err
		}
		id, err := r.Text("Id")
		if err != nil {
			return ids, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func TestQueryFollowsLocators(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/queryAll", func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("q"); got != soql {
			t.Errorf("asked %q", got)
		}
		answer(w, 200,
			`{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-2","records":[`+record("1")+`,`+record("2")+`]}`)
	})
	// The token ends in the middle of the listing, and keys come in another order.
	o.handle("GET /services/data/v66.0/query/01g-2",
		refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"),
		json(200, `{"records":[`+record("3")+`],"new key":{"a":[1]},"done":true,"totalSize":3}`))
	got, err := ids(t.Context(), o)
	if err != nil || !slices.Equal(got, []string{"1", "2", "3"}) || o.logins != 2 {
		t.Errorf("%v, %v after %d logins", got, err, o.logins)
	}
	for range o.Query(t.Context(), soql, true) {
		break // stopping early is allowed
	}
}

func TestQueryAnswersThatAreWrong(t *testing.T) {
	tests := []struct {
		name  string
		h     http.HandlerFunc
		class plan.Class
	}{
		{"fewer records", json(200, `{"totalSize":2,"done":true,"records":[`+record("1")+`]}`), plan.Retry},
		{"no next URL", json(200, `{"totalSize":2,"done":false,"records":[`+record("1")+`]}`), plan.Bug},
		{"a next URL behind the last", json(200, `{"totalSize":1,"done":true,"nextRecordsUrl":"/x","records":[`+
			record("1")+`]}`), plan.Bug},
		{"ends early", json(200, `{"totalSize":1,"done":true,"records":[`+record("1")), plan.Bug},
		{"no JSON", json(200, `Id,Name`), plan.Bug},
		{"cut", cut(nil, `{"totalSize":1,"done":true,"records":[`+record("1")), plan.Retry},
		{"no records array", json(200, `{"totalSize":0,"done":true,"records":{}}`), plan.Bug},
		{"a next URL that isn't one", json(200, `{"totalSize":2,"done":false,"nextRecordsUrl":"query","records":[]}`),
			plan.Bug},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrg(t)
			o.handle("GET /services/data/v66.0/queryAll", tt.h)
			_, err := ids(t.Context(), o)
			if err == nil || plan.ClassOf(err) != tt.class {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
		})
	}
}

func TestQueryErrors(t *testing.T) {
	tests := []struct {
		status  int
		code    string
		message string
		class   plan.Class
	}{
		{400, "INVALID_TYPE", "sObject type 'X' is not supported.", plan.Fix},
		{400, "INVALID_FIELD", "No such column 'X' on entity 'Account'.", plan.Fix},
		{400, "MALFORMED_QUERY", "unexpected token: 'x'", plan.Fix},
		{400, "QUERY_TIMEOUT", "Your query request was running for too long.", plan.Fix},
		{400, "INVALID_QUERY_LOCATOR", "invalid query locator", plan.Retry},
		{403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", plan.Wait},
		{403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", plan.Fix},
		{403, "INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id", plan.Fix},
		{404, "NOT_FOUND", "The requested resource does not exist", plan.Fix},
		{409, "", "", plan.Bug},
		{410, "GONE", "The requested resource is no longer available", plan.Fix},
		{414, "", "", plan.Fix},
		{431, "", "", plan.Fix},
		{418, "NEVER_SEEN", "", plan.Bug},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, tt.code), func(t *testing.T) {
			o := newOrg(t)
			o.handle("GET /services/data/v66.0/queryAll", refusal(tt.status, tt.code, tt.message))
			_, err := ids(t.Context(), o)
			want(t, err, tt.class, tt.code)
			if tt.class == plan.Fix && plan.HintOf(err) == "" {
				t.Errorf("%v has no hint", err)
			}
			if o.Calls() != 1 || strings.Contains(err.Error(), "SELECT") || fault.StatusOf(err) != tt.status {
				t.Errorf("%v after %d calls", err, o.Calls())
			}
		})
	}
}

func TestErrorsAreBounded(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/queryAll", refusal(400, "MALFORMED_QUERY", strings.Repeat("é\n", 20_000)))
	_, err := ids(t.Context(), o)
	if err == nil || len(err.Error()) > 700 || strings.Contains(err.Error(), "\n") {
		t.Errorf("%d bytes", len(err.Error()))
	}
}

func TestQueryCancelled(t *testing.T) {
	o := newOrg(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.handle("GET /services/data/v66.0/queryAll", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"totalSize":2,"done":true,"records":[%s`, record("1"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	n := 0
	for _, err := range o.Query(ctx, soql, true) {
		if n++; n == 1 && err == nil {
			cancel()
		} else if !isCancelled(err) {
			t.Error(err)
		}
	}
	cancel()
	if n != 2 {
		t.Errorf("%d yields", n)
	}
}

func TestRecordKeepsTexts(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/query", json(200, `{"totalSize":1,"done":true,"records":[{"attributes":{},
		"A":"N\/A \u0000\r\n\"\ud83d\ude00","N":123456789012345678.10,"E":1.2345678E7,"B":false,"Z":null,
		"Owner":{"attributes":{},"Name":"x","Manager":null},"Addr":{ "city" : "Bonn" }}]}`))
	for r, err := range o.Query(t.Context(), soql, false) {
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{
			"A": "N/A \x00\r\n\"😀", "n": "123456789012345678.10", "E": "1.2345678E7", "B": "false", "Z": "",
			"Owner.Name": "x", "owner.manager.Name": "", "Addr": `{"city":"Bonn"}`,
		} {
			if got, err := r.Text(path); got != want || err != nil {
				t.Errorf("%s: %q, %v", path, got, err)
			}
		}
		for _, path := range []string{"X", "Owner.X", "A.X"} {
			if got, err := r.Text(path); err == nil {
				t.Errorf("%s: %q", path, got)
			}
		}
	}
}

func TestCount(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/queryAll", json(200, `{"totalSize":7,"done":true,"records":[]}`),
		json(200, `{}`))
	if n, err := o.Count(t.Context(), "SELECT COUNT() FROM Account", true); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := o.Count(t.Context(), "SELECT COUNT() FROM Account", true); err == nil {
		t.Error("an answer without a count is one")
	}
}

func TestChanges(t *testing.T) {
	o := newOrg(t)
	start := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	check := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.RawQuery; q != "end=2026-01-02T03%3A05%3A00%2B00%3A00&"+
				"start=2026-01-02T03%3A00%3A00%2B00%3A00" {
				t.Errorf("asked %s", q)
			}
			next(w, r)
		}
	}
	o.handle("GET /services/data/v66.0/sobjects/Account/updated/",
		check(json(200, `{"ids":["001","002"],"latestDateCovered":"2026-01-02T03:04:00.000+0000"}`)),
		json(200, `{"ids":[]}`),
		refusal(400, "EXCEEDED_ID_LIMIT", ""),
		json(200, `{"ids":[],"latestDateCovered":"yesterday"}`))
	o.handle("GET /services/data/v66.0/sobjects/Account/deleted/",
		check(json(200,
			`{"deletedRecords":[{"id":"003","deletedDate":"2026-01-02T03:01:00.000+0000"}],"earliestDateAvailable":"2025-12-20T00:00:00.000+0000","latestDateCovered":"2026-01-02T03:04:00.000Z"}`)),
		refusal(400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date"))
	ctx, end := t.Context(), start.Add(5*time.Minute)

	u, err := o.Updated(ctx, "Account", start, end)
	if err != nil || !slices.Equal(u.IDs, []string{"001", "002"}) || !u.Covered.Equal(start.Add(4*time.Minute)) {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err := o.Updated(ctx, "Account", start, end); err != nil || !u.Covered.IsZero() {
		t.Errorf("%+v, %v", u, err)
	}
	_, err = o.Updated(ctx, "Account", start, end)
	want(t, err, plan.Fix, "EXCEEDED_ID_LIMIT")
	if _, err = o.Updated(ctx, "Account", start, end); plan.ClassOf(err) != plan.Bug {
		t.Error(err)
	}
	d, err := o.Deleted(ctx, "Account", start, end)
	if err != nil || len(d.Records) != 1 || d.Records[0].ID != "003" ||
		!d.Records[0].At.Equal(start.Add(time.Minute)) ||
		!d.Covered.Equal(start.Add(4*time.Minute)) || !d.Earliest.Equal(time.Date(2025, 12, 20, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = o.Deleted(ctx, "Account", start, end)
	want(t, err, plan.Fix, "INVALID_REPLICATION_DATE")
	if _, err = o.Deleted(ctx, "Account", start, start.Add(time.Minute)); plan.ClassOf(err) != plan.Bug {
		t.Error(err)
	}
}
