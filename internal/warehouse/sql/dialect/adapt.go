package dialect

import (
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
)

// Adapt is Adapt for a table that has these columns. It adds to what its past is which
// columns get another type where they are, and which can't.
func Adapt(d *Dialect, t shape.Table, has []Stored, past shape.Past) (shape.Table, shape.Past) {
	taken := map[string]string{} // by which field
	for _, k := range past.Fields {
		taken[strings.ToLower(k.Column)] = strings.ToLower(k.Field)
	}
	columns, chosen := slices.Clone(t.Columns), slices.Clone(t.Chosen)
	for i, c := range columns {
		before, back := past.Fields, d.goesBack(c, t, has, past.Fields)
		if back || slices.Contains(t.Chosen, c.Name) { // what it was called before doesn't count
			before = nil
		}
		for _, name := range d.namesFor(c, before, taken) {
			kind, fits := c.Kind, true
			old, made := Find(has, name)
			if made {
				kind, fits = d.takes(old, c.Kind)
			}
			if fits {
				columns[i].Name, columns[i].Kind = name, kind
				if made && !d.stores(old.Type, kind) {
					past.Retyped = append(past.Retyped, name)
				}
				break
			}
			if len(old.Views) > 0 && d.Fits(Stored{Name: old.Name, Type: old.Type}, c.Kind) {
				if past.Held == nil {
					past.Held = map[string][]string{}
				}
				past.Held[name] = old.Views
			}
		}
		if back {
			chosen = append(chosen, columns[i].Name)
		}
		taken[columns[i].Name] = strings.ToLower(c.Field)
		if columns[i].Name != c.Name {
			for k, key := range t.Key {
				if key == c.Name {
					t.Key = slices.Clone(t.Key)
					t.Key[k] = columns[i].Name
				}
			}
		}
	}
	t.Columns, t.Chosen = columns, chosen
	return t, past
}

// goesBack tells whether a column has a name that a flow gave it once and doesn't give
// it now, and can have the one again that it has by itself.
func (d *Dialect) goesBack(c shape.Column, t shape.Table, has []Stored, known []shape.Known) bool {
	if slices.Contains(t.Chosen, c.Name) {
		return false
	}
	if _, made := Find(has, shape.Shorten(d.LongestName, c.Name, c.Field)); made {
		return false
	}
	return slices.ContainsFunc(known, func(k shape.Known) bool {
		old, made := Find(has, k.Column)
		return made && strings.EqualFold(k.Field, c.Field) && !d.names(k.Column, c) && d.Fits(old, c.Kind)
	})
}

// names tells whether a column may have got its name here, whatever type and naming
// its field had.
func (d *Dialect) names(column string, c shape.Column) bool {
	for _, plain := range []string{c.Name, shape.ColumnName(c.Field, false), shape.ColumnName(c.Field, true)} {
		for _, stem := range []string{plain, plain + "_" + shape.Digest(c.Field)} {
			stem = shape.Shorten(d.LongestName, stem, c.Field)
			if strings.EqualFold(column, stem) {
				return true
			}
			for _, kind := range shape.Kinds() {
				if strings.EqualFold(column, d.typed(stem, c.Field, kind.Kind)) {
					return true
				}
			}
		}
	}
	return false
}

// typed is a name with the type of its field.
func (d *Dialect) typed(plain, field string, k shape.Kind) string {
	return shape.Shorten(d.LongestName, plain+"_"+string(k), field+" "+string(k))
}

// namesFor lists the names that a column may have, the best first: the one that
// it had, the plain one unless another field has that, and one with its type.
func (d *Dialect) namesFor(c shape.Column, known []shape.Known, taken map[string]string) []string {
	var names []string
	for _, k := range known {
		if strings.EqualFold(k.Field, c.Field) {
			names = append(names, k.Column)
		}
	}
	plain := shape.Shorten(d.LongestName, c.Name, c.Field)
	if by := taken[plain]; by != "" && by != strings.ToLower(c.Field) {
		plain = shape.Shorten(d.LongestName, c.Name+"_"+shape.Digest(c.Field), c.Field)
	}
	return slices.Compact(append(names, plain, d.typed(plain, c.Field, c.Kind)))
}
