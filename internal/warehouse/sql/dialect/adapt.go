package dialect

import (
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
)

// Adapt is Adapt for a table that has these columns.
func Adapt(d *Dialect, t shape.Table, has []Stored, known []shape.Known) shape.Table {
	taken := map[string]string{} // by which field
	for _, k := range known {
		taken[strings.ToLower(k.Column)] = strings.ToLower(k.Field)
	}
	columns := slices.Clone(t.Columns)
	for i, c := range columns {
		before := known
		if slices.Contains(t.Chosen, c.Name) { // by the flow: what it was called before doesn't count
			before = nil
		}
		for _, name := range d.namesFor(c, before, taken) {
			kind, fits := c.Kind, true
			if old, made := Find(has, name); made {
				kind, fits = d.takes(old, c.Kind)
			}
			if fits {
				columns[i].Name, columns[i].Kind = name, kind
				break
			}
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
	t.Columns = columns
	return t
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
	return append(names, plain, shape.Shorten(d.LongestName, plain+"_"+string(c.Kind), c.Field+" "+string(c.Kind)))
}
