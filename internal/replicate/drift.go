package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/source"
	"catchment/internal/warehouse/shape"
)

// A schemaDrift is what became of an object's fields since the last run. No stamp
// tells of it: where a field is new, or comes back after it was hidden, the rows
// of records that don't change lack its values until a narrow part reads them
// (invariant 8).
type schemaDrift struct {
	added    []string // columns that the table is going to get
	gone     []string // columns whose field is gone, or hidden from this user
	unfilled []string // columns that some rows have no value for, or an old one
	fill     []string // those of them that can be read now
	renamed  map[string]string
}

// driftOf compares what describe says now with what the table was made of.
// unfilled is what earlier runs left. A flow that was never consolidated reads
// everything anyway, but for what it can't read now.
func driftOf(t shape.Table, past shape.Past, unfilled []string, consolidated bool) schemaDrift {
	m := schemaDrift{unfilled: slices.Clone(unfilled), renamed: map[string]string{}}
	if len(past.Columns) == 0 {
		return m
	}
	var fresh []string // gone since the last run
	for _, name := range past.Columns {
		if !source.HasColumn(t, name) {
			m.gone = append(m.gone, name)
			if !slices.Contains(unfilled, name) {
				fresh = append(fresh, name)
			}
		}
	}
	for _, c := range t.Columns {
		if consolidated && !slices.ContainsFunc(past.Columns,
			func(name string) bool { return strings.EqualFold(name, c.Name) }) {
			m.added = append(m.added, c.Name)
		}
	}
	if len(fresh) == 1 && len(m.added) == 1 { // more would be guessing
		m.renamed[m.added[0]] = fresh[0]
	}
	m.unfilled = slices.Compact(slices.Sorted(slices.Values(slices.Concat(m.unfilled, m.gone, m.added))))
	for _, name := range m.unfilled {
		if source.HasColumn(t, name) {
			m.fill = append(m.fill, name)
		}
	}
	return m
}

// notice remembers what moved before anything is read or made: a crash on the
// way must not lose that a column is still to be filled.
func (r *Replicator) notice(
	ctx context.Context, held *lease.Lease, m schemaDrift, row control.FlowRow,
) (control.FlowRow, error) {
	if slices.Equal(m.unfilled, row.Unfilled) {
		return row, nil
	}
	return held.Remember(ctx, func(f *control.Memory) { f.Unfilled = m.unfilled })
}

// notes says what moved, once it is decided what is done about it.
func (m schemaDrift) notes(src *source.Source, parts []*control.Part) []string {
	table := src.Table.Name
	reads := slices.ContainsFunc(parts, func(p *control.Part) bool { return p.Name == backfillPart })
	var notes []string
	for _, name := range m.fill {
		if !reads {
			break // the main part reads all
		}
		what := "is back, its field can be read again"
		if slices.Contains(m.added, name) {
			what = "is new"
			if old := m.renamed[name]; old != "" {
				what = fmt.Sprintf("is new, and %s is gone: if its field was renamed, that column can be dropped", old)
			}
			if old := src.FormerColumn(name); old != "" {
				what = fmt.Sprintf("is new, since %s can't take the field's values any more: "+
					"that one keeps its old ones", old)
			}
		}
		notes = append(notes, fmt.Sprintf("column %s.%s %s; it is filled for all records", table, name, what))
	}
	return notes
}

// without is names less those that are done.
func without(names, done []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(done, name) })
}

// unstamped decides what is to be read beside a flow's window in this run: the columns
// that fill names, and the fields that change without a stamp.
func (r *Replicator) unstamped(
	ctx context.Context, src *source.Source, row control.FlowRow, fill []string,
) (unstamped, error) {
	s := unstamped{fill: fill}
	for _, f := range flow.Unstamped(src.Flow, src.Object, src.Fields) {
		s.fields = append(s.fields, f.Name)
	}
	if len(s.fields) == 0 || len(src.Past.Columns) == 0 {
		return s, nil
	}
	zone, err := r.zones.Of(ctx, src.Flow.Refresh.At)
	if err != nil {
		return s, err
	}
	server, err := r.Org.ServerTime(ctx) // as the last refresh was stamped
	if err != nil {
		return s, err
	}
	s.due = src.Flow.Refresh.Due(row.RefreshedAt, server, zone)
	s.sample = src.Flow.Refresh.Sample
	if !s.sample || row.Rows <= sampleSize { // then a sample is all of them
		return s, nil
	}
	s.from, err = r.Warehouse.SomeKey(ctx, src.Table)
	return s, err
}
