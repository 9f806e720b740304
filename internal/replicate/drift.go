package replicate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/salesforce/soql"
	"catchment/internal/source"
	"catchment/internal/warehouse/shape"
)

// A schemaDrift is what became of an object's fields since the last run. No stamp
// tells of it: where a field is new, or comes back after it was hidden, the rows
// of records that don't change lack its values until a narrow part reads them
// (invariant 8).
type schemaDrift struct {
	added    []string          // columns that the table is going to get
	gone     []string          // columns whose field is gone, or hidden from this user
	remade   map[string]string // columns whose field is described otherwise now, and how
	unfilled []string          // columns that some rows have no value for, or an old one
	fill     []string          // those of them that can be read now
	renamed  map[string]string
}

// A drifting is what is known of an object's fields before a run.
type drifting struct {
	table        shape.Table       // as describe wants it now
	was          []string          // the columns that were filled before
	remade       map[string]string // those whose field is described otherwise now
	unfilled     []string          // what earlier runs left
	consolidated bool              // else everything is read anyway, but for what can't be
}

// driftFrom compares what is described of a source with what the table was made of.
func driftFrom(src *source.Source, unfilled []string, consolidated bool) schemaDrift {
	return driftOf(drifting{src.Table, src.Copied(), src.Redescribed(), unfilled, consolidated})
}

// driftOf compares what describe says now with what the table was made of.
func driftOf(d drifting) schemaDrift {
	t, unfilled := d.table, d.unfilled
	m := schemaDrift{unfilled: slices.Clone(unfilled), renamed: map[string]string{}}
	if len(d.was) == 0 {
		return m
	}
	m.remade = d.remade
	stale := slices.Collect(maps.Keys(d.remade))
	if !d.consolidated {
		stale = nil
	}
	var fresh []string // gone since the last run
	for _, name := range d.was {
		if !source.HasColumn(t, name) {
			m.gone = append(m.gone, name)
			if !slices.Contains(unfilled, name) {
				fresh = append(fresh, name)
			}
		}
	}
	for _, c := range t.Columns {
		if d.consolidated && !slices.ContainsFunc(d.was,
			func(name string) bool { return strings.EqualFold(name, c.Name) }) {
			m.added = append(m.added, c.Name)
		}
	}
	if len(fresh) == 1 && len(m.added) == 1 { // more would be guessing
		m.renamed[m.added[0]] = fresh[0]
	}
	m.unfilled = slices.Compact(slices.Sorted(slices.Values(
		slices.Concat(m.unfilled, m.gone, m.added, stale))))
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
	ctx context.Context, held *lease.Lease, m schemaDrift, src *source.Source, row control.FlowRow,
) (control.FlowRow, error) {
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return row, err
	}
	retired := retiredBy(src.Left, row.Retired, now)
	if slices.Equal(m.unfilled, row.Unfilled) && slices.Equal(retired, row.Retired) {
		return row, nil
	}
	return held.Remember(ctx, func(f *recall.Memory) {
		f.Unfilled, f.Retired = m.unfilled, retired
	})
}

// retiredBy is the columns that fields have left behind, each since it was first seen.
func retiredBy(left []source.Left, known []recall.RetiredColumn, now time.Time) []recall.RetiredColumn {
	var all []recall.RetiredColumn
	for _, l := range left {
		one := recall.RetiredColumn{Column: l.Column, Field: l.Field, By: l.By,
			Since: now.UTC().Truncate(time.Second)} // as readings are stamped
		for _, k := range known {
			if k.Column == l.Column {
				one.Since = k.Since
			}
		}
		all = append(all, one)
	}
	return all
}

// reads tells whether an attempt reads a field that was described otherwise when it
// was begun.
func (m schemaDrift) reads(src *source.Source, a control.Attempt) bool {
	return slices.ContainsFunc(a.Parts, func(p *control.Part) bool {
		return slices.ContainsFunc(p.Fields, func(field string) bool {
			c, ok := src.Column(field)
			return ok && m.remade[c.Name] != ""
		})
	})
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
		notes = append(notes, fmt.Sprintf("column %s.%s %s; it is filled for all records", table, name,
			m.whyFilled(src, name)))
	}
	return notes
}

// whyFilled says what became of a column whose field can be read.
func (m schemaDrift) whyFilled(src *source.Source, name string) string {
	old := src.FormerColumn(name)
	switch {
	case m.remade[name] != "":
		return "may hold old values, since " + m.remade[name]
	case !slices.Contains(m.added, name):
		return "is back, its field can be read again"
	case old != "":
		return fmt.Sprintf("is new, since %s can't take the field's values any more%s", old, held(src, old))
	case m.renamed[name] != "":
		return fmt.Sprintf("is new, and %s is gone: if its field was renamed, that column can be dropped",
			m.renamed[name])
	}
	return "is new"
}

// held says what keeps a column from another type that it could have, or "".
func held(src *source.Source, column string) string {
	if views := src.Past.Held[column]; len(views) > 0 {
		return " under what uses it: " + strings.Join(views, ", ")
	}
	return ""
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

// askWithheld asks once a day, and where everything is read anew, whether Salesforce lets
// the fields be read that it refused: by one call, which brings one record at most. Describe
// doesn't tell that.
func (l *listing) askWithheld(ctx context.Context, object string) error {
	row, err := l.Control.Flow(ctx, object)
	if err != nil || len(row.Withheld) == 0 {
		return err
	}
	now, err := l.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	all, due := row.WithheldFields(now)
	if l.Options.Full {
		due = all
	}
	if len(due) == 0 {
		return nil
	}
	q := soql.Select{Fields: due, From: object, Limit: 1}
	for _, err = range l.Org.Query(ctx, q.String(), false) {
	}
	if err != nil && plan.ClassOf(err) != plan.Fix { // it says nothing of the fields
		return err
	}
	refused := err != nil
	_, err = l.Control.UpdateFlow(ctx, object, func(f *control.FlowRow) {
		if f.Release(due...); !refused {
			return
		}
		for _, field := range due {
			f.Withhold(field, now)
		}
	})
	return err
}
