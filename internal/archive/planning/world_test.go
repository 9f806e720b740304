package planning_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/lease"
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
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.watch(r)
		org.ServeHTTP(rw, r)
	}))
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

func (w *world) must(errs ...error) {
	w.Helper()
	if err := errors.Join(errs...); err != nil {
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
	return w.planner.Plan(w.Context(), p)
}

// watch looks at a request: none may write to the org.
func (w *world) watch(r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		w.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	_, path, _ := strings.Cut(r.URL.Path, "/composite")
	switch {
	case r.Method == http.MethodGet, r.URL.Path == "/services/oauth2/token":
	case r.Method == http.MethodPost && path == "" && !regexp.MustCompile(`"method":"[^G]`).Match(text):
	case r.Method == http.MethodPost && strings.Count(path, "/") == 2 && bytes.Contains(text, []byte(`"ids":[`)):
	default:
		w.Errorf("a plan sends %s %s", r.Method, r.URL.Path)
	}
}

// record makes a record as Salesforce itself does.
func (w *world) record(object string, values map[string]string) string {
	w.Helper()
	id, err := w.org.Record(object, values)
	w.must(err)
	return id
}

// create makes a record as a user does, of the JSON of its fields.
func (w *world) create(object, text string) string {
	w.Helper()
	var values map[string]any
	w.must(json.Unmarshal([]byte(text), &values))
	id, err := w.org.Create(object, values)
	w.must(err)
	return id
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

// deleted lists the records that lie in the recycle bin, as object and Id.
func (w *world) deleted() map[string]bool {
	w.Helper()
	ids := map[string]bool{}
	for _, object := range w.org.Objects() {
		o, err := w.client.Describe(w.Context(), object)
		w.must(err)
		if _, ok := o.Field("IsDeleted"); !ok {
			continue
		}
		for r, err := range w.client.Query(w.Context(), "SELECT Id FROM "+object+" WHERE IsDeleted = true", true) {
			w.must(err)
			id, err := r.Text("Id")
			w.must(err)
			ids[object+" "+id] = true
		}
	}
	return ids
}

// carryOut deletes what a plan has, one by one and in its order, as the archive will.
func (w *world) carryOut(r *read) {
	w.Helper()
	for _, one := range r.records {
		if one.Fate == manifest.In && !one.Along {
			if err := w.org.Delete(one.ID); err != nil {
				w.Errorf("delete %s %s: %v", one.Object, one.ID, err)
			}
		}
	}
}

// value is what a field of a record has.
func (w *world) value(object, id, field string) string {
	w.Helper()
	for r, err := range w.client.Query(w.Context(), "SELECT "+field+" FROM "+object+" WHERE Id = '"+id+"'", true) {
		w.must(err)
		text, err := r.Text(field)
		w.must(err)
		return text
	}
	w.Fatalf("there is no %s %s", object, id)
	return ""
}

// A prover says which flows can't be proven, and remembers what it was asked.
type prover struct {
	not   map[string]error
	after map[string]time.Time
}

func (p *prover) Prove(context.Context, *lease.Lease, flow.Flow, []string, archive.Place) ([]archive.Verdict, error) {
	panic("a plan proves nothing")
}

func (p *prover) Provable(_ context.Context, fl flow.Flow, after time.Time) error {
	p.after[fl.Object] = after
	return p.not[fl.Object]
}
