package salesforce_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce"
)

// served answers as an org of some versions does.
func served(versions ...string) http.HandlerFunc {
	var list []string
	for _, v := range versions {
		list = append(list, fmt.Sprintf(`{"label":"x","url":"/services/data/v%s","version":%q}`, v, v))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			http.Error(w, "nobody needs a session here", http.StatusTeapot)
			return
		}
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		answer(w, 200, "["+strings.Join(list, ",")+"]")
	}
}

// The versions need no login and count as no call, and the time comes with them.
func TestVersionsAndServerTime(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/", served("\u202e9.0", "latest", "64.0", "66.0", "1e3.0"))
	versions, err := o.Versions(t.Context())
	if err != nil || !slices.Equal(versions, []string{"64.0", "66.0"}) {
		t.Errorf("%v, %v", versions, err)
	}
	at, err := o.ServerTime(t.Context())
	if err != nil || !at.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%v, %v", at, err)
	}
	if o.Calls() != 0 || o.logins != 0 {
		t.Errorf("%d calls, %d logins", o.Calls(), o.logins)
	}
}

// Where the configuration names no version, it is the newest that both sides know.
func TestAgree(t *testing.T) {
	for _, tt := range []struct {
		served []string
		want   string
	}{
		{[]string{"65.0", "66.0"}, "66.0"},
		{[]string{"67.0", "68.0", "69.0", "70.0"}, platform.Newest},
		{[]string{"68.0", "31.0", "30.0"}, "68.0"},
		{[]string{"69.0"}, ""},
		{[]string{"30.0", "unversioned"}, ""},
		{nil, ""},
	} {
		o := newOrg(t)
		o.handle("GET /services/data/", served(tt.served...))
		err := o.Agree(t.Context())
		switch {
		case tt.want == "" && plan.ClassOf(err) != plan.Fix:
			t.Errorf("%v: %v", tt.served, err)
		case tt.want != "" && (err != nil || o.Version() != tt.want):
			t.Errorf("%v: speaks %s, want %s: %v", tt.served, o.Version(), tt.want, err)
		}
	}
	o := newOrg(t)
	o.handle("GET /services/data/", refusal(503, "SERVER_UNAVAILABLE", "x"))
	want(t, o.Agree(t.Context()), plan.Retry, "SERVER_UNAVAILABLE")
}

// A version that the org doesn't serve, yet or any more, answers 404 or 410 to
// everything: the list of objects, which each version has, names the one to take.
func TestVersionIsNotThere(t *testing.T) {
	for _, refused := range []http.HandlerFunc{
		refusal(404, "NOT_FOUND", "The requested resource does not exist"), refusal(410, "GONE", "retired"),
	} {
		o := newOrg(t)
		o.handle("GET /services/data/v66.0/sobjects", refused)
		o.handle("GET /services/data/", served("63.0", "64.0", "65.0"))
		_, err := o.Objects(t.Context())
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "66.0: it has 63.0 to 65.0") ||
			!strings.Contains(plan.HintOf(err), `org.api_version to "65.0"`) ||
			!strings.Contains(plan.HintOf(err), "catchment init --api-version 65.0") {
			t.Errorf("%v, hint %q", err, plan.HintOf(err))
		}
	}
	o := newOrg(t) // the version is there, and something else isn't
	o.handle("GET /services/data/v66.0/sobjects", refusal(404, "NOT_FOUND", "x"))
	o.handle("GET /services/data/", served("66.0"))
	_, err := o.Objects(t.Context())
	want(t, err, plan.Fix, "NOT_FOUND")
	if strings.Contains(plan.HintOf(err), "api_version") {
		t.Errorf("hint %q", plan.HintOf(err))
	}
}

func TestRetiredVersionIsRefused(t *testing.T) {
	o := newOrg(t)
	o.config.APIVersion = "30.0"
	_, err := salesforce.New(o.config)
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "31.0") ||
		!strings.Contains(plan.HintOf(err), platform.Newest) {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
}

// What a version lacks is done without, and not asked for.
func TestOldVersion(t *testing.T) {
	o := newOrg(t)
	o.config.APIVersion = "39.0"
	c := client(t, o.config)
	counts, err := c.RecordCounts(t.Context(), []string{"Account"})
	if err != nil || len(counts) != 0 {
		t.Errorf("%v, %v", counts, err)
	}
	_, _, err = c.ResultPages(t.Context(), salesforce.QueryJob{ID: "750", Version: "57.0"}, "")
	want(t, err, plan.Fix, "")
	var asked []string
	o.handle("GET /services/data/v39.0/query", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query().Get("q")
		asked = append(asked, q)
		var records []string
		for i := range strings.Count(q, "'") / 2 {
			records = append(records, record(fmt.Sprintf("%d-%d", len(asked), i)))
		}
		if len(r.URL.RequestURI()) > 16_000 || strings.Contains(url.QueryEscape(q), "%27%27") {
			t.Errorf("asked %q", q)
		}
		answer(w, 200, fmt.Sprintf(`{"totalSize":%d,"done":true,"records":[%s]}`, len(records),
			strings.Join(records, ",")))
	})
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprintf("001000000000%03dAAA", i)
	}
	n := 0
	err = c.Collect(t.Context(), "Account", ids, []string{"Id"}, func(salesforce.Record) error { n++; return nil })
	if err != nil || n != len(ids) || len(asked) != 3 || !strings.HasPrefix(asked[0],
		"SELECT Id FROM Account WHERE Id IN ('001000000000000AAA','001000000000001AAA'") {
		t.Errorf("%d records by %d queries, %v", n, len(asked), err)
	}
	wrong := fmt.Errorf("enough")
	err = c.Collect(t.Context(), "Account", ids, []string{"Id"}, func(salesforce.Record) error { return wrong })
	if err != wrong {
		t.Errorf("%v", err)
	}
}

// What isn't there is named by its path: only an object's is blamed on the object.
func TestWhatIsMissing(t *testing.T) {
	const object = "check the object's name"
	missing := json(404, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`)
	o := newOrg(t)
	o.handle("GET /services/data/", missing)
	o.handle("GET /services/data/v66.0/sobjects/Account/describe", missing)
	o.handle("GET /services/data/v66.0/limits", missing)
	_, versions := o.Versions(t.Context())
	_, describe := o.Describe(t.Context(), "Account")
	_, limits := o.Limits(t.Context())
	for _, tt := range []struct {
		err  error
		says string
	}{
		{versions, "check that org.url is the org's My Domain"},
		{describe, object},
		{limits, "serves no such resource: check org.url"},
	} {
		hint := plan.HintOf(tt.err)
		if plan.ClassOf(tt.err) != plan.Fix || !strings.Contains(hint, tt.says) ||
			tt.says != object && strings.Contains(hint, object) {
			t.Errorf("%v: hint %q, want %q", tt.err, hint, tt.says)
		}
	}
}
