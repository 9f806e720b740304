package verify

import (
	"context"
	"slices"

	"catchment/internal/lease"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// An asker asks the org about single records of the subject.
type asker struct {
	org     *salesforce.Client
	subject *subject
	held    *lease.Lease
	shelf   *shelf
}

// A look is what was read again of some records.
type look struct {
	live   []warehouse.Page // whole, as far as it was asked for
	states []state          // of those that are deleted
	gone   []string         // nobody answers for them: purged, out of sight, or out of the flow's filter
}

// again reads the named records by their Ids, 2,000 a call. What isn't answered
// so is confirmed by a queryAll before it is taken for gone. Where the flow has
// a filter, only a query can say which records meet it. The pages go the given way.
func (a asker) again(ctx context.Context, ids, fields []string, way stage.Way) (look, error) {
	var l look
	var err error
	ask := ids
	if a.subject.source.Flow.Where != "" {
		if ask, err = a.meeting(ctx, ids); err != nil {
			return l, err
		}
	}
	found := map[string]bool{}
	for chunk := range slices.Chunk(ask, lookup.PerCall) { // a page for each call
		p, err := a.collect(ctx, chunk, fields, way, found)
		if err != nil {
			return l, err
		}
		l.live = append(l.live, p)
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return found[id] })
	if len(rest) == 0 {
		return l, nil
	}
	if l.states, err = a.query(ctx, rest); err != nil {
		return l, err
	}
	for _, s := range l.states {
		found[s.id] = true
	}
	l.gone = slices.DeleteFunc(rest, func(id string) bool { return found[id] })
	return l, nil
}

// collect reads records whole into a page, and notes which there are.
func (a asker) collect(
	ctx context.Context, ids, fields []string, way stage.Way, found map[string]bool,
) (warehouse.Page, error) {
	types := a.subject.types(fields)
	record := make([]string, len(fields))
	return a.shelf.write(ctx, way, fields, func(write func([]string) error) error {
		return a.records().Collect(ctx, ids, fields, func(r salesforce.Record) error {
			if err := canonical(r, fields, types, record); err != nil {
				return err
			}
			id, err := r.Text("Id")
			if err != nil {
				return err
			}
			found[id] = true
			return write(record)
		})
	})
}

// records finds records of the flow by their Ids.
func (a asker) records() lookup.Finder {
	src := a.subject.source
	return lookup.Finder{Org: a.org, Object: src.Object, Where: src.Flow.Where, Before: a.held.Renew}
}

// A state is what a query by Id says of one record, deleted or not.
type state struct {
	id      string
	deleted bool
	values  []string // of states
}

// meeting picks the records that meet the flow's filter and aren't deleted.
func (a asker) meeting(ctx context.Context, ids []string) ([]string, error) {
	all, err := a.query(ctx, ids)
	if err != nil {
		return nil, err
	}
	var met []string
	for _, s := range all {
		if !s.deleted {
			met = append(met, s.id)
		}
	}
	return met, nil
}

// query asks queryAll what became of records; those that the flow's filter
// leaves out are not answered.
func (a asker) query(ctx context.Context, ids []string) ([]state, error) {
	fields := a.subject.states()
	types := a.subject.types(fields)
	var all []state
	for r, err := range a.records().Records(ctx, ids, fields) {
		if err != nil {
			return nil, err
		}
		s := state{values: make([]string, len(fields))}
		if err := canonical(r, fields, types, s.values); err != nil {
			return nil, err
		}
		for i, f := range fields {
			if f == "Id" {
				s.id = s.values[i]
			}
			s.deleted = s.deleted || f == "IsDeleted" && s.values[i] == "true"
		}
		all = append(all, s)
	}
	return all, nil
}

// statePage stores what became of records as a page, as far as a table has columns
// for it.
func (a asker) statePage(ctx context.Context, states []state, into shape.Table) (warehouse.Page, error) {
	var fields []string
	var places []int
	for i, f := range a.subject.states() {
		if _, ok := into.Column(f); ok {
			fields, places = append(fields, f), append(places, i)
		}
	}
	record := make([]string, len(fields))
	return a.shelf.write(ctx, a.shelf.compared(), fields, func(write func([]string) error) error {
		for _, s := range states {
			for to, from := range places {
				record[to] = s.values[from]
			}
			if err := write(record); err != nil {
				return err
			}
		}
		return nil
	})
}

// canonical writes the one text of each value, as a page has it; what is no value of
// its type stays as it came.
func canonical(r salesforce.Record, fields []string, types []schema.Type, into []string) error {
	for i, name := range fields {
		raw, err := r.Text(name)
		if err != nil {
			return plan.Strangef("field %s: %w", name, err)
		}
		if into[i], err = types[i].Canonical(raw); err != nil { // who shows the page to the warehouse judges that
			into[i] = raw
		}
	}
	return nil
}
