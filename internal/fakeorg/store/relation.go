package store

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/describe"
)

// A Relation is a lookup as the parent sees it: whose records point to the
// parent's, by which field, and what becomes of them when it is deleted.
type Relation struct {
	Child    *Object
	Field    int     // the position of the lookup in the child
	Name     *string // under which the parent knows its children, or nil
	Cascades bool    // the child goes with its parent
	Restrict bool    // the parent can't go as long as the child is there
}

// Relations are the lookups of the org's objects that point to obj, those that
// the user doesn't see among them. Where a describe of obj was recorded, it
// tells what a delete does; elsewhere the lookup itself does. They are told apart
// by child and field, since many have no name.
func (c *Catalog) Relations(obj *Object) []Relation {
	recorded := map[[2]string]describe.Child{}
	for _, child := range obj.About.ChildRelationships {
		recorded[[2]string{child.ChildSObject, child.Field}] = child
	}
	var all []Relation
	for _, child := range c.Objects {
		for at, s := range child.Slots {
			if s.Deleted || !slices.Contains(s.ReferenceTo, obj.Name()) {
				continue
			}
			r := Relation{
				Child: child, Field: at, Name: childName(child, s.Field),
				Cascades: s.CascadeDelete, Restrict: s.RestrictedDelete,
			}
			if told, ok := recorded[[2]string{child.Name(), s.Name}]; ok {
				r.Name, r.Cascades, r.Restrict = told.RelationshipName, told.CascadeDelete, told.RestrictedDelete
			}
			all = append(all, r)
		}
	}
	return all
}

// Children are the relations of obj that the user sees, as describe tells of them.
func (c *Catalog) Children(obj *Object) []describe.Child {
	all := []describe.Child{}
	for _, r := range c.Relations(obj) {
		s := r.Child.Slots[r.Field]
		if r.Child.Hidden || s.Hidden {
			continue
		}
		all = append(all, describe.Child{
			CascadeDelete: r.Cascades, ChildSObject: r.Child.Name(), Field: s.Name,
			JunctionIDListNames: []string{}, JunctionReferenceTo: []string{},
			RelationshipName: r.Name, RestrictedDelete: r.Restrict,
		})
	}
	return all
}

// childName is the plural under which a parent knows its children; lookups
// that every object has, such as CreatedBy, have none.
func childName(child *Object, f *describe.Field) *string {
	written := f.Updateable || f.Createable && f.CascadeDelete
	if !written || f.Name == "OwnerId" {
		return nil
	}
	name := strings.ReplaceAll(string(child.About.LabelPlural), " ", "")
	if slices.Contains(f.ReferenceTo, child.Name()) {
		name = "Child" + name
	}
	if f.Custom {
		name += "__r"
	}
	return &name
}
