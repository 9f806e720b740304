package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A catalog finds what names stand for: objects, their fields, and where
// relationships lead. All queries of one statement share it.
type catalog struct {
	statement *syntax.Query // the outermost query, for the context of a refusal
	schema    Schema
	anyName   *Entity                    // see nameEntity
	places    map[*Entity]map[string]int // of fields, by name in lower case; made when first needed
}

func newCatalog(statement *syntax.Query, s Schema) *catalog {
	return &catalog{statement: statement, schema: s, anyName: nameEntity(), places: map[*Entity]map[string]int{}}
}

func (c *catalog) refuse(pos int, code, format string, args ...any) *refusal.Error {
	return c.statement.Refuse(pos, code, format, args...)
}

// malformed refuses what SOQL does not allow, whatever the names mean.
func (c *catalog) malformed(pos int, format string, args ...any) *refusal.Error {
	return c.refuse(pos, refusal.MalformedQuery, format, args...)
}

// What the server adds where it doesn't know a name.
const (
	customObject       = ifCustom + "object, be sure to append the '__c' after the entity name." + seeDescribe
	customRelationship = ifCustom + "relationship, be sure to append the '__r' after the custom relationship name." +
		seeDescribe
	customField = ifCustom + "field, be sure to append the '__c' after the custom field name." + seeDescribe

	ifCustom    = " If you are attempting to use a custom "
	seeDescribe = " Please reference your WSDL or the describe call for the appropriate names."
)

// object finds the object that a FROM names.
func (c *catalog) object(from syntax.Name) (*Entity, *refusal.Error) {
	entity, ok := c.schema.Entity(from.String())
	if !ok {
		return nil, c.refuse(from.Pos, refusal.InvalidType, "sObject type '%s' is not supported."+customObject, from)
	}
	return entity, nil
}

// follow adds relationships to a path, beginning at an object, and gives the
// object where they end.
func (c *catalog) follow(p *Path, from *Entity, relationships []string, pos int) (*Entity, *refusal.Error) {
	for _, relationship := range relationships {
		hop, target, ok := c.hop(from, relationship)
		if !ok {
			return nil, c.refuse(pos, refusal.InvalidField,
				"Didn't understand relationship '%s' in field path."+customRelationship, relationship)
		}
		p.Names = append(p.Names, hop.Field.Relationship)
		p.Hops = append(p.Hops, hop)
		from = target
	}
	return from, nil
}

// hop follows one relationship. Where it may lead to several objects, the
// fields of Name stand for all of them.
func (c *catalog) hop(from *Entity, relationship string) (Hop, *Entity, bool) {
	for _, f := range from.Fields {
		if f.Relationship == "" || !strings.EqualFold(f.Relationship, relationship) || len(f.ReferenceTo) == 0 {
			continue
		}
		hop := Hop{Field: f, Targets: f.ReferenceTo}
		if len(f.ReferenceTo) == 1 {
			target, ok := c.schema.Entity(f.ReferenceTo[0])
			return hop, target, ok
		}
		return hop, c.anyName, true
	}
	return Hop{}, nil, false
}

// finish ends a path with a field of entity.
func (c *catalog) finish(p *Path, entity *Entity, field string, pos int) *refusal.Error {
	i, ok := c.fields(entity)[strings.ToLower(field)]
	if !ok {
		return c.refuse(pos, refusal.InvalidField,
			"No such column '%s' on entity '%s'."+customField, field, entity.Name)
	}
	p.Field = entity.Fields[i]
	p.Names = append(p.Names, p.Field.Name)
	return nil
}

// fields indexes the fields of e: a statement may name hundreds of them.
func (c *catalog) fields(e *Entity) map[string]int {
	index, ok := c.places[e]
	if ok {
		return index
	}
	index = make(map[string]int, len(e.Fields))
	for i, f := range e.Fields {
		index[strings.ToLower(f.Name)] = i
	}
	c.places[e] = index
	return index
}
