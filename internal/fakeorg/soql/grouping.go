package soql

import (
	"slices"
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

// A groupScope is where a grouped query looks up what it selects, filters and
// orders by: each is a value of a group.
type groupScope struct {
	*scope
	*grouping
	subtotals bool // the groups are those of ROLLUP or CUBE
}

// newGroupScope binds GROUP BY, over the scope of the records.
func newGroupScope(records *scope, q *syntax.Query) (*groupScope, *refusal.Error) {
	if len(q.GroupBy) == 0 && q.Limit >= 0 {
		return nil, refusal.New(refusal.MalformedQuery,
			"Non-grouped query that uses overall aggregate functions cannot also use LIMIT")
	}
	most := maxKeys
	if q.Subtotals != "" {
		most = maxSubtotals
	}
	if len(q.GroupBy) > most {
		clause := strings.TrimSpace("GROUP BY " + q.Subtotals)
		return nil, records.malformed(q.GroupBy[most].Position(), "%s can take %d fields at most", clause, most)
	}
	g := &groupScope{scope: records, grouping: &grouping{}, subtotals: q.Subtotals != ""}
	for _, e := range q.GroupBy {
		key, err := records.groupKey(e)
		if err != nil {
			return nil, err
		}
		g.keys = append(g.keys, key)
	}
	g.sets = groupingSets(len(q.GroupBy), q.Subtotals)
	return g, nil
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

func (s *scope) groupKey(e syntax.Expr) (groupKey, *refusal.Error) {
	if c, ok := e.(syntax.Call); ok && c.Family() != function.Date {
		return groupKey{}, s.malformed(c.Pos, "the function %s can not be used in GROUP BY", c.Function)
	}
	key, err := s.scalar(e)
	if err != nil {
		return groupKey{}, err
	}
	field := key.path.Field
	if !field.Groupable {
		return groupKey{}, s.refuse(e.Position(), refusal.InvalidField,
			"field '%s' can not be grouped in a query call", field.Name)
	}
	text, err := s.canonical(e)
	return groupKey{scalar: key, text: text, kind: kindOf(field.Type)}, err
}

// operand binds what stands left in a comparison of HAVING.
func (g *groupScope) operand(e syntax.Expr) (scalar, *refusal.Error) {
	path, err := g.slot(e, "Field")
	return scalar{path: path}, err
}

// value binds a value of the group that is selected, perhaps in another form.
func (g *groupScope) value(e syntax.Expr) (scalar, *refusal.Error) {
	c, ok := e.(syntax.Call)
	if !ok || c.Family() != function.Shown {
		return g.operand(e)
	}
	if inner, ok := c.Args[0].(syntax.Call); ok && inner.Aggregates() && c.Function != "FORMAT" {
		return scalar{}, g.malformed(inner.Pos, "%s can not be used with an aggregate function", c.Function)
	}
	inner, err := g.value(c.Args[0])
	if err != nil {
		return scalar{}, err
	}
	return g.showing(c, inner)
}

// slot finds the value of a group that an expression means, and adds it where
// nobody has asked for it before. A refusal begins with said: Field, or
// Ordered field.
func (g *groupScope) slot(e syntax.Expr, said string) (*Path, *refusal.Error) {
	text, err := g.canonical(e)
	if err != nil {
		return nil, err
	}
	for _, s := range g.slots {
		if s.text == text {
			return s.path, nil
		}
	}
	s, err := g.newSlot(e, said)
	if err != nil {
		return nil, err
	}
	s.text, s.path.slot = text, len(g.slots)
	g.slots = append(g.slots, s)
	return s.path, nil
}

func (g *groupScope) newSlot(e syntax.Expr, said string) (slot, *refusal.Error) {
	c, call := e.(syntax.Call)
	if call && c.Family() == function.Aggregate {
		return g.aggregate(c)
	}
	ofKey := call && c.Family() == function.Grouping
	if ofKey {
		e = c.Args[0]
	}
	key, found, err := g.keyOf(e)
	switch {
	case err != nil:
		return slot{}, err
	case !found:
		return slot{}, refusal.New(refusal.MalformedQuery, "%s must be grouped or aggregated: %s", said, e)
	case ofKey && !g.subtotals:
		return slot{}, g.malformed(c.Pos, "GROUPING can only be used with GROUP BY ROLLUP or GROUP BY CUBE")
	case ofKey:
		return slot{function: c.Function, key: key, path: result(c, "int")}, nil
	}
	path := *g.keys[key].path
	path.Hops = nil
	return slot{key: key, path: &path}, nil
}

// keyOf finds the key that an expression means.
func (g *groupScope) keyOf(e syntax.Expr) (key int, found bool, err *refusal.Error) {
	text, err := g.canonical(e)
	if err != nil {
		return 0, false, err
	}
	key = slices.IndexFunc(g.keys, func(key groupKey) bool { return key.text == text })
	return key, key >= 0, nil
}

// aggregate binds COUNT, SUM and the like of a field.
func (g *groupScope) aggregate(c syntax.Call) (slot, *refusal.Error) {
	arg := c.Args[0]
	s, err := g.scalar(arg)
	if err != nil {
		return slot{}, err
	}
	field := s.path.Field
	if !field.Aggregatable || !aggregates(c.Function, kindOf(field.Type), field.Type) {
		return slot{}, g.malformed(arg.Position(),
			"field %s does not support aggregate operator %s", field.Name, c.Function)
	}
	_, found, err := g.keyOf(arg)
	switch {
	case err != nil:
		return slot{}, err
	case found:
		return slot{}, g.malformed(arg.Position(), "Grouped field should not be aggregated: %s", field.Name)
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
