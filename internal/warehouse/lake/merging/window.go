package merging

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
)

// What a window has room for.
const (
	windowRows  = 16 << 10
	windowHolds = 96
)

// Places that are in no batch.
const (
	nothing = -1
	isFalse = -2
	isTrue  = -3
)

// A window is some rows that are being made, and the batches that their values are taken from. A place is the number
// of a row among all rows of these batches.
type window struct {
	out     *arrow.Schema
	classes []class
	of      []int // the class of each column; -1 where it is one of ours
	held    []arrow.RecordBatch
	bases   []int32
	rows    int32

	places [][]int32 // of each class, for each row that is made
	own    []owned
}

// A class is columns that take their values from the same places.
type class struct {
	put, patch []bool // which parts carry them, and may move them by a patch
	retired    bool
	told       bool // IsDeleted
}

// Owned is what our own columns say of a row.
type owned struct {
	row    versions.Row
	synced versions.Moment
}

// newWindow is a window for rows of a table.
func newWindow(out *arrow.Schema, t shape.Table, parts []versions.Part) *window {
	w := &window{out: out}
	known := map[string]int{}
	for _, field := range out.Fields() {
		if slices.ContainsFunc(columns.Final(), func(c shape.Column) bool { return c.Name == field.Name }) {
			w.of = append(w.of, -1)
			continue
		}
		c := classOf(field.Name, t, parts)
		sign := fmt.Sprint(c)
		i, has := known[sign]
		if !has {
			i = len(w.classes)
			known[sign] = i
			w.classes, w.places = append(w.classes, c), append(w.places, nil)
		}
		w.of = append(w.of, i)
	}
	return w
}

// classOf finds where the values of a column come from.
func classOf(name string, t shape.Table, parts []versions.Part) class {
	c := class{retired: slices.Contains(t.Retired, name), told: name == columnOf(t, fieldDeleted)}
	whole := c.told || name == columnOf(t, fieldStamp) || name == columnOf(t, fieldMaster)
	for _, p := range parts {
		carries := slices.Contains(p.Columns, name)
		c.put = append(c.put, carries && p.Op == warehouse.Put)
		c.patch = append(c.patch, carries && p.Op == warehouse.Patch && !whole)
	}
	return c
}

// place is where a value comes from: the last layer that has it, or the row that is there.
func (c *class) place(layers []versions.Layer, row int32) int32 {
	for i := len(layers) - 1; i >= 0; i-- {
		l := &layers[i]
		switch {
		case l.Told && !c.told:
		case l.Told && l.Says:
			return isTrue
		case l.Told:
			return isFalse
		case l.Patch && c.patch[l.Version.Part], l.Put && c.put[l.Version.Part]:
			return int32(l.Version.Place) // #nosec G115 -- a window has few rows
		case l.Put && c.retired:
			return nothing
		}
	}
	return row
}

// hold has the window take values from a batch, and tells the place of its first row.
func (w *window) hold(record arrow.RecordBatch) int32 {
	base := w.rows
	w.held, w.bases = append(w.held, record), append(w.bases, base)
	w.rows += int32(record.NumRows()) // #nosec G115 -- a batch has few rows
	return base
}

// find is the batch and the row in it that a place is.
func (w *window) find(place int32) (arrow.RecordBatch, int) {
	i, exact := slices.BinarySearch(w.bases, place)
	if !exact {
		i--
	}
	return w.held[i], int(place - w.bases[i])
}

// differs tells whether a patch says anything else than a row with layers over it.
func (w *window) differs(layers []versions.Layer, patch versions.Version, row int32) bool {
	from, i := w.find(int32(patch.Place)) // #nosec G115 -- a window has few rows
	for n, field := range w.out.Fields() {
		if w.of[n] < 0 || !w.classes[w.of[n]].patch[patch.Part] {
			continue
		}
		says := named(from, field.Name)
		place := w.classes[w.of[n]].place(layers, row)
		if place == nothing {
			if says.IsValid(i) {
				return true
			}
			continue
		}
		over, j := w.find(place)
		if is := named(over, field.Name); is == nil && says.IsValid(i) || is != nil && !alike(says, i, is, j) {
			return true
		}
	}
	return false
}

// add makes a row: of layers over the row at a place, which may be nothing.
func (w *window) add(layers []versions.Layer, row int32, own owned) {
	for i := range w.classes {
		w.places[i] = append(w.places[i], w.classes[i].place(layers, row))
	}
	w.own = append(w.own, own)
}

// full tells whether the rows are to be taken out.
func (w *window) full() bool { return len(w.own) >= windowRows || len(w.held) >= windowHolds }

// take is the rows that were made. The window is empty then.
func (w *window) take(ctx context.Context) (arrow.RecordBatch, error) {
	takings := make([]taking, len(w.classes))
	for i := range w.classes {
		takings[i] = w.taking(w.places[i])
	}
	made := make([]arrow.Array, len(w.of))
	for n, field := range w.out.Fields() {
		var err error
		if w.of[n] < 0 {
			made[n], err = w.ours(field)
		} else {
			made[n], err = w.column(ctx, field, w.classes[w.of[n]].told, takings[w.of[n]])
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", field.Name, err)
		}
	}
	record := array.NewRecordBatch(w.out, made, int64(len(w.own)))
	w.clear()
	return record, nil
}

func (w *window) clear() {
	for i := range w.places {
		w.places[i] = w.places[i][:0]
	}
	w.own, w.held, w.bases, w.rows = w.own[:0], w.held[:0], w.bases[:0], 0
}

// indices are places as compute takes them. After the rows of all batches there are false and true.
func (w *window) indices(places []int32) arrow.Array {
	b := array.NewInt32Builder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(len(places))
	for _, place := range places {
		switch place {
		case nothing:
			b.UnsafeAppendBoolToBitmap(false)
		case isFalse:
			b.UnsafeAppend(w.rows)
		case isTrue:
			b.UnsafeAppend(w.rows + 1)
		default:
			b.UnsafeAppend(place)
		}
	}
	return b.NewArray()
}

// A taking is where the values of a class come from: rows that follow each other, as they do in a first run, or any.
type taking struct {
	first   int32
	rows    int32
	indices arrow.Array // nil where they follow each other
}

func (w *window) taking(places []int32) taking {
	first := places[0]
	for i, place := range places {
		if first < 0 || place != first+int32(i) { // #nosec G115 -- a window has few rows
			return taking{indices: w.indices(places)}
		}
	}
	return taking{first: first, rows: int32(len(places))} // #nosec G115 -- a window has few rows
}

// column takes a column's values from where they are.
func (w *window) column(ctx context.Context, field arrow.Field, told bool, of taking) (arrow.Array, error) {
	all := make([]arrow.Array, 0, len(w.held)+1)
	for i, record := range w.held {
		from, to := int64(0), record.NumRows()
		if of.indices == nil {
			from, to = max(0, int64(of.first-w.bases[i])), min(to, int64(of.first+of.rows-w.bases[i]))
		}
		if from >= to {
			continue
		}
		values, err := valuesOf(ctx, record, field)
		if err != nil {
			return nil, err
		}
		if to-from < record.NumRows() {
			values = array.NewSlice(values, from, to)
		}
		all = append(all, values)
	}
	if told && of.indices != nil {
		b := array.NewBooleanBuilder(memory.DefaultAllocator)
		b.AppendValues([]bool{false, true}, nil)
		all = append(all, b.NewArray())
	}
	if len(all) == 0 {
		return array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, of.indices.Len()), nil
	}
	from := all[0]
	if len(all) > 1 {
		var err error
		if from, err = array.Concatenate(all, memory.DefaultAllocator); err != nil {
			return nil, err
		}
	}
	if of.indices == nil {
		return from, nil
	}
	return compute.TakeArray(ctx, from, of.indices)
}

// valuesOf are the values that a batch has for a column, of the column's type.
func valuesOf(ctx context.Context, record arrow.RecordBatch, field arrow.Field) (arrow.Array, error) {
	values := named(record, field.Name)
	if values == nil {
		return array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, int(record.NumRows())), nil
	}
	if arrow.TypeEqual(values.DataType(), field.Type) {
		return values, nil
	}
	return compute.CastArray(ctx, values, compute.SafeCastOptions(field.Type))
}

// ours makes one of our own columns.
func (w *window) ours(field arrow.Field) (arrow.Array, error) {
	if field.Name == columns.Reason {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		for i := range w.own {
			if reason := w.own[i].row.Reason; reason != "" {
				b.Append(string(reason))
			} else {
				b.AppendNull()
			}
		}
		return b.NewArray(), nil
	}
	kind, is := field.Type.(*arrow.TimestampType)
	if !is {
		return nil, fmt.Errorf("it is of type %s", field.Type)
	}
	b := array.NewTimestampBuilder(memory.DefaultAllocator, kind)
	defer b.Release()
	for i := range w.own {
		if at := w.own[i].moment(field.Name); at != versions.None {
			b.Append(arrow.Timestamp(at))
		} else {
			b.AppendNull()
		}
	}
	return b.NewArray(), nil
}

// moment is what one of our own columns says of a row.
func (o *owned) moment(column string) versions.Moment {
	switch column {
	case columns.At:
		return o.row.At
	case columns.ReadAt:
		return o.row.ReadAt
	case columns.Deleted:
		return o.row.Deleted
	case columns.Rejected:
		return o.row.Rejected
	}
	return o.synced
}
