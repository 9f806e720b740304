// Package shape is what tables look like, before a warehouse spells it: their
// columns and the kinds of these, the names that objects and fields of Salesforce
// get, and what became of a table since.
//
// Files, from the top: names.go, change.go, table.go, kind.go.
package shape

import (
	"maps"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// A Table is what a flow writes: the same name in the staging schema and in
// the final one.
type Table struct {
	Object  string
	Name    string
	Key     []string // column names; id
	Columns []Column // of Salesforce; the ones named _catchment_* are added by this package

	Chosen []string // columns that a flow gave their names: those that were made under another take these
	// columns that fields left behind when they got others: a row that is written anew has nothing there
	Retired []string
}

// A Column is one field of an object.
type Column struct {
	Name   string
	Field  string // the API name, as in a page's header
	Kind   Kind
	Scale  int // of a Decimal, as declared; the table's own is widened to what pages hold
	Length int // of a Text, in characters; 0 where nobody says
}

// Named finds a column by its own name.
func (t Table) Named(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Column finds the column of a field.
func (t Table) Column(field string) (Column, bool) {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Field, field) {
			return c, true
		}
	}
	return Column{}, false
}

// Renamed is t with other names for some columns, told by the API names of
// their fields.
func (t Table) Renamed(columns map[string]string) (Table, error) {
	t.Columns, t.Chosen = slices.Clone(t.Columns), nil
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		for i := range t.Columns {
			if strings.EqualFold(t.Columns[i].Field, field) {
				t.Columns[i].Name = columns[field]
				t.Chosen = append(t.Chosen, columns[field])
			}
		}
	}
	taken := map[string]string{}
	for _, c := range t.Columns {
		if other, ok := taken[c.Name]; ok {
			return Table{}, plan.Fixf("give one of the two another name with `rename`",
				"%s: fields %s and %s would share the column %s", t.Object, other, c.Field, c.Name)
		}
		taken[c.Name] = c.Field
	}
	return t, nil
}

// ColumnNames are the names of a table's columns, in order.
func ColumnNames(t Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}
