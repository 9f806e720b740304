package sql

import (
	"context"
	"errors"
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// Where no table can be moved into another schema, a first reading that may become the final table lies apart, beside
// that, from its first page on (ADR 0039). Whatever doesn't go with it has it moved to where all else is
// staged, so that nobody else has to know of two places; who only looks is told which of them it is.

// A firsts is the tables in which first readings lie apart.
type firsts struct{ *store }

// apart tells whether a dialect has such tables: a transaction that promotes one is taken back as a whole.
func apart(d *dialect.Dialect) bool {
	return d.Promotion != nil && d.TransactionalDDL && d.Promotion.Apart
}

// table is that of a flow.
func (w *firsts) table(t shape.Table) statements.First { return statements.First{Tables: w.of(t)} }

// columns are those of the table, none where there is none.
func (w *firsts) columns(ctx context.Context, tx Tx, t shape.Table) ([]dialect.Stored, error) {
	if !apart(w.d) {
		return nil, nil
	}
	return storedColumns(ctx, tx, w.o.Schema, w.table(t).Name())
}

// placed is the tables of a flow, with what an attempt has staged where it lies.
func (w *firsts) placed(ctx context.Context, tx Tx, t shape.Table) (*statements.Tables, error) {
	s := w.of(t)
	has, err := w.columns(ctx, tx, t)
	s.First = len(has) > 0
	return s, err
}

// seen is placed, in a transaction of its own.
func (w *firsts) seen(ctx context.Context, t shape.Table) (s *statements.Tables, err error) {
	if !apart(w.d) {
		return w.of(t), nil
	}
	err = w.driver.View(ctx, func(tx Tx) error {
		s, err = w.placed(ctx, tx, t)
		return err
	})
	return s, err
}

// demote moves a first reading that lies apart to where all else is staged.
func (w *firsts) demote(ctx context.Context, tx Tx, t shape.Table) error {
	has, err := w.columns(ctx, tx, t)
	if err != nil || len(has) == 0 {
		return err
	}
	staging, err := storedColumns(ctx, tx, w.o.Staging, t.Name)
	if err != nil {
		return err
	}
	var both []string
	for _, c := range has {
		if _, ok := dialect.Find(staging, c.Name); ok && c.Name != own.At { // which no load fills in there
			both = append(both, c.Name)
		}
	}
	return do(ctx, tx, w.table(t).Demote(both)...)
}

// errApart says that a first reading lies apart, where that must not be.
var errApart = errors.New("the first reading lies apart")

// none is errApart where one of a flow does: what changes tables can't be in one transaction with what moves it.
func (w *firsts) none(ctx context.Context, tx Tx, f warehouse.Fence) error {
	if !apart(w.d) {
		return nil
	}
	m, _, err := w.mark(ctx, tx, f.Flow)
	if err != nil {
		return err
	}
	has, err := w.columns(ctx, tx, shape.Table{Name: m.Table})
	if err == nil && len(has) > 0 {
		err = errApart
	}
	return err
}

// moved does try, and where that is errApart once more after it was moved.
func (w *firsts) moved(ctx context.Context, f warehouse.Fence, what string, try func() error) error {
	err := try()
	if !errors.Is(err, errApart) {
		return err
	}
	err = w.fenced(ctx, f, what, func(tx Tx) error {
		m, _, err := w.mark(ctx, tx, f.Flow)
		if err != nil {
			return err
		}
		return w.demote(ctx, tx, shape.Table{Name: m.Table})
	})
	if err != nil {
		return err
	}
	return try()
}

// forget takes what lies apart of an attempt out of staging; where some jobs are kept, it is moved.
func (w *firsts) forget(ctx context.Context, tx Tx, t shape.Table, attempt string, keep ...string) error {
	s, err := w.placed(ctx, tx, t)
	if err != nil || !s.First {
		return err
	}
	others, err := w.anyOther(ctx, tx, s, attempt)
	if err != nil {
		return err
	}
	if others || len(keep) > 0 {
		return w.demote(ctx, tx, t)
	}
	return do(ctx, tx, w.table(t).Drop())
}

// anyOther tells whether anything is staged of another attempt.
func (w *firsts) anyOther(ctx context.Context, tx Tx, s *statements.Tables, attempt string) (bool, error) {
	q := (&statements.Merge{Tables: *s, Of: warehouse.Merge{Attempt: attempt}}).AnyOther()
	n, err := count(ctx, tx, q.SQL, q.Args...)
	return n > 0, err
}

// take is the way of a batch's pages, which lie apart if they can: the first of them has the table made.
func (w *firsts) take(ctx context.Context, tx Tx, b warehouse.Batch, c Copy) (Copy, error) {
	if !apart(w.d) {
		return c, nil
	}
	s, err := w.placed(ctx, tx, b.Table)
	if err != nil || !s.First && b.Pages[0].Rows < w.d.Promotion.Least {
		return c, err
	}
	final, err := storedColumns(ctx, tx, w.o.Schema, b.Table.Name)
	if err != nil {
		return c, err
	}
	may := w.whole(b, c.Columns, final)
	if may {
		may, err = w.alone(ctx, tx, s, b.Attempt)
	}
	switch {
	case err != nil:
		return c, err
	case !may:
		return c, w.demote(ctx, tx, b.Table)
	case !s.First:
		ddl := w.table(b.Table).Make(final)
		if ddl == "" {
			return c, nil
		}
		if _, err := tx.Exec(ctx, ddl); err != nil {
			return c, err
		}
	}
	s.First = true
	c.Into, c.Lasts = s.Staging(), true
	if stamp, ok := b.Table.Column(shape.FieldStamp); ok {
		c.Stamp = stamp.Name
	}
	return c, nil
}

// whole tells whether a batch brings whole records, which the final table takes as staging would.
func (w *firsts) whole(b warehouse.Batch, cols []dialect.CopyColumn, final []dialect.Stored) bool {
	return b.Op == warehouse.Put && !b.Override && !slices.ContainsFunc(cols, func(c dialect.CopyColumn) bool {
		has, ok := dialect.Find(final, c.Name)
		return !ok || w.d.StoredType(has, c.Kind) != c.Type
	})
}

// alone tells whether there is nothing but an attempt: no row in the final table, and nothing staged by anybody
// else.
func (w *firsts) alone(ctx context.Context, tx Tx, s *statements.Tables, attempt string) (bool, error) {
	rows, err := count(ctx, tx, s.AnyRow().SQL)
	if err != nil || rows > 0 {
		return false, err
	}
	if s.First {
		others, err := w.anyOther(ctx, tx, s, attempt)
		return !others, err
	}
	staged, err := count(ctx, tx, s.AnyStaged().SQL)
	return staged == 0, err
}
