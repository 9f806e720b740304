package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A grouping is what a statement asks of groups of records.
type grouping struct {
	keys   []groupKey
	sets   []uint // the combinations of keys to group by, as bits
	slots  []slot // what is worked out for each group
	having predicate
}

// A groupKey is an entry of GROUP BY.
type groupKey struct {
	scalar
	text string // in canonical form, to find it by
	kind kind
}

// A slot is one value of a group: a key, what GROUPING says of one, or an
// aggregate.
type slot struct {
	scalar          // what an aggregate is taken of
	text     string // in canonical form, to find it by
	function string // of an aggregate, or GROUPING; "" is a key
	key      int    // of a key and of GROUPING
	path     *Path  // under which the group, being a Record, gives the value
}

// maxSubtotals is how many fields ROLLUP and CUBE take (the guide); maxKeys
// is how many GROUP BY takes here, since a set of them is held as bits.
const (
	maxSubtotals = 3
	maxKeys      = 32
)

// groups binds GROUP BY.
func (b *binder) groups(bound *Bound) *refusal.Error {
	q := b.query
	if !q.Grouped() {
		return nil
	}
	bound.Grouped, b.grouping = true, &grouping{}
	if len(q.GroupBy) == 0 && q.Limit >= 0 {
		return refusal.New(refusal.MalformedQuery, "Non-grouped query that uses overall aggregate functions cannot also use LIMIT")
	}
	most := maxKeys
	if q.Subtotals != "" {
		most = maxSubtotals
	}
	if len(q.GroupBy) > most {
		clause := strings.TrimSpace("GROUP BY " + q.Subtotals)
		return b.refuse(q.GroupBy[most].Position(), refusal.MalformedQuery, "%s can take %d fields at most", clause, most)
	}
	for _, e := range q.GroupBy {
		key, err := b.groupKey(e)
		if err != nil {
			return err
		}
		b.grouping.keys = append(b.grouping.keys, key)
	}
	b.grouping.sets = groupingSets(len(q.GroupBy), q.Subtotals)
	return nil
}

// groupingSets gives the combinations of n keys that are grouped by, whole
// groups first: ROLLUP leaves keys out from the right, CUBE in every way.
func groupingSets(n int, subtotals string) []uint {
	all := uint(1)<<n - 1
	sets := []uint{all}
	switch subtotals {
	case "ROLLUP":
		for set := all; set != 0; {
			set >>= 1
			sets = append(sets, set)
		}
	case "CUBE":
		for set := all; set != 0; {
			set--
			sets = append(sets, set)
		}
	}
	return sets
}

func (b *binder) groupKey(e syntax.Expr) (groupKey, *refusal.Error) {
	if c, ok := e.(syntax.Call); ok && c.Family() != function.Date {
		return groupKey{}, b.refuse(c.Pos, refusal.MalformedQuery, "the function %s can not be used in GROUP BY", c.Function)
	}
	s, err := b.scalar(e)
	if err != nil {
		return groupKey{}, err
	}
	if !s.path.Field.Groupable {
		return groupKey{}, b.refuse(e.Position(), refusal.InvalidField, "field '%s' can not be grouped in a query call", s.path.Field.Name)
	}
	text, err := b.canonical(e)
	return groupKey{scalar: s, text: text, kind: kindOf(s.path.Field.Type)}, err
}

// canonical gives the text by which the same expression is known again,
// however its names are written.
func (b *binder) canonical(e syntax.Expr) (string, *refusal.Error) {
	c, ok := e.(syntax.Call)
	if !ok {
		path, err := b.path(e.(syntax.Name))
		if err != nil {
			return "", err
		}
		return path.String(), nil
	}
	inner, err := b.canonical(c.Args[0])
	return c.Function + "(" + inner + ")", err
}

// slot finds the value of a group that an expression means, and adds it where
// nobody has asked for it before. A refusal begins with said: Field, or
// Ordered field.
func (b *binder) slot(e syntax.Expr, said string) (*Path, *refusal.Error) {
	text, err := b.canonical(e)
	if err != nil {
		return nil, err
	}
	for _, s := range b.grouping.slots {
		if s.text == text {
			return s.path, nil
		}
	}
	s, err := b.newSlot(e, said)
	if err != nil {
		return nil, err
	}
	s.text, s.path.slot = text, len(b.grouping.slots)
	b.grouping.slots = append(b.grouping.slots, s)
	return s.path, nil
}

func (b *binder) newSlot(e syntax.Expr, said string) (slot, *refusal.Error) {
	c, call := e.(syntax.Call)
	if call && c.Family() == function.Aggregate {
		return b.aggregate(c)
	}
	grouping := call && c.Family() == function.Grouping
	if grouping {
		e = c.Args[0]
	}
	text, err := b.canonical(e)
	if err != nil {
		return slot{}, err
	}
	for i, key := range b.grouping.keys {
		switch {
		case key.text != text:
		case grouping && b.query.Subtotals == "":
			return slot{}, b.refuse(c.Pos, refusal.MalformedQuery, "GROUPING can only be used with GROUP BY ROLLUP or GROUP BY CUBE")
		case grouping:
			return slot{function: c.Function, key: i, path: result(c, "int")}, nil
		default:
			path := *key.path
			path.Hops = nil
			return slot{key: i, path: &path}, nil
		}
	}
	return slot{}, refusal.New(refusal.MalformedQuery, "%s must be grouped or aggregated: %s", said, e)
}

// aggregate binds COUNT, SUM and the like of a field.
func (b *binder) aggregate(c syntax.Call) (slot, *refusal.Error) {
	arg := c.Args[0]
	s, err := b.scalar(arg)
	if err != nil {
		return slot{}, err
	}
	field := s.path.Field
	if !field.Aggregatable || !aggregates(c.Function, kindOf(field.Type), field.Type) {
		return slot{}, b.refuse(arg.Position(), refusal.MalformedQuery, "field %s does not support aggregate operator %s", field.Name, c.Function)
	}
	text, err := b.canonical(arg)
	if err != nil {
		return slot{}, err
	}
	for _, key := range b.grouping.keys {
		if key.text == text {
			return slot{}, b.refuse(arg.Position(), refusal.MalformedQuery, "Grouped field should not be aggregated: %s", field.Name)
		}
	}
	describe := field.Type
	switch c.Function {
	case "COUNT", "COUNT_DISTINCT":
		describe = "int"
	case "AVG":
		describe = "double"
	}
	return slot{scalar: s, function: c.Function, path: result(c, describe)}, nil
}

// aggregates tells whether a function makes sense of a field (the guide's
// Support for Field Types in Aggregate Functions).
func aggregates(function string, k kind, describe string) bool {
	switch {
	case k == kindNone, k == kindBoolean, describe == "multipicklist", describe == "encryptedstring":
		return false
	case function == "SUM", function == "AVG":
		return k == kindInteger || k == kindDecimal
	}
	return true
}

// groupedField binds an entry of the select list that is one of the keys; its
// name in the answer is that of the field, without the relationships.
func (b *binder) groupedField(item syntax.FieldItem) (*Column, *refusal.Error) {
	path, err := b.slot(item.Name, "Field")
	if err != nil {
		return nil, err
	}
	alias := item.Alias
	if alias == "" {
		alias = path.Names[len(path.Names)-1]
	}
	return &Column{Alias: alias, Path: path, Type: path.Field.Type}, nil
}

// groupedCall binds an aggregate, a key that a function makes, or another
// form of one of them.
func (b *binder) groupedCall(item syntax.CallItem) (*Column, *refusal.Error) {
	s, err := b.groupValue(item.Call)
	if err != nil {
		return nil, err
	}
	alias := item.Alias
	if alias == "" {
		alias = b.nextExpr()
	}
	return &Column{Alias: alias, Path: s.path, Type: s.path.Field.Type, read: s.read}, nil
}

func (b *binder) groupValue(e syntax.Expr) (scalar, *refusal.Error) {
	c, ok := e.(syntax.Call)
	if !ok || c.Family() != function.Shown {
		path, err := b.slot(e, "Field")
		return scalar{path: path}, err
	}
	if inner, ok := c.Args[0].(syntax.Call); ok && inner.Aggregates() && c.Function != "FORMAT" {
		return scalar{}, b.refuse(inner.Pos, refusal.MalformedQuery, "%s can not be used with an aggregate function", c.Function)
	}
	inner, err := b.groupValue(c.Args[0])
	if err != nil {
		return scalar{}, err
	}
	return b.showing(c, inner)
}

// having binds HAVING, whose comparisons are about groups.
func (b *binder) having(*Bound) (err *refusal.Error) {
	if b.query.Having == nil {
		return nil
	}
	if c, ok := firstJoin(b.query.Having); ok {
		return b.refuse(c.Left.Position(), refusal.MalformedQuery, "Semi join sub-selects are not allowed in HAVING")
	}
	b.overGroups = true
	b.grouping.having, err = b.predicate(b.query.Having)
	return err
}
