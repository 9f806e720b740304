package query

import (
	"context"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// What a question needs of other objects than its own: the children of nested
// queries, the Ids of semi-joins, and the groups that it asks for.

// Kids are the records of a nested query, by their parents.
type Kids struct {
	*Result
	Places map[string][]int
}

// prepare gives a question what it needs before its records are looked at.
func prepare(ctx context.Context, s store.Snapshot, q *Question, clock soql.Clock) (*Result, error) {
	found, err := joined(ctx, s, q, clock)
	if err != nil {
		return nil, err
	}
	r := &Result{Question: *q, snap: s, Clock: clock, filter: q.Bound.Filter(clock, found...)}
	for _, c := range q.Bound.Columns {
		if c.Child == nil {
			continue
		}
		if r.Kids == nil {
			r.Kids = map[*soql.Child]*Kids{}
		}
		if r.Kids[c.Child], err = newKids(ctx, s, q, c.Child, clock); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// within makes the question that a query within a query asks.
func within(s store.Snapshot, bound *soql.Bound, all bool) (*Question, error) {
	obj, ok := s.Catalog.Find(bound.Entity.Name)
	if !ok {
		return nil, reply.NotFound()
	}
	return &Question{Bound: bound, Object: obj, all: all || bound.AllRows}, nil
}

// joined finds the Ids of the semi-joins.
func joined(ctx context.Context, s store.Snapshot, q *Question, clock soql.Clock) ([]soql.Set, error) {
	var found []soql.Set
	for _, inner := range q.Bound.Inner {
		inside, err := within(s, inner, q.all)
		if err != nil {
			return nil, err
		}
		r, err := Answer(ctx, s, inside, clock)
		if err != nil {
			return nil, err
		}
		set := soql.Set{}
		err = r.Each(ctx, 0, r.Total, func(at *store.Row) bool {
			set.Add(inner.Columns[0].Value(at, clock))
			return true
		})
		if err != nil {
			return nil, err
		}
		found = append(found, set)
	}
	return found, nil
}

// newKids looks at every record that may be a child once, whoever its parent is.
// LIMIT and OFFSET count for each parent.
func newKids(ctx context.Context, s store.Snapshot, q *Question, child *soql.Child, clock soql.Clock) (*Kids, error) {
	inside, err := within(s, child.Bound, q.all)
	if err != nil {
		return nil, err
	}
	r, err := prepare(ctx, s, inside, clock)
	if err != nil {
		return nil, err
	}
	k := &Kids{r, map[string][]int{}}
	lookup := r.Object.Place(child.Lookup.Name)
	err = s.Scan(ctx, r.Object, 0, s.Size(r.Object), func(at *store.Row) bool {
		if r.sees(at) {
			if parent := at.Text(lookup); parent != "" {
				k.Places[parent] = append(k.Places[parent], at.Place)
			}
		}
		return true
	})
	for parent, places := range k.Places {
		if r.Bound.Sorted {
			r.sort(places)
		}
		places = places[min(max(0, r.Bound.Offset), len(places)):]
		if r.Bound.Limit >= 0 {
			places = places[:min(r.Bound.Limit, len(places))]
		}
		k.Places[parent] = places
	}
	return k, err
}

// maxGroups is how many groups an answer may have: there is no locator to
// read on from.
const maxGroups = 2000

// group works out the groups of a statement.
func (r *Result) group(ctx context.Context) error {
	groups := r.Bound.Groups(r.Clock)
	take := func(at *store.Row) bool {
		if r.sees(at) {
			groups.Add(at)
		}
		return true
	}
	from, to, few := r.candidates()
	err := error(nil)
	if few != nil {
		err = r.snap.Visit(ctx, r.Object, few, take)
	} else {
		err = r.snap.Scan(ctx, r.Object, from, to, take)
	}
	r.Groups = groups.All()
	r.Total = len(r.Groups)
	if err == nil && r.Total > maxGroups {
		err = reply.Bad("EXCEEDED_ID_LIMIT",
			"Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch")
	}
	return err
}
