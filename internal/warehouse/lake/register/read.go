package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
)

// Lines lists so many lines of an object, in order of their Ids, of those that follow one.
func (r *Register) Lines(ctx context.Context, object, after string, most int) (all []bodies.Line, err error) {
	err = r.lines(ctx, object, rows.Query{After: after}, func(l bodies.Line) bool {
		all = append(all, l)
		return len(all) < most
	})
	return all, err
}

// Lookup finds the lines of files by their Ids.
func (r *Register) Lookup(ctx context.Context, object string, ids []string) (all []bodies.Line, err error) {
	err = r.lines(ctx, object, rows.Query{Keys: sorted(ids)}, func(l bodies.Line) bool {
		all = append(all, l)
		return true
	})
	return all, err
}

// sorted is Ids in order, each once.
func sorted(ids []string) []string {
	all := append([]string{}, ids...)
	slices.Sort(all)
	return slices.Compact(all)
}

// lines calls back with lines of an object, in order of their Ids, until it says no.
func (r *Register) lines(ctx context.Context, object string, q rows.Query, each func(bodies.Line) bool) error {
	t, err := r.Lake.Find(ctx, r.Name)
	if err == nil {
		err = r.each(ctx, t, ofLines(object, q), func(b rows.Batch, i int) bool {
			return each(LineOf(compare.RowAt(b, i)))
		})
	}
	if err != nil {
		return fmt.Errorf("read the register of files: %w", err)
	}
	return nil
}

// ofLines asks for lines of an object.
func ofLines(object string, q rows.Query) rows.Query {
	q.Key, q.Columns, q.Where = []string{own.FileKey}, Columns(), Of(object)
	return q
}

// Named tells which of some bodies any line of any object names. It reads one column of all lines.
func (r *Register) Named(ctx context.Context, digests []string) (map[string]bool, error) {
	named := map[string]bool{}
	if len(digests) == 0 {
		return named, nil
	}
	asked := map[string]bool{}
	for _, digest := range digests {
		asked[digest] = true
	}
	t, err := r.Lake.Find(ctx, r.Name)
	if err == nil {
		q := rows.Query{Columns: []string{"sha256"}, AnyOrder: true}
		err = r.each(ctx, t, q, func(b rows.Batch, i int) bool {
			if digest := compare.RowAt(b, i).Text("sha256"); asked[digest] {
				named[digest] = true
			}
			return len(named) < len(asked)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("ask which bodies are named: %w", err)
	}
	return named, nil
}

// each calls back with rows of a table, until it says no.
func (r *Register) each(
	ctx context.Context, t *table.Table, q rows.Query, each func(b rows.Batch, i int) bool,
) error {
	q.Scratch = r.Scratch
	return rows.Each(ctx, t, q, func(b rows.Batch) error {
		for i := range b.Keys {
			if !each(b, i) {
				return rows.ErrEnough
			}
		}
		return nil
	})
}
