package soql

import (
	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A clause is WHERE or HAVING: the two differ in what may stand left in their
// comparisons.
type clause struct {
	*catalog
	operand func(syntax.Expr) (scalar, *refusal.Error)
	join    func(syntax.Comparison) (predicate, *refusal.Error) // nil for HAVING, which can't have semi-joins
}

// predicate binds a condition.
func (c clause) predicate(condition syntax.Condition) (predicate, *refusal.Error) {
	switch condition := condition.(type) {
	case syntax.And:
		terms, err := c.predicates(condition.Terms)
		return allOf(terms), err
	case syntax.Or:
		terms, err := c.predicates(condition.Terms)
		return anyOf(terms), err
	case syntax.Not:
		term, err := c.predicate(condition.Term)
		return negated{term}, err
	}
	return c.comparison(condition.(syntax.Comparison))
}

func (c clause) predicates(terms []syntax.Condition) ([]predicate, *refusal.Error) {
	out := make([]predicate, len(terms))
	for i, t := range terms {
		p, err := c.predicate(t)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

func (c clause) comparison(of syntax.Comparison) (predicate, *refusal.Error) {
	if of.Query != nil {
		return c.join(of)
	}
	left, err := c.operand(of.Left)
	if err != nil {
		return nil, err
	}
	call, ok := of.Left.(syntax.Call)
	if ok && call.Family() == function.Distance && of.Op != syntax.Less && of.Op != syntax.Greater {
		return nil, c.refuse(call.Pos, refusal.InvalidQueryFilterOperator,
			"DISTANCE supports only the operators > and <")
	}
	p, err := newCriterion(c.catalog, of, left.path).predicate()
	if err != nil || left.read == nil {
		return p, err
	}
	return computed{read: left.read, term: p}, nil
}

// operand binds what stands left in a comparison of WHERE.
func (s *scope) operand(e syntax.Expr) (scalar, *refusal.Error) {
	c, ok := e.(syntax.Call)
	switch {
	case ok && (c.Family() == function.Aggregate || c.Family() == function.Grouping):
		return scalar{}, s.malformed(c.Pos, "the aggregate function %s can not be used in WHERE", c.Function)
	case ok && c.Family() == function.Shown && c.Function != "toLabel":
		return scalar{}, s.malformed(c.Pos, "the function %s can not be used in WHERE", c.Function)
	}
	return s.scalar(e)
}
