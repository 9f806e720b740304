package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/syntax"
)

// A Bound is a statement whose names and types are checked. It is not changed
// after Bind, and may be used by several goroutines.
type Bound struct {
	Query     *syntax.Query
	Entity    *Entity
	Count     bool      // SELECT COUNT()
	FieldsAll bool      // FIELDS(ALL) or FIELDS(CUSTOM), which Bulk refuses as an unbounded set
	Grouped   bool      // the answer is groups, which Groups makes, not records
	Columns   []*Column // the select list, FIELDS(...) expanded, in the order of SELECT
	Inner     []*Bound  // the queries of semi-joins: Filter wants to know what the only column of each holds
	Limit     int       // -1 where absent
	Offset    int       // -1 where absent
	AllRows   bool
	Sorted    bool // has ORDER BY

	filter   predicate // nil where there is no WHERE
	order    []ordering
	grouping *grouping // nil unless Grouped
}

// Filter gives what tells whether a record meets the WHERE clause at the
// moment of now. It needs what each of Inner has found, in their order.
func (b *Bound) Filter(now Clock, found ...Set) func(Record) bool {
	if b.filter == nil {
		return func(Record) bool { return true }
	}
	filter := at(b.filter, now, found)
	return func(r Record) bool { return filter.match(r, now) }
}

// An ordering is a bound entry of ORDER BY.
type ordering struct {
	scalar
	kind      kind
	desc      bool
	nullsLast bool
}

// Compare orders two records by ORDER BY: negative where r1 comes first, 0
// where the clause doesn't tell them apart. Picklists order by their text:
// a Schema doesn't know the order of their values.
func (b *Bound) Compare(r1, r2 Record) int {
	for _, o := range b.order {
		if c := o.compare(o.value(r1, o.kind, Clock{}), o.value(r2, o.kind, Clock{})); c != 0 {
			return c
		}
	}
	return 0
}

func (o ordering) compare(v1, v2 string) int {
	switch {
	case v1 == "" && v2 == "":
		return 0
	case v1 == "" || v2 == "":
		if (v1 == "") == o.nullsLast {
			return 1
		}
		return -1
	case o.desc:
		return o.kind.compare(v2, v1)
	}
	return o.kind.compare(v1, v2)
}

// Range gives bounds, both included, that the values of a field of the entity
// have in every record that matches: what the comparisons at the top level of
// WHERE say of an Id, a date or a datetime. "" is no bound. Ids come with 15
// characters: hold them against the first 15 of a record's Id. It is a hint
// that lets a caller skip records; Match still decides.
func (b *Bound) Range(field string) (lo, hi string) {
	narrow(b.filter, field, &lo, &hi)
	return lo, hi
}

func narrow(p predicate, field string, lo, hi *string) {
	switch p := p.(type) {
	case allOf:
		for _, term := range p {
			narrow(term, field, lo, hi)
		}
	case compared:
		if !bounds(p.path, p.kind, field) {
			return
		}
		if p.op != syntax.Less && p.op != syntax.LessOrEqual {
			*lo = max(*lo, p.value)
		}
		if p.op != syntax.Greater && p.op != syntax.GreaterOrEqual && (*hi == "" || p.value < *hi) {
			*hi = p.value
		}
	case oneOf:
		if len(p.values) == 0 || !bounds(p.path, p.kind, field) {
			return
		}
		narrow(compared{p.path, p.kind, syntax.GreaterOrEqual, p.values[0]}, field, lo, hi)
		narrow(compared{p.path, p.kind, syntax.LessOrEqual, p.values[len(p.values)-1]}, field, lo, hi)
	}
}

// bounds tells whether a comparison of path says something about field, in
// texts that order as they stand.
func bounds(path *Path, k kind, field string) bool {
	ordered := k == kindID || k == kindDate || k == kindDateTime
	return ordered && len(path.Hops) == 0 && strings.EqualFold(path.Field.Name, field)
}
