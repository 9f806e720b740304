package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// An intake takes pages into a table: it looks, has the table made wide enough,
// brings the pages where loads are jobs, and then writes.
type intake struct {
	fence warehouse.Fence
	what  string
	pages []Copy                 // all that it may bring
	look  func(Tx) (need, error) // nil where the table takes any page
	write func() error           // the transaction; errStale where its table isn't as the look saw it
}

// A need is what an intake's pages need before the transaction that writes.
type need struct {
	steps  []dialect.Step // that make room for them; what else they need is seen afterwards
	copies []Copy         // the pages that aren't in the ledger yet
}

// take does an intake. Two loaders may do it at once: the one that finds the
// table otherwise than it saw it looks again.
func (w *store) take(ctx context.Context, in intake) error {
	brings, err := w.bringer()
	if err != nil {
		return err
	}
	return lookAgain(func() error {
		copies, err := w.makeRoom(ctx, in)
		if err != nil {
			return err
		}
		if brings == nil {
			return in.write()
		}
		err = bring(ctx, brings, copies)
		if err == nil {
			err = in.write()
		}
		// Of all pages, since a crash may have left some when they came before.
		if gone := forget(ctx, brings, in.pages); err == nil {
			err = gone
		}
		return err
	})
}

func bring(ctx context.Context, b Bringer, copies []Copy) error {
	for _, c := range copies {
		if err := b.Bring(ctx, c); err != nil {
			return fmt.Errorf("bring pages: %w", err)
		}
	}
	return nil
}

// makeRoom looks, and shapes the table until the pages fit.
func (w *store) makeRoom(ctx context.Context, in intake) ([]Copy, error) {
	if in.look == nil {
		return nil, nil
	}
	for range looks {
		var found need
		err := w.driver.View(ctx, func(tx Tx) (err error) {
			found, err = in.look(tx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.what, err)
		}
		if len(found.steps) == 0 {
			return found.copies, nil
		}
		err = w.shape(ctx, in.fence, in.what, func(tx Tx) ([]dialect.Step, error) {
			found, err := in.look(tx)
			return found.steps, err
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, plan.Failf(plan.Retry, "run it again", "%s: %w", in.what, errStale)
}

// forgetting bounds what is spent on it after a cancel.
const forgetting = 10 * time.Second

// forgetAttempt removes what a crash has left of an attempt's pages that were on
// their way into some tables.
func (w *store) forgetAttempt(ctx context.Context, attempt string, tables ...string) error {
	brings, err := w.bringer()
	if err != nil || brings == nil {
		return err
	}
	var all []Copy
	for _, table := range tables {
		all = append(all, Copy{Into: table, Attempt: attempt})
	}
	return forget(ctx, brings, all)
}

// forget removes what was brought, also after a cancel.
func forget(ctx context.Context, b Bringer, pages []Copy) error {
	clear, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetting)
	defer cancel()
	for _, c := range pages {
		if err := b.Forget(clear, c); err != nil {
			return fmt.Errorf("forget pages that were brought: %w", err)
		}
	}
	return nil
}

// needy tells whether pages for a table may need something before they are
// loaded. Most don't, and are spared the look.
func (w *store) needy(t shape.Table, pages []warehouse.Page) bool {
	widens := func(field string) bool {
		c, ok := t.Column(field)
		return ok && c.Kind == shape.Decimal && w.d.Digits > 0
	}
	outgrows := func(d room.Digits) bool { return d.Beyond32 }
	return slices.ContainsFunc(pages, func(p warehouse.Page) bool {
		return w.d.LoadsApart || !w.d.TransactionalDDL || slices.ContainsFunc(p.Header, widens) ||
			slices.ContainsFunc(p.Digits, outgrows)
	})
}

// unknown is a batch of those pages that the ledger lacks.
func (w *loader) unknown(ctx context.Context, tx Tx, b warehouse.Batch) (warehouse.Batch, error) {
	known, err := w.ledger(ctx, tx, b.Attempt)
	if err != nil {
		return b, err
	}
	b.Pages, err = newPages(b, known)
	return b, err
}

// needOf is what a batch needs whose pages are not in the ledger.
func (w *loader) needOf(ctx context.Context, tx Tx, b warehouse.Batch) (need, error) {
	todo, err := w.underway(ctx, tx, b.Table)
	if err != nil || len(todo) > 0 {
		return need{steps: todo}, err
	}
	cols, todo, err := w.fit(ctx, tx, b)
	return need{steps: todo, copies: w.copies(b, cols)}, err
}

// copies is the pages of a batch on their way into staging, and what its flow's
// rules kept out of them.
func (w *loader) copies(b warehouse.Batch, cols []dialect.CopyColumn) []Copy {
	c := Copy{Into: w.staging(b.Table), Columns: cols, Op: b.Op, Attempt: b.Attempt, Job: b.Job,
		ReadAt: dialect.Stamp(b.ReadAt), Pages: b.Pages}
	if rejected := w.rejected(b); len(rejected.Pages) > 0 {
		return []Copy{c, rejected}
	}
	return []Copy{c}
}

// A fitted is a table that is to have room for pages, with its columns.
type fitted struct {
	schema, name string
	has          []dialect.Stored
}

// A widener makes columns of numbers wide enough for pages.
type widener struct{ *store }

// fit finds the steps that make tables wide enough for the numbers of pages, and the
// pages' columns then. Where a column can't be made so, room.Tight says what it has
// room for.
func (w *widener) fit(
	ctx context.Context, tx Tx, cols []dialect.CopyColumn, tables []fitted,
) ([]dialect.CopyColumn, []dialect.Step, error) {
	var steps []dialect.Step
	for _, t := range tables {
		roomy, widenings, narrow := w.d.MakeRoom(t.schema, t.name, t.has, cols)
		cols = roomy
		for _, one := range widenings {
			kept, err := w.keptNarrow(ctx, tx, t, one.Column, one.Whole)
			if err != nil {
				return nil, nil, err
			}
			if kept {
				narrow = append(narrow, one.Kept)
			}
			steps = append(steps, one.Steps...)
		}
		if len(narrow) > 0 {
			return nil, nil, tight(t.name, narrow)
		}
	}
	return cols, steps, nil
}

// keptNarrow tells whether a column can't be widened: a view uses it, or it holds a number
// that would have no room then.
func (w *widener) keptNarrow(ctx context.Context, tx Tx, t fitted, column string, whole int) (bool, error) {
	has := slices.Clone(t.has)
	if err := (&shaper{w.store}).views(ctx, tx, has, t.schema, t.name); err != nil {
		return false, err
	}
	if c, ok := dialect.Find(has, column); ok && len(c.Views) > 0 {
		return true, nil
	}
	if whole == 0 {
		return false, nil
	}
	n, err := count(ctx, tx, dialect.Fill("SELECT count(*) FROM {table} WHERE abs({column}) >= {least}", dialect.Holes{
		"table": w.d.Table(t.schema, t.name), "column": w.d.Quote(column),
		"least": "1" + strings.Repeat("0", whole),
	}))
	return n > 0, err
}

// tight says what there is room for, and what to do where nobody can go by that.
func tight(table string, narrow []room.Digits) error {
	t := &room.Tight{Table: table, Room: narrow}
	return plan.Fixf("exclude the field in the flow: no number of this warehouse holds its values exactly",
		"%w", fmt.Errorf("load %s: %w", table, t))
}
