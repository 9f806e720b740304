package query

import (
	"context"
	"math"
	"slices"
	"sort"

	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// markEvery is how many records lie between two places that a result
// remembers, so that any record is found again with a short scan.
const markEvery = 1000

// A Result is the answer to a question. It holds places, not records: these
// are read again, in the same snapshot, for every page that is asked for.
type Result struct {
	Question
	snap   store.Snapshot
	Clock  soql.Clock
	filter func(soql.Record) bool
	Kids   map[*soql.Child]*Kids // of the nested queries
	Groups []soql.Group          // of a grouped statement, instead of places
	Total  int                   // after LIMIT and OFFSET
	marks  []int                 // the place of every markEvery-th record, unless ordered
	order  []int                 // all places, in the order that was asked for
	fixed  bool                  // order is used
}

// Answer finds out which records a question is about.
func Answer(ctx context.Context, s store.Snapshot, q *Question, clock soql.Clock) (*Result, error) {
	return AnswerWithin(ctx, s, q, clock, Places{0, math.MaxInt})
}

// Places are those from first up to end.
type Places struct{ First, End int }

// AnswerWithin is answer for a part of the object.
func AnswerWithin(ctx context.Context, s store.Snapshot, q *Question, clock soql.Clock, part Places) (*Result, error) {
	r, err := prepare(ctx, s, q, clock)
	if err != nil {
		return nil, err
	}
	if q.Bound.Grouped {
		return r, r.group(ctx)
	}
	from, to, few := r.candidates()
	from, to = max(from, part.First), min(to, part.End)
	few = slices.DeleteFunc(few, func(n int) bool { return n < part.First || n >= part.End })
	r.fixed = q.Bound.Sorted || few != nil || q.Twice != ""
	matched := 0
	take := func(at *store.Row) bool {
		if !r.sees(at) {
			return true
		}
		switch {
		case r.fixed:
			r.order = append(r.order, at.Place)
			if q.Twice != "" && at.Text(q.Object.Sys.ID) == q.Twice {
				r.order = append(r.order, at.Place)
				matched++
			}
		case matched%markEvery == 0:
			r.marks = append(r.marks, at.Place)
		}
		matched++
		return q.Bound.Sorted || q.Bound.Limit < 0 || matched < q.Bound.Limit+max(0, q.Bound.Offset)
	}
	if few != nil {
		err = s.Visit(ctx, q.Object, few, take)
	} else {
		err = s.Scan(ctx, q.Object, from, to, take)
	}
	if err != nil {
		return nil, err
	}
	if q.Bound.Sorted {
		r.sort(r.order)
	}
	if q.Bound.Limit >= 0 {
		matched = min(matched, q.Bound.Limit+max(0, q.Bound.Offset))
		r.order = slices.Clone(r.order[:min(len(r.order), matched)]) // what a sort left over needn't be kept
	}
	r.Total = max(0, matched-max(0, q.Bound.Offset))
	return r, nil
}

// candidates narrows the places down: to a range of Ids, or to the changed
// records where the base is too old to be meant.
func (r *Result) candidates() (from, to int, few []int) {
	to = r.snap.Size(r.Object)
	lo, hi := r.Bound.Range("Id")
	if !r.Object.Sorted {
		lo, hi = "", ""
	}
	if lo != "" {
		from = r.placeOf(to, func(id string) bool { return id >= lo[:min(len(lo), recordid.Short)] })
	}
	if hi != "" {
		to = r.placeOf(to, func(id string) bool { return id > hi[:min(len(hi), recordid.Short)] })
	}
	if lo, _ := r.Bound.Range("SystemModstamp"); lo > r.Object.Base.Newest() {
		few = r.snap.Changed(r.Object)
		if few == nil {
			few = []int{}
		}
	}
	return from, to, few
}

// placeOf returns the first place whose Id of 15 characters passes.
func (r *Result) placeOf(size int, passes func(id string) bool) int {
	return sort.Search(size, func(n int) bool {
		if n >= r.Object.Base.Count() {
			number := r.Object.Base.LastNumber() + 1 + n - r.Object.Base.Count()
			return passes(recordid.New(r.Object.Prefix(), number)[:recordid.Short])
		}
		return passes(string(r.Object.Base.AppendValue(nil, n, r.Object.Sys.ID)[:recordid.Short]))
	})
}

// sees tells whether the question is about a row.
func (r *Result) sees(at *store.Row) bool {
	return (r.all || !at.Aside()) && (r.Bound.Query.Where == nil || r.filter(at)) &&
		(r.owner == "" || at.Text(r.Object.Sys.Own) == r.owner)
}

func (r *Result) sort(places []int) {
	a, b := r.snap.Row(r.Object), r.snap.Row(r.Object)
	slices.SortStableFunc(places, func(i, j int) int {
		a.Move(i)
		b.Move(j)
		return r.Bound.Compare(a, b)
	})
}

// Each calls do for count records, beginning with the from-th.
func (r *Result) Each(ctx context.Context, from, count int, do func(*store.Row) bool) error {
	count = min(count, r.Total-from)
	if count <= 0 {
		return nil
	}
	from += max(0, r.Bound.Offset)
	stop := func(at *store.Row) bool {
		count--
		return do(at) && count > 0
	}
	if r.fixed {
		return r.snap.Visit(ctx, r.Object, r.order[from:from+count], stop)
	}
	skip := from % markEvery
	return r.snap.Scan(ctx, r.Object, r.marks[from/markEvery], r.snap.Size(r.Object), func(at *store.Row) bool {
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
