package soql

import (
	"fmt"

	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A selectList makes the columns of a query, one after the other.
type selectList struct {
	*binder
	columns []*Column
	unnamed int // columns that are called expr0, expr1 ... so far
}

// add binds one entry.
func (l *selectList) add(item syntax.Item) *refusal.Error {
	switch item := item.(type) {
	case syntax.CountItem:
		l.bound.Count = true
		return l.countItem(item)
	case syntax.FieldsItem:
		return l.fieldsItem(item)
	}
	column, err := l.column(item)
	if err != nil {
		return err
	}
	l.columns = append(l.columns, column)
	return nil
}

func (l *selectList) countItem(item syntax.CountItem) *refusal.Error {
	switch {
	case l.depth > 0:
		return l.malformed(item.Pos, "Only root queries support aggregate expressions")
	case l.groups != nil:
		return l.malformed(item.Pos, "COUNT() can't be used with GROUP BY")
	}
	return nil
}

// maxFieldsLimit is the largest LIMIT under which FIELDS(ALL) and
// FIELDS(CUSTOM) are answered (the guide's SELECT page).
const maxFieldsLimit = 200

func (l *selectList) fieldsItem(item syntax.FieldsItem) *refusal.Error {
	if l.groups != nil {
		return l.malformed(item.Pos, "The SOQL FIELDS function cannot be used with GROUP BY")
	}
	if item.Group != "STANDARD" {
		l.bound.FieldsAll = true
		if limit := l.query.Limit; limit < 0 || limit > maxFieldsLimit {
			return l.malformed(item.Pos, "The SOQL FIELDS function must have a LIMIT of at most %d", maxFieldsLimit)
		}
	}
	for _, f := range l.entity.Fields {
		if item.Group == "ALL" || f.Custom == (item.Group == "CUSTOM") {
			l.columns = append(l.columns, &Column{Path: &Path{Names: []string{f.Name}, Field: f}, Type: f.Type})
		}
	}
	return nil
}

// column binds an entry that is one column.
func (l *selectList) column(item syntax.Item) (*Column, *refusal.Error) {
	switch item := item.(type) {
	case syntax.QueryItem:
		return l.child(item)
	case syntax.TypeofItem:
		return l.typeofItem(item)
	case syntax.FieldItem:
		if l.groups != nil {
			return l.groupedField(item)
		}
		path, err := l.path(item.Name)
		if err != nil {
			return nil, err
		}
		return &Column{Path: path, Type: path.Field.Type}, nil
	}
	call := item.(syntax.CallItem)
	if l.groups != nil {
		return l.groupedCall(call)
	}
	return l.scalarCall(call)
}

// scalarCall binds a function over the fields of one record.
func (l *selectList) scalarCall(item syntax.CallItem) (*Column, *refusal.Error) {
	switch item.Call.Family() {
	case function.Shown, function.Distance:
	default: // a part of a date is there to group by
		return nil, refusal.New(refusal.MalformedQuery, "Field must be grouped or aggregated: %s", item.Call)
	}
	s, err := l.scalar(item.Call)
	if err != nil {
		return nil, err
	}
	c := &Column{Alias: item.Alias, Path: s.path, Type: s.path.Field.Type, read: s.read}
	if c.Alias == "" && len(c.Path.Names) == 0 {
		c.Alias = l.nextExpr()
	}
	return c, nil
}

// groupedField binds an entry that is one of the keys; its name in the answer
// is that of the field, without the relationships.
func (l *selectList) groupedField(item syntax.FieldItem) (*Column, *refusal.Error) {
	path, err := l.groups.slot(item.Name, "Field")
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
func (l *selectList) groupedCall(item syntax.CallItem) (*Column, *refusal.Error) {
	s, err := l.groups.value(item.Call)
	if err != nil {
		return nil, err
	}
	alias := item.Alias
	if alias == "" {
		alias = l.nextExpr()
	}
	return &Column{Alias: alias, Path: s.path, Type: s.path.Field.Type, read: s.read}, nil
}

// nextExpr names what has no alias of its own: expr0, expr1.
func (l *selectList) nextExpr() string {
	l.unnamed++
	return fmt.Sprintf("expr%d", l.unnamed-1)
}

// maxDepth is how many levels of children a query may have, and maxChildren
// how many nested queries (the guide's Relationship Query Limitations).
const (
	maxDepth    = 4
	maxChildren = 20
)

// child binds a nested query.
func (l *selectList) child(item syntax.QueryItem) (*Column, *refusal.Error) {
	q := item.Query
	if err := l.mayNest(item); err != nil {
		return nil, err
	}
	if err := aliasing(l.catalog, q); err != nil {
		return nil, err
	}
	from := q.From.Name
	name := l.strip(from.Parts)
	relation, ok := l.schema.Child(l.entity, name[0])
	if !ok || len(name) > 1 {
		return nil, l.refuse(from.Pos, refusal.InvalidType,
			"Didn't understand relationship '%s' in FROM part of query call."+customRelationship, from)
	}
	inner, err := newBinder(l.catalog, q, relation.Entity)
	if err != nil {
		return nil, err
	}
	inner.depth = l.depth + 1
	nested, err := inner.bind()
	if err != nil {
		return nil, err
	}
	return &Column{Child: &Child{Relation: relation, Bound: nested}}, nil
}

// mayNest tells whether a nested query can stand where it does.
func (l *selectList) mayNest(item syntax.QueryItem) *refusal.Error {
	switch {
	case l.groups != nil:
		return l.malformed(item.Pos, "Grouped query cannot use child relationships in the SELECT list")
	case l.joined:
		return l.malformed(item.Pos, "Semi join sub-selects can only query one field")
	case l.depth == maxDepth:
		return l.malformed(item.Pos, "SOQL relationship queries can have at most %d levels", maxDepth+1)
	case l.children() > maxChildren:
		return l.malformed(item.Pos, "no more than %d parent-to-child relationships can be in a query", maxChildren)
	case item.Query.Grouped():
		return l.malformed(item.Pos, "Only root queries support aggregate expressions")
	}
	return nil
}

// children counts the nested queries of the select list.
func (l *selectList) children() int {
	n := 0
	for _, item := range l.query.Select {
		if _, ok := item.(syntax.QueryItem); ok {
			n++
		}
	}
	return n
}

// typeofItem binds a TYPEOF.
func (l *selectList) typeofItem(item syntax.TypeofItem) (*Column, *refusal.Error) {
	switch {
	case l.groups != nil:
		return nil, l.malformed(item.Relationship.Pos, "TYPEOF can't be used with GROUP BY")
	case l.joined:
		return nil, l.malformed(item.Relationship.Pos, "Semi join sub-selects can only query one field")
	}
	t, err := l.typeof(item)
	return &Column{Typeof: t}, err
}
