// Package rig gives a test a catchment of its own: a fake org behind a server, a
// warehouse, a control table, a stage, and processes that open all of it anew,
// each of which may die at any moment. Nothing is shared between two rigs, so
// that tests run side by side.
//
// Only tests import it. Begin with Small or New; Process is one life of the
// program, Fate is how it ends, Shelf is where the warehouse stands, and truth.go
// reads the org and the warehouse without our own client. What is asserted is
// left to the tests, but for what every one of them asks: Same and NothingLeft.
package rig

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/erase"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/platform"
)

// A Rig is an org, and the files of a catchment that copies it. Its clock
// stands still unless a test moves it.
type Rig struct {
	T      *testing.T
	Org    *fakeorg.Org
	Server *httptest.Server // of the org
	Dir    string           // of all files
	Flows  []flow.Flow
	Shelf  Shelf          // what kind of warehouse it is
	API    string         // the version that processes speak: the newest that both sides know
	Schema string         // of the final tables, where it isn't salesforce
	Begun  func(*Process) // sees each process that was started
	Talk   io.Writer      // nil: the test's log

	Evidence erase.Evidence // of archives, where a test has some

	Returns func(*Process, lease.Holder) erase.Returns // what archives bring back, where a test has some

	// Unfit names the fields of a record, in lower case, whose values fit no column.
	Unfit func(object string, rec Record) []string

	Skew atomic.Int64 // how far the process's clock is ahead of the org's

	ticks  atomic.Int64        // the process's clock goes on a little with each look at it
	lives  uint64              // processes so far
	narrow map[string][]string // the fields that are copied, of objects that aren't copied whole

	mu        sync.Mutex
	intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)
	written   map[string]time.Time // when blobs were stored, by the rig's clock
}

// Morning is when an org of NewOrg begins.
func Morning() time.Time { return time.Date(2026, 1, 2, 8, 0, 30, 0, time.UTC) }

// NewOrg makes an org with so many records of each object.
func NewOrg(t testing.TB, counts map[string]int, change func(*fakeorg.Options)) *fakeorg.Org {
	t.Helper()
	options := fakeorg.Options{Seed: 1, Clock: fakeorg.StillClock(Morning()), PageRecords: 7}
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

// New copies an org into files of a folder of its own, one flow for each object.
func New(t *testing.T, org *fakeorg.Org, objects ...string) *Rig {
	t.Helper()
	r := &Rig{T: t, Org: org, Dir: t.TempDir(), written: map[string]time.Time{}}
	r.API, _ = platform.Choose(versionsOf(r))
	for _, o := range objects {
		r.Flows = append(r.Flows, flow.Flow{Object: o, Deletes: flow.Flag, Mover: flow.Auto, Naming: flow.Lower,
			NUL: flow.Replace})
	}
	r.serve()
	return r
}

// Keeps lets the flow of an object copy only some fields: a warehouse spends its
// time on columns.
func (r *Rig) Keeps(object string, fields ...string) {
	if r.narrow == nil {
		r.narrow = map[string][]string{}
	}
	r.narrow[object] = fields
	for i := range r.Flows {
		if r.Flows[i].Object == object {
			r.Flows[i].Fields = fields
		}
	}
}

// Small is a rig for one object with so many records.
func Small(t *testing.T, object string, records int) *Rig {
	return New(t, NewOrg(t, map[string]int{object: records}, nil), object)
}

func (r *Rig) serve() {
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		intercept := r.intercept
		r.mu.Unlock()
		if intercept == nil {
			r.Org.ServeHTTP(w, req)
			return
		}
		intercept(w, req, r.Org)
	}))
	r.T.Cleanup(r.Server.Close)
}

// Now is the time by the clock of a process.
func (r *Rig) Now() time.Time {
	return r.Org.Clock().Now().Add(time.Duration(r.Skew.Load()) + time.Duration(r.ticks.Add(1))*time.Microsecond)
}

// Later lets time pass.
func (r *Rig) Later(d time.Duration) { r.Org.Clock().Advance(d) }

// Path is where a file of the rig is.
func (r *Rig) Path(name string) string { return filepath.Join(r.Dir, name) }

// say tells how a run went: at once, or when its life has failed.
func (r *Rig) say(format string, args ...any) {
	r.T.Helper()
	if r.Talk == nil {
		r.T.Logf(format, args...)
		return
	}
	fmt.Fprintf(r.Talk, format+"\n", args...)
}

// Run does a run in a process of its own. change may alter what it is told.
func (r *Rig) Run(change func(*Process)) control.RunRow {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	if change != nil {
		change(p)
	}
	return p.Run()
}

// Done is a run that has to end well.
func (r *Rig) Done(change func(*Process)) control.RunRow {
	r.T.Helper()
	row := r.Run(change)
	if row.State != control.Done {
		r.T.Fatalf("run is %s: %s %+v", row.State, row.Error, row.Objects)
	}
	return row
}

// Fork makes a rig of the same org whose files are copies.
func (r *Rig) Fork(t *testing.T) *Rig { return Moved(t, r, r.Org) }

// Moved makes a rig of another org whose files are copies.
func Moved(t *testing.T, r *Rig, org *fakeorg.Org) *Rig {
	f := New(t, org)
	f.Flows, f.narrow, f.lives, f.Unfit, f.API = r.Flows, r.narrow, r.lives+1000, r.Unfit, r.API
	f.ticks.Store(r.ticks.Load())
	for key, at := range r.written {
		f.written[key] = at
	}
	if err := os.CopyFS(f.Dir, os.DirFS(r.Dir)); err != nil {
		t.Fatal(err)
	}
	return f
}
