package fakeorg

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"sort"

	"catchment/internal/fakeorg/soql"
)

// A question is a statement that the org understands.
type question struct {
	bound *soql.Bound
	obj   *object
	all   bool   // records in the recycle bin count too
	owner string // whose records only count; "" is everybody's
}

// ask reads a statement; what is wrong with it comes back in Salesforce's
// words, as a 400.
func (o *Org) ask(text string, all bool) (*question, error) {
	query, err := soql.Parse(text)
	if err != nil {
		return nil, refusedQuery(err)
	}
	bound, err := soql.Bind(query, o)
	if err != nil {
		return nil, refusedQuery(err)
	}
	obj, ok := o.object(bound.Entity.Name)
	if !ok {
		return nil, notFound()
	}
	q := &question{bound: bound, obj: obj, all: all || bound.AllRows}
	if err := o.restricted(q); err != nil {
		return nil, err
	}
	return q, o.scope(q)
}

// scope heeds USING SCOPE, as far as describe says that the object has it.
func (o *Org) scope(q *question) error {
	scope := q.bound.Query.Scope
	supported := slices.ContainsFunc(q.obj.about.SupportedScopes, func(s supportedScope) bool { return s.Name == scope })
	switch {
	case scope == "" || scope == "everything":
	case !supported || scope != "mine" || q.obj.sys.own < 0:
		return refuse(http.StatusBadRequest, "INVALID_QUERY_SCOPE", "The scope %s is not supported for %s", scope, q.obj.name())
	default:
		q.owner = o.runningUser()
	}
	return nil
}

func refusedQuery(err error) error {
	if e, ok := errors.AsType[*soql.Error](err); ok {
		return refuse(http.StatusBadRequest, e.Code, "%s", e.Message)
	}
	return err
}

// markEvery is how many records lie between two places that a result
// remembers, so that any record is found again with a short scan.
const markEvery = 1000

// A result is the answer to a question. It holds places, not records: these
// are read again, in the same snapshot, for every page that is asked for.
type result struct {
	question
	snap   snapshot
	clock  soql.Clock
	filter func(soql.Record) bool
	kids   map[*soql.Child]*kids // of the nested queries
	groups []soql.Group          // of a grouped statement, instead of places
	total  int                   // after LIMIT and OFFSET
	marks  []int                 // the place of every markEvery-th record, unless ordered
	order  []int                 // all places, in the order that was asked for
	fixed  bool                  // order is used
}

// answer finds out which records a question is about.
func (s snapshot) answer(ctx context.Context, q *question, clock soql.Clock) (*result, error) {
	return s.answerWithin(ctx, q, clock, places{0, math.MaxInt})
}

// places are those from first up to end.
type places struct{ first, end int }

// answerWithin is answer for a part of the object.
func (s snapshot) answerWithin(ctx context.Context, q *question, clock soql.Clock, part places) (*result, error) {
	r, err := s.prepare(ctx, q, clock)
	if err != nil {
		return nil, err
	}
	if q.bound.Grouped {
		return r, r.group(ctx)
	}
	from, to, few := r.candidates()
	from, to = max(from, part.first), min(to, part.end)
	few = slices.DeleteFunc(few, func(n int) bool { return n < part.first || n >= part.end })
	r.fixed = q.bound.Sorted || few != nil
	matched := 0
	take := func(at *row) bool {
		if !r.sees(at) {
			return true
		}
		switch {
		case r.fixed:
			r.order = append(r.order, at.place)
		case matched%markEvery == 0:
			r.marks = append(r.marks, at.place)
		}
		matched++
		return q.bound.Sorted || q.bound.Limit < 0 || matched < q.bound.Limit+max(0, q.bound.Offset)
	}
	if few != nil {
		err = s.visit(ctx, q.obj, few, take)
	} else {
		err = s.scan(ctx, q.obj, from, to, take)
	}
	if err != nil {
		return nil, err
	}
	if q.bound.Sorted {
		r.sort(r.order)
	}
	if q.bound.Limit >= 0 {
		matched = min(matched, q.bound.Limit+max(0, q.bound.Offset))
		r.order = slices.Clone(r.order[:min(len(r.order), matched)]) // what a sort left over needn't be kept
	}
	r.total = max(0, matched-max(0, q.bound.Offset))
	return r, nil
}

// candidates narrows the places down: to a range of Ids, or to the changed
// records where the base is too old to be meant.
func (r *result) candidates() (from, to int, few []int) {
	to = r.snap.size(r.obj)
	lo, hi := r.bound.Range("Id")
	if !r.obj.sorted {
		lo, hi = "", ""
	}
	if lo != "" {
		from = r.placeOf(to, func(id string) bool { return id >= lo[:min(len(lo), shortID)] })
	}
	if hi != "" {
		to = r.placeOf(to, func(id string) bool { return id > hi[:min(len(hi), shortID)] })
	}
	if lo, _ := r.bound.Range("SystemModstamp"); lo > r.obj.base.newest() {
		few = r.snap.changed(r.obj)
		if few == nil {
			few = []int{}
		}
	}
	return from, to, few
}

// placeOf returns the first place whose Id of 15 characters passes.
func (r *result) placeOf(size int, passes func(id string) bool) int {
	return sort.Search(size, func(n int) bool {
		if n >= r.obj.base.count() {
			return passes(makeID(r.obj.prefix(), r.obj.base.lastNumber()+1+n-r.obj.base.count())[:shortID])
		}
		return passes(string(r.obj.base.appendValue(nil, n, r.obj.sys.id)[:shortID]))
	})
}

// sees tells whether the question is about a row.
func (r *result) sees(at *row) bool {
	return (r.all || !at.aside()) && (r.bound.Query.Where == nil || r.filter(at)) &&
		(r.owner == "" || at.text(r.obj.sys.own) == r.owner)
}

// scan calls do for the places from up to to, until do says that it has
// enough. Places that the snapshot doesn't see are left out.
func (s snapshot) scan(ctx context.Context, obj *object, from, to int, do func(*row) bool) error {
	at := &row{snap: s, obj: obj}
	var records [512]*record
	for ; from < to; from += len(records) {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := records[:min(len(records), to-from)]
		s.fill(obj, from, part)
		for i, changed := range part {
			at.place, at.record = from+i, changed
			if (changed == nil || !changed.gone()) && !do(at) {
				return nil
			}
		}
	}
	return nil
}

// visit is scan for single places.
func (s snapshot) visit(ctx context.Context, obj *object, places []int, do func(*row) bool) error {
	at := &row{snap: s, obj: obj}
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return err
		}
		at.move(place)
		if (at.record == nil || !at.record.gone()) && !do(at) {
			return nil
		}
	}
	return nil
}

func (r *result) sort(places []int) {
	a, b := &row{snap: r.snap, obj: r.obj}, &row{snap: r.snap, obj: r.obj}
	slices.SortStableFunc(places, func(i, j int) int {
		a.move(i)
		b.move(j)
		return r.bound.Compare(a, b)
	})
}

// each calls do for count records, beginning with the from-th.
func (r *result) each(ctx context.Context, from, count int, do func(*row) bool) error {
	count = min(count, r.total-from)
	if count <= 0 {
		return nil
	}
	from += max(0, r.bound.Offset)
	stop := func(at *row) bool {
		count--
		return do(at) && count > 0
	}
	if r.fixed {
		return r.snap.visit(ctx, r.obj, r.order[from:from+count], stop)
	}
	skip := from % markEvery
	return r.snap.scan(ctx, r.obj, r.marks[from/markEvery], r.snap.size(r.obj), func(at *row) bool {
		if !r.sees(at) {
			return true
		}
		if skip > 0 {
			skip--
			return true
		}
		return stop(at)
	})
}
