package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"catchment/internal/plan"
)

// What no transaction of some warehouses can hold is done apart from it: DDL,
// which commits whatever is open or is refused there, and loads, which are jobs.
// Their dialects say so (TransactionalDDL, LoadsApart).

// A Preparer is a Driver whose DDL is no part of a transaction.
type Preparer interface {
	// Prepared does ddl in one session, each statement outside of any transaction,
	// and then f in a transaction of that session, as Tx does; f may be nil. The
	// temporary tables of ddl are there for f. They may stay as long as the session
	// does, and are empty then. When it fails, some of ddl may have been done.
	Prepared(ctx context.Context, ddl []string, f func(Tx) error) error
}

// A Bringer is a Driver whose loader is a job that no transaction can hold: it
// brings pages before the transaction whose Load takes them into their table.
type Bringer interface {
	// Bring loads each page of c into a place of its own, under its ID, as a whole
	// or not at all. What is there already stays: a repeat brings nothing twice.
	Bring(ctx context.Context, c Copy) error
	// Forget removes what was brought of the pages of c, if anything was, or where it
	// has none, of all pages of its attempt that were on their way into its table; a
	// Bring after it brings them anew. Only what makes the IDs need be there of c.
	Forget(ctx context.Context, c Copy) error
}

// ErrNotBrought says that a Load found nothing of a page in its place. Bringers
// wrap it.
var ErrNotBrought = errors.New("a page was not brought, or was forgotten since")

// ID names a page on its way into its table. Each attempt brings it anew.
func (c Copy) ID(p Page) string { return c.IDs() + "_" + short(p.Key) }

// IDs is how the IDs of all pages begin that an attempt brings for a table.
func (c Copy) IDs() string { return short(c.Into + "\n" + c.Attempt) }

// short is a digest that two names don't share.
func short(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:10])
}

// prepared does ddl, and then f in a transaction of the same session.
func (w *store) prepared(ctx context.Context, ddl []string, f func(Tx) error) error {
	p, ok := w.driver.(Preparer)
	if !ok {
		return plan.Failf(plan.Bug, "", "the driver of %s has no way to do DDL", w.d.Name)
	}
	return p.Prepared(ctx, ddl, f)
}

// bringer is the driver where loads are jobs, and nil elsewhere.
func (w *store) bringer() (Bringer, error) {
	if !w.d.LoadsApart {
		return nil, nil
	}
	b, ok := w.driver.(Bringer)
	if !ok {
		return nil, plan.Failf(plan.Bug, "", "the driver of %s has no way to bring pages", w.d.Name)
	}
	return b, nil
}
