package merging

import (
	"context"
	"errors"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/versions"
)

// atOnce is how many keys are wanted at once, at most: as many as memory may hold.
const atOnce = 1 << 20

// wanted finds the keys of the records that may change, in order: those of which a version is staged or was kept out,
// and where the attempt says what is there, those of rows that it lacks.
type wanted struct {
	rules    versions.Rules // a copy: what is decided here is counted nowhere
	sweeps   bool
	staged   *staged
	versions *lane
	kept     kept
	rows     *lane // nil where nothing is swept
	rejected []string
	leaving  map[string]bool

	record versions.Record
	fate   versions.Fate
}

// newWanted opens what the keys are found in.
func newWanted(ctx context.Context, t *Task, rejected []string) (*wanted, error) {
	w := &wanted{rules: *t.Rules, sweeps: t.Rules.Sweeps(), rejected: rejected, leaving: t.Leaving,
		staged: newStaged(t.Rules, t.Table)}
	var err error
	w.versions, err = openLane(ctx, t.Stage, rows.Query{Key: t.Table.Key, Columns: w.staged.columns(),
		Where: ofAttempt(t.Attempt), Scratch: t.Scratch}, w.staged.load)
	if err != nil || !w.sweeps {
		return w, err
	}
	w.rows, err = openLane(ctx, t.Final, rows.Query{Key: t.Table.Key, Columns: columnsOfKept, Scratch: t.Scratch},
		w.kept.load)
	return w, err
}

// ofAttempt tells of the rows of an attempt.
func ofAttempt(attempt string) iceberg.BooleanExpression {
	return iceberg.EqualTo(iceberg.Reference(columns.Attempt), attempt)
}

func (w *wanted) close() error {
	if w == nil {
		return nil
	}
	return errors.Join(w.versions.close(), w.rows.close())
}

// next is the next keys, so many at most, none at the end.
func (w *wanted) next(most int) ([]string, error) {
	keys := []string{}
	for len(keys) < most {
		key, has, err := least(w.versions, w.rows, w.rejected)
		if err != nil || !has {
			return keys, err
		}
		is, err := w.is(key)
		if err != nil {
			return nil, err
		}
		if is {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// least is the least key that comes next in two lanes, of which one may be nil, and in a list.
func least(a, b *lane, list []string) (key string, has bool, err error) {
	for _, l := range []*lane{a, b} {
		if l == nil {
			continue
		}
		is, err := l.next()
		if err != nil {
			return "", false, err
		}
		if is && (!has || l.batch.Keys[l.at] < key) {
			key, has = l.batch.Keys[l.at], true
		}
	}
	if len(list) > 0 && (!has || list[0] < key) {
		key, has = list[0], true
	}
	return key, has, nil
}

// is tells whether the record of the next key may change.
func (w *wanted) is(key string) (bool, error) {
	is := false
	if len(w.rejected) > 0 && w.rejected[0] == key {
		w.rejected, is = w.rejected[1:], true
	}
	w.record = versions.Record{Staged: w.record.Staged[:0], Leaving: w.leaving[key]}
	for {
		has, err := w.versions.has(key)
		if err != nil {
			return false, err
		}
		if !has {
			break
		}
		if v, known := w.staged.version(w.versions.at); known {
			if key == "" {
				return false, keyless()
			}
			is = is || w.staged.op() != warehouse.Seen
			w.record.Staged = append(w.record.Staged, v)
		}
		w.versions.at++
	}
	for w.rows != nil {
		has, err := w.rows.has(key)
		if err != nil {
			return false, err
		}
		if !has {
			break
		}
		if !is && key != "" {
			w.record.HasRow, w.record.Row = true, w.kept.row(w.rows.at)
			w.rules.Decide(&w.record, &w.fate)
			is = w.fate.Changed
		}
		w.rows.at++
	}
	return is, nil
}
