package tombs

import (
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
)

// Settle has the lines of the tries that were committed count for good, and takes away what doesn't count: older lines
// of the same records, and those of tries of older holders of the flow that came to nothing.
func (y Yard) Settle(ctx context.Context, f warehouse.Fence, committed []int64) error {
	unsettled := iceberg.NewAnd(y.here(), iceberg.NotEqualTo(iceberg.Reference(number), int64(0)))
	return y.edit(ctx, func(ctx context.Context, t *table.Table) (map[string]bool, error) {
		keys, files, err := y.keysOf(ctx, t, unsettled)
		if err != nil || len(keys) == 0 {
			return nil, err
		}
		older, err := y.filesOf(ctx, t, keys)
		for file := range older {
			files[file] = true
		}
		return files, err
	}, func(group []*written) []*written { return settled(group, committed, f) })
}

// settled is the lines of a record that stay.
func settled(group []*written, committed []int64, f warehouse.Fence) []*written {
	var stay []*written
	counts := counting(group, committed)
	if counts != nil && counts.Reason != "" {
		counts.try = 0
		stay = append(stay, counts)
	}
	for _, w := range group {
		known := w.try == 0
		for _, try := range committed {
			known = known || try == w.try
		}
		if !known && !older(w.try, f) { // it is being tried
			stay = append(stay, w)
		}
	}
	return stay
}

// keysOf lists the keys of the lines of which something holds, and the files that they are in.
func (y Yard) keysOf(
	ctx context.Context, t *table.Table, where iceberg.BooleanExpression,
) (keys []string, files map[string]bool, err error) {
	l, err := y.open(ctx, t, where, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.cursor.Close()) }()
	files = map[string]bool{}
	for {
		group, err := l.group()
		if errors.Is(err, io.EOF) {
			return keys, files, nil
		}
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, group[0].Key)
		for _, w := range group {
			files[w.file] = true
		}
	}
}

// filesOf lists the files that lines of some keys are in.
func (y Yard) filesOf(ctx context.Context, t *table.Table, keys []string) (files map[string]bool, err error) {
	l, err := y.open(ctx, t, y.here(), keys, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.cursor.Close()) }()
	files = map[string]bool{}
	for {
		w, err := l.next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		files[w.file] = true
	}
}

// Unstamp forgets what tombstones say of their versions where that is later than a moment: but for those of records
// that were erased, whose stamp is "never".
func (y Yard) Unstamp(ctx context.Context, end time.Time) error {
	last := versions.At(end)
	ahead := func(w *written) bool { return w.Reason != gone.Erased && (w.At > last || w.ReadAt > last) }
	return y.edit(ctx, func(ctx context.Context, t *table.Table) (map[string]bool, error) {
		micros := iceberg.Timestamp(end.UnixMicro())
		_, files, err := y.keysOf(ctx, t, iceberg.NewAnd(y.here(), iceberg.NewOr(
			iceberg.GreaterThan(iceberg.Reference(columns.At), micros),
			iceberg.GreaterThan(iceberg.Reference(columns.ReadAt), micros)),
			iceberg.NotEqualTo(iceberg.Reference(reason), string(gone.Erased))))
		return files, err
	}, func(group []*written) []*written {
		for _, w := range group {
			if ahead(w) && w.At > last {
				w.At = versions.None
			}
			if ahead(w) && w.ReadAt > last {
				w.ReadAt = versions.None
			}
		}
		return group
	})
}

// edit writes some files anew, with what stays of the lines of each record in them.
func (y Yard) edit(
	ctx context.Context, which func(context.Context, *table.Table) (map[string]bool, error),
	stay func([]*written) []*written,
) error {
	_, err := y.Lake.Commit(ctx, y.Name, func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		if t.CurrentSnapshot() == nil {
			return nil, nil
		}
		files, err := which(ctx, t)
		if err != nil || len(files) == 0 {
			return nil, err
		}
		c := &tables.Change{}
		return c, y.anew(ctx, t, c, files, stay)
	})
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	return err
}

// anew has a change write some files anew, with what stays of the lines of each record in them.
func (y Yard) anew(
	ctx context.Context, t *table.Table, c *tables.Change, files map[string]bool, stay func([]*written) []*written,
) error {
	if len(files) == 0 {
		return nil
	}
	tasks, err := t.Scan(table.WithRowFilter(y.here()), table.WithMaxConcurrency(1)).PlanFiles(ctx)
	if err != nil {
		return tables.Listing(t.Identifier(), err)
	}
	for _, task := range tasks {
		if files[task.File.FilePath()] {
			c.Gone = append(c.Gone, task.File)
		}
	}
	l, err := y.open(ctx, t, y.here(), nil, files)
	if err != nil {
		return err
	}
	var failed error
	left, err := own.Write(ctx, t, y.staying(l, stay, &failed))
	c.Rows = append(c.Rows, left...)
	return errors.Join(failed, err, l.cursor.Close())
}

// staying is what stays of lines.
func (y Yard) staying(l *lines, stay func([]*written) []*written, failed *error) iter.Seq[own.Row] {
	return func(yield func(own.Row) bool) {
		for {
			group, err := l.group()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					*failed = err
				}
				return
			}
			for _, w := range stay(group) {
				if !yield(y.row(w)) {
					return
				}
			}
		}
	}
}

// row is a line as the table has it.
func (y Yard) row(w *written) own.Row {
	row := own.Row{ofTable: y.Of, key: w.Key, number: strconv.FormatInt(w.try, 10)}
	put := func(column string, at versions.Moment) {
		if at != versions.None {
			row[column] = columns.Moment(at.Time())
		}
	}
	put(columns.At, w.At)
	put(columns.ReadAt, w.ReadAt)
	put(removed, w.removed)
	if w.Reason != "" {
		row[reason] = string(w.Reason)
	}
	return row
}
