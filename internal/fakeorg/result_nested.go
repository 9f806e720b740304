package fakeorg

import (
	"context"
	"net/http"

	"catchment/internal/fakeorg/soql"
)

// What a question needs of other objects than its own: the children of nested
// queries, the Ids of semi-joins, and the groups that it asks for.

// kids are the records of a nested query, by their parents.
type kids struct {
	*result
	places map[string][]int
}

// prepare gives a question what it needs before its records are looked at.
func prepare(ctx context.Context, s snapshot, q *question, clock soql.Clock) (*result, error) {
	found, err := joined(ctx, s, q, clock)
	if err != nil {
		return nil, err
	}
	r := &result{question: *q, snap: s, clock: clock, filter: q.bound.Filter(clock, found...)}
	for _, c := range q.bound.Columns {
		if c.Child == nil {
			continue
		}
		if r.kids == nil {
			r.kids = map[*soql.Child]*kids{}
		}
		if r.kids[c.Child], err = newKids(ctx, s, q, c.Child, clock); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// within makes the question that a query within a query asks.
func within(s snapshot, bound *soql.Bound, all bool) (*question, error) {
	obj, ok := s.catalog.find(bound.Entity.Name)
	if !ok {
		return nil, notFound()
	}
	return &question{bound: bound, obj: obj, all: all || bound.AllRows}, nil
}

// joined finds the Ids of the semi-joins.
func joined(ctx context.Context, s snapshot, q *question, clock soql.Clock) ([]soql.Set, error) {
	var found []soql.Set
	for _, inner := range q.bound.Inner {
		inside, err := within(s, inner, q.all)
		if err != nil {
			return nil, err
		}
		r, err := answer(ctx, s, inside, clock)
		if err != nil {
			return nil, err
		}
		set := soql.Set{}
		err = r.each(ctx, 0, r.total, func(at *row) bool {
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
func newKids(ctx context.Context, s snapshot, q *question, child *soql.Child, clock soql.Clock) (*kids, error) {
	inside, err := within(s, child.Bound, q.all)
	if err != nil {
		return nil, err
	}
	r, err := prepare(ctx, s, inside, clock)
	if err != nil {
		return nil, err
	}
	k := &kids{r, map[string][]int{}}
	lookup := r.obj.place(child.Lookup.Name)
	err = s.scan(ctx, r.obj, 0, s.size(r.obj), func(at *row) bool {
		if r.sees(at) {
			if parent := at.text(lookup); parent != "" {
				k.places[parent] = append(k.places[parent], at.place)
			}
		}
		return true
	})
	for parent, places := range k.places {
		if r.bound.Sorted {
			r.sort(places)
		}
		places = places[min(max(0, r.bound.Offset), len(places)):]
		if r.bound.Limit >= 0 {
			places = places[:min(r.bound.Limit, len(places))]
		}
		k.places[parent] = places
	}
	return k, err
}

// maxGroups is how many groups an answer may have: there is no locator to
// read on from.
const maxGroups = 2000

// group works out the groups of a statement.
func (r *result) group(ctx context.Context) error {
	groups := r.bound.Groups(r.clock)
	take := func(at *row) bool {
		if r.sees(at) {
			groups.Add(at)
		}
		return true
	}
	from, to, few := r.candidates()
	err := error(nil)
	if few != nil {
		err = r.snap.visit(ctx, r.obj, few, take)
	} else {
		err = r.snap.scan(ctx, r.obj, from, to, take)
	}
	r.groups = groups.All()
	r.total = len(r.groups)
	if err == nil && r.total > maxGroups {
		err = refuse(http.StatusBadRequest, "EXCEEDED_ID_LIMIT",
			"Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch")
	}
	return err
}
