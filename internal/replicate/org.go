package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/owner"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
)

// place is where the copy of the org is.
func (r *Replicator) place() owner.Place {
	return owner.Place{Control: r.Control, Warehouse: r.Warehouse}
}

// introduce remembers what the org is called, and of what kind it is, once. Who takes
// its place one day is to say whose copy goes. An org that doesn't tell is copied all
// the same.
func (r *Replicator) introduce(ctx context.Context) error {
	bound, err := r.Control.Org(ctx)
	if err != nil || bound.Kind != "" {
		return err
	}
	about, err := r.Org.About(ctx)
	if err != nil {
		return context.Cause(ctx)
	}
	return r.Control.Name(ctx, about.Name, string(about.Kind))
}

// A Replacement says whose copy becomes whose.
type Replacement struct {
	Old  []control.Org // with what is known of them; none where there was nothing to replace
	New  control.Org
	Left []string // flows that this run doesn't read: their rows stay until a run does
}

// NewOrg gives the copy of another org to the one that took its place, as a refreshed
// sandbox does: marks and control table are bound to it, and every flow is to be read
// anew. Whatever it breaks off after, it may be repeated. Productive orgs are refused,
// as the old one and as the new one: their copies aren't there to be thrown away.
func (r *Replicator) NewOrg(ctx context.Context, run string, drop bool) (Replacement, error) {
	about, err := r.Org.About(ctx)
	if err != nil {
		return Replacement{}, err
	}
	done := Replacement{New: control.Org{ID: about.ID, Name: about.Name, Kind: string(about.Kind)}}
	if err := r.Warehouse.Migrate(ctx); err != nil {
		return done, err
	}
	bound, err := r.Control.Org(ctx)
	if err != nil {
		return done, err
	}
	marks, err := r.Warehouse.Marks(ctx)
	if err != nil {
		return done, err
	}
	strangers := claim.Strangers(marks, about.ID)
	done.Old = oldOrgs(bound, strangers, about.ID)
	if err := done.refuse(); err != nil || len(done.Old) == 0 {
		return done, err
	}
	flows, err := r.Flows(ctx)
	if err != nil {
		return done, err
	}
	if err := vanished(flows); err != nil {
		return done, err
	}
	done.Left = left(strangers, flows)
	if err := r.hold(ctx, run, strangers); err != nil {
		return done, errors.Join(err, r.release(context.WithoutCancel(ctx), run))
	}
	if err := r.Warehouse.Rebind(ctx, about.ID, drop); err != nil {
		return done, err
	}
	return done, r.Control.Rebind(ctx, done.New)
}

// oldOrgs are the orgs that a control table and marks know, but for the new one.
func oldOrgs(bound control.Org, strangers []warehouse.Mark, org string) []control.Org {
	var old []control.Org
	if bound.ID != "" && bound.ID != org {
		old = append(old, bound)
	}
	for _, m := range strangers {
		if !slices.ContainsFunc(old, func(o control.Org) bool { return o.ID == m.Org }) {
			old = append(old, control.Org{ID: m.Org})
		}
	}
	return old
}

// refuse keeps the copies of productive orgs.
func (p Replacement) refuse() error {
	if p.New.Kind == string(salesforce.Production) {
		return plan.Fixf("give it a control table and schemas of its own",
			"org %s (%s) is a production org: it takes no other org's place", p.New.ID, p.New.Name)
	}
	for _, old := range p.Old {
		if old.Kind == string(salesforce.Production) {
			return plan.Fixf("give this org a control table and schemas of its own; if the production org is gone, "+
				"drop its schemas and its control table",
				"what is here is the copy of a production org, %s (%s): %s (%s), a %s, doesn't replace it",
				old.ID, old.Name, p.New.ID, p.New.Name, p.New.Kind)
		}
	}
	return nil
}

// vanished refuses flows whose objects the new org doesn't have: the run after that
// couldn't read them.
func vanished(flows []flow.Flow) error {
	var errs []error
	for _, fl := range flows {
		if fl.Wrong != nil {
			errs = append(errs, fmt.Errorf("%s: %w", fl.Object, fl.Wrong))
		}
	}
	return errors.Join(errs...)
}

// left are the flows that nobody reads now, since they are paused, or not in the
// configuration.
func left(strangers []warehouse.Mark, flows []flow.Flow) []string {
	var names []string
	for _, m := range strangers {
		read := slices.ContainsFunc(flows, func(fl flow.Flow) bool { return fl.Object == m.Flow && !fl.Paused })
		if !read {
			names = append(names, m.Flow)
		}
	}
	return names
}

// hold takes the leases of all flows that change hands, so that nobody copies
// meanwhile. The run has them from then on.
func (r *Replicator) hold(ctx context.Context, run string, marks []warehouse.Mark) error {
	for _, m := range marks {
		if _, err := r.holder(run).Hold(ctx, m.Flow); err != nil {
			return err
		}
	}
	return nil
}
