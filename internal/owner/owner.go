// Package owner says whose a control table and a pair of schemas are: each belongs
// to one org, that of the first run (invariant 13).
//
// Every verb that works for an org enters here before it reads or makes anything,
// and who only wants to know looks by the same way. What becomes of a copy whose org
// is replaced by another is left to replicate.
package owner

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
)

// A Place is where the copy of an org is.
type Place struct {
	Control   *control.Control
	Warehouse Warehouse
}

// Warehouse is what a Place needs of a warehouse.
type Warehouse interface {
	Migrate(ctx context.Context) error
	Marks(ctx context.Context) ([]warehouse.Mark, error)
}

// Look refuses an org that the place doesn't belong to. It binds nothing; of the
// warehouse it makes what it looks at, our own tables.
func (p Place) Look(ctx context.Context, org string) error {
	if err := p.Control.Look(ctx, org); err != nil {
		return err
	}
	if err := p.Warehouse.Migrate(ctx); err != nil {
		return err
	}
	marks, err := p.Warehouse.Marks(ctx)
	if err != nil {
		return err
	}
	return claim.Enter(marks, org)
}

// Enter is Look, and then the control table belongs to the org. The schemas follow
// with the first claim of a flow.
func (p Place) Enter(ctx context.Context, org string) error {
	if err := p.Look(ctx, org); err != nil {
		return err
	}
	return p.Control.Bind(ctx, org)
}
