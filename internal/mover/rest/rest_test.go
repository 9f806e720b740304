package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"catchment/internal/mover"
	"catchment/internal/mover/rest"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const data = "/services/data/v66.0"

var request = mover.Request{
	Object: "Account",
	SOQL: "SELECT Id, Name, Amount__c, SystemModstamp, IsDeleted, Owner.CreatedDate FROM Account WHERE (Name " +
		"!= 'x FROM y')",
}

// pager reads from a server that answers as mux says, and knows two objects.
func pager(t *testing.T, mux *http.ServeMux) *rest.Pager {
	t.Helper()
	mux.HandleFunc("GET "+data+"/sobjects/Account/describe", answer(200, `{"name":"Account","fields":[
		{"name":"Id","type":"id"},{"name":"Name","type":"string"},{"name":"Amount__c","type":"currency"},
		{"name":"SystemModstamp","type":"datetime"},{"name":"IsDeleted","type":"boolean"},
		{"name":"OwnerId","type":"reference","relationshipName":"Owner","referenceTo":["Group","User"]}]}`))
	mux.HandleFunc("GET "+data+"/sobjects/Group/describe",
		answer(200, `{"name":"Group","fields":[{"name":"Id","type":"id"}]}`))
	mux.HandleFunc("GET "+data+"/sobjects/User/describe",
		answer(200, `{"name":"User","fields":[{"name":"CreatedDate","type":"datetime"}]}`))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	org, err := salesforce.New(salesforce.Config{
		URL: server.URL, APIVersion: "66.0", Login: login.Token{Token: "token"}, HTTP: server.Client(), Now: time.Now,
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return rest.New(org)
}

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

func queryAll(h http.HandlerFunc) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+data+"/queryAll", h)
	return mux
}

// records answers one part of a query.
func records(total int, next string, ids ...string) http.HandlerFunc {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"attributes":{},"Id":%q,"Name":"a\r\n\"%s\"","Amount__c":1.2345678E7,
			"SystemModstamp":"2026-01-02T03:04:05.000+0000","IsDeleted":false,"Owner":{"CreatedDate":"1700-01-01T00:00:00.000+0000"}}`, id, id))
	}
	text := fmt.Sprintf(`{"totalSize":%d,"done":%v,"records":[%s]`, total, next == "", strings.Join(list, ","))
	if next != "" {
		text += fmt.Sprintf(`,"nextRecordsUrl":"%s/query/%s"`, data, next)
	}
	return answer(200, text+"}")
}

const header = `"Id","Name","Amount__c","SystemModstamp","IsDeleted","Owner.CreatedDate"` + "\n"

func row(id string) string {
	return fmt.Sprintf("%q,\"a\r\n"+
		"\"\"%s\"\"\",\"1.2345678E7\",\"2026-01-02T03:04:05.000Z\",\"false\",\"1700-01-01T00:00:00.000Z\"\n", id, id)
}

func TestPagesHaveTheFormOfBulk(t *testing.T) {
	mux := queryAll(records(3, "01g-2", "1", "2"))
	mux.HandleFunc("GET "+data+"/query/01g-2", records(3, "", "3"))
	p := pager(t, mux)
	j, err := p.Create(t.Context(), request)
	if err != nil || !j.Done || j.Records != 3 || !j.ReadAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) ||
		j.Version != "66.0" {
		t.Fatalf("%+v, %v", j, err)
	}
	if j, err = p.Poll(t.Context(), j); !j.Done || j.Records != 3 || err != nil {
		t.Fatalf("%+v, %v", j, err)
	}
	want := map[string]string{"00001": header + row("1") + row("2"), "00002": header + row("3")}
	for range 2 {
		var pages []mover.Page
		for page, err := range p.Pages(t.Context(), j) {
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, page, page) // each is opened twice
		}
		if len(pages) != 4 {
			t.Errorf("%d pages", len(pages)/2)
		}
		for _, page := range pages {
			body, err := page.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(body)
			if string(text) != want[page.Name] || int(body.Records) != strings.Count(want[page.Name], "false") ||
				err != nil {
				t.Errorf("page %s: %q, %d records, %v", page.Name, text, body.Records, err)
			}
		}
	}
}

func TestNullIsEmpty(t *testing.T) {
	p := pager(t, queryAll(answer(200, `{"totalSize":1,"done":true,"records":[{"Id":"1","Name":null,"Owner":null}]}`)))
	j, err := p.Create(t.Context(),
		mover.Request{Object: "Account", SOQL: "select ID, name , Owner.CreatedDate\nfrom Account"})
	if err != nil {
		t.Fatal(err)
	}
	for page, err := range p.Pages(t.Context(), j) {
		if err != nil {
			t.Fatal(err)
		}
		body, err := page.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(body); string(text) != "\"Id\",\"Name\",\"Owner.CreatedDate\"\n\"1\",\"\",\"\"\n" {
			t.Errorf("%q", text)
		}
	}
}

// all reads a whole job, or gives its first error.
func all(t *testing.T, p *rest.Pager, r mover.Request) (pages int, err error) {
	t.Helper()
	j, err := p.Create(t.Context(), r)
	if err != nil {
		return 0, err
	}
	for _, err := range p.Pages(t.Context(), j) {
		if err != nil {
			return pages, err
		}
		pages++
	}
	return pages, nil
}

func TestFaults(t *testing.T) {
	refusal := func(status int, code string) http.HandlerFunc {
		return answer(status, fmt.Sprintf(`[{"errorCode":%q,"message":""}]`, code))
	}
	tests := []struct {
		name        string
		first, next http.HandlerFunc
		is          error
		class       plan.Class
	}{
		{"fewer than counted", records(4, "n", "1"), records(4, "", "2"), mover.ErrGone, plan.Retry},
		{"expired cursor", records(2, "n", "1"), refusal(400, "INVALID_QUERY_LOCATOR"), mover.ErrGone, plan.Retry},
		{"unknown cursor", records(2, "n", "1"), refusal(404, "NOT_FOUND"), mover.ErrGone, plan.Fix},
		{"unsupported object", refusal(400, "INVALID_TYPE_FOR_OPERATION"), nil, mover.ErrUnsupported, plan.Fix},
		{"a field is missing", answer(200, `{"totalSize":1,"done":true,"records":[{"Id":"1"}]}`), nil, nil, plan.Bug},
		{"a value of another type",
			answer(200, `{"totalSize":1,"done":true,"records":[{"Id":"1","Name":"","Amount__c":"s3cr3t"}]}`),
			nil, nil, plan.Bug},
		{"503 for ever", answer(503, ""), nil, nil, plan.Retry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mux := queryAll(tt.first)
			if tt.next != nil {
				mux.HandleFunc("GET "+data+"/query/n", tt.next)
			}
			_, err := all(t, pager(t, mux), request)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || plan.ClassOf(err) != tt.class ||
				strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
		})
	}
}

// Answers that lead in a circle, or bring more than was announced, end the listing: no
// answer is asked for twice.
func TestAnswersInACircle(t *testing.T) {
	for name, tt := range map[string]struct {
		total, calls int
		next         map[string]string
	}{
		"one":   {100, 1, map[string]string{"a": "a"}},
		"two":   {100, 2, map[string]string{"a": "b", "b": "a"}},
		"more":  {2, 2, map[string]string{"a": "b", "b": "c", "c": "d", "d": ""}},
		"three": {100, 3, map[string]string{"a": "b", "b": "c", "c": "a"}},
	} {
		mux, calls := queryAll(records(tt.total, "a", "1")), 0
		mux.HandleFunc("GET "+data+"/query/{cursor}", func(w http.ResponseWriter, r *http.Request) {
			calls++
			records(tt.total, tt.next[r.PathValue("cursor")], "2")(w, r)
		})
		p := pager(t, mux)
		job, err := p.Create(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		var last error
		pages := 0
		for _, err := range p.Pages(t.Context(), job) {
			if last = err; err == nil {
				pages++
			}
		}
		if !errors.Is(last, mover.ErrUnexplained) || plan.ClassOf(last) != plan.Bug || calls != tt.calls {
			t.Errorf("%s: %d pages, %d calls, %v", name, pages, calls, last)
		}
	}
}

func TestQueriesItCannotRead(t *testing.T) {
	p := pager(t, queryAll(records(0, "")))
	for soql, class := range map[string]plan.Class{
		"SELECT COUNT() FROM Account":                    plan.Bug,
		"SELECT Id, (SELECT Id FROM Tasks) FROM Account": plan.Bug,
		"SELECT Nothing FROM Account":                    plan.Fix,
		"SELECT Owner.Nothing FROM Account":              plan.Fix,
		"SELECT Nobody.Name FROM Account":                plan.Fix,
	} {
		if _, err := all(t, p, mover.Request{Object: "Account", SOQL: soql}); plan.ClassOf(err) != class || err == nil {
			t.Errorf("%s: %v", soql, err)
		}
	}
}

func TestJobsOfOthersAreGone(t *testing.T) {
	p := pager(t, queryAll(records(0, "")))
	j, err := p.Create(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Drop(t.Context(), j); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Poll(t.Context(), j); !errors.Is(err, mover.ErrGone) {
		t.Error(err)
	}
	for _, err := range p.Pages(t.Context(), j) {
		if !errors.Is(err, mover.ErrGone) {
			t.Error(err)
		}
	}
}
