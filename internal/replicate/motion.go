package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A motion is what became of an object's fields since the last run. No stamp
// tells of it: where a field is new, or comes back after it was hidden, the rows
// of records that don't change lack its values until a narrow part reads them
// (invariant 8).
type motion struct {
	added    []string // columns that the table is going to get
	gone     []string // columns whose field is gone, or hidden from this user
	unfilled []string // columns that some rows have no value for, or an old one
	fill     []string // those of them that can be read now
	renamed  map[string]string
}

// moved compares what describe says now with what the table was made of.
// unfilled is what earlier runs left. A flow that was never consolidated reads
// everything anyway, but for what it can't read now.
func moved(t warehouse.Table, past warehouse.Past, unfilled []string, consolidated bool) motion {
	m := motion{unfilled: slices.Clone(unfilled), renamed: map[string]string{}}
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
		if consolidated && !slices.ContainsFunc(past.Columns, func(name string) bool { return strings.EqualFold(name, c.Name) }) {
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
func (r *Replicator) notice(ctx context.Context, m motion, row control.FlowRow) (control.FlowRow, error) {
	if slices.Equal(m.unfilled, row.Unfilled) {
		return row, nil
	}
	return r.Control.UpdateFlow(ctx, row.Object, func(f *control.FlowRow) { f.Unfilled = m.unfilled })
}

// backfillName is the part that reads new fields of all records.
const backfillName = "backfill"

// backfill reads the fields of columns that aren't filled, of every record. It
// patches: a row that was read later, or whose record has changed since, keeps
// what it has.
func backfill(src *source.Source, columns []string) []control.Part {
	if len(columns) == 0 {
		return nil
	}
	var fields []string
	for _, c := range src.Table.Columns {
		if slices.Contains(columns, c.Name) {
			fields = append(fields, c.Field)
		}
	}
	return []control.Part{narrow(src, backfillName, fields)}
}

// motionNotes says what moved, once it is decided what is done about it.
func motionNotes(src *source.Source, m motion, parts []control.Part) []string {
	table := src.Table.Name
	reads := slices.ContainsFunc(parts, func(p control.Part) bool { return p.Name == backfillName })
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
				what = fmt.Sprintf("is new, since %s can't take the field's values any more: that one keeps its old ones", old)
			}
		}
		notes = append(notes, fmt.Sprintf("column %s.%s %s; it is filled for all records", table, name, what))
	}
	return notes
}

// filled is which columns an attempt has filled for all records.
func filled(src *source.Source, a control.Attempt) []string {
	var names []string
	for _, p := range a.Parts {
		whole := p.Planned() == control.Main || p.Follows == control.Main
		if p.Planned() != backfillName && p.Follows != backfillName && !(whole && readsAll(a)) {
			continue
		}
		for _, c := range src.Table.Columns {
			if slices.Contains(p.Fields, c.Field) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// unread is which columns an attempt that read every record has no values for:
// their fields came after it was begun.
func unread(src *source.Source, a control.Attempt) []string {
	if !readsAll(a) {
		return nil
	}
	var names []string
	for _, c := range src.Table.Columns {
		if !slices.ContainsFunc(a.Parts, func(p control.Part) bool { return slices.Contains(p.Fields, c.Field) }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// readsAll tells whether an attempt reads every record as a whole.
func readsAll(a control.Attempt) bool { return a.From.IsZero() && a.Part(control.Main) != nil }

// without is names less those that are done.
func without(names, done []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(done, name) })
}
