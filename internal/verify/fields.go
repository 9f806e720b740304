package verify

import (
	"context"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// describe finds what the flow copies, and what of it can be compared.
func (w *visit) describe(ctx context.Context) error {
	o, err := w.Org.Describe(ctx, w.flow.Object)
	if err != nil {
		return err
	}
	w.object = o
	fields, _, err := flow.Fields(w.flow, o)
	if err != nil {
		return err
	}
	if err := w.salt(fields); err != nil {
		return err
	}
	whole, err := warehouse.TableFor(o, fields, w.flow.Naming == flow.Snake)
	if err == nil {
		whole, err = whole.Renamed(w.flow.Rename)
	}
	if err != nil {
		return err
	}
	if whole, _, err = w.Warehouse.Adapt(ctx, whole); err != nil {
		return err
	}
	if w.table, err = w.Warehouse.Stored(ctx, whole); err != nil {
		return err
	}
	w.judged = w.table
	w.judged.Columns = nil
	for _, c := range whole.Columns {
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

// salt finds out what a repair owes the values that it reads.
func (w *visit) salt(fields []schema.Field) (err error) {
	w.treatment = w.flow.Treatment(fields)
	if w.Options.Repair && w.flow.Salted() {
		w.treatment.Salt, err = w.Secret(w.flow.Salt)
	}
	return err
}

// leaveOut says why a column is not compared, or "".
func (w *visit) leaveOut(c warehouse.Column) string {
	if !has(w.table, c) {
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
	case !w.carried(c):
		return "Bulk can't carry its type"
	case perUser(c.Field):
		return "its value is another one for each user"
	case w.flow.Changed(c.Field):
		return "the flow changes its values on their way"
	}
	return ""
}

// carried tells whether Bulk can read a column's values.
func (w *visit) carried(c warehouse.Column) bool {
	f, ok := w.object.Field(c.Field)
	return !ok || f.Type.InBulk()
}

func has(t warehouse.Table, c warehouse.Column) bool {
	for _, other := range t.Columns {
		if other.Name == c.Name {
			return true
		}
	}
	return false
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
		if f, ok := w.object.Field(c.Field); ok && f.Calculated {
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
