package archives

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// atOnce is how many records are looked up at once in a final table. They follow each other, so that no part of it is
// read twice.
const atOnce = 128 << 10

// Tally counts the lines of a plan.
func (l *Ledger) Tally(ctx context.Context, plan string) ([]archived.Count, error) {
	t := &tally{Ledger: l, counts: map[class]*archived.Count{}, deleted: map[string]*archived.Count{}}
	q := rows.Query{Key: own.ArchiveOrder(), Columns: names(), Where: says("plan", plan)}
	err := l.read(ctx, q, func(b rows.Batch) error {
		for i := range b.Keys {
			if err := t.add(ctx, lineAt(b.Record, i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = t.lookUp(ctx)
	}
	return t.all(), named("count the records of archive "+plan, err)
}

// A class is what lines say that are counted together.
type class struct {
	object string
	level  int
	state  archived.State
}

// A tally counts lines, which come in order.
type tally struct {
	*Ledger
	counts map[class]*archived.Count

	object  string                     // that the next ones are of
	deleted map[string]*archived.Count // its records that may live again, by Id, and where they are counted
}

// add counts a line.
func (t *tally) add(ctx context.Context, line archived.Line) error {
	of := class{line.Object, line.Level, line.State}
	count := t.counts[of]
	if count == nil {
		count = &archived.Count{Object: line.Object, Level: line.Level, State: line.State}
		t.counts[of] = count
	}
	count.Records++
	if line.State != archived.Deleted {
		return nil
	}
	if line.NewID != "" {
		count.Back++
		return nil
	}
	if line.Object != t.object || len(t.deleted) == atOnce {
		if err := t.lookUp(ctx); err != nil {
			return err
		}
	}
	t.object, t.deleted[line.ID] = line.Object, count
	return nil
}

// lookUp counts those of the records that were deleted whose row is live.
func (t *tally) lookUp(ctx context.Context) error {
	if len(t.deleted) == 0 {
		return nil
	}
	defer func() { t.deleted = map[string]*archived.Count{} }()
	name, key, err := t.rowsOf(ctx, t.object)
	if err != nil || name == "" {
		return err
	}
	final, err := t.final(ctx, name)
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, column := range []string{key, columns.Deleted} {
		if _, has := final.Schema().FindFieldByName(column); !has {
			return nil
		}
	}
	live := rows.Query{Key: []string{key}, Keys: slices.Sorted(maps.Keys(t.deleted)), AnyOrder: true,
		Where: iceberg.IsNull(iceberg.Reference(columns.Deleted))}
	met := map[string]bool{}
	return t.each(ctx, final, live, func(b rows.Batch) error {
		for _, id := range b.Keys {
			if !met[id] {
				met[id] = true
				t.deleted[id].Back++
			}
		}
		return nil
	})
}

// rowsOf finds the final table of an object, and the column of its Ids; "" where there is none.
func (l *Ledger) rowsOf(ctx context.Context, object string) (name, key string, err error) {
	for _, ask := range []struct {
		of   string
		told func(own.Row)
	}{
		{own.Objects, func(r own.Row) { name = r["table_name"] }},
		{own.Fields, func(r own.Row) {
			if strings.EqualFold(r["field"], "Id") {
				key = r["column_name"]
			}
		}},
	} {
		t, err := l.final(ctx, ask.of)
		if errors.Is(err, tables.ErrNone) {
			return "", "", nil
		}
		if err != nil {
			return "", "", err
		}
		for row, err := range own.Read(ctx, t, own.Is("object", object)) {
			if err != nil {
				return "", "", err
			}
			ask.told(row)
		}
	}
	if key == "" {
		return "", "", nil
	}
	return name, key, nil
}

// all are the counts, by object, level and state.
func (t *tally) all() []archived.Count {
	var all []archived.Count
	for _, count := range t.counts {
		all = append(all, *count)
	}
	slices.SortFunc(all, func(a, b archived.Count) int {
		return cmp.Or(strings.Compare(a.Object, b.Object), cmp.Compare(a.Level, b.Level),
			strings.Compare(string(a.State), string(b.State)))
	})
	return all
}
