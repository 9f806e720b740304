package soql

import (
	"slices"

	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// maxJoins is how many semi-joins a statement may have (the guide's
// Comparison Operators page, like all the rules of this file).
const maxJoins = 2

// A Set is what the query of a semi-join found: Ids, or references.
type Set map[string]struct{}

// Add puts an Id in; null is nobody's.
func (s Set) Add(id string) {
	if id != "" {
		s[id[:min(len(id), 15)]] = struct{}{}
	}
}

// inSet is a bound semi-join. Filter gives it the set.
type inSet struct {
	path *Path
	n    int // its place in Bound.Inner
	set  Set
}

func (p inSet) match(r Record, _ Clock) bool {
	v := r.Value(p.path)
	_, found := p.set[v[:min(len(v), 15)]]
	return found && v != ""
}

// joins keeps semi-joins where they may stand: at the top of WHERE, two at
// most, each joined to the rest by AND.
func (b *binder) joins(where syntax.Condition) *refusal.Error {
	terms := []syntax.Condition{where}
	if and, ok := where.(syntax.And); ok {
		terms = and.Terms
	}
	n := 0
	for _, term := range terms {
		c, found := firstJoin(term)
		if !found {
			continue
		}
		pos := c.Left.Position()
		_, top := term.(syntax.Comparison)
		_, or := where.(syntax.Or)
		switch {
		case or:
			return b.malformed(pos, "Semi join sub-selects are not allowed with the 'OR' operator")
		case !top:
			return b.malformed(pos, "Semi join sub-selects are only allowed at the top level WHERE expressions and "+
				"not in nested WHERE expressions.")
		case n == maxJoins:
			return b.malformed(pos, "Maximum %d semi join sub-selects are allowed", maxJoins)
		}
		n++
	}
	return nil
}

// firstJoin finds a semi-join in a condition.
func firstJoin(c syntax.Condition) (syntax.Comparison, bool) {
	var terms []syntax.Condition
	switch c := c.(type) {
	case syntax.Comparison:
		return c, c.Query != nil
	case syntax.Not:
		terms = []syntax.Condition{c.Term}
	case syntax.And:
		terms = c.Terms
	case syntax.Or:
		terms = c.Terms
	}
	for _, term := range terms {
		if join, ok := firstJoin(term); ok {
			return join, true
		}
	}
	return syntax.Comparison{}, false
}

// join binds a semi-join or an anti-join.
func (b *binder) join(c syntax.Comparison) (predicate, *refusal.Error) {
	name, ok := c.Left.(syntax.Name)
	switch {
	case b.joined:
		return nil, b.malformed(c.Left.Position(), "Nesting of semi join sub-selects is not supported")
	case !ok:
		return nil, b.malformed(c.Left.Position(), "Semi join sub-selects can not be used with a function")
	}
	path, err := b.path(name)
	if err != nil {
		return nil, err
	}
	if kindOf(path.Field.Type) != kindID || len(path.Hops) > 0 {
		return nil, b.malformed(name.Pos, "The left operand field in the where expression for outer query should be "+
			"an id field, cannot use: '%s'", name)
	}
	inner, err := b.joinedQuery(c.Query)
	if err != nil {
		return nil, err
	}
	found := inner.Columns[0].Path.Field
	if !slices.ContainsFunc(leadsTo(b.entity, path.Field), func(object string) bool {
		return slices.Contains(leadsTo(inner.Entity, found), object)
	}) {
		return nil, b.malformed(c.Query.From.Name.Pos, "The selected field '%s' in the subquery and the left operand "+
			"field in the where expression in the outer query '%s' should point to the same object type",
			found.Name, path.Field.Name)
	}
	b.bound.Inner = append(b.bound.Inner, inner)
	var p predicate = inSet{path: path, n: len(b.bound.Inner) - 1}
	if c.Op == syntax.NotIn {
		p = negated{p}
	}
	return p, nil
}

// leadsTo gives the objects whose Ids a field holds.
func leadsTo(entity *Entity, f Field) []string {
	if f.Type == "id" {
		return []string{entity.Name}
	}
	return f.ReferenceTo
}

// joinedQuery binds the query of a semi-join: one Id or reference of another
// object, and nothing behind WHERE.
func (b *binder) joinedQuery(q *syntax.Query) (*Bound, *refusal.Error) {
	pos := q.From.Name.Pos
	if q.Grouped() {
		return nil, b.malformed(pos, "Only root queries support aggregate expressions")
	}
	bound, err := bindQuery(b.catalog, q, true)
	if err != nil {
		return nil, err
	}
	switch {
	case bound.Entity == b.entity:
		return nil, b.malformed(pos, "The inner and outer selects should not be on the same object type")
	case slices.Contains(unjoined(), bound.Entity.Name):
		return nil, b.malformed(pos, "Entity '%s' is not supported for semi join inner selects", bound.Entity.Name)
	case len(bound.Columns) != 1:
		return nil, b.malformed(pos, "Semi join sub-selects can only query one field")
	case q.Limit >= 0, q.Offset >= 0, len(q.OrderBy) > 0, len(q.For) > 0, len(q.Update) > 0, q.AllRows:
		return nil, b.malformed(pos, "Semi join sub-selects can only have a WHERE clause")
	}
	if path := bound.Columns[0].Path; kindOf(path.Field.Type) != kindID || len(path.Hops) > 0 {
		return nil, b.malformed(pos, "semi join sub selects can only query id fields, cannot use: '%s'", path)
	}
	return bound, nil
}

// unjoined are the objects that a semi-join can't read.
func unjoined() []string {
	return []string{"ActivityHistory", "Attachment", "Event", "EventAttendee", "Note", "OpenActivity", "Task"}
}
