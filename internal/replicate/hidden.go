package replicate

import (
	"context"
	"slices"

	"catchment/internal/control"
	"catchment/internal/warehouse"
)

// noteHidden remembers the columns whose fields are gone or hidden at present.
// What changes meanwhile is loaded without them, and no stamp tells that later:
// when such a field comes back, every run says so, until the table was read
// as a whole (invariant 8).
func (r *Replicator) noteHidden(ctx context.Context, v *visit, gone []string) error {
	a := &v.attempt
	row, err := r.Control.Flow(ctx, a.Flow)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(gone, func(name string) bool { return !slices.Contains(row.Hidden, name) }) {
		row, err = r.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
			f.Hidden = slices.Compact(slices.Sorted(slices.Values(append(f.Hidden, gone...))))
		})
		if err != nil {
			return err
		}
	}
	for _, name := range row.Hidden {
		if !a.Complete && !slices.Contains(gone, name) && hasColumn(v.source.table, name) {
			v.note("column %s.%s is back: records that changed while its field was hidden get their value only by: catchment run --full %s",
				v.source.table.Name, name, a.Flow)
		}
	}
	return nil
}

// stillHidden is what of the hidden columns a complete reading has not filled.
func stillHidden(hidden []string, t warehouse.Table) []string {
	return slices.DeleteFunc(hidden, func(name string) bool { return hasColumn(t, name) })
}

func hasColumn(t warehouse.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c warehouse.Column) bool { return c.Name == name })
}
