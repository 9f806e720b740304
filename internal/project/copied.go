package project

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/body"
	"catchment/internal/files/list"
	"catchment/internal/files/retry"
	"catchment/internal/files/tidy"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/warehouse/bodies"
)

// OpenCopy opens what the copy consists of, the warehouse and the stage: no org, and no control
// table but to look what it wants.
func OpenCopy(ctx context.Context, p *Project) error {
	if p.File.FromControl {
		if err := p.LookAtWants(ctx); err != nil {
			return err
		}
	}
	if err := p.openStage(); err != nil {
		return err
	}
	return p.OpenWarehouse()
}

// OpenStage opens the stage alone.
func OpenStage(p *Project) error { return p.openStage() }

// FileFinder makes what finds the files of the copy.
func FileFinder(ctx context.Context, p *Project) (list.Finder, error) {
	catalog, ok := bodies.CatalogOf(p.Warehouse)
	if !ok {
		return list.Finder{}, noRegister(p)
	}
	file, err := p.flowFile(ctx)
	if err != nil {
		return list.Finder{}, err
	}
	copies := func(object string) body.Which { return bodiesOf(file.Flows, object) }
	return list.Finder{Catalog: catalog, Bodies: copies}, nil
}

// bodiesOf says which bodies of an object the flows copy. A flow that names it comes before patterns.
func bodiesOf(flows []flow.Flow, object string) body.Which {
	named := slices.IndexFunc(flows, func(fl flow.Flow) bool { return strings.EqualFold(fl.Object, object) })
	if named < 0 {
		named = slices.IndexFunc(flows, func(fl flow.Flow) bool { return fl.Pattern() && fl.Matches(object) })
	}
	if named < 0 {
		return ""
	}
	return flows[named].Bodies
}

// Tidier makes what finds the bodies that no file has.
func Tidier(p *Project, h lease.Holder, age time.Duration) (*tidy.Tidier, error) {
	catalog, listed := bodies.CatalogOf(p.Warehouse)
	register, registered := bodies.Of(p.Warehouse)
	if !listed || !registered {
		return nil, noRegister(p)
	}
	return &tidy.Tidier{Register: struct {
		bodies.Catalog
		bodies.Register
	}{catalog, register}, Stage: p.Stage, Holder: p.Holder(h), Now: p.Now, Age: age}, nil
}

// Retrier makes what has runs try again what is kept aside.
func Retrier(p *Project, h lease.Holder) (*retry.Retrier, error) {
	register, ok := bodies.Of(p.Warehouse)
	if !ok {
		return nil, noRegister(p)
	}
	return &retry.Retrier{Register: register, Holder: p.Holder(h), Now: p.Now}, nil
}

// noRegister is a warehouse that keeps no list of files.
func noRegister(p *Project) error {
	return plan.Fixf("copy files into a warehouse of another kind", "%s keeps no list of files", p.Warehouse.Name())
}
