package removal

import (
	"maps"
	"slices"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// A Where says which rows are to go: all that it says holds of them.
type Where struct {
	In     map[string][]string  // columns of text that have one of some values
	NotIn  map[string][]string  // columns of text that have none of some values
	Before map[string]time.Time // columns of moments that are before one
}

// Expression is what holds of the rows.
func (w Where) Expression() iceberg.BooleanExpression {
	all := iceberg.BooleanExpression(iceberg.AlwaysTrue{})
	for _, name := range slices.Sorted(maps.Keys(w.In)) {
		all = iceberg.NewAnd(all, iceberg.IsIn(iceberg.Reference(name), w.In[name]...))
	}
	for _, name := range slices.Sorted(maps.Keys(w.NotIn)) {
		if len(w.NotIn[name]) > 0 {
			all = iceberg.NewAnd(all, iceberg.NotIn(iceberg.Reference(name), w.NotIn[name]...))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Before)) {
		moment := iceberg.Timestamp(w.Before[name].UnixMicro())
		all = iceberg.NewAnd(all, iceberg.LessThan(iceberg.Reference(name), moment))
	}
	return all
}

// whole tells whether a file's statistics say that all of its rows go. They may say less than is so.
func (w Where) whole(t *table.Table, file iceberg.DataFile) bool {
	for name, values := range w.In {
		value, known := same(t, file, name)
		if !known || !slices.Contains(values, value) {
			return false
		}
	}
	for name, values := range w.NotIn {
		value, known := same(t, file, name)
		if len(values) > 0 && (!known || slices.Contains(values, value)) {
			return false
		}
	}
	for name, moment := range w.Before {
		f, ok := t.Schema().FindFieldByName(name)
		if !ok || !full(file, f) {
			return false
		}
		last, err := iceberg.LiteralFromBytes(f.Type, file.UpperBoundValues()[f.ID])
		at, is := last.(iceberg.TimestampLiteral)
		if err != nil || !is || int64(at) >= moment.UnixMicro() {
			return false
		}
	}
	return true
}

// same is the value that a column of text has in all rows of a file, if it is known. A bound that was cut off is never
// the same as the other: the upper one is more than the values then.
func same(t *table.Table, file iceberg.DataFile, column string) (string, bool) {
	f, ok := t.Schema().FindFieldByName(column)
	if !ok || !full(file, f) {
		return "", false
	}
	first, last := string(file.LowerBoundValues()[f.ID]), string(file.UpperBoundValues()[f.ID])
	return first, first == last
}

// full tells whether a column has a value in all rows of a file, and it is known between which they are.
func full(file iceberg.DataFile, f iceberg.NestedField) bool {
	nulls, counted := file.NullValueCounts()[f.ID]
	return counted && nulls == 0 && file.LowerBoundValues()[f.ID] != nil && file.UpperBoundValues()[f.ID] != nil
}
