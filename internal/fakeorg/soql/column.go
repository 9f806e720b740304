package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/refusal"
)

// A Column is one entry of an answer: a field or what a function makes of it,
// the children of the record, or the fields of a TYPEOF.
type Column struct {
	Alias  string  // the name of the entry, where it isn't the path's: an alias, or expr0
	Path   *Path   // nil for Child and Typeof
	Type   string  // describe's type of the values
	Child  *Child  // nil unless the entry is a nested query
	Typeof *Typeof // nil unless the entry is a TYPEOF

	read reading // nil: the field as it is
}

// A Child is a nested query, over the children of each record.
type Child struct {
	Relation
	Bound *Bound
}

// String gives the name of the entry, as a column header shows it.
func (c *Column) String() string {
	switch {
	case c.Alias != "":
		return c.Alias
	case c.Child != nil:
		return c.Child.Name
	case c.Typeof != nil:
		return c.Typeof.Hop.Field.Relationship
	}
	return c.Path.String()
}

// Computed tells whether the value isn't simply that of the field.
func (c *Column) Computed() bool { return c.read != nil }

// Value gives what a record, or a group, has in the column.
func (c *Column) Value(r Record, now Clock) string {
	if c.read != nil {
		return c.read(r, now)
	}
	return r.Value(c.Path)
}

// distinctNames keeps two columns from having one name. Only the fields of a
// parent may have their beginning in common.
func distinctNames(columns []*Column) *refusal.Error {
	seen, parents := map[string]bool{}, map[string]bool{}
	for _, c := range columns {
		name := strings.ToLower(c.String())
		top, _, _ := strings.Cut(name, ".")
		parent := top != name && c.Alias == ""
		taken := seen[name] || seen[top] && !(parent && parents[top])
		switch {
		case taken && c.Alias != "":
			return refusal.New(refusal.MalformedQuery, "duplicate alias: %s", c)
		case taken:
			return refusal.New(refusal.InvalidField, "duplicate field selected: %s", c)
		}
		seen[name], seen[top], parents[top] = true, true, parent
	}
	return nil
}
