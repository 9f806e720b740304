package soql

import (
	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// Bind checks the names and types of q and resolves them. Its error is a
// *refusal.Error.
func Bind(q *syntax.Query, s Schema) (*Bound, error) {
	bound, err := bindQuery(newCatalog(q, s), q, false)
	if err != nil {
		return nil, err
	}
	return bound, nil
}

// bindQuery binds a query whose FROM names an object; joined says that it is
// the query of a semi-join.
func bindQuery(c *catalog, q *syntax.Query, joined bool) (*Bound, *refusal.Error) {
	if err := aliasing(c, q); err != nil {
		return nil, err
	}
	entity, err := c.object(q.From.Name)
	if err != nil {
		return nil, err
	}
	b, err := newBinder(c, q, entity)
	if err != nil {
		return nil, err
	}
	b.joined = joined
	return b.bind()
}

// aliasing lets only grouped statements rename a field.
func aliasing(c *catalog, q *syntax.Query) *refusal.Error {
	for _, item := range q.Select {
		if f, ok := item.(syntax.FieldItem); ok && f.Alias != "" && !q.Grouped() {
			return c.malformed(f.AliasPosition(), "only aggregate expressions use field aliasing")
		}
	}
	return nil
}

// A binder gives the clauses of one query their meaning.
type binder struct {
	*scope
	query  *syntax.Query
	bound  *Bound      // what there is of it so far
	groups *groupScope // nil unless the query is grouped
	depth  int         // how many queries this one is a child of
	joined bool        // the query is that of a semi-join
}

func newBinder(c *catalog, q *syntax.Query, entity *Entity) (*binder, *refusal.Error) {
	s, err := newScope(c, q, entity)
	if err != nil {
		return nil, err
	}
	bound := &Bound{Query: q, Entity: entity, Limit: q.Limit, Offset: q.Offset, AllRows: q.AllRows,
		Sorted: len(q.OrderBy) > 0}
	return &binder{scope: s, query: q, bound: bound}, nil
}

func (b *binder) bind() (*Bound, *refusal.Error) {
	for _, clause := range []func() *refusal.Error{
		b.categories, b.groupBy, b.selectList, b.where, b.having, b.orderBy,
	} {
		if err := clause(); err != nil {
			return nil, err
		}
	}
	return b.bound, nil
}

// categories refuses WITH DATA CATEGORY: a category group is known to nobody
// before somebody has set one up.
func (b *binder) categories() *refusal.Error {
	if len(b.query.Categories) == 0 {
		return nil
	}
	c := b.query.Categories[0]
	return b.refuse(c.Pos, refusal.InvalidField,
		"Data category group '%s' does not exist or is not visible to you", c.Group)
}

// groupBy binds GROUP BY, and makes the scope of what is asked of the groups.
func (b *binder) groupBy() (err *refusal.Error) {
	if !b.query.Grouped() {
		return nil
	}
	if b.groups, err = newGroupScope(b.scope, b.query); err != nil {
		return err
	}
	b.bound.Grouped, b.bound.grouping = true, b.groups.grouping
	return nil
}

func (b *binder) selectList() *refusal.Error {
	list := selectList{binder: b}
	for _, item := range b.query.Select {
		if err := list.add(item); err != nil {
			return err
		}
	}
	b.bound.Columns = list.columns
	return distinctNames(list.columns)
}

func (b *binder) where() (err *refusal.Error) {
	if b.query.Where == nil {
		return nil
	}
	if err := b.joins(b.query.Where); err != nil {
		return err
	}
	c := clause{catalog: b.catalog, operand: b.operand, join: b.join}
	b.bound.filter, err = c.predicate(b.query.Where)
	return err
}

// having binds HAVING, whose comparisons are about groups.
func (b *binder) having() (err *refusal.Error) {
	if b.query.Having == nil {
		return nil
	}
	if c, ok := firstJoin(b.query.Having); ok {
		return b.malformed(c.Left.Position(), "Semi join sub-selects are not allowed in HAVING")
	}
	c := clause{catalog: b.catalog, operand: b.groups.operand}
	b.groups.having, err = c.predicate(b.query.Having)
	return err
}

func (b *binder) orderBy() *refusal.Error {
	if b.bound.Count && b.bound.Sorted {
		return b.malformed(b.query.OrderBy[0].By.Position(), "COUNT() can't be used with ORDER BY")
	}
	for _, o := range b.query.OrderBy {
		ordering, err := b.ordering(o)
		if err != nil {
			return err
		}
		b.bound.order = append(b.bound.order, ordering)
	}
	return nil
}

func (b *binder) ordering(o syntax.Order) (ordering, *refusal.Error) {
	s, err := b.orderedBy(o.By)
	if err != nil {
		return ordering{}, err
	}
	k := kindOf(s.path.Field.Type)
	if k == kindNone || !s.path.Field.Sortable {
		return ordering{}, b.refuse(o.By.Position(), refusal.InvalidField,
			"field '%s' can not be sorted in a query call", s.path.Field.Name)
	}
	return ordering{scalar: s, kind: k, desc: o.Desc, nullsLast: o.Nulls == syntax.NullsLast}, nil
}

// orderedBy binds what ORDER BY names: a value of a group, a field, or a
// distance.
func (b *binder) orderedBy(e syntax.Expr) (scalar, *refusal.Error) {
	if b.groups != nil {
		path, err := b.groups.slot(e, "Ordered field")
		return scalar{path: path}, err
	}
	if c, ok := e.(syntax.Call); ok && c.Family() != function.Distance {
		return scalar{}, refusal.New(refusal.MalformedQuery, "Ordered field must be grouped or aggregated: %s", c)
	}
	return b.scalar(e)
}
