package planning_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/policy"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
)

// A world is a fake org, and who plans archives of it.
type world struct {
	*testing.T
	org     *fakeorg.Org
	client  *salesforce.Client
	planner *planning.Planner
	store   blob.Store
	copied  []flow.Flow
	files   map[string]string // that holds name
}

func morning() time.Time { return time.Date(2026, 1, 2, 8, 0, 30, 0, time.UTC) }

// newWorld makes an org, fills it, and lets a year pass. Flows copy the objects.
func newWorld(t *testing.T, options fakeorg.Options, fill func(*fakeorg.Org) error, copied ...string) *world {
	t.Helper()
	options.Seed, options.Clock = 1, fakeorg.StillClock(morning())
	org, err := fakeorg.New(options)
	w := &world{T: t, org: org, files: map[string]string{}}
	w.must(err)
	w.must(fill(org))
	org.Clock().Advance(365 * 24 * time.Hour)
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	c := org.Credentials()
	w.client, err = salesforce.New(salesforce.Config{
		URL: server.URL, APIVersion: "66.0", HTTP: server.Client(), Now: org.Clock().Now,
		Login: login.ClientCredentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret},
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	})
	w.must(err)
	w.store, err = dir.New(t.TempDir())
	w.must(err)
	for _, object := range copied {
		w.copied = append(w.copied, flowOf(object))
	}
	w.planner = &planning.Planner{
		Org: w.client, Store: w.store, Now: org.Clock().Now, Catchment: "test", Author: "ann",
		Flows: func(context.Context) ([]flow.Flow, error) { return w.copied, nil },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := w.files[path]; ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		},
	}
	return w
}

func flowOf(object string) flow.Flow {
	fl := flow.Flow{Object: object, Deletes: flow.Flag, Mover: flow.Auto, Naming: flow.Lower}
	if object == "ContentVersion" || object == "Attachment" {
		fl.Bodies = "all"
	}
	return fl
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// A read is a plan as its file has it.
type read struct {
	head    manifest.Head
	objects []manifest.Object
	losses  []manifest.Loss
	records []manifest.Record
	clears  []manifest.Clear
	end     manifest.End
	by      map[string]manifest.Record
}

// plan makes a plan and reads it. It has to write nothing to the org.
func (w *world) plan(p policy.Policy) (*planning.Summary, *read) {
	w.Helper()
	sum, err := w.try(p)
	w.must(err)
	r := &read{by: map[string]manifest.Record{}}
	file, err := w.store.Open(w.Context(), manifest.Key(sum.Name))
	w.must(err)
	defer func() { _ = file.Close() }()
	digest, err := manifest.Read(file, manifest.Each{
		Head:   func(h manifest.Head) error { r.head = h; return nil },
		Object: func(o manifest.Object) error { r.objects = append(r.objects, o); return nil },
		Loss:   func(l manifest.Loss) error { r.losses = append(r.losses, l); return nil },
		Record: func(one manifest.Record) error {
			r.records = append(r.records, one)
			if _, twice := r.by[one.ID]; twice {
				w.Errorf("%s is there twice", one.ID)
			}
			r.by[one.ID] = one
			return nil
		},
		Clear: func(c manifest.Clear) error { r.clears = append(r.clears, c); return nil },
		End:   func(e manifest.End) error { r.end = e; return nil },
	})
	w.must(err)
	if digest != sum.Digest {
		w.Errorf("the file's digest is %s, not %s", digest, sum.Digest)
	}
	return sum, r
}

// try makes a plan, which writes nothing to the org.
func (w *world) try(p policy.Policy) (*planning.Summary, error) {
	w.Helper()
	if p.Name == "" {
		p.Name = "old"
	}
	if p.Files == "" {
		p.Files = policy.AllFiles
	}
	before := w.org.Requests()
	sum, err := w.planner.Plan(w.Context(), p)
	for kind, n := range w.org.Requests() {
		switch {
		case n == before[kind]:
		case strings.Contains("query queryAll describe limits composite record-count versions login", kind):
		default:
			w.Errorf("it made %d requests of the kind %s", n-before[kind], kind)
		}
	}
	return sum, err
}

// record makes a record as Salesforce itself does.
func (w *world) record(object string, values map[string]string) string {
	w.Helper()
	id, err := w.org.Record(object, values)
	w.must(err)
	return id
}

// create makes a record as a user does.
func (w *world) create(object, body string) string {
	w.Helper()
	req := httptest.NewRequest(http.MethodPost, "/services/data/v66.0/sobjects/"+object, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+w.org.Credentials().AccessToken)
	got := httptest.NewRecorder()
	w.org.ServeHTTP(got, req)
	text, err := io.ReadAll(got.Body)
	w.must(err)
	_, rest, found := strings.Cut(string(text), `"id":"`)
	if got.Code != http.StatusCreated || !found {
		w.Fatalf("create %s: %d %s", object, got.Code, text)
	}
	return rest[:18]
}

// fates compares what a plan has for some records.
func (r *read) fates(t *testing.T, want map[string]string) {
	t.Helper()
	for id, fate := range want {
		if got := r.by[id]; string(got.Fate) != fate {
			t.Errorf("%s %s is %q, not %q: %s", got.Object, id, got.Fate, fate, got.Reason)
		}
	}
}

var errDown = errors.New("the line is dead")
