package lake

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/shape"
)

// asker is the role Evidence, without what was kept out of attempts that are under way. Its answers are computed from
// streams of the columns that are needed.
type asker struct{ *site }

// each goes through rows of a table, a batch at a time.
func (s *site) each(ctx context.Context, t *table.Table, q rows.Query, look func(rows.Batch) error) error {
	q.Scratch = s.scratch
	return rows.Each(ctx, t, q, look)
}

// eachOfFinal goes through rows of a final table, a batch at a time.
func (s *site) eachOfFinal(ctx context.Context, t shape.Table, q rows.Query, look func(rows.Batch) error) error {
	final, err := s.Find(ctx, s.final(t))
	if err != nil {
		return err
	}
	return s.each(ctx, final, q, look)
}

// isLive tells of the rows that aren't deleted.
func isLive() iceberg.BooleanExpression { return iceberg.IsNull(iceberg.Reference(columns.Deleted)) }

// Rows counts the rows of a final table, deleted ones included.
func (s asker) Rows(ctx context.Context, t shape.Table) (n int64, err error) {
	err = s.eachOfFinal(ctx, t, rows.Query{AnyOrder: true}, func(b rows.Batch) error {
		n += int64(len(b.Keys))
		return nil
	})
	return n, named("count "+t.Name, err)
}

// Live counts the rows of a final table that aren't deleted.
func (s asker) Live(ctx context.Context, t shape.Table) (n int64, err error) {
	final, err := s.Find(ctx, s.final(t))
	if err == nil {
		n, err = liveIn(ctx, final)
	}
	return n, named("count "+t.Name, err)
}

// day is how many microseconds a day has.
const day = int64(24 * time.Hour / time.Microsecond)

// Days counts the live rows of a final table by the day of their stamp.
func (s asker) Days(ctx context.Context, t shape.Table, before time.Time) (map[int64]int64, error) {
	what := "count " + t.Name + " by day"
	stamp, has := t.Column(shape.FieldStamp)
	if !has {
		return nil, plan.Failf(plan.Bug, "", "%s: it has no %s", what, shape.FieldStamp)
	}
	days := map[int64]int64{}
	q := rows.Query{Columns: []string{stamp.Name, columns.Deleted}, AnyOrder: true}
	err := s.eachOfFinal(ctx, t, q, func(b rows.Batch) error {
		stamps, is := b.Record.Column(0).(*array.Timestamp)
		if !is {
			return plan.Failf(plan.Bug, "", "column %s holds no moments", stamp.Name)
		}
		for i := range b.Keys {
			at := int64(stamps.Value(i))
			if stamps.IsValid(i) && b.Record.Column(1).IsNull(i) && at < before.UnixMicro() {
				days[(at-(at%day+day)%day)/day]++ // rounded down, before 1970 too
			}
		}
		return nil
	})
	return days, named(what, err)
}

// SomeKey picks the key of any row of a final table.
func (s asker) SomeKey(ctx context.Context, t shape.Table) (key string, err error) {
	q := rows.Query{Key: t.Key[:1], AnyOrder: true}
	err = s.eachOfFinal(ctx, t, q, func(b rows.Batch) error {
		if len(b.Keys) == 0 {
			return nil
		}
		key = b.Keys[0]
		return rows.ErrEnough
	})
	return key, named("pick a row of "+t.Name, err)
}

// holds tells whether a runner still holds a flow.
func (s *site) holds(ctx context.Context, f warehouse.Fence) error {
	m, known, err := s.known(ctx, f.Flow)
	if err == nil && (!known || m.Fence > f.Number) {
		return warehouse.ErrFenced
	}
	return err
}
