package follow

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/source"
	"catchment/internal/value"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/streamed"
)

// A fold is what events say of records, each record once, in the order of the stream.
type fold struct {
	source *source.Source
	stored shape.Table // the columns that the table has
	masks  value.Treatment
	rows   map[string]*folded
	order  []string
}

// A folded is what the events of one record say together.
type folded struct {
	row    streamed.Row
	values map[string]*string // by column
}

func newFold(src *source.Source, stored shape.Table) *fold {
	return &fold{source: src, stored: stored, rows: map[string]*folded{},
		masks: value.Treatment{Changes: src.Treatment.Changes, Salt: src.Treatment.Salt}}
}

// add takes in one event, and tells whether it is known which records it is about: where not, only a window finds
// them.
func (f *fold) add(d change.Delta, unreadable error) (known bool) {
	act, values := f.says(d)
	if unreadable != nil {
		act = streamed.Read
	}
	for _, id := range d.IDs {
		f.one(id, streamed.Row{ID: id, Act: act, At: d.At}, values)
	}
	return len(d.IDs) > 0
}

// says is what an event does to each of its records.
func (f *fold) says(d change.Delta) (streamed.Act, map[string]*string) {
	act := streamed.Read
	switch d.Kind {
	case change.Create:
		act = streamed.Make
	case change.Update:
		act = streamed.Set
	case change.Delete:
		return streamed.Gone, nil
	}
	if act == streamed.Read || f.source.Flow.Where != "" { // only a query tells who meets a filter
		return streamed.Read, nil
	}
	values := map[string]*string{}
	for _, field := range d.Fields {
		c, copied := f.source.Column(field.Name)
		switch {
		case field.Why == change.Unknown:
			return streamed.Read, nil
		case !copied:
			continue
		case !source.HasColumn(f.stored, c.Name), field.State == change.Read, f.checked(c.Field):
			return streamed.Read, nil
		}
		text, plain := f.text(field)
		if !plain {
			return streamed.Read, nil
		}
		values[c.Name] = text
	}
	return act, values
}

// checked tells whether the flow's rules look at a field: they judge whole records.
func (f *fold) checked(name string) bool {
	return slices.ContainsFunc(f.source.Treatment.Checks,
		func(c value.Check) bool { return strings.EqualFold(c.Field, name) })
}

// text is the value of a field as the table gets it, and whether that can be told from it alone.
func (f *fold) text(field change.Field) (*string, bool) {
	if field.State == change.Null || field.Value == "" {
		return nil, true
	}
	if strings.ContainsRune(field.Value, 0) || !utf8.ValidString(field.Value) {
		return nil, false
	}
	treating, err := f.masks.For([]string{field.Name})
	if err != nil {
		return nil, false
	}
	v := single(field.Value)
	treating.Change(&v)
	text := string(v)
	return &text, true
}

// A single is a record of one value.
type single []byte

func (s *single) Value(int) []byte { return *s }

func (s *single) Set(_ int, v []byte) { *s = slices.Clone(v) }

// one folds what an event says of a record behind what those before it said.
func (f *fold) one(id string, next streamed.Row, values map[string]*string) {
	r := f.rows[id]
	if r == nil {
		r = &folded{row: next, values: map[string]*string{}}
		f.rows[id], f.order = r, append(f.order, id)
	} else {
		r.row.Act = follows(r.row.Act, next.Act)
		if next.At.After(r.row.At) {
			r.row.At = next.At
		}
	}
	maps.Copy(r.values, values)
}

// follows is what two acts are together.
func follows(first, next streamed.Act) streamed.Act {
	switch {
	case first == streamed.Read, next == streamed.Read:
		return streamed.Read
	case next == streamed.Gone:
		return streamed.Gone
	case first == streamed.Gone: // it came back, and nobody said so
		return streamed.Read
	case first == streamed.Make, next == streamed.Make:
		return streamed.Make
	}
	return streamed.Set
}

// all gives what was folded, in the order in which the records came.
func (f *fold) all() []streamed.Row {
	rows := make([]streamed.Row, len(f.order))
	for i, id := range f.order {
		r := f.rows[id]
		if r.row.Act == streamed.Make || r.row.Act == streamed.Set {
			for _, name := range slices.Sorted(maps.Keys(r.values)) {
				r.row.Columns, r.row.Values = append(r.row.Columns, name), append(r.row.Values, r.values[name])
			}
		}
		rows[i] = r.row
	}
	return rows
}

// toRead is the same records, all of which are to be read.
func toRead(rows []streamed.Row) []streamed.Row {
	all := make([]streamed.Row, len(rows))
	for i, r := range rows {
		all[i] = streamed.Row{ID: r.ID, Act: streamed.Read, At: r.At}
	}
	return all
}
