package mover

import (
	"maps"
	"slices"
)

// A Mover brings records, as a Pager or as a Lander.
type Mover interface {
	// Traits says what it can do. They are always the same.
	Traits() Traits
}

// A Set is the movers that there are, by the names that flows give them.
type Set map[string]Mover

// Traits are those of the named mover. What is no mover's name has none.
func (s Set) Traits(name string) Traits {
	if m, ok := s[name]; ok {
		return m.Traits()
	}
	return Traits{}
}

// Pager finds the named mover where it hands out pages.
func (s Set) Pager(name string) (Pager, bool) {
	p, ok := s[name].(Pager)
	return p, ok
}

// Lander finds the named mover where it lands rows, nil where it doesn't.
func (s Set) Lander(name string) Lander {
	l, _ := s[name].(Lander)
	return l
}

// Filer finds the named mover where it lands files, nil where it doesn't.
func (s Set) Filer(name string) Filer {
	f, _ := s[name].(Filer)
	return f
}

// Uncounted stands for a number of records that nobody knows.
const Uncounted = -1

// For names the pager for so much: of those that suit, the one that takes the fewest
// calls. Where none does, it is the one that reads whatever can be queried, and "" where
// there is none of these either.
func (s Set) For(a Amount) string {
	best, least := "", int64(0)
	for _, name := range s.pagers(func(t Traits) bool { return t.suits(a) }) {
		if calls, _ := s.Traits(name).Price(a); best == "" || calls < least {
			best, least = name, calls
		}
	}
	if best == "" {
		return s.Everything()
	}
	return best
}

// Everything names a pager that reads whatever can be queried, "" where there
// is none.
func (s Set) Everything() string {
	return first(s.pagers(func(t Traits) bool { return !t.Plain }))
}

// ByIDs names a pager that reads records by their Ids alone, "" where there is
// none.
func (s Set) ByIDs() string {
	return first(s.pagers(func(t Traits) bool { return t.IDs > 0 }))
}

// pagers names the pagers that have what is asked for, in order.
func (s Set) pagers(have func(Traits) bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if t := s[name].Traits(); !t.Lands && have(t) {
			names = append(names, name)
		}
	}
	return names
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
