package removal

import (
	"context"
	"errors"
	"strings"
	"time"

	"catchment/internal/archive/restored"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/source"
)

// A holding is a flow that is held while something is done to its object's records: no run
// reads them meanwhile, and no other archive deletes them.
type holding struct {
	lease *lease.Lease
	flow  flow.Flow
	src   *source.Source
}

// holding holds the flow of an object and does something with it. The lines of an object that
// no flow copies, of which nothing goes, are written under the flow of the root.
func (r *run) holding(ctx context.Context, object string, do func(*holding) error) (err error) {
	fl, ok := r.flows[strings.ToLower(object)]
	if !ok {
		fl = r.flows[strings.ToLower(r.paper.head.Policy.Root)]
	}
	src, err := source.Finder{Describe: r.known.describe, Columns: r.Warehouse.Adapt}.Source(ctx, fl)
	if err != nil {
		return err
	}
	if err := r.paper.covered(src); err != nil {
		return err
	}
	held, err := r.Holder.Hold(ctx, fl.Object)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close(ctx)) }()
	if _, _, err := held.Claim(ctx, src.Table.Name, r.org); err != nil {
		return err
	}
	if _, err := r.Warehouse.Prepare(ctx, held.Fence(), src.Table); err != nil {
		return err
	}
	watch := restored.Watch{Store: r.Store, Warehouse: r.Warehouse}
	if found, err := watch.Look(ctx, held.Fence(), src.Table); err != nil {
		return err
	} else if note := found.Note(); note != "" {
		r.tell(News{Object: fl.Object, Text: note})
	}
	return do(&holding{lease: held, flow: fl, src: src})
}

// covered refuses a source that lacks fields which the plan had: a proof would say nothing of them.
func (p *paper) covered(src *source.Source) error {
	has := map[string]bool{}
	for _, name := range src.Names() {
		has[strings.ToLower(name)] = true
	}
	for _, o := range p.objects {
		if !sameObject(o.Object, src.Object.Name) {
			continue
		}
		for _, name := range o.Fields {
			if !has[strings.ToLower(name)] {
				return plan.Fixf("let the user see it and the flow copy it again, or plan anew with: "+
					"catchment archive plan "+p.head.Policy.Name,
					"%s.%s isn't copied any more, which plan %s counted on", o.Object, name, p.name)
			}
		}
	}
	return nil
}

// renew lets the leases last.
func (r *run) renew(ctx context.Context, held ...*holding) error {
	err := r.lease.Renew(ctx)
	for _, h := range held {
		if err == nil {
			err = h.lease.Renew(ctx)
		}
	}
	return err
}

// renewEvery is well within the life of a lease.
const renewEvery = 5 * time.Minute

// keeping renews the leases while something is done that may take long. Where one is lost, it
// is ended.
func (r *run) keeping(ctx context.Context, held []*holding, do func(context.Context) error) error {
	if err := r.renew(ctx, held...); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := r.renew(ctx, held...); err != nil {
					cancel(err)
				}
			}
		}
	}()
	err := do(ctx)
	cancel(nil)
	<-done
	return err
}
