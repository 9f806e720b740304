package soql

import "strings"

// maxFieldsLimit is the largest LIMIT under which FIELDS(ALL) and
// FIELDS(CUSTOM) are answered (the guide's SELECT page).
const maxFieldsLimit = 200

// A Bound is a statement whose names and types are checked. It is not changed
// after Bind, and may be used by several goroutines.
type Bound struct {
	Query     *Query
	Entity    *Entity
	Count     bool    // SELECT COUNT()
	FieldsAll bool    // FIELDS(ALL) or FIELDS(CUSTOM), which Bulk refuses as an unbounded set
	Columns   []*Path // the select list, FIELDS(...) expanded, in the order of SELECT
	Limit     int     // -1 where absent
	Offset    int     // -1 where absent
	AllRows   bool
	Sorted    bool // has ORDER BY

	filter predicate // nil where there is no WHERE
	order  []ordering
}

// Bind checks the names and types of q and resolves them. Its error is an
// *Error.
func Bind(q *Query, s Schema) (*Bound, error) {
	b := &binder{query: q, schema: s, names: map[*Entity]map[string]int{}}
	bound, err := b.bind()
	if err != nil {
		return nil, err
	}
	return bound, nil
}

// A binder resolves the names of one statement.
type binder struct {
	query      *Query
	schema     Schema
	entity     *Entity
	names      map[*Entity]map[string]int // field names in lower case, to their places; made when first needed
	nameEntity *Entity                    // see nameEntity; made when first needed
}

func (b *binder) refuse(pos int, code, format string, args ...any) *Error {
	return refuseAt(b.query.text, pos, code, format, args...)
}

func (b *binder) bind() (*Bound, *Error) {
	q := b.query
	entity, ok := b.schema.Entity(q.From.Name.String())
	if !ok {
		return nil, b.refuse(q.From.Name.Pos, InvalidType, "sObject type '%s' is not supported. If you are attempting to "+
			"use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the "+
			"describe call for the appropriate names.", q.From.Name)
	}
	b.entity = entity
	bound := &Bound{Query: q, Entity: entity, Limit: q.Limit, Offset: q.Offset, AllRows: q.AllRows, Sorted: len(q.OrderBy) > 0}
	if err := b.selectList(bound); err != nil {
		return nil, err
	}
	if q.Where != nil {
		filter, err := b.predicate(q.Where)
		if err != nil {
			return nil, err
		}
		bound.filter = filter
	}
	for _, o := range q.OrderBy {
		ordering, err := b.ordering(o)
		if err != nil {
			return nil, err
		}
		bound.order = append(bound.order, ordering)
	}
	if bound.Count && bound.Sorted {
		return nil, b.refuse(q.OrderBy[0].Field.Pos, MalformedQuery, "COUNT() can't be used with ORDER BY")
	}
	return bound, nil
}

func (b *binder) selectList(bound *Bound) *Error {
	seen := map[string]bool{}
	for _, item := range b.query.Select {
		switch item := item.(type) {
		case CountItem:
			bound.Count = true
		case FieldItem:
			path, err := b.path(item.Name)
			if err != nil {
				return err
			}
			bound.Columns = append(bound.Columns, path)
		case FieldsItem:
			if err := b.fieldsItem(bound, item); err != nil {
				return err
			}
		}
	}
	for _, c := range bound.Columns {
		if seen[c.String()] {
			return refuse(InvalidField, "duplicate field selected: %s", c)
		}
		seen[c.String()] = true
	}
	return nil
}

func (b *binder) fieldsItem(bound *Bound, item FieldsItem) *Error {
	if item.Group != "STANDARD" {
		bound.FieldsAll = true
		if bound.Limit < 0 || bound.Limit > maxFieldsLimit {
			return b.refuse(item.Pos, MalformedQuery, "The SOQL FIELDS function must have a LIMIT of at most %d", maxFieldsLimit)
		}
	}
	for _, f := range b.entity.Fields {
		if item.Group == "ALL" || f.Custom == (item.Group == "CUSTOM") {
			bound.Columns = append(bound.Columns, &Path{Names: []string{f.Name}, Field: f})
		}
	}
	return nil
}

// maxHops is how many relationships a path may follow (SOQL limits).
const maxHops = 5

// path resolves a name: an alias or the object's own name in front of it
// falls away, then each part but the last is a relationship.
func (b *binder) path(n Name) (*Path, *Error) {
	parts := b.strip(n.Parts)
	if len(parts)-1 > maxHops {
		return nil, b.refuse(n.Pos, InvalidField, "the path '%s' follows more than %d relationships", n, maxHops)
	}
	p := &Path{}
	entity := b.entity
	for _, part := range parts[:len(parts)-1] {
		hop, target, ok := b.hop(entity, part)
		if !ok {
			return nil, b.refuse(n.Pos, InvalidField, "Didn't understand relationship '%s' in field path. If you are attempting "+
				"to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference "+
				"your WSDL or the describe call for the appropriate names.", part)
		}
		p.Names = append(p.Names, hop.Field.Relationship)
		p.Hops = append(p.Hops, hop)
		entity = target
	}
	last := parts[len(parts)-1]
	i, ok := b.fields(entity)[strings.ToLower(last)]
	if !ok {
		return nil, b.refuse(n.Pos, InvalidField, "No such column '%s' on entity '%s'. If you are attempting to use a custom "+
			"field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call "+
			"for the appropriate names.", last, entity.Name)
	}
	p.Field = entity.Fields[i]
	p.Names = append(p.Names, p.Field.Name)
	return p, nil
}

func (b *binder) strip(parts []string) []string {
	if len(parts) == 1 {
		return parts
	}
	if alias := b.query.From.Alias; alias != "" && strings.EqualFold(parts[0], alias) {
		return parts[1:]
	}
	if _, _, ok := b.hop(b.entity, parts[0]); !ok && strings.EqualFold(parts[0], b.entity.Name) {
		return parts[1:]
	}
	return parts
}

// hop follows one relationship. Where it may lead to several objects, the
// fields of Name stand for all of them.
func (b *binder) hop(from *Entity, relationship string) (Hop, *Entity, bool) {
	for _, f := range from.Fields {
		if f.Relationship == "" || !strings.EqualFold(f.Relationship, relationship) || len(f.ReferenceTo) == 0 {
			continue
		}
		hop := Hop{Field: f, Targets: f.ReferenceTo}
		if len(f.ReferenceTo) == 1 {
			target, ok := b.schema.Entity(f.ReferenceTo[0])
			return hop, target, ok
		}
		if b.nameEntity == nil {
			b.nameEntity = nameEntity()
		}
		return hop, b.nameEntity, true
	}
	return Hop{}, nil, false
}

// fields indexes the fields of e: a statement may name hundreds of them.
func (b *binder) fields(e *Entity) map[string]int {
	index, ok := b.names[e]
	if ok {
		return index
	}
	index = make(map[string]int, len(e.Fields))
	for i, f := range e.Fields {
		index[strings.ToLower(f.Name)] = i
	}
	b.names[e] = index
	return index
}
