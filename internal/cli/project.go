package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
)

// apiVersion is what the client speaks where the configuration names none: the
// version whose guides it was written from.
const apiVersion = "66.0"

// A project is a configuration with everything that it names opened as far as
// it was asked for.
type project struct {
	*session
	file    *flow.File
	org     *salesforce.Client
	wh      *warehouse.Warehouse
	control *control.Control
	stage   blob.Store
	locker  control.Locker // nil where the control table has none
	objects []schema.Object
	close   []func() error
}

// open reads the configuration. Close gives back whatever was opened after.
func (s *session) open() (*project, error) {
	data, err := os.ReadFile(s.config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, plan.Fixf("write one with: catchment init   or name it with: --config FILE", "there is no %s here", s.config)
	}
	if err != nil {
		return nil, plan.Fixf("make it readable, or name another with: --config FILE", "read the configuration: %w", err)
	}
	file, err := flow.Parse(s.config, data)
	if err != nil {
		return nil, err
	}
	file.RelativeTo(filepath.Dir(s.config))
	return &project{session: s, file: file}, nil
}

func (p *project) Close() error {
	var errs []error
	for _, c := range slices.Backward(p.close) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// openOrg makes the client. It doesn't log in yet: the first call does.
func (p *project) openOrg() error {
	login, err := p.login()
	if err != nil {
		return err
	}
	version := p.file.Org.APIVersion
	if version == "" {
		version = apiVersion
	}
	p.org, err = salesforce.New(salesforce.Config{
		URL: p.file.Org.URL, APIVersion: version, Login: login, HTTP: p.HTTP,
		UserAgent: "catchment/" + p.Version, Now: p.Now,
	})
	return err
}

// openWarehouse opens the warehouse's driver.
func (p *project) openWarehouse() error {
	driver, err := openURL(p.Drivers.Warehouses, "warehouse.url", p.file.Warehouse.URL)
	if err != nil {
		return err
	}
	p.close = append(p.close, driver.Close)
	p.wh = warehouse.New(driver, p.warehouseOptions())
	return nil
}

func (p *project) warehouseOptions() warehouse.Options {
	w := p.file.Warehouse
	return warehouse.Options{Schema: w.Schema, Staging: w.StagingSchema, GrantTo: w.GrantTo, Now: p.Now}
}

// openControl opens the control table and the blob store.
func (p *project) openControl(ctx context.Context) error {
	table, err := openURL(p.Drivers.Controls, "control.url", p.file.Control.URL)
	if err != nil {
		return err
	}
	p.close = append(p.close, table.Close)
	p.locker, _ = table.(control.Locker)
	if p.control, err = control.New(ctx, table, p.Now, p.Random); err != nil {
		return err
	}
	p.stage, err = openURL(p.Drivers.Stages, "stage.url", p.file.Stage.URL)
	return err
}

// openAll opens everything that a run needs.
func (p *project) openAll(ctx context.Context) error {
	if err := p.openOrg(); err != nil {
		return err
	}
	if err := p.openControl(ctx); err != nil {
		return err
	}
	return p.openWarehouse()
}

// lock proves that no other process works with the control table, until Close.
func (p *project) lock(what string) (alone bool, err error) {
	if p.locker == nil {
		return false, nil
	}
	unlock, err := p.locker.Lock("catchment " + what) // it names the process itself
	if errors.Is(err, control.ErrLocked) {
		return false, plan.Failf(plan.Retry, "wait until it has ended, or see what it does with: catchment status", "%w", err)
	}
	if err != nil {
		return false, err
	}
	p.close = append(p.close, unlock)
	return true, nil
}

func (p *project) holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// flows meets the configuration with the org, and keeps those that were named.
func (p *project) flows(ctx context.Context, names []string) ([]flow.Flow, error) {
	if p.objects == nil {
		var err error
		if p.objects, err = p.org.Objects(ctx); err != nil {
			return nil, err
		}
	}
	all, err := flow.Resolve(p.file, p.objects)
	if err == nil {
		err = oneTableEach(p.file.Name, all)
	}
	if err != nil || len(names) == 0 {
		return all, err
	}
	var chosen []flow.Flow
	for _, name := range names {
		i := slices.IndexFunc(all, func(f flow.Flow) bool { return strings.EqualFold(f.Object, name) })
		if i < 0 {
			return nil, plan.Fixf("the flows are: "+strings.Join(flowNames(all), ", "), "no flow copies an object %s", name)
		}
		if !slices.ContainsFunc(chosen, func(f flow.Flow) bool { return f.Object == all[i].Object }) { // named once is enough
			chosen = append(chosen, all[i])
		}
	}
	return chosen, nil
}

// oneTableEach refuses flows whose objects would share a table: FooBar__c and
// Foo_Bar__c are both foo_bar__c in snake case.
func oneTableEach(file string, flows []flow.Flow) error {
	taken := map[string]flow.Flow{}
	var clashes []string
	for _, f := range flows {
		name := warehouse.TableName(f.Object, f.Naming == flow.Snake)
		if other, ok := taken[name]; ok {
			clashes = append(clashes, fmt.Sprintf("%s:%d: %s and %s would share the table %s", file, f.Line, other.Object, f.Object, name))
			continue
		}
		taken[name] = f
	}
	if len(clashes) == 0 {
		return nil
	}
	return plan.Fixf("give one of the two a flow with `naming: lower`, or leave it out", "%s", strings.Join(clashes, "\n"))
}

func flowNames(flows []flow.Flow) []string {
	names := make([]string, len(flows))
	for i, f := range flows {
		names[i] = f.Object
	}
	return names
}

func (p *project) movers() map[string]mover.Pager {
	pagers := map[string]mover.Pager{}
	for name, make := range p.Drivers.Movers {
		pagers[name] = make(p.org)
	}
	return pagers
}

func (p *project) replicator(names []string, alone bool) *replicate.Replicator {
	return &replicate.Replicator{
		Org: p.org, Warehouse: p.wh, Control: p.control, Stage: p.stage, Movers: p.movers(),
		Flows: func(ctx context.Context) ([]flow.Flow, error) { return p.flows(ctx, names) },
		Options: replicate.Options{
			Holder: p.holder(), Alone: alone,
			Downloads: p.file.Limits.Downloads, StageLimit: int64(p.file.Limits.Stage), Keep: p.file.Stage.Keep,
			Now: p.Now, Stop: p.stop,
		},
	}
}

func (p *project) verifier(run string, alone bool) *verify.Verifier {
	return &verify.Verifier{
		Org: p.org, Warehouse: p.wh, Control: p.control, Stage: p.stage, Movers: p.movers(),
		Options: verify.Options{Run: run, Holder: p.holder(), Alone: alone, Sample: 10},
	}
}

// openURL finds the driver for the scheme of a configured URL.
func openURL[T any](drivers map[string]func(string) (T, error), key, url string) (T, error) {
	scheme, path, _ := strings.Cut(url, ":")
	open, ok := drivers[scheme]
	if !ok {
		var none T
		return none, plan.Fixf("this program has: "+strings.Join(slices.Sorted(maps.Keys(drivers)), ", "), "%s: no driver for %s", key, scheme)
	}
	return open(path)
}

// lag is how far a watermark is behind, as a text.
func (s *session) lag(watermark time.Time) string {
	if watermark.IsZero() {
		return "-"
	}
	return ago(s.behind(watermark))
}

// behind is how far a watermark is behind. The watermark is the org's time and
// now is this machine's, which may be earlier.
func (s *session) behind(watermark time.Time) time.Duration {
	return max(s.Now().Sub(watermark), 0)
}
