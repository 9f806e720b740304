package lake

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
)

// Rebind gives the marks of all other orgs to this one. The registry's lines are one commit: with it all marks are
// moved, or none is. The tables follow, each by itself; where that was interrupted, a repeat goes on with it, and so
// does the next claim of each flow.
func (s marks) Rebind(ctx context.Context, org string, drop bool) (err error) {
	defer func() { err = named("give the warehouse to org "+org, err) }()
	if drop {
		if err := s.lastCopies(ctx, org); err != nil {
			return err
		}
	}
	err = s.register(ctx, func(ctx context.Context, all map[string]line) (map[string]line, error) {
		taken := map[string]line{}
		for flow, l := range all {
			m, err := s.markOf(ctx, l)
			if err != nil {
				return nil, err
			}
			if m.Org != org {
				taken[flow] = l.takenBy(org, m, drop)
			}
		}
		return taken, nil
	})
	if err != nil {
		return err
	}
	all, err := s.registered(ctx)
	if err != nil {
		return err
	}
	for _, flow := range slices.Sorted(maps.Keys(all)) {
		l := all[flow]
		stands, has, err := s.stands(ctx, l.Mark.Table)
		if err != nil {
			return err
		}
		if !l.Clear && !(has && l.ahead(stands.Mark)) {
			continue
		}
		if _, err := s.follow(ctx, warehouse.Fence{Flow: flow, Number: l.Mark.Fence}, l, has); err != nil {
			return err
		}
	}
	return nil
}

// lastCopies refuses to empty tables that have the last copy of records.
func (s *site) lastCopies(ctx context.Context, org string) error {
	all, err := s.registered(ctx)
	if err != nil {
		return err
	}
	for _, l := range all {
		_, has, err := s.stands(ctx, l.Mark.Table)
		if err != nil {
			return err
		}
		if l.Mark.Org == org || !has {
			continue
		}
		t, err := s.Find(ctx, tables.Name(s.Schema, l.Mark.Table))
		if err != nil {
			return err
		}
		var n int64
		for _, err := range own.Read(ctx, t, own.Is(columns.Reason, string(gone.Archived))) {
			if err != nil {
				return err
			}
			n++
		}
		if n > 0 {
			return archived.LastCopy(l.Mark.Table, n)
		}
	}
	return nil
}

// follow has the final table of a line, if it has one, say what that says, with a fence that isn't older than the one
// that is there, and gives the flow's mark. What a takeover left to be done is done with it.
func (s *site) follow(ctx context.Context, f warehouse.Fence, l line, has bool) (m warehouse.Mark, err error) {
	m = l.Mark
	if has {
		if _, err := s.Commit(ctx, tables.Name(s.Schema, m.Table), s.following(l, f, &m)); err != nil {
			return m, err
		}
	}
	if l.Clear {
		if err := s.clear(ctx, m); err != nil {
			return m, err
		}
	}
	if !l.Clear && l.Mark.Generation == m.Generation && l.Made == (l.Made || has) {
		return m, nil
	}
	return m, s.enter(ctx, f.Flow, func(now line) line {
		now.Clear = false
		now.Mark.Generation = m.Generation
		now.Made = now.Made || has
		return now
	})
}

// following is the commit by which a final table takes what the registry says.
func (s *site) following(l line, f warehouse.Fence, m *warehouse.Mark) tables.Builder {
	return func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		stands, has, err := standingOf(t)
		if err != nil {
			return nil, err
		}
		before := stands.Mark
		stands.Mark, _ = l.over(stands)
		if !has || stands.holds(f) != nil {
			return nil, warehouse.ErrFenced
		}
		if err := stands.watch(t); err != nil {
			return nil, err
		}
		taken := l.ahead(before)
		stands.Mark.Fence = f.Number
		if *m = stands.Mark; *m == before {
			return nil, nil
		}
		c := &tables.Change{}
		if taken && l.Clear {
			if c.Gone, c.Settled, err = tables.Files(ctx, t); err != nil {
				return nil, err
			}
		}
		return c, stands.carry(c)
	}
}

// clear forgets what is remembered of a flow's rows that are gone or were kept out, and of the bodies of its files.
// What was erased stays so.
func (s *site) clear(ctx context.Context, m warehouse.Mark) error {
	buried := func(r own.Row) bool {
		return r["table_name"] == m.Table && r["reason"] != string(gone.Erased)
	}
	err := own.Edit(ctx, s.Lake, s.own(own.Tombstone), own.Is("table_name", m.Table), func(rows []own.Row) []own.Row {
		return slices.DeleteFunc(rows, buried)
	})
	if err != nil {
		return err
	}
	err = own.Edit(ctx, s.Lake, s.own(own.Rejected), own.Is("flow", m.Flow), func(rows []own.Row) []own.Row {
		return slices.DeleteFunc(rows, func(r own.Row) bool { return r["flow"] == m.Flow })
	})
	if err != nil {
		return err
	}
	return s.files().Clear(ctx, m.Flow)
}
