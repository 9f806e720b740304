package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const jobs = "/services/data/v66.0/jobs/query"

var (
	request = mover.Request{Object: "Account", SOQL: "SELECT Id FROM Account"}
	job     = mover.Job{ID: "750", Version: "66.0", Request: request}
)

// pager reads from a server that answers as mux says.
func pager(t *testing.T, mux *http.ServeMux) *bulk.Pager {
	t.Helper()
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
	return bulk.New(org)
}

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// serve answers the one path of pattern.
func serve(pattern string, h http.HandlerFunc) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc(pattern, h)
	return mux
}

// results answers pages of one record, called by their locators: "" leads to
// the first of next, and so on.
func results(next map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		locator := r.URL.Query().Get("locator")
		following, ok := next[locator]
		if !ok {
			answer(404, `[{"errorCode":"NOT_FOUND","message":"no such page"}]`)(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Sforce-NumberOfRecords", "1")
		w.Header().Set("Sforce-Locator", following)
		fmt.Fprintf(w, "\"Id\"\n\"page %s\"\n", locator)
	}
}

func TestCreate(t *testing.T) {
	p := pager(t,
		serve("POST "+jobs, answer(200, `{"id":"750","state":"UploadComplete","apiVersion":66.0,"object":"Account"}`)))
	got, err := p.Create(t.Context(), request)
	want := mover.Job{ID: "750", Version: "66.0", ReadAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Request: request}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCreateRefused(t *testing.T) {
	tests := []struct {
		status        int
		code, message string
		unsupported   bool
	}{
		{400, "INVALIDENTITY", "Entity 'CaseStatus' is not supported by the Bulk API.", true},
		{400, "API_ERROR", "Selecting compound data not supported in Bulk Query", true},
		{400, "MALFORMED_QUERY", "unexpected token", false},
		{403, "API_DISABLED_FOR_ORG", "", false},
		{403, "FUNCTIONALITY_NOT_ENABLED", "not enabled", true},
		{400, "FUNCTIONALITY_NOT_ENABLED", "not enabled", true},
		{403, "FORBIDDEN", "no", true},
		{403, "INSUFFICIENT_ACCESS", "no", false},
		{403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", false},
		{401, "FORBIDDEN", "no", false},
	}
	for _, tt := range tests {
		p := pager(t,
			serve("POST "+jobs, answer(tt.status, fmt.Sprintf(`[{"errorCode":%q,"message":%q}]`, tt.code, tt.message))))
		_, err := p.Create(t.Context(), request)
		if err == nil || errors.Is(err, mover.ErrUnsupported) != tt.unsupported {
			t.Errorf("%s: %v", tt.code, err)
		}
	}
}

func TestPoll(t *testing.T) {
	state := func(text string) http.HandlerFunc {
		return answer(200, `{"id":"750","apiVersion":66.0,"numberRecordsProcessed":7,`+text+`}`)
	}
	tests := []struct {
		name  string
		h     http.HandlerFunc
		done  bool
		gone  bool
		class plan.Class // of the error, "" where there is none
	}{
		{"waiting", state(`"state":"UploadComplete"`), false, false, ""},
		{"running", state(`"state":"InProgress"`), false, false, ""},
		{"complete", state(`"state":"JobComplete"`), true, false, ""},
		{"aborted", state(`"state":"Aborted"`), false, true, plan.Bug},
		{"odd state", state(`"state":"Open"`), false, false, plan.Bug},
		{"deleted", answer(404, `[{"errorCode":"NOT_FOUND"}]`), false, true, plan.Fix},
		{"retried", state(`"state":"Failed","errorMessage":"InternalServerError : Retried more than 15 times"`), false,
			false, plan.Fix},
		{"timed out",
			state(`"state":"Failed","errorMessage":"QUERY_TIMEOUT: Your query request was running for too long."`),
			false, false, plan.Fix},
		{"complicated", state(
			`"state":"Failed","errorMessage":"QUERY_TOO_COMPLICATED: Query is either selecting too many fields or the filter conditions are too complicated."`), false, false, plan.Fix},
		{"storage", state(
			`"state":"Failed","errorMessage":"Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"`), false, false, plan.Wait},
		{"field gone", state(`"state":"Failed","errorMessage":"INVALID_FIELD: No such column 'X' on entity 'Account'"`),
			false, false, plan.Fix},
		{"hidden", state(`"state":"Failed","errorMessage":"insufficient access rights"`), false, false, plan.Fix},
		{"no reason", state(`"state":"Failed"`), false, false, plan.Retry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := pager(t, serve("GET "+jobs+"/750", tt.h)).Poll(t.Context(), job)
			if got.Done != tt.done || errors.Is(err, mover.ErrGone) != tt.gone || (err == nil) != (tt.class == "") {
				t.Fatalf("%+v, %v", got, err)
			}
			if err == nil && got.Records != 7 {
				t.Errorf("%d records", got.Records)
			}
			if err != nil && plan.ClassOf(err) != tt.class {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
			if errors.Is(err, mover.ErrTooLong) != (tt.name == "retried" || tt.name == "timed out") ||
				errors.Is(err, mover.ErrTooWide) != (tt.name == "complicated") {
				t.Errorf("which part of it is too much: %v", err)
			}
		})
	}
}

// read opens a page and gives its text.
func read(t *testing.T, p mover.Page) string {
	t.Helper()
	body, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil || body.Records != 1 || body.Gzip {
		t.Errorf("%d records, %v", body.Records, err)
	}
	return string(text)
}

// listing is the names and texts of all pages. Every page is opened once while
// the listing goes on where early says so, and again after its end.
func listing(t *testing.T, p *bulk.Pager, early bool) string {
	t.Helper()
	var pages []mover.Page
	var b strings.Builder
	for page, err := range p.Pages(t.Context(), job) {
		if err != nil {
			t.Fatal(err)
		}
		if early {
			read(t, page)
		}
		pages = append(pages, page)
	}
	for _, page := range pages {
		fmt.Fprintf(&b, "%s %s;", page.Name, strings.Fields(read(t, page))[2])
	}
	return b.String()
}

func TestResultPages(t *testing.T) {
	mux := http.NewServeMux()
	url := func(locator string) string {
		return fmt.Sprintf(`{"resultUrl":"%s/750/results?locator=%s"}`, jobs, locator)
	}
	next := map[string]string{}
	for _, l := range strings.Fields("a b c d e f") {
		next[l] = "null"
	}
	mux.HandleFunc("GET "+jobs+"/750/results", results(next))
	mux.HandleFunc("GET "+jobs+"/750/resultPages", func(w http.ResponseWriter, r *http.Request) {
		text := `{"resultPages":[` + url("f") + `],"done":true}`
		if r.URL.RawQuery == "" {
			text = `{"resultPages":[` + strings.Join([]string{url("a"), url("b"), url("c"), url("d"), url("e")}, ",") +
				`],"done":false,"nextRecordsUrl":"` + jobs + `/750/resultPages?locator=2"}`
		}
		answer(200, text)(w, r)
	})
	p := pager(t, mux)
	const want = `00001 a";00002 b";00003 c";00004 d";00005 e";00006 f";`
	for _, early := range []bool{true, false} {
		if got := listing(t, p, early); got != want {
			t.Errorf("%s", got)
		}
	}
	for range p.Pages(t.Context(), job) {
		break // stopping early is allowed
	}
}

func TestLocators(t *testing.T) {
	mux := http.NewServeMux()
	calls := 0
	one := results(map[string]string{"": "x", "x": "y", "y": "null"})
	mux.HandleFunc("GET "+jobs+"/750/results", func(w http.ResponseWriter, r *http.Request) { calls++; one(w, r) })
	p := pager(t, mux) // resultPages answers 404, as before version 58
	const want = `00001 ";00002 x";00003 y";`
	if got := listing(t, p, true); got != want || calls != 3+3 {
		t.Errorf("%s after %d calls", got, calls)
	}
	if got := listing(t, p, false); got != want {
		t.Errorf("%s", got)
	}
	for range p.Pages(t.Context(), job) {
		break // stopping early is allowed
	}
}

// What a failed job says decides whether another mover is asked.
func TestWhatFailedJobsSay(t *testing.T) {
	for text, want := range map[string]error{
		"": mover.ErrUnexplained, " ": mover.ErrUnexplained,
		"Unexpected exception encountered in query processing.":             mover.ErrUnexplained,
		"InternalServerError : something broke":                             mover.ErrUnexplained,
		"InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED": mover.ErrUnsupported,
		"INVALIDENTITY : Entity 'X' is not supported by the Bulk API.":      mover.ErrUnsupported,
		"InternalServerError : Retried more than fifteen times":             mover.ErrTooLong,
		"Retried more than 15 times":                                        mover.ErrTooLong,
	} {
		p := pager(t, serve("GET "+jobs+"/750",
			answer(200, fmt.Sprintf(`{"id":"750","apiVersion":66.0,"state":"Failed","errorMessage":%q}`, text))))
		_, err := p.Poll(t.Context(), job)
		for _, is := range []error{mover.ErrUnexplained, mover.ErrUnsupported, mover.ErrTooLong} {
			if errors.Is(err, is) != (is == want) || !errors.Is(err, mover.ErrFailed) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

// Pages that lead in a circle are left at the first that was there before.
func TestPagesInACircle(t *testing.T) {
	for name, next := range map[string]map[string]string{
		"one": {"": "x", "x": "x"}, "two": {"": "x", "x": "y", "y": "x"},
		"three": {"": "x", "x": "y", "y": "z", "z": "x"},
	} {
		mux, calls := http.NewServeMux(), 0
		mux.HandleFunc("GET "+jobs+"/750/results", func(w http.ResponseWriter, r *http.Request) {
			calls++
			results(next)(w, r)
		})
		circle(t, pager(t, mux), name)
		if calls != len(next) {
			t.Errorf("%s: %d calls", name, calls)
		}
	}
	for name, text := range map[string]string{
		"a result again": `{"resultPages":[{"resultUrl":"` + jobs + `/750/results?locator=a"},{"resultUrl":"` + jobs +
			`/750/results?locator=a"}],"done":true}`,
		"the list again": `{"resultPages":[],"done":false,"nextRecordsUrl":"` + jobs + `/750/resultPages?locator=2"}`,
	} {
		circle(t, pager(t, serve("GET "+jobs+"/750/resultPages", answer(200, text))), name)
	}
}

// circle looks that a listing ends, since it leads in a circle.
func circle(t *testing.T, p *bulk.Pager, name string) {
	t.Helper()
	var last error
	for _, err := range p.Pages(t.Context(), job) {
		last = err
	}
	if !errors.Is(last, mover.ErrUnexplained) || plan.ClassOf(last) != plan.Bug || plan.HintOf(last) == "" {
		t.Errorf("%s: %v", name, last)
	}
}

func TestPagesOfAJobThatIsGone(t *testing.T) {
	p := pager(t, http.NewServeMux())
	var last error
	for page, err := range p.Pages(t.Context(), job) {
		if last = err; err == nil {
			_, last = page.Open(t.Context())
		}
	}
	if !errors.Is(last, mover.ErrGone) {
		t.Error(last)
	}
}

func TestPagesThatFail(t *testing.T) {
	p := pager(t, serve("GET "+jobs+"/750/resultPages", answer(503, "")))
	n := 0
	for _, err := range p.Pages(t.Context(), job) {
		if n++; plan.ClassOf(err) != plan.Retry {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d yields", n)
	}
}

func TestDrop(t *testing.T) {
	for _, status := range []int{204, 404} {
		if err := pager(t, serve("DELETE "+jobs+"/750", answer(status, ""))).Drop(t.Context(), job); err != nil {
			t.Error(err)
		}
	}
}
