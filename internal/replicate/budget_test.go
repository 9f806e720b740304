package replicate_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
)

// waits notes what a process waits for.
type waits struct {
	mu  sync.Mutex
	all []replicate.Progress
}

func (w *waits) hear(p *rig.Process) {
	p.Options.Progress = func(e replicate.Progress) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !e.Until.IsZero() {
			w.all = append(w.all, e)
		}
	}
}

// A run leaves people their share of the day's API calls: it waits, says until
// when, and goes on by itself, neither failed nor done before it has read all
// (invariant 10; airbyte#8690 stopped early and said success).
func TestPainAirbyte8690(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) {
		o.DailyAPIRequests = 1000
	}), "Contact")
	r.People(650)
	before, began := r.Org.Requests(), r.Org.Clock().Now()
	var w waits
	var early map[string]int
	row := r.Done(func(p *rig.Process) {
		p.Options.Reserve = 40
		w.hear(p)
		p.Before = func(step string, _ plan.Task) {
			if step == replicate.Load && early == nil {
				early = r.Org.Requests()
			}
		}
	})
	r.Same()
	if passed := r.Org.Clock().Now().Sub(began); passed < 23*time.Hour || passed > 26*time.Hour {
		t.Errorf("it went on after %s", passed)
	}
	if len(w.all) < 80 || !strings.Contains(w.all[0].Why, "of the org's 1000 API calls") ||
		w.all[0].Until.Sub(began) < 14*time.Minute {
		t.Errorf("%d waits: %+v", len(w.all), w.all[:1])
	}
	for _, kind := range []string{"job", "results", "query"} { // nothing of the work was done meanwhile
		if early[kind] > before[kind]+2 {
			t.Errorf("%d requests of kind %s before the run could go on", early[kind]-before[kind], kind)
		}
	}
	if o := row.Objects[0]; o.Records != 20 || o.Error != "" {
		t.Errorf("%+v", o)
	}
}

func TestPainEstuary3318(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) {
		o.DailyQueryJobs = 10
	}), "Contact")
	for range 6 { // other programs take theirs
		post(r, "/services/data/v66.0/jobs/query", `{"operation":"query","query":"SELECT Id FROM Contact"}`)
	}
	r.Later(time.Hour)
	var w waits
	r.Done(func(p *rig.Process) { p.Options.Reserve = 40; w.hear(p) })
	r.Same()
	if len(w.all) == 0 || !strings.Contains(w.all[0].Why, "6 of the org's 10 Bulk query jobs") {
		t.Errorf("%+v", w.all)
	}
	r.Later(time.Hour)
	// one of ours and one of theirs: enough is left
	post(r, "/services/data/v66.0/jobs/query", `{"operation":"query","query":"SELECT Id FROM Contact"}`)
	w.all = nil
	r.Done(func(p *rig.Process) { rig.Full(p); p.Options.Reserve = 40; w.hear(p) })
	if len(w.all) != 0 {
		t.Errorf("%+v", w.all)
	}
}

func post(r *rig.Rig, path, body string) {
	r.T.Helper()
	req, err := http.NewRequestWithContext(r.T.Context(), http.MethodPost, r.Server.URL+path, strings.NewReader(body))
	r.Must(err)
	req.Header.Set("Authorization", "Bearer "+r.Session())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	r.Must(err)
	r.Must(resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		r.T.Fatal(resp.Status)
	}
}

// A job that never ends is given up with its reason, and another run makes
// another.
func TestPainAirbyte17148(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Org.Fault(fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Nth: 1, StickJob: true})
	row := r.Run(func(p *rig.Process) {
		p.Options.JobTime = 6 * time.Hour
		p.Before = func(step string, _ plan.Task) {
			if step == replicate.Done {
				r.Later(20 * time.Minute)
			}
		}
	})
	if o := row.Objects[0]; row.State != control.Failed || !strings.Contains(o.Error, "without an end") ||
		!strings.Contains(o.Hint, "Bulk Data Load Jobs") {
		t.Errorf("%s %+v", row.State, o)
	}
	r.Done(nil)
	r.Same()
	r.NothingLeft()
}
