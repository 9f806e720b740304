package soql

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// predicate binds a condition.
func (b *binder) predicate(c syntax.Condition) (predicate, *refusal.Error) {
	switch c := c.(type) {
	case syntax.And:
		terms, err := b.predicates(c.Terms)
		return allOf(terms), err
	case syntax.Or:
		terms, err := b.predicates(c.Terms)
		return anyOf(terms), err
	case syntax.Not:
		term, err := b.predicate(c.Term)
		return negated{term}, err
	}
	return b.comparison(c.(syntax.Comparison))
}

func (b *binder) predicates(terms []syntax.Condition) ([]predicate, *refusal.Error) {
	out := make([]predicate, len(terms))
	for i, t := range terms {
		p, err := b.predicate(t)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

func (b *binder) comparison(c syntax.Comparison) (predicate, *refusal.Error) {
	if c.Query != nil {
		return b.join(c)
	}
	left, err := b.left(c.Left)
	if err != nil {
		return nil, err
	}
	if call, ok := c.Left.(syntax.Call); ok && call.Family() == function.Distance && c.Op != syntax.Less && c.Op != syntax.Greater {
		return nil, b.refuse(call.Pos, refusal.InvalidQueryFilterOperator, "DISTANCE supports only the operators > and <")
	}
	p, err := b.against(c, left.path)
	if err != nil || left.read == nil {
		return p, err
	}
	return computed{read: left.read, term: p}, nil
}

// left binds what stands left in a comparison: a value of the record, or in
// HAVING of the group.
func (b *binder) left(e syntax.Expr) (scalar, *refusal.Error) {
	if b.overGroups {
		path, err := b.slot(e, "Field")
		return scalar{path: path}, err
	}
	c, ok := e.(syntax.Call)
	switch {
	case ok && (c.Family() == function.Aggregate || c.Family() == function.Grouping):
		return scalar{}, b.refuse(c.Pos, refusal.MalformedQuery, "the aggregate function %s can not be used in WHERE", c.Function)
	case ok && c.Family() == function.Shown && c.Function != "toLabel":
		return scalar{}, b.refuse(c.Pos, refusal.MalformedQuery, "the function %s can not be used in WHERE", c.Function)
	}
	return b.scalar(e)
}

// against binds a comparison of a field, or of what has been computed.
func (b *binder) against(c syntax.Comparison, path *Path) (predicate, *refusal.Error) {
	k := kindOf(path.Field.Type)
	if k == kindNone || !path.Field.Filterable {
		return nil, b.refuse(c.Left.Position(), refusal.InvalidField, "field '%s' can not be filtered in a query call", path.Field.Name)
	}
	if !operates(c.Op, k, path.Field.Type) {
		return nil, b.refuse(c.Left.Position(), refusal.InvalidQueryFilterOperator, "invalid operator on %s field", path.Field.Type)
	}
	switch c.Op {
	case syntax.Like:
		return b.like(c, path)
	case syntax.Includes, syntax.Excludes:
		return b.includes(c, path)
	case syntax.In, syntax.NotIn:
		return b.oneOf(c, path, k)
	case syntax.NotEqual:
		p, err := b.compared(c, path, k, syntax.Equal)
		return negated{p}, err
	}
	return b.compared(c, path, k, c.Op)
}

// operates tells whether op makes sense for a field.
func operates(op syntax.Op, k kind, describe string) bool {
	switch op {
	case syntax.Like:
		return k == kindText && describe != "multipicklist"
	case syntax.Includes, syntax.Excludes:
		return describe == "multipicklist"
	case syntax.Less, syntax.LessOrEqual, syntax.Greater, syntax.GreaterOrEqual:
		return k != kindBoolean && describe != "multipicklist"
	}
	return true
}

// compared binds a comparison with its only value.
func (b *binder) compared(c syntax.Comparison, path *Path, k kind, op syntax.Op) (predicate, *refusal.Error) {
	l := c.Values[0]
	if l.Kind == literal.Relative && (k == kindDate || k == kindDateTime) {
		return during{path: path, kind: k, op: op, span: l.Span()}, nil
	}
	value, err := b.value(c, path, k, l)
	switch {
	case err != nil:
		return nil, err
	case value != "":
		return compared{path: path, kind: k, op: op, value: value}, nil
	case op == syntax.Equal:
		return isNull{path}, nil
	}
	return never{}, nil
}

// oneOf binds IN and NOT IN. An empty text is null, and a null in the list
// matches what is null: SOQL has none of the third truth value that makes an
// SQL NOT IN with a null match nothing.
func (b *binder) oneOf(c syntax.Comparison, path *Path, k kind) (predicate, *refusal.Error) {
	list := oneOf{path: path, kind: k}
	var either anyOf
	for _, l := range c.Values {
		p, err := b.compared(syntax.Comparison{Left: c.Left, Op: c.Op, Values: []literal.Literal{l}}, path, k, syntax.Equal)
		if err != nil {
			return nil, err
		}
		if one, ok := p.(compared); ok {
			list.values = append(list.values, one.value)
			continue
		}
		either = append(either, p)
	}
	slices.SortFunc(list.values, k.compare)
	var p predicate = list
	if len(either) > 0 {
		p = append(either, list)
	}
	if c.Op == syntax.NotIn {
		return negated{p}, nil
	}
	return p, nil
}

func (b *binder) like(c syntax.Comparison, path *Path) (predicate, *refusal.Error) {
	l := c.Values[0]
	if l.Kind != literal.Pattern {
		return nil, b.mismatch(c, path, kindText)
	}
	return like{path: path, pattern: newPattern(l.Text)}, nil
}

func (b *binder) includes(c syntax.Comparison, path *Path) (predicate, *refusal.Error) {
	in := includes{path: path}
	for _, l := range c.Values {
		if l.Kind != literal.String {
			return nil, b.mismatch(c, path, kindText)
		}
		in.sets = append(in.sets, strings.Split(l.Text, ";"))
	}
	if c.Op == syntax.Excludes {
		return negated{in}, nil
	}
	return in, nil
}

// value checks a literal against the kind of its field, and gives it in the
// form that compare wants; "" is null.
func (b *binder) value(c syntax.Comparison, path *Path, k kind, l literal.Literal) (string, *refusal.Error) {
	if l.Kind == literal.Null {
		if k == kindBoolean {
			return "false", nil
		}
		return "", nil
	}
	switch {
	case k == kindText && l.Kind == literal.String,
		k == kindDecimal && l.Kind == literal.Number,
		k == kindInteger && l.Kind == literal.Number && !strings.Contains(l.Text, "."),
		k == kindBoolean && l.Kind == literal.Boolean,
		k == kindDate && l.Kind == literal.Date,
		k == kindDateTime && l.Kind == literal.DateTime,
		k == kindTime && l.Kind == literal.Time:
		return l.Text, nil
	case l.Kind == literal.Currency && path.Field.Type == "currency":
		return l.Text[3:], nil // an org with one currency has no rates to convert by
	case k == kindID && l.Kind == literal.String:
		return b.id(c, l)
	}
	return "", b.mismatch(c, path, k)
}

// id checks an Id and cuts it to the 15 characters that tell records apart.
func (b *binder) id(c syntax.Comparison, l literal.Literal) (string, *refusal.Error) {
	plain := !strings.ContainsFunc(l.Text, func(r rune) bool { return !isLetter(r) && !isDigit(r) })
	switch {
	case l.Text == "":
		return "", nil
	case !plain || len(l.Text) != 15 && len(l.Text) != 18:
		return "", b.refuse(c.Left.Position(), refusal.InvalidQueryFilterOperator, "invalid ID field: %s", l.Text)
	}
	return l.Text[:15], nil
}

func isLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }
func isDigit(r rune) bool  { return '0' <= r && r <= '9' }

// mismatch refuses a literal of the wrong kind, in the words of the server.
func (b *binder) mismatch(c syntax.Comparison, path *Path, k kind) *refusal.Error {
	typ, not := "string", ""
	switch k {
	case kindID:
		typ = "ID"
	case kindDateTime:
		typ, not = "dateTime", "not "
	case kindDecimal:
		typ, not = "double", "not "
	case kindInteger, kindBoolean, kindDate, kindTime:
		typ, not = path.Field.Type, "not "
	}
	return b.refuse(c.Left.Position(), refusal.InvalidField, "value of filter criterion for field '%s' must be of type %s and should %sbe "+
		"enclosed in quotes", path.Field.Name, typ, not)
}
