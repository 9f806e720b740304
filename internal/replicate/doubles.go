package replicate

import (
	"context"
	"slices"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/stage"
	"catchment/internal/warehouse/evidence"
)

// A doubling is what becomes of a job that brought keys more than once.
type doubling string

// The doublings.
const (
	readAnew doubling = "read anew" // pages were mixed up, or nobody has seen it twice yet
	refused  doubling = "refused"   // which of the records is the one, nobody can tell
	oneEach  doubling = "one each"  // the object is so: records that are alike are one
)

// judgeDoubles decides about a job with so many rows more than keys. One page that
// holds a record twice, in two jobs alike, is a property of the object; a record in
// two pages may be a page that came in the place of another, whose records lack.
func judgeDoubles(found evidence.Repeats, extra int64, before *control.Doubles) doubling {
	switch {
	case found.Apart > 0, found.Rows != extra:
		return readAnew
	case before == nil, before.Rows != found.Rows, !slices.Equal(before.Keys, found.Keys):
		return readAnew
	case found.Differing > 0:
		return refused
	}
	return oneEach
}

// doubles deals with a job that brought keys more than once: it is nil where the
// loading may go on.
func (l *loading) doubles(ctx context.Context, rows, keys int64) error {
	found, err := l.Warehouse.Repeated(ctx, l.source.Table, l.attempt.ID, l.result.ID)
	if err != nil {
		return err
	}
	before := l.part.Doubles
	l.part.Doubles = &control.Doubles{Rows: found.Rows, Keys: found.Keys}
	switch judgeDoubles(found, rows-keys, before) {
	case refused:
		return plan.Fixf("exclude the object with exclude_objects, or take its flow away, and tell Salesforce",
			"%w: two jobs brought %d records of %s that have the key of another one and other values: %s",
			stage.ErrUnfit, found.Differing, l.source.Object.Name, found.Names())
	case oneEach:
		l.note("%d records came more than once, alike in all fields, and are one row each: %s", found.Rows,
			found.Names())
		return nil
	}
	return plan.Failf(plan.Retry, "", "%w: the pages of job %s hold %d records, but only %d different ones",
		reading.ErrUnsound, l.result.ID, rows, keys)
}
