package soql

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A predicate is a bound condition. SOQL knows two truth values only: what
// holds a null against a value is false, and NOT turns that into true.
type predicate interface {
	match(r Record, now Clock) bool
}

type (
	// allOf is an And.
	allOf []predicate
	// anyOf is an Or.
	anyOf []predicate
	// negated is a Not, a NOT IN or an EXCLUDES.
	negated struct{ term predicate }
	// never matches no record: nothing is greater or less than null.
	never struct{}
	// isNull matches where the field is null.
	isNull struct{ path *Path }
	// compared holds a field against one value that isn't null.
	compared struct {
		path  *Path
		kind  kind
		op    syntax.Op // Equal, Less, LessOrEqual, Greater or GreaterOrEqual
		value string
	}
	// oneOf matches where the field equals one of the values, which are in the
	// order of the kind.
	oneOf struct {
		path   *Path
		kind   kind
		values []string
	}
	// like matches a text against a pattern.
	like struct {
		path    *Path
		pattern pattern
	}
	// includes matches a multipicklist that holds all values of one of the sets.
	includes struct {
		path *Path
		sets [][]string
	}
	// during holds a date or datetime against a relative date.
	during struct {
		path *Path
		kind kind
		op   syntax.Op
		span literal.Span
	}
)

func (p allOf) match(r Record, now Clock) bool {
	for _, term := range p {
		if !term.match(r, now) {
			return false
		}
	}
	return true
}

func (p anyOf) match(r Record, now Clock) bool {
	for _, term := range p {
		if term.match(r, now) {
			return true
		}
	}
	return false
}

func (p negated) match(r Record, now Clock) bool { return !p.term.match(r, now) }

func (never) match(Record, Clock) bool { return false }

func (p isNull) match(r Record, _ Clock) bool { return r.Value(p.path) == "" }

func (p compared) match(r Record, _ Clock) bool {
	v := p.kind.value(r, p.path)
	if v == "" {
		return false
	}
	c := p.kind.compare(v, p.value)
	switch p.op {
	case syntax.Less:
		return c < 0
	case syntax.LessOrEqual:
		return c <= 0
	case syntax.Greater:
		return c > 0
	case syntax.GreaterOrEqual:
		return c >= 0
	}
	return c == 0
}

func (p oneOf) match(r Record, _ Clock) bool {
	v := p.kind.value(r, p.path)
	if v == "" {
		return false
	}
	_, found := slices.BinarySearchFunc(p.values, v, p.kind.compare)
	return found
}

func (p like) match(r Record, _ Clock) bool {
	v := r.Value(p.path)
	return v != "" && p.pattern.match(v)
}

func (p includes) match(r Record, _ Clock) bool {
	v := r.Value(p.path)
	return v != "" && slices.ContainsFunc(p.sets, func(set []string) bool { return chosen(v, set) })
}

// chosen tells whether a multipicklist, a;b;c, holds every value of set.
func chosen(v string, set []string) bool {
	for _, want := range set {
		found := false
		for rest, more := v, true; more && !found; {
			var one string
			one, rest, more = strings.Cut(rest, ";")
			found = compareText(one, want) == 0
		}
		if !found {
			return false
		}
	}
	return true
}

func (p during) match(r Record, now Clock) bool { return p.at(now).match(r, now) }

// at gives the comparisons that p means at a moment: a span from its first
// day to the day after its last one.
func (p during) at(clock Clock) predicate {
	from, to := p.span.Days(clock.local(clock.Now))
	first := compared{path: p.path, kind: p.kind, op: syntax.GreaterOrEqual, value: from.Format(literal.DayLayout)}
	after := compared{path: p.path, kind: p.kind, op: syntax.Less, value: to.Format(literal.DayLayout)}
	if p.kind == kindDateTime {
		first.value, after.value = from.UTC().Format(literal.InstantLayout), to.UTC().Format(literal.InstantLayout)
	}
	switch p.op {
	case syntax.Less:
		first.op = syntax.Less
		return first
	case syntax.LessOrEqual:
		return after
	case syntax.Greater:
		after.op = syntax.GreaterOrEqual
		return after
	case syntax.GreaterOrEqual:
		return first
	}
	return allOf{first, after}
}

// at gives p with its relative dates measured against clock, and its
// semi-joins given their sets, once for all the records to come.
func at(p predicate, clock Clock, sets []Set) predicate {
	each := func(terms []predicate) []predicate {
		out := make([]predicate, len(terms))
		for i, term := range terms {
			out[i] = at(term, clock, sets)
		}
		return out
	}
	switch p := p.(type) {
	case allOf:
		return allOf(each(p))
	case anyOf:
		return anyOf(each(p))
	case negated:
		return negated{at(p.term, clock, sets)}
	case computed:
		return computed{p.read, at(p.term, clock, sets)}
	case during:
		return p.at(clock)
	case inSet:
		return inSet{p.path, p.n, sets[p.n]}
	}
	return p
}
