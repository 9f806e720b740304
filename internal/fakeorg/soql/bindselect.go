package soql

import (
	"fmt"
	"strings"

	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// maxFieldsLimit is the largest LIMIT under which FIELDS(ALL) and
// FIELDS(CUSTOM) are answered (the guide's SELECT page).
const maxFieldsLimit = 200

// A Column is one entry of an answer: a field or what a function makes of it,
// the children of the record, or the fields of a TYPEOF.
type Column struct {
	Alias  string  // the name of the entry, where it isn't the path's: an alias, or expr0
	Path   *Path   // nil for Child and Typeof
	Type   string  // describe's type of the values
	Child  *Child  // nil unless the entry is a nested query
	Typeof *Typeof // nil unless the entry is a TYPEOF

	read reading // nil: the field as it is
}

// A Child is a nested query, over the children of each record.
type Child struct {
	Relation
	Bound *Bound
}

// A Typeof gives the fields of the object that a polymorphic relationship
// leads to.
type Typeof struct {
	Hop   Hop
	Cases []TypeofFields
	Else  *TypeofFields // the fields of Name; nil where there is no ELSE
}

// TypeofFields are the columns that an object is shown with.
type TypeofFields struct {
	Object  string
	Columns []*Column
}

// String gives the name of the entry, as a column header shows it.
func (c *Column) String() string {
	switch {
	case c.Alias != "":
		return c.Alias
	case c.Child != nil:
		return c.Child.Name
	case c.Typeof != nil:
		return c.Typeof.Hop.Field.Relationship
	}
	return c.Path.String()
}

// Computed tells whether the value isn't simply that of the field.
func (c *Column) Computed() bool { return c.read != nil }

// Value gives what a record, or a group, has in the column.
func (c *Column) Value(r Record, now Clock) string {
	if c.read != nil {
		return c.read(r, now)
	}
	return r.Value(c.Path)
}

func (b *binder) selectList(bound *Bound) *refusal.Error {
	for _, item := range b.query.Select {
		column, err := b.column(bound, item)
		if err != nil {
			return err
		}
		if column != nil {
			bound.Columns = append(bound.Columns, column)
		}
	}
	return distinctNames(bound.Columns)
}

// distinctNames keeps two columns from having one name. Only the fields of a
// parent may have their beginning in common.
func distinctNames(columns []*Column) *refusal.Error {
	seen, parents := map[string]bool{}, map[string]bool{}
	for _, c := range columns {
		name := strings.ToLower(c.String())
		top, _, _ := strings.Cut(name, ".")
		parent := top != name && c.Alias == ""
		taken := seen[name] || seen[top] && !(parent && parents[top])
		switch {
		case taken && c.Alias != "":
			return refusal.New(refusal.MalformedQuery, "duplicate alias: %s", c)
		case taken:
			return refusal.New(refusal.InvalidField, "duplicate field selected: %s", c)
		}
		seen[name], seen[top], parents[top] = true, true, parent
	}
	return nil
}

// column binds one entry; nil where it adds nothing, or has added several.
func (b *binder) column(bound *Bound, item syntax.Item) (*Column, *refusal.Error) {
	switch item := item.(type) {
	case syntax.CountItem:
		bound.Count = true
		return nil, b.countItem(item)
	case syntax.FieldsItem:
		return nil, b.fieldsItem(bound, item)
	case syntax.QueryItem:
		return b.child(item)
	case syntax.TypeofItem:
		return b.typeof(item)
	case syntax.FieldItem:
		if b.grouping != nil {
			return b.groupedField(item)
		}
		path, err := b.path(item.Name)
		if err != nil {
			return nil, err
		}
		return &Column{Path: path, Type: path.Field.Type}, nil
	}
	call := item.(syntax.CallItem)
	if b.grouping != nil {
		return b.groupedCall(call)
	}
	return b.scalarCall(call)
}

func (b *binder) countItem(item syntax.CountItem) *refusal.Error {
	switch {
	case b.depth > 0:
		return b.refuse(item.Pos, refusal.MalformedQuery, "Only root queries support aggregate expressions")
	case b.grouping != nil:
		return b.refuse(item.Pos, refusal.MalformedQuery, "COUNT() can't be used with GROUP BY")
	}
	return nil
}

func (b *binder) fieldsItem(bound *Bound, item syntax.FieldsItem) *refusal.Error {
	if b.grouping != nil {
		return b.refuse(item.Pos, refusal.MalformedQuery, "The SOQL FIELDS function cannot be used with GROUP BY")
	}
	if item.Group != "STANDARD" {
		bound.FieldsAll = true
		if bound.Limit < 0 || bound.Limit > maxFieldsLimit {
			return b.refuse(item.Pos, refusal.MalformedQuery, "The SOQL FIELDS function must have a LIMIT of at most %d", maxFieldsLimit)
		}
	}
	for _, f := range b.entity.Fields {
		if item.Group == "ALL" || f.Custom == (item.Group == "CUSTOM") {
			path := &Path{Names: []string{f.Name}, Field: f}
			bound.Columns = append(bound.Columns, &Column{Path: path, Type: f.Type})
		}
	}
	return nil
}

// scalarCall binds a function over the fields of one record.
func (b *binder) scalarCall(item syntax.CallItem) (*Column, *refusal.Error) {
	switch item.Call.Family() {
	case function.Shown, function.Distance:
	default: // a part of a date is there to group by
		return nil, refusal.New(refusal.MalformedQuery, "Field must be grouped or aggregated: %s", item.Call)
	}
	s, err := b.scalar(item.Call)
	if err != nil {
		return nil, err
	}
	c := &Column{Alias: item.Alias, Path: s.path, Type: s.path.Field.Type, read: s.read}
	if c.Alias == "" && len(c.Path.Names) == 0 {
		c.Alias = b.nextExpr()
	}
	return c, nil
}

// nextExpr names what has no alias of its own: expr0, expr1.
func (b *binder) nextExpr() string {
	b.unnamed++
	return fmt.Sprintf("expr%d", b.unnamed-1)
}

// maxDepth is how many levels of children a query may have, and maxChildren
// how many nested queries (the guide's Relationship Query Limitations).
const (
	maxDepth    = 4
	maxChildren = 20
)

// child binds a nested query.
func (b *binder) child(item syntax.QueryItem) (*Column, *refusal.Error) {
	q := item.Query
	switch {
	case b.grouping != nil:
		return nil, b.refuse(item.Pos, refusal.MalformedQuery, "Grouped query cannot use child relationships in the SELECT list")
	case b.joined:
		return nil, b.refuse(item.Pos, refusal.MalformedQuery, "Semi join sub-selects can only query one field")
	case b.depth == maxDepth:
		return nil, b.refuse(item.Pos, refusal.MalformedQuery, "SOQL relationship queries can have at most %d levels", maxDepth+1)
	case b.children() > maxChildren:
		return nil, b.refuse(item.Pos, refusal.MalformedQuery, "no more than %d parent-to-child relationships can be in a query", maxChildren)
	case q.Grouped():
		return nil, b.refuse(item.Pos, refusal.MalformedQuery, "Only root queries support aggregate expressions")
	}
	inner := &binder{query: q, schema: b.schema, names: b.names, nameEntity: b.nameEntity, depth: b.depth + 1}
	if err := inner.aliasing(); err != nil {
		return nil, err
	}
	name := b.strip(q.From.Name.Parts)
	relation, ok := b.schema.Child(b.entity, name[0])
	if !ok || len(name) > 1 {
		return nil, b.refuse(q.From.Name.Pos, refusal.InvalidType, "Didn't understand relationship '%s' in FROM part of query call. If you "+
			"are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "+
			"reference your WSDL or the describe call for the appropriate names.", q.From.Name)
	}
	nested, err := inner.bind(relation.Entity)
	if err != nil {
		return nil, err
	}
	return &Column{Child: &Child{Relation: relation, Bound: nested}}, nil
}

// children counts the nested queries of the select list.
func (b *binder) children() int {
	n := 0
	for _, item := range b.query.Select {
		if _, ok := item.(syntax.QueryItem); ok {
			n++
		}
	}
	return n
}

// typeof binds a TYPEOF: each WHEN names one of the objects that the
// relationship may lead to.
func (b *binder) typeof(item syntax.TypeofItem) (*Column, *refusal.Error) {
	switch {
	case b.grouping != nil:
		return nil, b.refuse(item.Relationship.Pos, refusal.MalformedQuery, "TYPEOF can't be used with GROUP BY")
	case b.joined:
		return nil, b.refuse(item.Relationship.Pos, refusal.MalformedQuery, "Semi join sub-selects can only query one field")
	}
	path := &Path{}
	if _, err := b.follow(path, b.entity, b.strip(item.Relationship.Parts), item.Relationship.Pos); err != nil {
		return nil, err
	}
	hop := path.Hops[0]
	if len(path.Hops) > 1 || len(hop.Targets) < 2 {
		return nil, b.refuse(item.Relationship.Pos, refusal.InvalidField, "The relationship '%s' is not polymorphic: TYPEOF can't be used with it",
			item.Relationship)
	}
	t := &Typeof{Hop: hop}
	for _, c := range item.Cases {
		fields, err := b.typeofCase(hop, c)
		if err != nil {
			return nil, err
		}
		t.Cases = append(t.Cases, *fields)
	}
	if item.Else == nil {
		return &Column{Typeof: t}, nil
	}
	var err *refusal.Error
	t.Else, err = b.typeofFields(hop, b.anyName(), item.Else)
	return &Column{Typeof: t}, err
}

func (b *binder) typeofCase(hop Hop, c syntax.TypeofCase) (*TypeofFields, *refusal.Error) {
	entity, ok := b.schema.Entity(c.Object)
	if ok {
		for _, target := range hop.Targets {
			if target == entity.Name {
				only := Hop{Field: hop.Field, Targets: []string{target}}
				return b.typeofFields(only, entity, c.Fields)
			}
		}
	}
	return nil, b.refuse(c.Pos, refusal.InvalidType, "'%s' is not an object that the relationship '%s' can lead to", c.Object, hop.Field.Relationship)
}

func (b *binder) typeofFields(hop Hop, entity *Entity, names []syntax.Name) (*TypeofFields, *refusal.Error) {
	t := &TypeofFields{Object: entity.Name}
	for _, n := range names {
		p, last := &Path{Names: []string{hop.Field.Relationship}, Hops: []Hop{hop}}, len(n.Parts)-1
		end, err := b.follow(p, entity, n.Parts[:last], n.Pos)
		if err == nil {
			err = b.finish(p, end, n.Parts[last], n.Pos)
		}
		if err != nil {
			return nil, err
		}
		t.Columns = append(t.Columns, &Column{Path: p, Type: p.Field.Type})
	}
	return t, nil
}
