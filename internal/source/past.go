package source

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/warehouse/shape"
)

// settle sees to it that what the table was before counts as it is going to be:
// a column that gets another name is the same column, and those of dropped fields
// don't count.
func (s *Source) settle() {
	s.Past.Columns = slices.Clone(s.Past.Columns)
	for _, c := range s.Table.Columns {
		if !slices.Contains(s.Table.Chosen, c.Name) || slices.Contains(s.Past.Columns, c.Name) {
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
	s.Left = s.leftBehind()
	s.Table.Retired = nil
	for _, l := range s.Left {
		s.Table.Retired = append(s.Table.Retired, l.Column)
	}
}

// Copied is the columns that the table had whose values came from the org, and come
// from there still or would, if their fields could be read.
func (s *Source) Copied() []string {
	return slices.DeleteFunc(slices.Clone(s.Past.Columns), func(name string) bool {
		return !HasColumn(s.Table, name) && !s.missing(name)
	})
}

// missing tells whether the field of a column is gone, or can't be read by this user.
func (s *Source) missing(column string) bool {
	if slices.Contains(s.Table.Retired, column) {
		return false
	}
	k, ok := s.remembered(column)
	if !ok {
		return len(s.Past.Fields) == 0 // nothing is remembered: it may be anybody's
	}
	_, there := s.index.Field(k.Field)
	return !there || slices.ContainsFunc(s.Skipped, func(f flow.Skipped) bool { return f.Field == k.Field })
}

// remembered finds the field that a column was filled from.
func (s *Source) remembered(column string) (shape.Known, bool) {
	i := slices.IndexFunc(s.Past.Fields, func(k shape.Known) bool { return strings.EqualFold(k.Column, column) })
	if i < 0 {
		return shape.Known{}, false
	}
	return s.Past.Fields[i], true
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

// WhyGone says why a column gets no values any more, and that it keeps those that it
// has; "" for one that somebody else has added, which is no business of ours.
func (s *Source) WhyGone(column string) string {
	for _, l := range s.Left {
		if l.Column == column {
			return fmt.Sprintf("keeps old values of records that don't change: field %s is of another type now, "+
				"and has the column %s", l.Field, l.By)
		}
	}
	k, ok := s.remembered(column)
	if !ok && len(s.Past.Fields) > 0 {
		return ""
	}
	if _, there := s.index.Field(k.Field); !there {
		return "keeps its old values: the field is gone, or hidden from this user"
	}
	for _, f := range s.Skipped {
		if f.Field == k.Field {
			return "keeps its old values: " + f.Reason
		}
	}
	return "keeps its old values: the flow leaves field " + k.Field + " out"
}

// HasColumn tells whether a table has a column of that name.
func HasColumn(t shape.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return strings.EqualFold(c.Name, name) })
}
