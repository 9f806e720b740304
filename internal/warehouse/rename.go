package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// Renamed is t with other names for some columns, told by the API names of
// their fields.
func (t Table) Renamed(columns map[string]string) (Table, error) {
	t.Columns, t.renamed = slices.Clone(t.Columns), nil
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		for i := range t.Columns {
			if strings.EqualFold(t.Columns[i].Field, field) {
				t.Columns[i].Name = columns[field]
				t.renamed = append(t.renamed, columns[field])
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

// fits tells whether a column that the warehouse has can take values of kind k.
func (d *Dialect) fits(has stored, k Kind) bool {
	_, ok := d.takes(has, k)
	return ok
}

// remembered is the columns that the fields of an object were copied into, by
// the fields' names in lower case.
type remembered map[string]string

func (r remembered) names() []string { return slices.Collect(maps.Values(r)) }

// columnsOf reads what is remembered of the object of t.
func (w *shaper) columnsOf(ctx context.Context, tx Tx, t Table) (remembered, error) {
	was := remembered{}
	err := tx.Query(ctx, func(scan Scan) error {
		var field, column string
		err := scan(&field, &column)
		was[strings.ToLower(field)] = column
		return err
	}, "SELECT field, column_name FROM "+w.d.Table(w.o.Schema, tableFields)+" WHERE object = $1", t.Object)
	return was, err
}

// rename gives the columns of a table the names that a flow wants for their
// fields, where they were made under another: the values stay, and none is left behind
// under the old name.
func (w *shaper) rename(schema string, t Table, has []stored, was remembered) ([]stored, []step, []Change) {
	var todo []step
	var changes []Change
	for _, c := range t.Columns {
		if !slices.Contains(t.renamed, c.Name) {
			continue
		}
		old := was[strings.ToLower(c.Field)]
		i := place(has, old)
		_, made := find(has, c.Name)
		if old == "" || i < 0 || made || !w.d.fits(has[i], c.Kind) ||
			slices.ContainsFunc(t.Columns, func(other Column) bool { return other.Name == old }) {
			continue
		}
		todo = append(todo, steps(fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", w.d.Table(schema, t.Name),
			w.d.Quote(old), w.d.Quote(c.Name)))...)
		has[i].Name = c.Name
		changes = append(changes, Change{Table: t.Name, Column: c.Name, What: Renamed, Detail: "was " + old})
	}
	return has, todo, changes
}
