package control

import (
	"context"
	"errors"
	"fmt"

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
	stored, version, err := read[schemaRow](ctx, t, kindMeta, "schema")
	if err != nil && !errors.Is(err, versioned.ErrNotFound) {
		return err
	}
	if stored.Version > len(steps) {
		return plan.Fixf("use the newer catchment that wrote it, or another control table",
			"the control table has schema version %d; this catchment knows versions up to %d",
			stored.Version, len(steps))
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

type orgRow struct {
	Org   string `json:"org"`
	Apart bool   `json:"apart,omitzero"` // it refused composite requests
}

// Bind ties the control table to an org, by its 18-character Id, for good. A
// table that is bound to another org refuses (invariant 13).
func (c *Control) Bind(ctx context.Context, org string) error {
	bound, _, err := read[orgRow](ctx, c.table, kindMeta, "org")
	if errors.Is(err, versioned.ErrNotFound) {
		_, err = write(ctx, c.table, rowOf(kindMeta, "org", 0), orgRow{Org: org})
		if errors.Is(err, versioned.ErrConflict) {
			bound, _, err = read[orgRow](ctx, c.table, kindMeta, "org")
		} else {
			bound.Org = org
		}
	}
	if err != nil {
		return err
	}
	if bound.Org != org {
		return plan.Fixf("give each org its own control table and schemas; a refreshed sandbox is another org",
			"the control table belongs to org %s, and this login is of org %s", bound.Org, org)
	}
	return nil
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

// Apart tells whether the org has refused composite requests before.
func (c *Control) Apart(ctx context.Context) (bool, error) {
	bound, _, err := read[orgRow](ctx, c.table, kindMeta, "org")
	if errors.Is(err, versioned.ErrNotFound) {
		err = nil
	}
	return bound.Apart, err
}

// SetApart remembers that the org refuses composite requests. The org must be
// bound.
func (c *Control) SetApart(ctx context.Context) error {
	for n := 1; ; n++ {
		bound, version, err := read[orgRow](ctx, c.table, kindMeta, "org")
		if err != nil || bound.Apart {
			return err
		}
		bound.Apart = true
		_, err = write(ctx, c.table, rowOf(kindMeta, "org", version), bound)
		if !errors.Is(err, versioned.ErrConflict) || n == tries {
			return err
		}
	}
}
