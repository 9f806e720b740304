package replicate_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/control"
	"catchment/internal/control/sqlite"
	"catchment/internal/engine"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/salesforce"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
)

// A rig is an org, and the files of a catchment that copies it. Its clock
// stands still unless a test moves it.
type rig struct {
	t      *testing.T
	org    *fakeorg.Org
	server *httptest.Server
	dir    string
	flows  []flow.Flow
	ticks  atomic.Int64        // the process's clock goes on a little with each look at it
	lives  uint64              // processes so far
	shelf  shelf               // what kind of warehouse it is
	begun  func(*process)      // sees each process that was started
	talk   io.Writer           // nil: the test's log
	narrow map[string][]string // the fields that are copied, of objects that aren't copied whole
	schema string              // of the final tables, where it isn't salesforce
	skew   atomic.Int64        // how far the process's clock is ahead of the org's

	mu        sync.Mutex
	intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)
	written   map[string]time.Time // when blobs were stored, by the rig's clock
}

var morning = time.Date(2026, 1, 2, 8, 0, 30, 0, time.UTC)

// newOrg makes an org with so many records of each object.
func newOrg(t testing.TB, counts map[string]int, change func(*fakeorg.Options)) *fakeorg.Org {
	t.Helper()
	options := fakeorg.Options{Seed: 1, Clock: fakeorg.StillClock(morning), PageRecords: 7}
	if change != nil {
		change(&options)
	}
	org, err := fakeorg.New(options)
	if err == nil {
		err = org.GenerateCounts(counts, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	org.Clock().Advance(time.Hour)
	return org
}

// newRig copies an org into files of dir, one flow for each object.
func newRig(t *testing.T, org *fakeorg.Org, objects ...string) *rig {
	t.Helper()
	r := &rig{t: t, org: org, dir: t.TempDir(), written: map[string]time.Time{}}
	for _, o := range objects {
		r.flows = append(r.flows, flow.Flow{Object: o, Deletes: flow.Flag, Mover: flow.Auto, Naming: flow.Lower, NUL: flow.Replace})
	}
	r.serve()
	return r
}

// keeps lets the flow of an object copy only some fields: a warehouse spends its
// time on columns.
func (r *rig) keeps(object string, fields ...string) {
	if r.narrow == nil {
		r.narrow = map[string][]string{}
	}
	r.narrow[object] = fields
	for i := range r.flows {
		if r.flows[i].Object == object {
			r.flows[i].Fields = fields
		}
	}
}

// small is a rig for one object with so many records.
func small(t *testing.T, object string, records int) *rig {
	return newRig(t, newOrg(t, map[string]int{object: records}, nil), object)
}

func (r *rig) serve() {
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		intercept := r.intercept
		r.mu.Unlock()
		if intercept == nil {
			r.org.ServeHTTP(w, req)
			return
		}
		intercept(w, req, r.org)
	}))
	r.t.Cleanup(r.server.Close)
}

// between lets f stand between the client and the org; nil takes it away.
func (r *rig) between(f func(http.ResponseWriter, *http.Request, http.Handler)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.intercept = f
}

func (r *rig) now() time.Time {
	return r.org.Clock().Now().Add(time.Duration(r.skew.Load()) + time.Duration(r.ticks.Add(1))*time.Microsecond)
}

func (r *rig) later(d time.Duration) { r.org.Clock().Advance(d) }

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

// A process is one life of a catchment: everything is opened anew.
type process struct {
	*rig
	ctx     context.Context
	id      uint64
	client  *salesforce.Client
	control *control.Control
	driver  warehouse.Driver
	wh      *warehouse.Warehouse
	stage   blob.Store
	movers  map[string]mover.Pager
	landers map[string]mover.Lander
	options replicate.Options
	tries   int
	closers []func() error
	before  func(step string, t plan.Task) // hears steps begin
	sleep   func()                         // hears that a run waits
}

// start opens a process. With a fate, it may die.
func (r *rig) start(f *fate) *process {
	r.t.Helper()
	r.lives++
	p := &process{rig: r, ctx: r.t.Context(), id: r.lives}
	check := func(err error) {
		if err != nil {
			r.t.Helper()
			r.t.Fatal(err)
		}
	}
	table, err := sqlite.Open(r.path("control.db"))
	check(err)
	store, err := dir.New(r.path("stage"))
	check(err)
	p.driver, err = r.shelf.open(r)
	check(err)
	p.closers = []func() error{table.Close, p.driver.Close}
	transport := &http.Transport{}
	p.closers = append(p.closers, func() error { transport.CloseIdleConnections(); return nil })
	var rows control.Table = table
	var wire http.RoundTripper = transport
	p.stage = stampedStore{store, r}
	if f != nil {
		p.ctx, f.end = context.WithCancelCause(p.ctx)
		rows, wire = fatedTable{table, f}, fatedWire{transport, f}
		p.driver, p.stage = fated(p.driver, f), fatedStore{p.stage, f}
	}
	c := r.org.Credentials()
	p.client, err = salesforce.New(salesforce.Config{
		URL: r.server.URL, APIVersion: "66.0", HTTP: &http.Client{Transport: wire}, Now: r.now,
		Login: salesforce.ClientCredentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret},
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	})
	check(err)
	p.control, err = control.New(r.t.Context(), rows, r.now, rand.NewChaCha8([32]byte{byte(r.lives), byte(r.lives >> 8)}))
	if err != nil && f == nil {
		check(err)
	}
	schema := cmp.Or(r.schema, "salesforce")
	p.wh = warehouse.New(p.driver, warehouse.Options{Schema: schema, Staging: schema + "_incremental", Now: r.now})
	p.movers = map[string]mover.Pager{"bulk": bulk.New(p.client), "rest": rest.New(p.client)}
	p.options = replicate.Options{
		Holder: fmt.Sprintf("process %d", p.id), Alone: true, Downloads: 2, Now: r.now,
		Secret: func(string) (string, error) { return "pepper", nil },
	}
	if r.begun != nil {
		r.begun(p)
	}
	return p
}

// close ends a process without a word to anybody, as death does.
func (p *process) close() {
	p.t.Helper()
	for _, c := range p.closers {
		if err := c(); err != nil {
			p.t.Error(err)
		}
	}
}

func (p *process) replicator() *replicate.Replicator {
	return &replicate.Replicator{
		Org: p.client, Warehouse: p.wh, Control: p.control, Stage: p.stage, Movers: p.movers, Landers: p.landers,
		Flows:   func(context.Context) ([]flow.Flow, error) { return p.flows, nil },
		Options: p.options,
	}
}

// run does one run and tells how it went.
func (p *process) run() control.RunRow {
	id, err := p.control.NewRunID()
	if err != nil {
		p.t.Fatal(err)
	}
	p.walk(id)
	row, err := p.control.Run(context.WithoutCancel(p.ctx), id)
	if err != nil && context.Cause(p.ctx) == nil {
		p.t.Fatal(err)
	}
	for _, o := range row.Objects {
		p.say("  %s %s by %s from %v to %v, %d records: %s %q", o.Object, o.State, o.Mover, o.From.Format(time.TimeOnly), o.To.Format(time.TimeOnly), o.Records, o.Error, o.Notes)
	}
	return row
}

func (p *process) walk(id string) {
	e := engine.Engine{
		Steps: p.replicator().Steps(), Observer: p, Stop: p.options.Stop, Tries: p.tries, Now: p.now,
		After: func(d time.Duration) <-chan time.Time {
			if d > time.Minute { // a wait for the org's limits, which go by its clock
				p.later(d)
			}
			if p.sleep != nil {
				p.sleep()
			}
			passed := make(chan time.Time, 1)
			passed <- time.Time{}
			return passed
		},
	}
	err := e.Run(p.ctx, replicate.Plan(2), plan.Task{Run: id})
	p.say("process %d, run %s: %v", p.id, id, err)
}

// say tells how a run went: at once, or when its life has failed.
func (r *rig) say(format string, args ...any) {
	r.t.Helper()
	if r.talk == nil {
		r.t.Logf(format, args...)
		return
	}
	fmt.Fprintf(r.talk, format+"\n", args...)
}

// Begin implements engine.Observer.
func (p *process) Begin(step string, t plan.Task) {
	if p.before != nil {
		p.before(step, t)
	}
}

// End implements engine.Observer.
func (p *process) End(string, plan.Task, error) {}

// run does a run in a process of its own. change may alter what it is told.
func (r *rig) run(change func(*process)) control.RunRow {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	if change != nil {
		change(p)
	}
	return p.run()
}

// done is a run that has to end well.
func (r *rig) done(change func(*process)) control.RunRow {
	r.t.Helper()
	row := r.run(change)
	if row.State != control.Done {
		r.t.Fatalf("run is %s: %s %+v", row.State, row.Error, row.Objects)
	}
	return row
}

func full(p *process)         { p.options.Full = true }
func allowDeletes(p *process) { p.options.AllowDeletes = true }

// compare verifies a flow in a process of its own.
func (r *rig) compare(fl flow.Flow) (verify.Result, error) {
	p := r.start(nil)
	defer p.close()
	return p.compare(fl)
}

func (p *process) compare(fl flow.Flow) (verify.Result, error) {
	return p.verifier().Flow(p.ctx, fl)
}

func (p *process) verifier() *verify.Verifier {
	id, err := p.control.NewRunID()
	if err != nil {
		p.t.Fatal(err)
	}
	return &verify.Verifier{Org: p.client, Warehouse: p.wh, Control: p.control, Stage: p.stage, Movers: p.movers, Secret: p.options.Secret,
		Options: verify.Options{Run: id, Holder: "verify", Alone: true, Sample: 3}}
}

// stampedStore tells the times of blobs by the rig's clock.
type stampedStore struct {
	blob.Store
	rig *rig
}

// rewritten answers a request from the org with its body changed.
func rewritten(w http.ResponseWriter, req *http.Request, next http.Handler, change func([]byte) []byte) {
	req.Header.Del("Accept-Encoding")
	got := httptest.NewRecorder()
	next.ServeHTTP(got, req)
	body := change(bytes.Clone(got.Body.Bytes()))
	for name, values := range got.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(got.Code)
	_, _ = w.Write(body)
}

// countdown calls f when so many steps have begun.
func (p *process) countdown(steps int, f func()) func(string, plan.Task) {
	var begun atomic.Int64
	return func(string, plan.Task) {
		if begun.Add(1) == int64(steps)+1 {
			f()
		}
	}
}
