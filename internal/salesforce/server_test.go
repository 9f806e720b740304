package salesforce_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/login"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token  = "00D000000000001!tokentokentoken"
	secret = "s3cr3t-value"
)

// An org is a server that answers as a test says, and a client of it.
type org struct {
	*salesforce.Client
	server *httptest.Server
	mux    *http.ServeMux
	config salesforce.Config

	mu     sync.Mutex
	logins int
	sleeps []time.Duration
}

func newOrg(t *testing.T) *org {
	t.Helper()
	o := &org{mux: http.NewServeMux()}
	o.server = httptest.NewServer(o.mux)
	t.Cleanup(o.server.Close)
	t.Cleanup(o.server.Client().CloseIdleConnections)
	o.mux.HandleFunc("POST /services/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.logins++
		n := o.logins
		o.mu.Unlock()
		answer(w, 200, fmt.Sprintf(
			`{"access_token":%q,"instance_url":%q,"id":"https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA","token_type":"Bearer","issued_at":"1","signature":"x"}`,
			fmt.Sprintf("%s%d", token, n), o.server.URL))
	})
	o.config = salesforce.Config{
		URL:        o.server.URL,
		APIVersion: "66.0",
		Login:      login.ClientCredentials{ClientID: "id", ClientSecret: secret},
		HTTP:       o.server.Client(),
		UserAgent:  "test",
		Now:        func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.sleeps = append(o.sleeps, d)
			return context.Cause(ctx)
		},
	}
	o.Client = client(t, o.config)
	return o
}

func client(t *testing.T, c salesforce.Config) *salesforce.Client {
	t.Helper()
	made, err := salesforce.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
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

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func json(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, status, text) }
}

func refusal(status int, code, message string) http.HandlerFunc {
	return json(status, fmt.Sprintf(`[{"message":%q,"errorCode":%q}]`, message, code))
}

// reset breaks the connection without an answer.
func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cut promises more bytes than it sends.
func cut(header http.Header, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(text)+100))
		_, _ = w.Write([]byte(text))
	}
}

// want checks class and code of an error.
func want(t *testing.T, err error, class plan.Class, code string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := plan.ClassOf(err); got != class || fault.CodeOf(err) != code {
		t.Errorf("class %s, code %s, want %s, %s: %v", got, fault.CodeOf(err), class, code, err)
	}
}

func isCancelled(err error) bool { return errors.Is(err, context.Canceled) }

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
