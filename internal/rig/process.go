package rig

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/control"
	"catchment/internal/control/sqlite"
	"catchment/internal/control/versioned"
	"catchment/internal/engine"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
)

// A Process is one life of a catchment: everything is opened anew.
type Process struct {
	*Rig
	Ctx       context.Context
	Client    *salesforce.Client
	Control   *control.Control // nil where the process died before it had one
	Driver    sql.Driver       // nil where the warehouse is asked no SQL
	Warehouse warehouse.Warehouse
	Eyes      Eyes // on the warehouse, whatever becomes of the process
	Stage     blob.Store
	Landers   map[string]mover.Lander
	Options   replicate.Options
	Tries     int                            // of each step; 0: as many as by default
	Before    func(step string, t plan.Task) // hears steps begin
	Sleep     func()                         // hears that a run waits
	Closers   []func() error                 // what Close closes

	id     uint64
	movers mover.Set
}

// Start opens a process. With a fate, it may die.
func (r *Rig) Start(f *Fate) *Process {
	r.T.Helper()
	r.lives++
	p := &Process{Rig: r, Ctx: r.T.Context(), id: r.lives}
	check := func(err error) {
		if err != nil {
			r.T.Helper()
			r.T.Fatal(err)
		}
	}
	table, err := sqlite.Open(r.Path("control.db"))
	check(err)
	store, err := dir.New(r.Path("stage"))
	check(err)
	p.Closers = []func() error{table.Close}
	transport := &http.Transport{}
	p.Closers = append(p.Closers, func() error { transport.CloseIdleConnections(); return nil })
	var rows versioned.Table = table
	var wire http.RoundTripper = transport
	p.Stage = stampedStore{store, r}
	if f != nil {
		p.Ctx, f.end = context.WithCancelCause(p.Ctx)
		rows, wire, p.Stage = fatedTable{table, f}, f.Wire(transport), fatedStore{p.Stage, f}
	}
	check(p.openWarehouse(f))
	c := r.Org.Credentials()
	p.Client, err = salesforce.New(salesforce.Config{
		URL: r.Server.URL, APIVersion: r.API, HTTP: &http.Client{Transport: wire}, Now: r.Now,
		Login: login.ClientCredentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret},
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	})
	check(err)
	p.Control, err = control.New(r.T.Context(), rows, r.Now,
		rand.NewChaCha8([32]byte{byte(r.lives), byte(r.lives >> 8)}))
	if err != nil && f == nil {
		check(err)
	}
	p.movers = mover.Set{string(flow.Bulk): bulk.New(p.Client), string(flow.REST): rest.New(p.Client)}
	p.Options = replicate.Options{
		Holder: fmt.Sprintf("process %d", p.id), Alone: true, Downloads: 2, Now: r.Now,
		Secret: func(string) (string, error) { return "pepper", nil },
	}
	if r.Begun != nil {
		r.Begun(p)
	}
	return p
}

// openWarehouse opens what stands on the rig's shelf.
func (p *Process) openWarehouse(f *Fate) error {
	if open := p.Shelf.Opens; open != nil {
		opened, err := open(p.Rig, f)
		if err != nil {
			return err
		}
		p.Warehouse, p.Eyes = opened.Warehouse(p.Places()), opened.Eyes
		p.Closers = append(p.Closers, opened.Close)
		return nil
	}
	d, err := p.Shelf.Open(p.Rig)
	if err != nil {
		return err
	}
	p.Closers = append(p.Closers, d.Close)
	p.Driver, p.Eyes = d, SQLEyes(d)
	if f != nil {
		p.Driver = fated(d, f)
	}
	p.Warehouse = sql.New(p.Driver, p.Places())
	return nil
}

// Places says where the warehouse has its tables.
func (p *Process) Places() warehouse.Options {
	schema := cmp.Or(p.Schema, "salesforce")
	return warehouse.Options{Schema: schema, Staging: schema + "_incremental", Now: p.Now}
}

// Close ends a process without a word to anybody, as death does.
func (p *Process) Close() {
	p.T.Helper()
	for _, c := range p.Closers {
		if err := c(); err != nil {
			p.T.Error(err)
		}
	}
}

// Replicator has the steps of a run in this process.
func (p *Process) Replicator() *replicate.Replicator {
	movers := maps.Clone(p.movers)
	for name, l := range p.Landers {
		movers[name] = l
	}
	return replicate.New(replicate.Collaborators{
		Org: p.Client, Warehouse: p.Warehouse, Control: p.Control, Stage: p.Stage, Movers: movers,
		Flows: func(context.Context) ([]flow.Flow, error) { return p.Flows, nil },
	}, p.Options)
}

// ReplicatorOf is one that has what a step needs, and nothing else, as a function on AWS.
func (p *Process) ReplicatorOf(step string) *replicate.Replicator {
	needs, only := replicate.NeedsOf(step), *p
	if !needs.Org {
		only.Client, only.movers = nil, nil
	}
	if !needs.Warehouse {
		only.Warehouse = nil
	}
	if !needs.Stage {
		only.Stage = nil
	}
	if !needs.Landers {
		only.Landers = nil
	}
	return only.Replicator()
}

// Run does one run and tells how it went.
func (p *Process) Run() control.RunRow {
	id, err := p.Control.NewRunID()
	if err != nil {
		p.T.Fatal(err)
	}
	p.Walk(id)
	row, err := p.Control.Run(context.WithoutCancel(p.Ctx), id)
	if err != nil && context.Cause(p.Ctx) == nil {
		p.T.Fatal(err)
	}
	for _, o := range row.Objects {
		p.say("  %s %s by %s from %v to %v, %d records: %s %q", o.Object, o.State, o.Mover,
			o.From.Format(time.TimeOnly), o.To.Format(time.TimeOnly), o.Records, o.Error, o.Notes)
	}
	return row
}

// PlanOf is that of a run of some flows.
func PlanOf(flows []flow.Flow) plan.Plan {
	if slices.ContainsFunc(flows, func(fl flow.Flow) bool { return fl.Bodies != "" }) {
		return replicate.WithBodies(2)
	}
	return replicate.Plan(2)
}

// Walk does the run of an id, whether or not it ends well.
func (p *Process) Walk(id string) {
	e := engine.Engine{
		Steps: p.Replicator().Steps(), Observer: p, Stop: p.Options.Stop, Tries: p.Tries, Now: p.Now,
		After: func(d time.Duration) <-chan time.Time {
			if d > time.Minute { // a wait for the org's limits, which go by its clock
				p.Later(d)
			}
			if p.Sleep != nil {
				p.Sleep()
			}
			passed := make(chan time.Time, 1)
			passed <- time.Time{}
			return passed
		},
	}
	err := e.Run(p.Ctx, PlanOf(p.Flows), plan.Task{Run: id})
	p.say("process %d, run %s: %v", p.id, id, err)
}

// Begin implements engine.Observer.
func (p *Process) Begin(step string, t plan.Task) {
	if p.Before != nil {
		p.Before(step, t)
	}
}

// End implements engine.Observer.
func (p *Process) End(string, plan.Task, error) {}

// Full rebuilds the tables.
func Full(p *Process) { p.Options.Full = true }

// AllowDeletes goes past the stop before a mass delete.
func AllowDeletes(p *Process) { p.Options.AllowDeletes = true }

// Keep lets stored pages stay for a while, as they do by default.
func Keep(p *Process) { p.Options.Keep = 30 * 24 * time.Hour }

// Compare verifies a flow.
func (p *Process) Compare(fl flow.Flow) (verify.Result, error) {
	return p.Verifier().Flow(p.Ctx, fl)
}

// Verifier compares org and warehouse, by stamps unless its Options are changed.
func (p *Process) Verifier() *verify.Verifier {
	id, err := p.Control.NewRunID()
	if err != nil {
		p.T.Fatal(err)
	}
	return &verify.Verifier{Org: p.Client, Warehouse: p.Warehouse, Control: p.Control, Stage: p.Stage, Movers: p.movers,
		Secret:  p.Options.Secret,
		Options: verify.Options{Run: id, Holder: "verify", Alone: true, Sample: 3}}
}

// Countdown calls f when so many steps have begun.
func (p *Process) Countdown(steps int, f func()) func(string, plan.Task) {
	var begun atomic.Int64
	return func(string, plan.Task) {
		if begun.Add(1) == int64(steps)+1 {
			f()
		}
	}
}
