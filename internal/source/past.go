package source

import (
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
)

// settle sees to it that what the table was before counts as it is going to be:
// a column that gets another name is the same column, and those of dropped fields
// don't count.
func (s *Source) settle() {
	s.Past.Columns = slices.Clone(s.Past.Columns)
	for _, c := range s.Table.Columns {
		if !s.renames(c) || slices.Contains(s.Past.Columns, c.Name) {
			continue
		}
		for _, k := range s.Past.Fields {
			if at := slices.Index(s.Past.Columns, k.Column); strings.EqualFold(k.Field, c.Field) && at >= 0 {
				s.Past.Columns[at] = c.Name
				break
			}
		}
	}
	dropped := s.columnsOf(s.Flow.Drop)
	s.Past.Columns = slices.DeleteFunc(s.Past.Columns, func(name string) bool {
		return !HasColumn(s.Table, name) && slices.Contains(dropped, name)
	})
}

// renames tells whether the flow itself names a column.
func (s *Source) renames(c shape.Column) bool {
	for field, column := range s.Flow.Rename {
		if strings.EqualFold(field, c.Field) && column == c.Name {
			return true
		}
	}
	return false
}

// FormerColumn tells which column a field had before it got this one, or "".
func (s *Source) FormerColumn(name string) string {
	for _, c := range s.Table.Columns {
		for _, k := range s.Past.Fields {
			if c.Name == name && strings.EqualFold(k.Field, c.Field) && k.Column != name {
				return k.Column
			}
		}
	}
	return ""
}

// WhyGone says why a column gets no values any more.
func (s *Source) WhyGone(column string) string {
	remembered := slices.ContainsFunc(s.Past.Fields, func(k shape.Known) bool { return k.Column == column })
	if !remembered && len(s.Past.Fields) > 0 {
		return "its field is of another type now, and has another column"
	}
	return "the field is gone, or hidden from this user"
}

// HasColumn tells whether a table has a column of that name.
func HasColumn(t shape.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return strings.EqualFold(c.Name, name) })
}
