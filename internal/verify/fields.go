package verify

import (
	"context"
	"strings"

	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// describe finds what the flow copies, and what of it can be compared.
func (w *visit) describe(ctx context.Context) error {
	find := source.Finder{Describe: w.Org.Describe, Columns: w.Warehouse.Adapt}
	if w.Options.Repair { // what it reads is stored
		find.Secret = w.Secret
	}
	var err error
	if w.source, err = find.Source(ctx, w.flow); err != nil {
		return err
	}
	if w.table, err = w.Warehouse.Stored(ctx, w.source.Table); err != nil {
		return err
	}
	w.judged = w.table
	w.judged.Columns = nil
	for _, c := range w.source.Table.Columns {
		reason := w.leaveOut(c)
		switch {
		case reason == "":
			w.judged.Columns = append(w.judged.Columns, c)
			w.res.Columns = append(w.res.Columns, c.Name)
		case w.res.Method == Values:
			w.res.LeftOut = append(w.res.LeftOut, LeftOut{c.Field, reason})
		}
	}
	return nil
}

// leaveOut says why a column is not compared, or "".
func (w *visit) leaveOut(c warehouse.Column) string {
	if !source.HasColumn(w.table, c.Name) {
		if len(w.table.Columns) == 0 && w.needed(c.Field) { // the table is gone: Inspect says so
			return ""
		}
		return "its column is not in the table yet: the next run adds it"
	}
	switch {
	case w.needed(c.Field) || w.isKey(c):
		return ""
	case w.res.Method != Values:
		return "only stamps are compared"
	case w.source.ByREST(c.Field):
		return "Bulk can't carry its type"
	case perUser(c.Field):
		return "its value is another one for each user"
	case w.flow.Changed(c.Field):
		return "the flow changes its values on their way"
	}
	return ""
}

func (w *visit) isKey(c warehouse.Column) bool {
	for _, k := range w.table.Key {
		if k == c.Name {
			return true
		}
	}
	return false
}

// perUser tells whether a field depends on who asks (Object Reference, "System
// Fields"), so that a copy has the values of the integration user.
func perUser(field string) bool {
	switch strings.ToLower(field) {
	case "lastvieweddate", "lastreferenceddate", "mayedit":
		return true
	}
	return false
}

// formulas is the compared columns whose values move without a stamp.
func (w *visit) formulas() []string {
	var names []string
	for _, c := range w.judged.Columns {
		if f, ok := w.source.Object.Field(c.Field); ok && f.Calculated {
			names = append(names, c.Name)
		}
	}
	return names
}

func fieldsOf(t warehouse.Table) []string {
	fields := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = c.Field
	}
	return fields
}
