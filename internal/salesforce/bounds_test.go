package salesforce_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// endless answers with start, and then with again for ever, packed where asked for.
func endless(start, again string, packed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		var out io.Writer = w
		if packed {
			w.Header().Set("Content-Encoding", "gzip")
			out = gzip.NewWriter(w)
		}
		_, err := io.WriteString(out, start)
		for some := strings.Repeat(again, 1+(1<<16)/len(again)); err == nil; {
			_, err = io.WriteString(out, some)
		}
	}
}

// allocated is how many bytes do has asked for, all in all.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestAnswersWithoutAnEnd isn't parallel: it counts what the process allocates.
func TestAnswersWithoutAnEnd(t *testing.T) {
	const records = `{"totalSize":9,"done":true,"records":[`
	tests := []struct {
		name, path, start, again string
		ask                      func(*org) error
	}{
		{"a text of a record", "/query", records + `{"Name":"`, "x", all},
		{"records", "/query", records + `{"Id":"1"}`, `,{"Id":"1"}`, all},
		{"a nested record", "/query", records, `{"a":`, all},
		{"a key", "/query", `{"`, "x", all},
		{"what nobody asked for", "/query", `{"x":[1`, ",1", all},
		{"fields", "/sobjects/Account/describe", `{"name":"Account","fields":[{}`, `,{}`, describe},
		{"values of picklists", "/sobjects/Account/describe",
			`{"name":"Account","fields":[{"picklistValues":[{}`, `,{}`, describe},
		{"a relationship", "/sobjects/Account/describe", `{"childRelationships":[{}`, `,{}`, describe},
		{"a label", "/sobjects/Account/describe", `{"label":"`, "x", describe},
		{"objects", "/sobjects", `{"sobjects":[{}`, `,{}`, func(o *org) error {
			_, err := o.Objects(context.Background())
			return err
		}},
		{"limits", "/limits", `{"A":{}`, `,"A":{}`, func(o *org) error {
			_, err := o.Limits(context.Background())
			return err
		}},
		{"changed Ids", "/sobjects/Account/updated/", `{"ids":["1"`, `,"1"`, func(o *org) error {
			_, err := o.Updated(context.Background(), "Account", time.Time{}, time.Time{}.Add(time.Hour))
			return err
		}},
		{"deleted Ids", "/sobjects/Account/deleted/", `{"deletedRecords":[{}`, `,{}`, func(o *org) error {
			_, err := o.Deleted(context.Background(), "Account", time.Time{}, time.Time{}.Add(time.Hour))
			return err
		}},
	}
	for _, tt := range tests {
		for _, packed := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, " packed ", packed), func(t *testing.T) {
				o := newOrg(t)
				o.config.Bounds = salesforce.Bounds{Answer: 1 << 20, Value: 1 << 18}
				o.Client = client(t, o.config)
				o.handle("GET /services/data/v66.0"+tt.path, endless(tt.start, tt.again, packed))
				var err error
				n := allocated(func() { err = tt.ask(o) })
				if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
					t.Errorf("class %s: %v", plan.ClassOf(err), err)
				}
				// 1 MiB comes at most; what a decoder takes for each byte is short-lived.
				if n > 256<<20 {
					t.Errorf("%d MiB were allocated", n>>20)
				}
				if o.Calls() != 1 {
					t.Errorf("%d calls", o.Calls())
				}
			})
		}
	}
}

// An object has hundreds of fields, and none of them twice: SOQL and tables know no case.
func TestFieldsOfNoOrg(t *testing.T) {
	fields := func(n int, more ...string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"name":"F%d__c"}`, i))
		}
		return `{"name":"Account","fields":[` + strings.Join(append(all, more...), ",") + `]}`
	}
	tests := []struct{ name, answer, says string }{
		{"as many as are taken", fields(5_000), ""},
		{"one more", fields(5_001), "more than 5000"},
		{"one twice", fields(2, `{"name":"F1__c"}`), "field F1__c stands twice"},
		{"one in another case", fields(2, `{"name":"f1__C"}`), "field f1__C stands twice"},
		{"one in another list", `{"fields":[{"name":"Id"}],"fields":[{"name":"ID"}]}`, "field ID stands twice"},
	}
	for _, test := range tests {
		o := newOrg(t)
		o.handle("GET /services/data/v66.0/sobjects/Account/describe", json(200, test.answer))
		err := describe(o)
		if test.says == "" && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.says != "" && (plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" ||
			!strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: class %s: %v", test.name, plan.ClassOf(err), err)
		}
	}
}

func all(o *org) error {
	for _, err := range o.Query(context.Background(), soql, false) {
		if err != nil {
			return err
		}
	}
	return nil
}

func describe(o *org) error {
	_, err := o.Describe(context.Background(), "Account")
	return err
}

// A page of 800 MB that is one text took 2.7 GB; nothing of it is held now.
func TestLargeTextIsNotHeld(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/query", endless(`{"totalSize":1,"done":true,"records":[{"Name":"`, "x", true))
	var err error
	n := allocated(func() { err = all(o) })
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "mover: bulk") || n > 128<<20 {
		t.Errorf("%d MiB, %v (hint: %s)", n>>20, err, plan.HintOf(err))
	}
}

func TestHeaderIsBounded(t *testing.T) {
	o := newOrg(t)
	o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 40 {
			w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 1<<16))
		}
		answer(w, 200, `{}`)
	})
	_, err := o.Limits(t.Context())
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" || len(err.Error()) > 500 {
		t.Errorf("class %s: %v", plan.ClassOf(err), err)
	}
	// The caller's transport may have a limit of its own.
	own := o.server.Client().Transport.(*http.Transport).Clone()
	own.MaxResponseHeaderBytes = 1 << 16
	defer own.CloseIdleConnections()
	o.config.HTTP = &http.Client{Transport: own}
	_, err = client(t, o.config).Limits(t.Context())
	want(t, err, plan.Fix, "HEADER_TOO_LARGE")
}

// listing answers a query in turn with answers of which each names the next.
func listing(o *org, answers ...string) {
	var h []http.HandlerFunc
	for _, text := range answers {
		h = append(h, json(200, text))
	}
	o.handle("GET /services/data/v66.0/query", h...)
	o.handle("GET /services/data/v66.0/query/", h[min(1, len(h)-1):]...)
}

func batch(total int, next string, records ...string) string {
	tail := `"done":true`
	if next != "" {
		tail = fmt.Sprintf(`"done":false,"nextRecordsUrl":"/services/data/v66.0/query/%s"`, next)
	}
	return fmt.Sprintf(`{"totalSize":%d,"records":[%s],%s}`, total, strings.Join(records, ","), tail)
}

func TestListingsWithoutAnEnd(t *testing.T) {
	one := record("1")
	tests := []struct {
		name    string
		answers []string
		class   plan.Class
		calls   int64
	}{
		{"the next is the same", []string{batch(9, "a", one), batch(9, "a", one)}, plan.Bug, 2},
		{"in a circle", []string{batch(9, "a", one), batch(9, "b", one), batch(9, "a", one)}, plan.Bug, 3},
		{"more than announced", []string{batch(1, "a", one), batch(1, "b", one), batch(1, "c", one)}, plan.Bug, 2},
		{"more in the first", []string{batch(1, "a", one, one)}, plan.Bug, 1},
		{"less than none", []string{batch(-1, "")}, plan.Bug, 1},
		{"fewer", []string{batch(3, "a", one), batch(3, "", one)}, plan.Retry, 2},
		{"nothing for ever", slices.Collect(func(yield func(string) bool) {
			for i := 0; yield(batch(9, fmt.Sprint(i))) && i < 50; i++ {
			}
		}), plan.Bug, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrg(t)
			listing(o, tt.answers...)
			err := all(o)
			if plan.ClassOf(err) != tt.class || o.Calls() != tt.calls || strings.Contains(err.Error(), "/services") {
				t.Errorf("class %s after %d calls: %v", plan.ClassOf(err), o.Calls(), err)
			}
		})
	}
}

// The token goes to the session's own instance, whatever host an answer names.
func TestNextIsOfTheInstance(t *testing.T) {
	to, came := elsewhere(t)
	host := strings.TrimPrefix(to, "http://")
	for _, from := range []string{"http://" + host, "//" + host, "http://u:p@" + host} {
		next := from + "/services/data/v66.0/query/a"
		o := newOrg(t)
		o.handle("GET /services/data/v66.0/query", json(200,
			fmt.Sprintf(`{"totalSize":1,"done":false,"nextRecordsUrl":%q,"records":[]}`, next)))
		o.handle("GET /services/data/v66.0/query/a", json(200, batch(1, "", record("1"))))
		if err := all(o); err != nil {
			t.Errorf("%s: %v", next, err)
		}
	}
	for _, next := range []string{"@" + host + "/x", "x", "mailto:a@b", ".evil.com/x", "?x"} {
		o := newOrg(t)
		o.handle("GET /services/data/v66.0/query", json(200,
			fmt.Sprintf(`{"totalSize":1,"done":false,"nextRecordsUrl":%q,"records":[]}`, next)))
		if err := all(o); plan.ClassOf(err) != plan.Bug {
			t.Errorf("%s: %v", next, err)
		}
	}
	if came.Load() > 0 {
		t.Errorf("%d requests to another host", came.Load())
	}
}
