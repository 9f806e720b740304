// Package project is a configuration with what it names opened: the org's
// client, the warehouse, the control table, the stage, and the movers between
// them. Both programs, the command and the Lambda, are wired here.
//
// It names no driver: they come in with World, and what is done with an open
// project is the business of replicate and verify. Start at Project.OpenAll.
package project

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"catchment/internal/adopt"
	"catchment/internal/archive/evidence"
	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/control/versioned"
	"catchment/internal/control/wanted"
	"catchment/internal/erase"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/mover"
	"catchment/internal/owner"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/replicate"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/secret"
	"catchment/internal/source"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
)

// World is what a program brings along: the outside, and its drivers.
type World struct {
	Version  string
	Getenv   func(name string) string
	ReadFile func(path string) ([]byte, error)
	Now      func() time.Time
	Random   io.Reader
	HTTP     *http.Client             // carries proxy and certificates
	Exec     Exec                     // runs other programs; nil where there are none
	Secrets  map[string]secret.Reader // read secrets that are kept outside, by the scheme of a reference
	Drivers  Drivers
	Stop     <-chan struct{} // closed: the user wants an end, and a server that is silent isn't waited for any more

	Waits func(until time.Time, why string) // hears for whom a command waits; nil tells nobody
}

// Exec runs a program found on PATH and gives its stdout, also where it fails.
type Exec func(ctx context.Context, name string, args ...string) ([]byte, error)

// A Project is a configuration, and what of it was opened so far.
type Project struct {
	World
	File      *flow.File
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Locker    versioned.Locker // nil where the control table has none
	Objects   []schema.Object  // of the org, once Flows was asked
	Wanted    wanted.Rows      // of the control table
	Without   []string         // objects, or patterns of them, that this call leaves out

	wants   *flow.File // what control rows want, once that was read
	landers map[string]mover.Lander
	close   []func() error
	opened  []func() error // the same of what was opened to be read: it gets no rights
}

// New makes a Project of which nothing is open. Close gives back whatever was
// opened after.
func New(w World, file *flow.File) *Project { return &Project{World: w, File: file} }

// Close closes what was opened, the last first, and lets those see it who may.
func (p *Project) Close() error {
	var errs []error
	for _, c := range slices.Backward(slices.Concat(p.opened, p.close)) {
		errs = append(errs, c())
	}
	if len(p.close) > 0 {
		errs = append(errs, p.share(p.File.Warehouse.URL), p.share(p.File.Control.URL))
	}
	return errors.Join(errs...)
}

// OpenOrg makes the client. It doesn't log in yet: the first call does. Where the
// configuration names no API version, the org is asked which it serves, by a request
// that Salesforce doesn't count: what is written down nowhere can't be out of date.
func (p *Project) OpenOrg(ctx context.Context) error {
	login, err := p.login()
	if err != nil {
		return err
	}
	version := cmp.Or(p.File.Org.APIVersion, platform.Newest)
	p.Org, err = salesforce.New(salesforce.Config{
		URL: p.File.Org.URL, APIVersion: version, Login: login, HTTP: p.HTTP,
		UserAgent: "catchment/" + p.Version, Now: p.Now, InstanceHosts: p.File.Org.InstanceHosts,
		Patience: salesforce.Patience{Answer: p.File.Limits.Answer, Stall: p.File.Limits.Stall, Stop: p.Stop},
	})
	if err != nil || p.File.Org.APIVersion != "" {
		return err
	}
	return p.Org.Agree(ctx)
}

// OpenWarehouse opens the warehouse's driver.
func (p *Project) OpenWarehouse() error {
	driver, path, err := p.Drivers.warehouse(p.File.Warehouse.URL)
	if err != nil {
		return err
	}
	if err := p.share(p.File.Warehouse.URL); err != nil { // a process that was killed didn't
		return err
	}
	opened, err := driver.Open(path, p.WarehouseOptions())
	if err != nil {
		return err
	}
	p.close = append(p.close, opened.Close)
	p.Warehouse = opened
	return nil
}

// WarehouseOptions are what the configuration says of the warehouse.
func (p *Project) WarehouseOptions() warehouse.Options {
	w := p.File.Warehouse
	o := warehouse.Options{Schema: w.Schema, Staging: w.StagingSchema, GrantTo: w.GrantTo, Now: p.Now,
		History: w.History, Maintain: w.Maintain, Merge: w.Merge,
		Wait: warehouse.Patience{AtMost: w.Wait, Stop: p.Stop}}
	o.Wait.Tell = func(until time.Time, why string) {
		if p.Waits != nil {
			p.Waits(until, why)
		}
	}
	if folder := p.File.Stage.Folder(); folder != "" {
		o.Pages = []string{folder}
	}
	return o
}

// OpenControl opens the control table and the blob store.
func (p *Project) OpenControl(ctx context.Context) error {
	open, path, err := driverOf(p.Drivers.Controls, "control.url", p.File.Control.URL)
	if err != nil {
		return err
	}
	table, err := open(path)
	if err != nil {
		return err
	}
	p.close = append(p.close, table.Close)
	if err := p.share(p.File.Control.URL); err != nil {
		return err
	}
	p.Locker, _ = table.(versioned.Locker)
	p.Wanted = wanted.In(table)
	if p.Control, err = control.New(ctx, table, p.Now, p.Random); err != nil {
		return err
	}
	return p.openStage()
}

// LookAtControl opens the control table to be read, as a user can who has no other right.
// It makes no table, changes none, and opens nothing for writing.
func (p *Project) LookAtControl(ctx context.Context) error {
	open, path, err := driverOf(p.Drivers.Controls, "control.url", p.File.Control.URL)
	if err != nil {
		return err
	}
	scheme, _, _ := strings.Cut(p.File.Control.URL, ":")
	if look := p.Drivers.Looks[scheme]; look != nil {
		open = look
	}
	table, err := open(path)
	if err != nil {
		return err
	}
	if _, only := table.(versioned.ReadOnly); !only {
		table = versioned.ReadOnly{Table: table}
	}
	p.opened = append(p.opened, table.Close)
	p.Wanted = wanted.In(table)
	p.Control, err = control.New(ctx, table, p.Now, p.Random)
	return err
}

func (p *Project) openStage() error {
	open, path, err := driverOf(p.Drivers.Stages, "stage.url", p.File.Stage.URL)
	if err != nil {
		return err
	}
	p.Stage, err = open(path)
	return err
}

// OpenAll opens everything that a run needs.
func (p *Project) OpenAll(ctx context.Context) error {
	return p.OpenFor(ctx, replicate.Needs{Org: true, Warehouse: true, Stage: true, Landers: true})
}

// OpenFor opens what a step needs, and the control table. Opening the stage asks for
// nothing, so it always is.
func (p *Project) OpenFor(ctx context.Context, needs replicate.Needs) error {
	if needs.Org {
		if err := p.OpenOrg(ctx); err != nil {
			return err
		}
	}
	if err := p.OpenControl(ctx); err != nil {
		return err
	}
	if needs.Landers {
		if err := p.openLanders(); err != nil {
			return err
		}
	}
	if needs.Warehouse {
		return p.OpenWarehouse()
	}
	return nil
}

// Lock proves that no other process works with the control table, until Close.
// What isn't of this machine alone can't be locked. Whoever is refused meanwhile is told
// what was begun, by which process, and when.
func (p *Project) Lock(what string) (alone bool, err error) {
	if p.Locker == nil {
		return false, nil
	}
	since := p.Now().UTC().Format(time.RFC3339)
	unlock, err := p.Locker.Lock("catchment " + what + ", since " + since) // it names the process itself
	if errors.Is(err, versioned.ErrLocked) {
		return false, plan.Failf(plan.Retry, plan.HintOf(err), "%w", err)
	}
	if err != nil {
		return false, err
	}
	p.close = append(p.close, unlock)
	return true, nil
}

// RunOptions are the settings of a run that the configuration makes. Who it is, and when
// it stops, is for the caller to fill in.
func (p *Project) RunOptions() replicate.Options {
	onTheirWay := "" // bodies; beside pages, where blobs have no names
	if folder := p.File.Stage.Folder(); folder != "" {
		onTheirWay = filepath.Join(folder, ".bodies")
	}
	return replicate.Options{
		Folder: onTheirWay, BodyCalls: p.File.Limits.Bodies,
		Name: p.File.Name, Version: p.Version,
		Downloads: p.File.Limits.Downloads, StageLimit: p.File.Limits.Stage, Keep: p.File.Stage.Keep,
		Now: p.Now, LandApart: p.File.AppFlow.Apart, Composite: p.File.Org.Composite,
		Secret: p.Secret, Reserve: p.File.Org.Reserve,
	}
}

// Replicator makes what does a run's steps, for the flows that were named.
func (p *Project) Replicator(names []string, o replicate.Options) *replicate.Replicator {
	o.Archived = remembers(p)
	return replicate.New(replicate.Collaborators{
		Org: p.Org, Warehouse: p.Warehouse, Control: p.Control, Stage: p.Stage,
		Movers: p.movers(),
		Flows:  func(ctx context.Context) ([]flow.Flow, error) { return p.Flows(ctx, names) },
	}, o)
}

// Sources finds what is copied of a flow, as a run does. Where no warehouse is open
// the tables are those that a first run would make.
func (p *Project) Sources() source.Finder {
	find := source.Finder{Describe: p.Org.Describe, Secret: p.Secret, Refuses: parents.Refuses(p.Org)}
	if p.Warehouse != nil {
		find.Columns = p.Warehouse.Adapt
	}
	return find
}

// Adopter makes what takes over the tables of others.
func (p *Project) Adopter(h lease.Holder) *adopt.Adopter {
	return &adopt.Adopter{Org: p.Org, Warehouse: p.Warehouse, Control: p.Control, Holder: p.Holder(h)}
}

// Eraser makes what removes every trace of records.
func (p *Project) Eraser(h lease.Holder) *erase.Eraser {
	all := p.Replicator(nil, p.RunOptions())
	return &erase.Eraser{
		Org: p.Org, Warehouse: p.Warehouse, Control: p.Control, Stage: p.Stage,
		Holder: p.Holder(h), Flows: all.Flows, GiveUp: all.GiveUp, Evidence: evidence.Redactor{Store: p.Stage},
		Returns: Rehydrator(p, h),
	}
}

// Place is where the copy of the org is.
func (p *Project) Place() owner.Place { return owner.Place{Control: p.Control, Warehouse: p.Warehouse} }

// Holder is h, of the flows of this project.
func (p *Project) Holder(h lease.Holder) lease.Holder {
	h.Control, h.Warehouse = p.Control, p.Warehouse
	return h
}

// Verifier makes what compares org and warehouse.
func (p *Project) Verifier(o verify.Options) *verify.Verifier {
	o.Archived = remembers(p)
	return &verify.Verifier{
		Org: p.Org, Warehouse: p.Warehouse, Control: p.Control, Stage: p.Stage, Movers: p.movers(),
		Secret: p.Secret, Options: o,
	}
}
