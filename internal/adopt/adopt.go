// Package adopt takes over tables that AppFlow filled with a row for each change,
// and that Catchment has not made: of each record the newest row stays.
//
// It works under the flow's lease. The run after it reads everything, and wins over
// whatever the old rows say. What happens to the tables is the warehouse's business.
package adopt

import (
	"context"
	"errors"
	"fmt"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/owner"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/gone"
)

// An Adopter takes over tables. Its fields are set once.
type Adopter struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Holder    lease.Holder

	Unstamped bool // take over a table without a stamp, too
	Unread    bool // leave out values that can't be read
}

// Look says what a flow's tables hold that Catchment has not made. It changes
// nothing.
func (a *Adopter) Look(ctx context.Context, fl flow.Flow) (warehouse.Adoption, error) {
	src, err := a.source(ctx, fl)
	if err != nil {
		return warehouse.Adoption{}, err
	}
	adopter, err := a.adopter(src)
	if err != nil {
		return warehouse.Adoption{}, err
	}
	return adopter.Survey(ctx, src.Table, a.taking(src))
}

// Adopt takes the tables of a flow over.
func (a *Adopter) Adopt(ctx context.Context, fl flow.Flow) (done warehouse.Adoption, err error) {
	src, err := a.source(ctx, fl)
	if err != nil {
		return done, err
	}
	org, err := a.Org.Org(ctx)
	if err != nil {
		return done, err
	}
	if err := (owner.Place{Control: a.Control, Warehouse: a.Warehouse}).Enter(ctx, org); err != nil {
		return done, err
	}
	held, err := a.Holder.Hold(ctx, fl.Object)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, held.Close(ctx)) }()
	if _, open, err := a.Control.Open(ctx, fl.Object); err != nil {
		return done, err
	} else if open {
		return done, plan.Fixf("finish it with: catchment run "+fl.Object,
			"a run of %s was begun and is not finished", fl.Object)
	}
	if _, _, err := held.Claim(ctx, src.Table.Name, org); err != nil {
		return done, err
	}
	adopter, err := a.adopter(src)
	if err != nil {
		return done, err
	}
	m := warehouse.Merge{Table: src.Table, Policy: gone.Policy(fl.Deletes)}
	return adopter.Adopt(ctx, held.Fence(), m, a.taking(src))
}

func (a *Adopter) taking(src *source.Source) adoption.Taking {
	return adoption.Taking{IDs: src.IDColumns(), Unstamped: a.Unstamped, Unread: a.Unread}
}

// adopter is the warehouse as one that can take over tables.
func (a *Adopter) adopter(src *source.Source) (warehouse.Adopter, error) {
	adopter := warehouse.RolesOf(a.Warehouse).Adopter
	if adopter == nil {
		return nil, fmt.Errorf("survey %s: %w", src.Table.Name,
			plan.Fixf("AppFlow writes into neither", "%s has no tables of AppFlow", a.Warehouse.Name()))
	}
	return adopter, nil
}

// source looks at a flow's object as it is now. The table is as Catchment would
// make it: what stands there under its name was made by others.
func (a *Adopter) source(ctx context.Context, fl flow.Flow) (*source.Source, error) {
	return source.Finder{Describe: a.Org.Describe}.Source(ctx, fl)
}
