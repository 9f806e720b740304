package soql

import (
	"slices"

	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

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

// typeof binds a TYPEOF: each WHEN names one of the objects that the
// relationship may lead to.
func (s *scope) typeof(item syntax.TypeofItem) (*Typeof, *refusal.Error) {
	name, path := item.Relationship, &Path{}
	if _, err := s.follow(path, s.entity, s.strip(name.Parts), name.Pos); err != nil {
		return nil, err
	}
	hop := path.Hops[0]
	if len(path.Hops) > 1 || len(hop.Targets) < 2 {
		return nil, s.refuse(name.Pos, refusal.InvalidField,
			"The relationship '%s' is not polymorphic: TYPEOF can't be used with it", name)
	}
	t := &Typeof{Hop: hop}
	for _, c := range item.Cases {
		fields, err := s.typeofCase(hop, c)
		if err != nil {
			return nil, err
		}
		t.Cases = append(t.Cases, *fields)
	}
	if item.Else == nil {
		return t, nil
	}
	var err *refusal.Error
	t.Else, err = s.typeofFields(hop, s.anyName, item.Else)
	return t, err
}

func (c *catalog) typeofCase(hop Hop, when syntax.TypeofCase) (*TypeofFields, *refusal.Error) {
	entity, ok := c.schema.Entity(when.Object)
	if !ok || !slices.Contains(hop.Targets, entity.Name) {
		return nil, c.refuse(when.Pos, refusal.InvalidType,
			"'%s' is not an object that the relationship '%s' can lead to", when.Object, hop.Field.Relationship)
	}
	only := Hop{Field: hop.Field, Targets: []string{entity.Name}}
	return c.typeofFields(only, entity, when.Fields)
}

func (c *catalog) typeofFields(hop Hop, entity *Entity, names []syntax.Name) (*TypeofFields, *refusal.Error) {
	t := &TypeofFields{Object: entity.Name}
	for _, n := range names {
		p, last := &Path{Names: []string{hop.Field.Relationship}, Hops: []Hop{hop}}, len(n.Parts)-1
		end, err := c.follow(p, entity, n.Parts[:last], n.Pos)
		if err == nil {
			err = c.finish(p, end, n.Parts[last], n.Pos)
		}
		if err != nil {
			return nil, err
		}
		t.Columns = append(t.Columns, &Column{Path: p, Type: p.Field.Type})
	}
	return t, nil
}
