package write_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/write"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "00D000000000001!s3cr3t.session.token"

// An org is a server that answers as a test says, written by the guides alone, and a Writer to it.
type org struct {
	*write.Writer
	client *salesforce.Client
	mux    *http.ServeMux

	mu     sync.Mutex
	calls  map[string]int // by method and path
	slept  time.Duration
	now    time.Time
	config salesforce.Config
}

// leave lets everything be written that the tests write.
func leave(atMost int64) write.Purpose {
	p := write.Purpose{Name: "a test"}
	for _, verb := range []write.Verb{write.Insert, write.Delete, write.Undelete} {
		p.Allow = append(p.Allow,
			write.Allowance{Verb: verb, Object: "Account", Prefix: "001", AtMost: atMost},
			write.Allowance{Verb: verb, Object: "ContentVersion", Prefix: "068", AtMost: atMost},
			write.Allowance{Verb: verb, Object: "Attachment", Prefix: "00P", AtMost: atMost})
	}
	return p
}

func newOrg(t *testing.T) *org {
	t.Helper()
	o := &org{mux: http.NewServeMux(), calls: map[string]int{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.calls[r.Method+" "+r.URL.Path]++
		o.mu.Unlock()
		o.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	sleep := func(ctx context.Context, d time.Duration) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.slept += d
		o.now = o.now.Add(d)
		return context.Cause(ctx)
	}
	now := func() time.Time {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.now
	}
	o.config = salesforce.Config{URL: server.URL, APIVersion: "66.0", Login: login.Token{Token: token},
		HTTP: server.Client(), Now: now, Sleep: sleep}
	var err error
	if o.client, err = salesforce.New(o.config); err != nil {
		t.Fatal(err)
	}
	if o.Writer, err = write.New(o.client, leave(1<<20)); err != nil {
		t.Fatal(err)
	}
	return o
}

// handle answers requests of pattern in turn; the last answer stays.
func (o *org) handle(pattern string, handlers ...http.HandlerFunc) {
	n := 0
	o.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		h := handlers[min(n, len(handlers)-1)]
		n++
		o.mu.Unlock()
		h(w, r)
	})
}

// sent is how many requests began so.
func (o *org) sent(methodAndPath string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for call, times := range o.calls {
		if strings.HasPrefix(call, methodAndPath) {
			n += times
		}
	}
	return n
}

func answer(w http.ResponseWriter, kind string, status int, text string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func reply(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, "application/json;charset=UTF-8", status, text)
	}
}

func refusal(status int, code, message string) http.HandlerFunc {
	return reply(status, fmt.Sprintf(`[{"message":%q,"errorCode":%q}]`, message, code))
}

// webPage is what stands before Salesforce, or in its place.
func webPage(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/html", status, "<html>") }
}

// reset breaks the connection without an answer.
func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cut promises more bytes than it sends.
func cut(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Length", fmt.Sprint(len(text)+100))
		_, _ = w.Write([]byte(text))
	}
}

// holds answers queries with records that are there (false), or in the bin (true).
func holds(deleted map[string]bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var rows []string
		for id, is := range deleted {
			if strings.Contains(r.URL.Query().Get("q"), id) {
				rows = append(rows, fmt.Sprintf(`{"attributes":{},"Id":%q,"IsDeleted":%t}`, id, is))
			}
		}
		reply(200, fmt.Sprintf(`{"totalSize":%d,"done":true,"records":[%s]}`, len(rows), strings.Join(rows, ",")))(w, r)
	}
}

// id gives the n-th Account.
func id(n int) string { return full(fmt.Sprintf("001%012d", n)) }

// full writes an Id of 15 characters, digits and small letters alone, in 18.
func full(short string) string { return short + "AAA" }

// states writes outcomes as one line each.
func states(outcomes []write.Outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		fmt.Fprintf(&b, "%d %s %s", o.Row, o.ID, o.State)
		if o.Refusal != nil {
			fmt.Fprintf(&b, " %s %s %s", o.Refusal.Code, o.Refusal.Reason, o.Refusal.Class())
		}
		if o.Found != "" {
			fmt.Fprintf(&b, " %s", o.Found)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// check compares outcomes with lines.
func check(t *testing.T, outcomes []write.Outcome, lines ...string) {
	t.Helper()
	if got, want := states(outcomes), strings.Join(lines, "\n")+"\n"; got != want {
		t.Errorf("outcomes\n%swant\n%s", got, want)
	}
}
