package soql

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A criterion is one comparison whose left side is bound: a field, or what has
// been computed. What stands right has to suit it.
type criterion struct {
	*catalog
	syntax.Comparison
	path *Path
	kind kind
}

func newCriterion(c *catalog, of syntax.Comparison, left *Path) criterion {
	return criterion{catalog: c, Comparison: of, path: left, kind: kindOf(left.Field.Type)}
}

// predicate binds the comparison.
func (c criterion) predicate() (predicate, *refusal.Error) {
	field := c.path.Field
	if c.kind == kindNone || !field.Filterable {
		return nil, c.refuse(c.Left.Position(), refusal.InvalidField,
			"field '%s' can not be filtered in a query call", field.Name)
	}
	if !operates(c.Op, c.kind, field.Type) {
		return nil, c.refuse(c.Left.Position(), refusal.InvalidQueryFilterOperator,
			"invalid operator on %s field", field.Type)
	}
	switch c.Op {
	case syntax.Like:
		return c.like()
	case syntax.Includes, syntax.Excludes:
		return c.includes()
	case syntax.In, syntax.NotIn:
		return c.oneOf()
	case syntax.NotEqual:
		p, err := c.compared(syntax.Equal, c.Values[0])
		return negated{p}, err
	}
	return c.compared(c.Op, c.Values[0])
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

// compared binds a comparison with one value.
func (c criterion) compared(op syntax.Op, l literal.Literal) (predicate, *refusal.Error) {
	if l.Kind == literal.Relative && (c.kind == kindDate || c.kind == kindDateTime) {
		return during{path: c.path, kind: c.kind, op: op, span: l.Span()}, nil
	}
	value, err := c.value(l)
	switch {
	case err != nil:
		return nil, err
	case value != "":
		return compared{path: c.path, kind: c.kind, op: op, value: value}, nil
	case op == syntax.Equal:
		return isNull{c.path}, nil
	}
	return never{}, nil
}

// oneOf binds IN and NOT IN. An empty text is null, and a null in the list
// matches what is null: SOQL has none of the third truth value that makes an
// SQL NOT IN with a null match nothing.
func (c criterion) oneOf() (predicate, *refusal.Error) {
	list := oneOf{path: c.path, kind: c.kind}
	var either anyOf
	for _, l := range c.Values {
		p, err := c.compared(syntax.Equal, l)
		if err != nil {
			return nil, err
		}
		if one, ok := p.(compared); ok {
			list.values = append(list.values, one.value)
			continue
		}
		either = append(either, p)
	}
	slices.SortFunc(list.values, c.kind.compare)
	var p predicate = list
	if len(either) > 0 {
		p = append(either, list)
	}
	if c.Op == syntax.NotIn {
		return negated{p}, nil
	}
	return p, nil
}

func (c criterion) like() (predicate, *refusal.Error) {
	l := c.Values[0]
	if l.Kind != literal.Pattern {
		return nil, c.mismatch()
	}
	return like{path: c.path, pattern: newPattern(l.Text)}, nil
}

func (c criterion) includes() (predicate, *refusal.Error) {
	in := includes{path: c.path}
	for _, l := range c.Values {
		if l.Kind != literal.String {
			return nil, c.mismatch()
		}
		in.sets = append(in.sets, strings.Split(l.Text, ";"))
	}
	if c.Op == syntax.Excludes {
		return negated{in}, nil
	}
	return in, nil
}

// value checks a literal against the kind of the field, and gives it in the
// form that compare wants; "" is null.
func (c criterion) value(l literal.Literal) (string, *refusal.Error) {
	if l.Kind == literal.Null {
		if c.kind == kindBoolean {
			return "false", nil
		}
		return "", nil
	}
	k := c.kind
	switch {
	case k == kindText && l.Kind == literal.String,
		k == kindDecimal && l.Kind == literal.Number,
		k == kindInteger && l.Kind == literal.Number && !strings.Contains(l.Text, "."),
		k == kindBoolean && l.Kind == literal.Boolean,
		k == kindDate && l.Kind == literal.Date,
		k == kindDateTime && l.Kind == literal.DateTime,
		k == kindTime && l.Kind == literal.Time:
		return l.Text, nil
	case l.Kind == literal.Currency && c.path.Field.Type == "currency":
		return l.Text[3:], nil // an org with one currency has no rates to convert by
	case k == kindID && l.Kind == literal.String:
		return c.id(l.Text)
	}
	return "", c.mismatch()
}

// id checks an Id and cuts it to the 15 characters that tell records apart.
func (c criterion) id(text string) (string, *refusal.Error) {
	plain := !strings.ContainsFunc(text, func(r rune) bool { return !isLetter(r) && !isDigit(r) })
	switch {
	case text == "":
		return "", nil
	case !plain || len(text) != 15 && len(text) != 18:
		return "", c.refuse(c.Left.Position(), refusal.InvalidQueryFilterOperator, "invalid ID field: %s", text)
	}
	return text[:15], nil
}

func isLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }
func isDigit(r rune) bool  { return '0' <= r && r <= '9' }

// mismatch refuses a literal of the wrong kind, in the words of the server.
func (c criterion) mismatch() *refusal.Error {
	typ, not := "string", ""
	switch c.kind {
	case kindID:
		typ = "ID"
	case kindDateTime:
		typ, not = "dateTime", "not "
	case kindDecimal:
		typ, not = "double", "not "
	case kindInteger, kindBoolean, kindDate, kindTime:
		typ, not = c.path.Field.Type, "not "
	}
	return c.refuse(c.Left.Position(), refusal.InvalidField,
		"value of filter criterion for field '%s' must be of type %s and should %sbe enclosed in quotes",
		c.path.Field.Name, typ, not)
}
