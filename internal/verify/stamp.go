package verify

import (
	"context"
	"strings"

	"catchment/internal/warehouse"
)

// How much can be judged depends on what an object tells of its records'
// changes.

// snapshot is how the table of an object came about that has no stamp.
func (w *visit) snapshot(ctx context.Context) (*warehouse.Snapshot, error) {
	row, err := w.Control.Flow(ctx, w.flow.Object)
	w.res.UnjudgedWhy = "no field tells when its records change, so nobody knows whether these did since the last run"
	return &warehouse.Snapshot{ReadAt: row.SweptAt, Born: w.judgedColumn(w.source.Object.Born())}, err
}

// stamp is the column that tells when a record changed, whether it can be
// filtered or not; "" where there is none.
func (w *visit) stamp() string {
	for _, field := range []string{"SystemModstamp", "LastModifiedDate", w.source.Object.Cursor().Field} {
		if c := w.judgedColumn(field); c != "" {
			return c
		}
	}
	return ""
}

// judgedColumn is the column of a field that is compared, or "".
func (w *visit) judgedColumn(field string) string {
	for _, c := range w.judged.Columns {
		if strings.EqualFold(c.Field, field) {
			return c.Name
		}
	}
	return ""
}

// needed tells whether a field takes part in every comparison.
func (w *visit) needed(field string) bool {
	for _, name := range w.narrow() {
		if strings.EqualFold(field, name) {
			return true
		}
	}
	return false
}

// narrow is the fields that say which version of a record there is. Where an
// object has no stamp, when its records were made has to do.
func (w *visit) narrow() []string {
	for _, name := range []string{"SystemModstamp", "LastModifiedDate", w.source.Object.Born()} {
		if f, ok := w.source.Object.Field(name); ok {
			return []string{"Id", f.Name, "IsDeleted"}
		}
	}
	return []string{"Id", "IsDeleted"}
}
