package fakeorg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A catalog is the org's schema at one time. It is never altered: a change of
// the schema puts another in its place, so that whoever asked under the older
// one reads on under it.
type catalog struct {
	objects  []*object // in the order in which they came, hidden ones too
	byName   map[string]*object
	byPrefix map[string]*object
	changed  time.Time // what describe tells as Last-Modified
}

// find finds an object by its name in any case, hidden or not.
func (c *catalog) find(name string) (*object, bool) {
	obj, ok := c.byName[strings.ToLower(name)]
	return obj, ok
}

// owner finds the object that an Id of 18 characters belongs to.
func (c *catalog) owner(id string) (*object, bool) {
	obj, ok := c.byPrefix[id[:3]]
	return obj, ok
}

// shown lists the objects that the user sees.
func (c *catalog) shown() []*object {
	return slices.DeleteFunc(slices.Clone(c.objects), func(obj *object) bool { return obj.hidden })
}

// put adds an object, or takes the place of the one with its records.
func (c *catalog) put(obj *object) error {
	if other := c.byName[strings.ToLower(obj.name())]; other != nil && !other.same(obj) {
		return fmt.Errorf("add %s: the org has one already", obj.name())
	}
	if prefix := obj.prefix(); prefix != "" {
		if other := c.byPrefix[prefix]; other != nil && !other.same(obj) {
			return fmt.Errorf("add %s: key prefix %s is that of %s", obj.name(), prefix, other.name())
		}
		c.byPrefix[prefix] = obj
	}
	at := slices.IndexFunc(c.objects, func(other *object) bool { return other.same(obj) })
	if at < 0 {
		c.objects = append(c.objects, obj)
	} else {
		delete(c.byName, strings.ToLower(c.objects[at].name()))
		c.objects[at] = obj
	}
	c.byName[strings.ToLower(obj.name())] = obj
	return nil
}

// drop removes an object.
func (c *catalog) drop(obj *object) {
	c.objects = slices.DeleteFunc(c.objects, func(other *object) bool { return other == obj })
	delete(c.byName, strings.ToLower(obj.name()))
	delete(c.byPrefix, obj.prefix())
}

// copy returns a catalog that can be altered while others read this one.
func (c *catalog) copy() *catalog {
	return &catalog{
		objects: slices.Clone(c.objects), byName: maps.Clone(c.byName), byPrefix: maps.Clone(c.byPrefix), changed: c.changed,
	}
}

// renew gives an object other records to be born with, where there is one of
// its name.
func (c *catalog) renew(obj *object) error {
	old, ok := c.find(obj.name())
	if !ok {
		return nil
	}
	next := *obj
	next.history = old.history
	return c.put(&next)
}

// touch moves the time of the schema on: by a second at least, since HTTP
// can't tell two changes within one apart.
func (c *catalog) touch(now time.Time) {
	c.changed = c.changed.Add(time.Second)
	if now = now.Truncate(time.Second); now.After(c.changed) {
		c.changed = now
	}
}

// children are the lookups of the org's objects that point to obj.
func (c *catalog) children(obj *object) []childRelationship {
	all := []childRelationship{}
	for _, child := range c.shown() {
		for _, f := range child.about.Fields {
			for _, target := range f.ReferenceTo {
				if target == obj.name() {
					all = append(all, childRelationship{
						CascadeDelete: f.CascadeDelete, ChildSObject: child.name(), Field: f.Name,
						JunctionIDListNames: []string{}, JunctionReferenceTo: []string{},
						RelationshipName: childName(child, f), RestrictedDelete: f.RestrictedDelete,
					})
				}
			}
		}
	}
	return all
}

// childName is the plural under which a parent knows its children; lookups
// that every object has, such as CreatedBy, have none.
func childName(child *object, f *fieldDescribe) *string {
	if !f.Updateable || f.Name == "OwnerId" {
		return nil
	}
	name := strings.ReplaceAll(child.about.LabelPlural, " ", "")
	if slices.Contains(f.ReferenceTo, child.name()) {
		name = "Child" + name
	}
	if f.Custom {
		name += "__r"
	}
	return &name
}
