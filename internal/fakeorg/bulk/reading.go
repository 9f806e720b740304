package bulk

import (
	"context"
	"math"
	"time"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// A reading is how a job reads its records: in parts, each at its own moment,
// as Salesforce reads chunks of primary keys. What changes between two moments
// is seen by the one part and not by the other.
type reading struct {
	parts []*chunk
	total int
}

// A chunk is a part of a job's records.
type chunk struct {
	due   time.Time
	snap  *store.Snapshot // the moment at which it is read, once that has come
	clock soql.Clock
	*query.Result
}

// newReading plans when the parts of a job are read: the first when it starts,
// the last before it ends. Answers that are sorted or limited are one part.
func newReading(j *job, latency time.Duration, chunks int) *reading {
	if !j.chunked {
		chunks = 1
	}
	r := &reading{}
	for i := range chunks {
		due := j.created.Add(latency/4 + latency/2*time.Duration(i)/time.Duration(chunks))
		r.parts = append(r.parts, &chunk{due: due})
	}
	return r
}

// started tells whether the job has begun to read.
func (r *reading) started() bool { return r.parts[0].snap != nil }

// take lets the parts whose time has come see the org as it is now.
func (r *reading) take(s *store.Store, clock *orgtime.Clock, now time.Time) {
	for _, part := range r.parts {
		if part.snap == nil && !now.Before(part.due) {
			snap := s.Now()
			part.snap, part.clock = &snap, query.At(clock.Now())
		}
	}
}

// run reads all parts.
func (r *reading) run(ctx context.Context, q *query.Question) error {
	size := r.parts[0].snap.Size(q.Object)
	for i, part := range r.parts {
		within := query.Places{First: size * i / len(r.parts), End: size * (i + 1) / len(r.parts)}
		if i == len(r.parts)-1 {
			within.End = math.MaxInt // with what was created meanwhile
		}
		result, err := query.AnswerWithin(ctx, *part.snap, q, part.clock, within)
		if err != nil {
			return err
		}
		part.Result = result
		r.total += result.Total
	}
	return nil
}

// each calls do for count records, beginning with the from-th.
func (r *reading) each(ctx context.Context, from, count int, do func(*store.Row) bool) error {
	more := true
	for _, part := range r.parts {
		if from >= part.Total {
			from -= part.Total
			continue
		}
		here := min(count, part.Total-from)
		err := part.Each(ctx, from, here, func(at *store.Row) bool {
			more = do(at)
			return more
		})
		if err != nil || !more {
			return err
		}
		from, count = 0, count-here
	}
	return nil
}
