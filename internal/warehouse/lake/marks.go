package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// marks is the role of that name. A flow's mark is its final table's standing; until there is such a table, the
// registry's line.
type marks struct{ *site }

// Claim makes the flow's mark, or takes it over.
func (s marks) Claim(ctx context.Context, f warehouse.Fence, name, org string) (m warehouse.Mark, err error) {
	defer func() { err = named("claim "+f.Flow, err) }()
	all, err := s.registered(ctx)
	if err != nil {
		return m, err
	}
	_, has, err := s.stands(ctx, name)
	if err != nil {
		return m, err
	}
	l, known := all[f.Flow]
	if known && has { // all that changes is its table's
		err = claim.Take(marksOf(all), f.Flow, name, org)
	} else {
		err = s.register(ctx, func(ctx context.Context, all map[string]line) (_ map[string]line, err error) {
			l, err = s.claimed(ctx, all, f, name, org)
			return map[string]line{f.Flow: l}, err
		})
	}
	if err != nil {
		return m, err
	}
	return s.follow(ctx, f, l, has)
}

// claimed is the line of a flow that is claimed, beside those that there are.
func (s *site) claimed(
	ctx context.Context, all map[string]line, f warehouse.Fence, name, org string,
) (line, error) {
	l, known := all[f.Flow]
	stands, has, err := s.stands(ctx, name)
	if err == nil {
		err = claim.Take(marksOf(all), f.Flow, name, org)
	}
	if err == nil && has && !known { // the registry has lost it, and the table hasn't
		l, known = line{Mark: stands.Mark, Made: true}, true
		err = claim.Take([]warehouse.Mark{stands.Mark}, f.Flow, name, org)
	}
	if err != nil {
		return l, err
	}
	switch {
	case !known:
		return line{Mark: warehouse.Mark{Flow: f.Flow, Table: name, Fence: f.Number, Org: org}}, nil
	case l.Mark.Fence > f.Number:
		return l, warehouse.ErrFenced
	}
	l.Mark.Fence = f.Number
	return l, nil
}

// stands reads the standing of the final table that has a name, and tells whether there is one.
func (s *site) stands(ctx context.Context, name string) (standing, bool, error) {
	t, err := s.Find(ctx, tables.Name(s.Schema, name))
	if errors.Is(err, tables.ErrNone) {
		return standing{}, false, nil
	}
	if err != nil {
		return standing{}, false, err
	}
	return standingOf(t)
}

// known reads a flow's mark, and tells whether it has one.
func (s *site) known(ctx context.Context, flow string) (m warehouse.Mark, known bool, err error) {
	all, err := s.registered(ctx)
	if err != nil {
		return m, false, err
	}
	l, known := all[flow]
	if !known {
		return m, false, nil
	}
	m, err = s.markOf(ctx, l)
	return m, true, err
}

// markOf is what is known of the flow of a line.
func (s *site) markOf(ctx context.Context, l line) (warehouse.Mark, error) {
	stands, has, err := s.stands(ctx, l.Mark.Table)
	if err != nil || !has || stands.Mark.Flow != l.Mark.Flow {
		return l.Mark, err
	}
	m, _ := l.over(stands)
	return m, nil
}

// Mark reads what the warehouse knows of a flow.
func (s marks) Mark(ctx context.Context, flow string) (warehouse.Mark, bool, error) {
	m, known, err := s.known(ctx, flow)
	return m, known, named("mark of "+flow, err)
}

// Marks reads the marks of all flows.
func (s marks) Marks(ctx context.Context) ([]warehouse.Mark, error) {
	all, err := s.registered(ctx)
	if err != nil {
		return nil, named("marks", err)
	}
	var marks []warehouse.Mark
	for _, l := range all {
		m, err := s.markOf(ctx, l)
		if _, is := errors.AsType[*tables.Unlisted](err); is { // whoever claims this flow hears of it; others go on
			m, err = l.Mark, nil
		}
		if err != nil {
			return nil, named("mark of "+l.Mark.Flow, err)
		}
		marks = append(marks, m)
	}
	slices.SortFunc(marks, func(a, b warehouse.Mark) int { return cmp.Compare(a.Flow, b.Flow) })
	return marks, nil
}

// Remember writes what is known of a flow into its mark.
func (s marks) Remember(ctx context.Context, f warehouse.Fence, memory, grade string) error {
	err := s.held(ctx, f, func(_ context.Context, _ *table.Table, to *standing) error {
		to.Mark.Memory = memory
		if !to.Mark.Watermark.IsZero() {
			to.Mark.Grade = grade
		}
		return nil
	})
	return named("remember "+f.Flow, err)
}

// Recount has a flow's mark count the rows of its final table as they are. With that, somebody has looked at what
// others have written to it.
func (s marks) Recount(ctx context.Context, f warehouse.Fence, t shape.Table) (rows int64, err error) {
	err = s.held(ctx, f, func(ctx context.Context, final *table.Table, to *standing) error {
		if final == nil {
			return fmt.Errorf("%s.%s: %w", s.Schema, t.Name, tables.ErrNone)
		}
		to.look(final)
		found, err := extentOf(ctx, final, nil)
		rows, to.Mark.Rows = found.rows, found.rows
		return err
	})
	return rows, named("count "+t.Name, err)
}

// Grant has nobody to grant to: Migrate refuses roles.
func (marks) Grant(context.Context, bool) error { return nil }

// held changes a flow's mark for who holds it, where that is kept: in the final table, or in the registry.
func (s *site) held(
	ctx context.Context, f warehouse.Fence, change func(context.Context, *table.Table, *standing) error,
) error {
	all, err := s.registered(ctx)
	if err != nil {
		return err
	}
	l, known := all[f.Flow]
	if !known || l.Mark.Fence > f.Number {
		return warehouse.ErrFenced
	}
	_, has, err := s.stands(ctx, l.Mark.Table)
	if err != nil {
		return err
	}
	if !has {
		return s.register(ctx, func(ctx context.Context, all map[string]line) (map[string]line, error) {
			l := all[f.Flow]
			if l.Mark.Flow == "" || l.Mark.Fence > f.Number {
				return nil, warehouse.ErrFenced
			}
			only := standing{Mark: l.Mark}
			err := change(ctx, nil, &only)
			l.Mark = only.Mark
			return map[string]line{f.Flow: l}, err
		})
	}
	_, err = s.Commit(ctx, tables.Name(s.Schema, l.Mark.Table), s.restanding(l, f, change))
	return err
}

// restanding is a commit that changes nothing but a final table's standing, for who holds the flow.
func (s *site) restanding(
	l line, f warehouse.Fence, change func(context.Context, *table.Table, *standing) error,
) tables.Builder {
	return func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		stands, has, err := standingOf(t)
		if err != nil {
			return nil, err
		}
		stands.Mark, _ = l.over(stands)
		if !has {
			return nil, warehouse.ErrFenced
		}
		if err := stands.holds(f); err != nil {
			return nil, err
		}
		if err := stands.watch(t); err != nil {
			return nil, err
		}
		if err := change(ctx, t, &stands); err != nil {
			return nil, err
		}
		c := &tables.Change{}
		return c, stands.carry(c)
	}
}

// named says what was being done where it failed.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
