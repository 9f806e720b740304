package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"catchment/internal/control/recall"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// A migration brings rows from one schema version to the next. It may be
// repeated: a crash can leave it half done.
type migration func(context.Context, versioned.Table) error

// migrations are numbered from 1 by their place, and never change once they
// have been released.
func migrations() []migration {
	return []migration{
		func(context.Context, versioned.Table) error { return nil }, // 1: the first form
		divideAttempts,   // 2: an attempt has parts
		takeQueriesApart, // 3: a part has a query instead of a text
	}
}

type schemaRow struct {
	Version int `json:"version"`
}

// migrate does the steps that t hasn't seen, and refuses a table that has seen
// more than there are.
func migrate(ctx context.Context, t versioned.Table, steps []migration) error {
	stored, version, err := schemaOf(ctx, t, steps)
	if err != nil {
		return err
	}
	for n := stored.Version; n < len(steps); n++ {
		if err := steps[n](ctx, t); err != nil {
			return fmt.Errorf("bring the control table to schema version %d: %w", n+1, err)
		}
		version, err = write(ctx, t, rowOf(kindMeta, "schema", version), schemaRow{n + 1})
		if errors.Is(err, versioned.ErrConflict) { // another process does the same
			return migrate(ctx, t, steps)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// schemaOf reads which steps t has seen, and refuses a table that has seen more than there
// are.
func schemaOf(ctx context.Context, t versioned.Table, steps []migration) (schemaRow, int64, error) {
	stored, version, err := read[schemaRow](ctx, t, kindMeta, "schema")
	if err != nil && !errors.Is(err, versioned.ErrNotFound) {
		return stored, 0, err
	}
	if stored.Version > len(steps) {
		return stored, 0, plan.Fixf("use the newer catchment that wrote it, or another control table",
			"the control table has schema version %d; this catchment knows versions up to %d",
			stored.Version, len(steps))
	}
	return stored, version, nil
}

// An Org is what is remembered of the org that a control table belongs to.
type Org struct {
	ID    string `json:"org"`            // 18 characters; "" where the table is nobody's yet
	Name  string `json:"name,omitzero"`  // as its people call it, once that was asked
	Kind  string `json:"kind,omitzero"`  // what kind of org it is, in words
	Apart bool   `json:"apart,omitzero"` // it refused composite requests
}

// Org tells which org the control table belongs to.
func (c *Control) Org(ctx context.Context) (Org, error) {
	bound, _, err := c.org(ctx)
	return bound, err
}

// org also tells the version of the row, 0 for none.
func (c *Control) org(ctx context.Context) (Org, int64, error) {
	bound, version, err := read[Org](ctx, c.table, kindMeta, "org")
	if errors.Is(err, versioned.ErrNotFound) {
		return Org{}, 0, nil
	}
	return bound, version, err
}

// Look refuses an org where the control table belongs to another (invariant 13).
func (c *Control) Look(ctx context.Context, org string) error {
	bound, err := c.Org(ctx)
	if err != nil || bound.ID == "" || bound.ID == org {
		return err
	}
	return plan.Fixf("give each org its own control table and schemas; where this org takes the place of the old "+
		"one, as a refreshed sandbox does, replace the copy with: catchment run --full --new-org",
		"the control table belongs to org %s, and this login is of org %s", bound.ID, org)
}

// Bind ties the control table to an org, by its 18-character Id, until Rebind. A
// table that is bound to another org refuses (invariant 13).
func (c *Control) Bind(ctx context.Context, org string) error {
	bound, version, err := c.org(ctx)
	if err == nil && bound.ID == "" {
		_, err = write(ctx, c.table, rowOf(kindMeta, "org", version), Org{ID: org})
		if errors.Is(err, versioned.ErrConflict) { // somebody else was faster
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return c.Look(ctx, org)
}

type selfRow struct {
	ID string `json:"id"`
}

// Identity is the id of this control table, which nothing else has. The first who
// asks makes it.
func (c *Control) Identity(ctx context.Context) (string, error) {
	self, _, err := read[selfRow](ctx, c.table, kindMeta, "self")
	if !errors.Is(err, versioned.ErrNotFound) {
		return self.ID, err
	}
	id, err := c.NewRunID()
	if err != nil {
		return "", err
	}
	_, err = write(ctx, c.table, rowOf(kindMeta, "self", 0), selfRow{ID: id})
	if errors.Is(err, versioned.ErrConflict) { // another process was faster
		self, _, err = read[selfRow](ctx, c.table, kindMeta, "self")
		return self.ID, err
	}
	return id, err
}

// SetApart remembers that the org refuses composite requests. The org must be
// bound.
func (c *Control) SetApart(ctx context.Context) error {
	return c.changeOrg(ctx, func(o *Org) { o.Apart = true })
}

// Name remembers what the org is called, and of what kind it is. The org must be
// bound.
func (c *Control) Name(ctx context.Context, name, kind string) error {
	return c.changeOrg(ctx, func(o *Org) { o.Name, o.Kind = name, kind })
}

// Rebind ties the control table to an org that takes the place of another one. What
// is remembered of flows is forgotten but for what was chosen for them, and each
// gets a newer generation: whatever is open of them is given up. The org's row comes
// last; a repeat does the same again.
func (c *Control) Rebind(ctx context.Context, org Org) error {
	flows, err := c.Flows(ctx)
	if err != nil {
		return err
	}
	for _, f := range flows {
		_, err := c.UpdateFlow(ctx, f.Object, func(f *FlowRow) {
			f.Memory = recall.Memory{
				Generation:  f.Generation + 2, // one above that of the warehouse, which counts up once
				Fingerprint: f.Fingerprint, Mover: f.Mover, ClearFrom: f.ClearFrom, Deletes: f.Deletes,
			}
			f.Watermark, f.Grade, f.PinnedSince = time.Time{}, "", time.Time{}
			f.Succeed()
		})
		if err != nil {
			return err
		}
	}
	if err := c.Verified().Forget(ctx); err != nil {
		return err
	}
	return c.changeOrg(ctx, func(o *Org) { *o = org })
}

// changeOrg changes the row of the org, again from the stored one where somebody
// else was faster.
func (c *Control) changeOrg(ctx context.Context, change func(*Org)) error {
	return versioned.Anew(func() error {
		stored, version, err := c.org(ctx)
		if err != nil {
			return err
		}
		next := stored
		if change(&next); next == stored {
			return nil
		}
		_, err = write(ctx, c.table, rowOf(kindMeta, "org", version), next)
		return err
	})
}
