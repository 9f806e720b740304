package fakeorg

import (
	"context"
	"math"
	"slices"
	"sort"

	"catchment/internal/fakeorg/soql"
)

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
func answer(ctx context.Context, s snapshot, q *question, clock soql.Clock) (*result, error) {
	return answerWithin(ctx, s, q, clock, places{0, math.MaxInt})
}

// places are those from first up to end.
type places struct{ first, end int }

// answerWithin is answer for a part of the object.
func answerWithin(ctx context.Context, s snapshot, q *question, clock soql.Clock, part places) (*result, error) {
	r, err := prepare(ctx, s, q, clock)
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

func (r *result) sort(places []int) {
	a, b := r.snap.row(r.obj), r.snap.row(r.obj)
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
