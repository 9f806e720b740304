package lake

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/shape"
)

// Key has nothing to tell: no engine enforces a key of such a table, so none can be lost.
func (asker) Key(context.Context, shape.Table) (evidence.Key, error) { return evidence.Key{}, nil }

// Held tells which of some keys have a live row.
func (s asker) Held(ctx context.Context, t shape.Table, keys []string) (map[string]bool, error) {
	held := map[string]bool{}
	q := rows.Query{Key: t.Key, Keys: slices.Compact(slices.Sorted(slices.Values(keys))), Where: isLive(),
		AnyOrder: true}
	if q.Keys == nil {
		return held, nil
	}
	err := s.eachOfFinal(ctx, t, q, func(b rows.Batch) error {
		for _, key := range b.Keys {
			held[key] = true
		}
		return nil
	})
	return held, named("rows of "+t.Name, err)
}

// ofAttempt tells of the staged rows of an attempt; of some of its jobs where some are named.
func ofAttempt(attempt string, jobs ...string) iceberg.BooleanExpression {
	var of iceberg.BooleanExpression = iceberg.EqualTo(iceberg.Reference(columns.Attempt), attempt)
	if len(jobs) > 0 {
		of = iceberg.NewAnd(of, iceberg.IsIn(iceberg.Reference(columns.Job), jobs...))
	}
	return of
}

// StagedKeys calls each with the key of every version that a job has in staging.
func (s asker) StagedKeys(
	ctx context.Context, t shape.Table, attempt, job string, each func(key string),
) error {
	stage, err := s.Find(ctx, s.stage(t))
	if err == nil {
		q := rows.Query{Key: t.Key, Where: ofAttempt(attempt, job), AnyOrder: true}
		err = s.each(ctx, stage, q, func(b rows.Batch) error {
			for _, key := range b.Keys {
				each(key)
			}
			return nil
		})
	}
	return named("staged keys of attempt "+attempt, err)
}

// A sighting is what staging and the final table have of one key.
type sighting struct {
	key    string
	staged []compare.Row
	live   compare.Row // none where there is no live row
}

// beside goes through staged rows of an attempt and the live rows of the final table, side by side in order of their
// keys.
func (s asker) beside(
	ctx context.Context, t shape.Table, staged, live rows.Query, look func(sighting) error,
) (err error) {
	left, err := s.stream(ctx, s.stage(t), staged)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, left.Close()) }()
	live.Where = isLive()
	right, err := s.stream(ctx, s.final(t), live)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, right.Close()) }()
	for {
		l, inStage, err := left.Row()
		if err != nil {
			return err
		}
		r, inFinal, err := right.Row()
		if err != nil || !inStage && !inFinal {
			return err
		}
		seen := sighting{key: l.Key}
		if !inStage || inFinal && r.Key < l.Key {
			seen.key = r.Key
		}
		err = errors.Join(
			left.All(seen.key, func(row compare.Row) error { seen.staged = append(seen.staged, row); return nil }),
			right.All(seen.key, func(row compare.Row) error { seen.live = row; return nil }))
		if err == nil {
			err = look(seen)
		}
		if err != nil {
			return err
		}
	}
}

// stream goes through rows of a table in order of their keys.
func (s *site) stream(ctx context.Context, name []string, q rows.Query) (*compare.Stream, error) {
	t, err := s.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	q.Scratch = s.scratch
	c, err := rows.Open(ctx, t, q)
	if err != nil {
		return nil, err
	}
	return compare.NewStream(c), nil
}

// Absent lists the keys of live rows, read before readAt, that some jobs don't have in staging.
func (s asker) Absent(
	ctx context.Context, t shape.Table, attempt string, jobs []string, readAt time.Time,
) (absent []string, err error) {
	staged := rows.Query{Key: t.Key, Where: ofAttempt(attempt, jobs...)}
	live := rows.Query{Key: t.Key, Columns: []string{columns.ReadAt}}
	err = s.beside(ctx, t, staged, live, func(seen sighting) error {
		if len(seen.staged) == 0 && seen.live.Moment(columns.ReadAt) < readAt.UnixMicro() {
			absent = append(absent, seen.key)
		}
		return nil
	})
	return absent, named("rows of "+t.Name+" that a reading of all Ids lacks", err)
}

// Otherwise lists the keys that some jobs saw otherwise than the final table has them. What other jobs of the attempt
// read whole, or found to be gone, is left out.
func (s asker) Otherwise(
	ctx context.Context, t shape.Table, attempt string, jobs []string,
) (alive, binned []string, err error) {
	deleted, _ := t.Column(shape.FieldDeleted)
	staged := rows.Query{Key: t.Key, Where: ofAttempt(attempt), Columns: []string{columns.Job, columns.Op}}
	if deleted.Name != "" {
		staged.Columns = append(staged.Columns, deleted.Name)
	}
	err = s.beside(ctx, t, staged, rows.Query{Key: t.Key}, func(seen sighting) error {
		var saw []compare.Row
		for _, row := range seen.staged {
			switch {
			case slices.Contains(jobs, row.Text(columns.Job)):
				saw = append(saw, row)
			case row.Text(columns.Op) != string(warehouse.Patch):
				return nil
			}
		}
		for _, row := range saw {
			gone := row.True(deleted.Name)
			switch {
			case gone && seen.live.Is():
				binned = append(binned, seen.key)
			case !gone && !seen.live.Is():
				alive = append(alive, seen.key)
			}
		}
		return nil
	})
	return alive, binned, named("what a reading of all Ids saw of "+t.Name, err)
}

// Torn lists the keys of records that some jobs read and others, which read further columns, did not read in that
// version.
func (s asker) Torn(
	ctx context.Context, t shape.Table, attempt string, jobs, further []string,
) (torn []string, err error) {
	stamp, _ := t.Column(shape.FieldStamp)
	q := rows.Query{Key: t.Key, Where: ofAttempt(attempt, slices.Concat(jobs, further)...),
		Columns: []string{columns.Job}}
	if stamp.Name != "" {
		q.Columns = append(q.Columns, stamp.Name)
	}
	err = s.besideNothing(ctx, t, q, func(seen sighting) error {
		var rest compare.Row
		for _, row := range seen.staged {
			if slices.Contains(further, row.Text(columns.Job)) {
				rest = row
			}
		}
		for _, row := range seen.staged {
			if !slices.Contains(jobs, row.Text(columns.Job)) {
				continue
			}
			if !rest.Is() || row.Moment(stamp.Name) != rest.Moment(stamp.Name) {
				torn = append(torn, seen.key)
			}
		}
		return nil
	})
	return torn, named("compare two readings of "+t.Name, err)
}

// besideNothing goes through staged rows in order of their keys.
func (s asker) besideNothing(
	ctx context.Context, t shape.Table, staged rows.Query, look func(sighting) error,
) (err error) {
	all, err := s.stream(ctx, s.stage(t), staged)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, all.Close()) }()
	for {
		row, has, err := all.Row()
		if err != nil || !has {
			return err
		}
		seen := sighting{key: row.Key}
		err = all.All(row.Key, func(row compare.Row) error { seen.staged = append(seen.staged, row); return nil })
		if err == nil {
			err = look(seen)
		}
		if err != nil {
			return err
		}
	}
}
