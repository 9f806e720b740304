package salesforce_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// silent answers what it has, and nothing more until the caller has gone.
func silent(head, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if head != "" {
			w.Header().Set("Content-Type", head)
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

// A silence is where a server stops answering.
type silence struct {
	name, head, text string
}

func silences() []silence {
	return []silence{
		{"before the header", "", ""},
		{"after the header", "application/json", ""},
		{"in the middle of a record", "application/json", `{"totalSize":1,"done":true,"records":[{"Id`},
		{"in an error", "text/html", "<html>"},
	}
}

func TestSilentServerIsGivenUp(t *testing.T) {
	for _, s := range silences() {
		t.Run(s.name, func(t *testing.T) {
			o := newOrg(t)
			o.config.Patience = salesforce.Patience{Answer: 20 * time.Millisecond, Stall: 20 * time.Millisecond}
			if s.head != "" { // what comes may take its time
				o.config.Patience.Answer = time.Hour
			}
			o.Client = client(t, o.config)
			o.handle("GET /services/data/v66.0/query", silent(s.head, s.text))
			err := all(o)
			if s.name == "in an error" { // nothing of a web page is read
				want(t, err, plan.Fix, "NOT_AN_API")
				return
			}
			if plan.ClassOf(err) != plan.Retry || !strings.Contains(plan.HintOf(err), "limits.") || o.Calls() != 1 {
				t.Errorf("class %s after %d calls: %v (hint: %s)", plan.ClassOf(err), o.Calls(), err, plan.HintOf(err))
			}
		})
	}
}

func TestStallWithinAPageOfResults(t *testing.T) {
	o := newOrg(t)
	o.config.Patience = salesforce.Patience{Answer: time.Hour, Stall: 20 * time.Millisecond}
	o.Client = client(t, o.config)
	o.handle("GET /services/data/v66.0/jobs/query/750/results", silent("text/csv", "\"Id\"\n"))
	res, err := o.Results(t.Context(), salesforce.QueryJob{ID: "750", Version: "66.0"}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Close()
	if _, err = io.ReadAll(res); plan.ClassOf(err) != plan.Retry || !strings.Contains(err.Error(), "stalled") {
		t.Error(err)
	}
}

// The first signal ends what is silent, and lets go on what isn't.
func TestStopReachesARead(t *testing.T) {
	for _, s := range silences()[:3] {
		t.Run(s.name, func(t *testing.T) {
			o := newOrg(t)
			stop, come := make(chan struct{}), make(chan struct{})
			o.config.Patience = salesforce.Patience{Stop: stop, Grace: time.Millisecond}
			o.Client = client(t, o.config)
			o.handle("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
				close(come)
				silent(s.head, s.text)(w, r)
			})
			go func() {
				<-come
				close(stop)
			}()
			if err := all(o); !errors.Is(err, salesforce.ErrStopped) || plan.ClassOf(err) != plan.Retry {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
		})
	}
	o := newOrg(t)
	stop := make(chan struct{})
	close(stop)
	o.config.Patience = salesforce.Patience{Stop: stop, Grace: time.Hour}
	o.Client = client(t, o.config)
	o.handle("GET /services/data/v66.0/query", json(200, batch(1, "", record("1"))))
	if err := all(o); err != nil {
		t.Errorf("what is asked after it, as the deletion of a job: %v", err)
	}
}

// dripping sends a byte every millisecond until the caller has gone. come hears of the first.
func dripping(kind, head string, come func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, head)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			come()
			time.Sleep(time.Millisecond)
		}
	}
}

// After the first signal no byte gains time, nor does another request.
func TestStopEndsWhatGoesOn(t *testing.T) {
	o := newOrg(t)
	stop := make(chan struct{})
	o.config.Patience = salesforce.Patience{Stop: stop, Grace: time.Hour, Finish: 20 * time.Millisecond}
	o.Client = client(t, o.config)
	o.handle("GET /services/data/v66.0/query",
		dripping("application/json", `{"records":[`, sync.OnceFunc(func() { close(stop) })))
	if err := all(o); !errors.Is(err, salesforce.ErrStopped) || !errors.Is(err, plan.ErrStopped) {
		t.Error(err)
	}
	calls := o.Calls()
	var come atomic.Int64
	o.handle("GET /services/data/v66.0/limits", func(w http.ResponseWriter, _ *http.Request) {
		come.Add(1)
		answer(w, 200, "{}")
	})
	if _, err := o.Limits(t.Context()); !errors.Is(err, salesforce.ErrStopped) || come.Load() > 0 {
		t.Errorf("asked after the end, as the %dth call: %v", calls+1, err)
	}
}

// That holds for each kind of answer: a login, a page of results, and a refusal.
func TestStopEndsEachKindOfAnswer(t *testing.T) {
	kinds := []struct {
		name, path, head string
		ask              func(*org) error
	}{
		{"describe", "GET /services/data/v66.0/sobjects/Account/describe", `{"fields":[`, describe},
		{"results", "GET /services/data/v66.0/jobs/query/750/results", "\"Id\"\n", func(o *org) error {
			res, err := o.Results(context.Background(), salesforce.QueryJob{ID: "750", Version: "66.0"}, "")
			if err != nil {
				return err
			}
			defer res.Close()
			_, err = io.ReadAll(res)
			return err
		}},
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			o := newOrg(t)
			stop := make(chan struct{})
			o.config.Patience = salesforce.Patience{Stop: stop, Grace: time.Hour, Finish: 20 * time.Millisecond}
			o.Client = client(t, o.config)
			kind := "application/json"
			if k.name == "results" {
				kind = "text/csv"
			}
			o.handle(k.path, dripping(kind, k.head, sync.OnceFunc(func() { close(stop) })))
			if err := k.ask(o); !errors.Is(err, salesforce.ErrStopped) {
				t.Error(err)
			}
		})
	}
	t.Run("refusal", func(t *testing.T) {
		o := newOrg(t)
		stop := make(chan struct{})
		o.config.Patience = salesforce.Patience{Stop: stop, Grace: time.Millisecond}
		o.Client = client(t, o.config)
		o.handle("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = http.NewResponseController(w).Flush()
			close(stop)
			<-r.Context().Done()
		})
		if err := all(o); !errors.Is(err, salesforce.ErrStopped) || len(o.sleeps) > 0 {
			t.Errorf("after %d pauses: %v", len(o.sleeps), err)
		}
	})
}

// What Salesforce can't do just now isn't asked again for a user who wants an end.
func TestStopEndsRepeats(t *testing.T) {
	o := newOrg(t)
	stop := make(chan struct{})
	o.config.Patience = salesforce.Patience{Stop: stop}
	o.config.Sleep = func(ctx context.Context, _ time.Duration) error {
		close(stop)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	o.Client = client(t, o.config)
	o.handle("GET /services/data/v66.0/query", refusal(503, "SERVER_UNAVAILABLE", "later"))
	if err := all(o); !errors.Is(err, salesforce.ErrStopped) || o.Calls() != 1 {
		t.Errorf("in a pause, after %d calls: %v", o.Calls(), err)
	}
	if err := all(o); !errors.Is(err, salesforce.ErrStopped) || o.Calls() != 2 {
		t.Errorf("before one, after %d calls: %v", o.Calls(), err)
	}
}

// A cancelled context ends a read at once.
func TestCancelReachesARead(t *testing.T) {
	for _, s := range silences()[:3] {
		t.Run(s.name, func(t *testing.T) {
			o := newOrg(t)
			ctx, cancel := context.WithCancel(t.Context())
			o.handle("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
				time.AfterFunc(time.Millisecond, cancel)
				silent(s.head, s.text)(w, r)
			})
			for _, err := range o.Query(ctx, soql, false) {
				if !isCancelled(err) {
					t.Error(err)
				}
			}
		})
	}
}

// A byte from time to time holds nobody for ever. Each look at this clock is half a minute later.
func TestDrippingServerIsGivenUp(t *testing.T) {
	o := newOrg(t)
	var looks atomic.Int64
	o.config.Now = func() time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(looks.Add(1)) * 30 * time.Second)
	}
	o.Client = client(t, o.config)
	var sent atomic.Int64
	o.handle("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			sent.Add(1)
			time.Sleep(100 * time.Microsecond)
		}
	})
	err := all(o)
	if plan.ClassOf(err) != plan.Retry || !strings.Contains(err.Error(), "too slowly") {
		t.Errorf("class %s after %d bytes: %v", plan.ClassOf(err), sent.Load(), err)
	}
}

// Whoever waits for an answer that comes waits as long as it takes.
func TestSlowAnswerIsRead(t *testing.T) {
	o := newOrg(t)
	o.config.Patience = salesforce.Patience{Stall: time.Hour, Answer: time.Hour}
	o.Client = client(t, o.config)
	text := batch(50, "", strings.Split(strings.Repeat(record("1")+"\n", 50), "\n")[:50]...)
	o.handle("GET /services/data/v66.0/query", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, part := range strings.SplitAfter(text, ",") {
			fmt.Fprint(w, part)
			_ = http.NewResponseController(w).Flush()
		}
	})
	if err := all(o); err != nil {
		t.Error(err)
	}
}
