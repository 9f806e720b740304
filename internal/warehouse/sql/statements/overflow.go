package statements

import (
	"slices"

	"catchment/internal/warehouse/sql/own"
)

// apart is those of some columns that are in the overflow.
func (s *Tables) apart(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(s.Apart, name) })
}

// overflow is that of a final row made from a version that says what is in some columns; old
// is the alias of the row that it replaces, "" where there is none. A version has in its own
// what it carries, and no more.
func (s *Tables) overflow(columns []string, old string) string {
	written := s.apart(columns)
	version := s.Col("v", own.Overflow)
	stays := func(name string) bool { return !slices.Contains(written, name) }
	switch {
	case old == "" || !slices.ContainsFunc(s.Apart, stays):
		return version
	case len(written) == 0:
		return s.Col(old, own.Overflow)
	}
	return s.Dialect.Overflow.Replaced(s.Col(old, own.Overflow), version, written)
}

// wholly is the columns that a whole version says something of: those that it carries, and
// those that their fields left behind.
func (s *Tables) wholly(carried []string) []string { return slices.Concat(carried, s.Table.Retired) }

// Emptied is what sets columns of final rows to null.
func (s *Tables) Emptied(names []string) []string {
	var set []string
	for _, name := range names {
		if !slices.Contains(s.Apart, name) {
			set = append(set, s.Quote(name)+" = NULL")
		}
	}
	if apart := s.apart(names); len(apart) > 0 {
		set = append(set, s.Quote(own.Overflow)+" = "+s.Dialect.Overflow.Replaced(s.Quote(own.Overflow), "NULL", apart))
	}
	return set
}
