package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A Bound is a statement whose names and types are checked. It is not changed
// after Bind, and may be used by several goroutines.
type Bound struct {
	Query     *syntax.Query
	Entity    *Entity
	Count     bool      // SELECT COUNT()
	FieldsAll bool      // FIELDS(ALL) or FIELDS(CUSTOM), which Bulk refuses as an unbounded set
	Grouped   bool      // the answer is groups, which Groups makes, not records
	Columns   []*Column // the select list, FIELDS(...) expanded, in the order of SELECT
	Inner     []*Bound  // the queries of semi-joins: Filter wants to know what the only column of each holds
	Limit     int       // -1 where absent
	Offset    int       // -1 where absent
	AllRows   bool
	Sorted    bool // has ORDER BY

	filter   predicate // nil where there is no WHERE
	order    []ordering
	grouping *grouping // nil unless Grouped
}

// Bind checks the names and types of q and resolves them. Its error is a
// *refusal.Error.
func Bind(q *syntax.Query, s Schema) (*Bound, error) {
	b := &binder{query: q, schema: s, names: map[*Entity]map[string]int{}}
	bound, err := b.root()
	if err != nil {
		return nil, err
	}
	return bound, nil
}

// A binder resolves the names of one statement, or of a query in it.
type binder struct {
	query      *syntax.Query
	schema     Schema
	entity     *Entity
	aliases    map[string][]string        // in lower case, to the relationships that they stand for
	names      map[*Entity]map[string]int // field names in lower case, to their places; made when first needed
	nameEntity *Entity                    // see nameEntity; made when first needed
	inner      []*Bound                   // see Bound.Inner
	grouping   *grouping                  // see Bound.grouping
	depth      int                        // how many queries this one is a child of
	joined     bool                       // the query is that of a semi-join
	overGroups bool                       // comparisons are those of HAVING
	unnamed    int                        // columns that are called expr0, expr1 ... so far
}

func (b *binder) refuse(pos int, code, format string, args ...any) *refusal.Error {
	return b.query.Refuse(pos, code, format, args...)
}

// root binds a query whose FROM names an object.
func (b *binder) root() (*Bound, *refusal.Error) {
	if err := b.aliasing(); err != nil {
		return nil, err
	}
	from := b.query.From.Name
	entity, ok := b.schema.Entity(from.String())
	if !ok {
		return nil, b.refuse(from.Pos, refusal.InvalidType, "sObject type '%s' is not supported. If you are attempting to "+
			"use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the "+
			"describe call for the appropriate names.", from)
	}
	return b.bind(entity)
}

// aliasing lets only grouped statements rename a field.
func (b *binder) aliasing() *refusal.Error {
	for _, item := range b.query.Select {
		if f, ok := item.(syntax.FieldItem); ok && f.Alias != "" && !b.query.Grouped() {
			return b.refuse(f.AliasPosition(), refusal.MalformedQuery, "only aggregate expressions use field aliasing")
		}
	}
	return nil
}

func (b *binder) bind(entity *Entity) (*Bound, *refusal.Error) {
	q := b.query
	b.entity = entity
	bound := &Bound{Query: q, Entity: entity, Limit: q.Limit, Offset: q.Offset, AllRows: q.AllRows, Sorted: len(q.OrderBy) > 0}
	for _, step := range []func(*Bound) *refusal.Error{b.parents, b.categories, b.groups, b.selectList, b.where, b.having, b.orderBy} {
		if err := step(bound); err != nil {
			return nil, err
		}
	}
	bound.Inner, bound.grouping = b.inner, b.grouping
	return bound, nil
}

// parents gives the further entries of FROM their meaning: each is a
// relationship of the object, or of an entry before it.
func (b *binder) parents(*Bound) *refusal.Error {
	b.aliases = map[string][]string{}
	if alias := b.query.From.Alias; alias != "" {
		b.aliases[strings.ToLower(alias)] = []string{}
	}
	for _, parent := range b.query.Parents {
		if len(parent.Name.Parts) == 1 {
			return b.refuse(parent.Name.Pos, refusal.MalformedQuery, "A driving SObject type has already been set, all other entity types in "+
				"the FROM clause must be relationships to the initial object.  The driving object is %s.", b.entity.Name)
		}
		parts := b.strip(parent.Name.Parts)
		if _, err := b.follow(&Path{}, b.entity, parts, parent.Name.Pos); err != nil {
			return err
		}
		b.aliases[strings.ToLower(parent.Alias)] = parts
	}
	return nil
}

// categories refuses WITH DATA CATEGORY: a category group is known to nobody
// before somebody has set one up.
func (b *binder) categories(*Bound) *refusal.Error {
	if len(b.query.Categories) == 0 {
		return nil
	}
	c := b.query.Categories[0]
	return b.refuse(c.Pos, refusal.InvalidField, "Data category group '%s' does not exist or is not visible to you", c.Group)
}

func (b *binder) where(bound *Bound) (err *refusal.Error) {
	if b.query.Where == nil {
		return nil
	}
	if err := b.joins(b.query.Where); err != nil {
		return err
	}
	bound.filter, err = b.predicate(b.query.Where)
	return err
}

func (b *binder) orderBy(bound *Bound) *refusal.Error {
	if bound.Count && bound.Sorted {
		return b.refuse(b.query.OrderBy[0].By.Position(), refusal.MalformedQuery, "COUNT() can't be used with ORDER BY")
	}
	for _, o := range b.query.OrderBy {
		ordering, err := b.ordering(o)
		if err != nil {
			return err
		}
		bound.order = append(bound.order, ordering)
	}
	return nil
}

// maxHops is how many relationships a path may follow (SOQL limits).
const maxHops = 5

// path resolves a name: each part but the last is a relationship.
func (b *binder) path(n syntax.Name) (*Path, *refusal.Error) {
	parts := b.strip(n.Parts)
	last := len(parts) - 1
	if last > maxHops {
		return nil, b.refuse(n.Pos, refusal.InvalidField, "the path '%s' follows more than %d relationships", n, maxHops)
	}
	p := &Path{}
	entity, err := b.follow(p, b.entity, parts[:last], n.Pos)
	if err != nil {
		return nil, err
	}
	return p, b.finish(p, entity, parts[last], n.Pos)
}

// follow adds relationships to a path, beginning at an object, and gives the
// object where they end.
func (b *binder) follow(p *Path, from *Entity, relationships []string, pos int) (*Entity, *refusal.Error) {
	for _, relationship := range relationships {
		hop, target, ok := b.hop(from, relationship)
		if !ok {
			return nil, b.refuse(pos, refusal.InvalidField, "Didn't understand relationship '%s' in field path. If you are attempting "+
				"to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference "+
				"your WSDL or the describe call for the appropriate names.", relationship)
		}
		p.Names = append(p.Names, hop.Field.Relationship)
		p.Hops = append(p.Hops, hop)
		from = target
	}
	return from, nil
}

// finish ends a path with a field of entity.
func (b *binder) finish(p *Path, entity *Entity, field string, pos int) *refusal.Error {
	i, ok := b.fields(entity)[strings.ToLower(field)]
	if !ok {
		return b.refuse(pos, refusal.InvalidField, "No such column '%s' on entity '%s'. If you are attempting to use a custom "+
			"field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call "+
			"for the appropriate names.", field, entity.Name)
	}
	p.Field = entity.Fields[i]
	p.Names = append(p.Names, p.Field.Name)
	return nil
}

// strip replaces an alias in front of a name by what it stands for; the
// object's own name falls away.
func (b *binder) strip(parts []string) []string {
	if len(parts) == 1 {
		return parts
	}
	if relationships, ok := b.aliases[strings.ToLower(parts[0])]; ok {
		return append(relationships[:len(relationships):len(relationships)], parts[1:]...)
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
		return hop, b.anyName(), true
	}
	return Hop{}, nil, false
}

// anyName gives the object Name.
func (b *binder) anyName() *Entity {
	if b.nameEntity == nil {
		b.nameEntity = nameEntity()
	}
	return b.nameEntity
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
