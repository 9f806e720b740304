package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Catalog is the org's schema at one time. It is never altered: a change of
// the schema puts another in its place, so that whoever asked under the older
// one reads on under it.
type Catalog struct {
	Objects  []*Object // in the order in which they came, hidden ones too
	byName   map[string]*Object
	byPrefix map[string]*Object
	Changed  time.Time // what describe tells as Last-Modified
}

// Find finds an object by its name in any case, hidden or not.
func (c *Catalog) Find(name string) (*Object, bool) {
	obj, ok := c.byName[strings.ToLower(name)]
	return obj, ok
}

// Owner finds the object that an Id of 18 characters belongs to.
func (c *Catalog) Owner(id string) (*Object, bool) {
	obj, ok := c.byPrefix[id[:3]]
	return obj, ok
}

// IsOfAnother tells whether an Id of 18 characters belongs to another object.
func (c *Catalog) IsOfAnother(obj *Object, id string) bool {
	owner, ok := c.Owner(id)
	return ok && !owner.Same(obj)
}

// Shown lists the objects that the user sees.
func (c *Catalog) Shown() []*Object {
	return slices.DeleteFunc(slices.Clone(c.Objects), func(obj *Object) bool { return obj.Hidden })
}

// Put adds an object, or takes the place of the one with its records.
func (c *Catalog) Put(obj *Object) error {
	if other := c.byName[strings.ToLower(obj.Name())]; other != nil && !other.Same(obj) {
		return fmt.Errorf("add %s: the org has one already", obj.Name())
	}
	if prefix := obj.Prefix(); prefix != "" {
		if other := c.byPrefix[prefix]; other != nil && !other.Same(obj) {
			return fmt.Errorf("add %s: key prefix %s is that of %s", obj.Name(), prefix, other.Name())
		}
		c.byPrefix[prefix] = obj
	}
	at := slices.IndexFunc(c.Objects, func(other *Object) bool { return other.Same(obj) })
	if at < 0 {
		c.Objects = append(c.Objects, obj)
	} else {
		delete(c.byName, strings.ToLower(c.Objects[at].Name()))
		c.Objects[at] = obj
	}
	c.byName[strings.ToLower(obj.Name())] = obj
	return nil
}

// Drop removes an object.
func (c *Catalog) Drop(obj *Object) {
	c.Objects = slices.DeleteFunc(c.Objects, func(other *Object) bool { return other == obj })
	delete(c.byName, strings.ToLower(obj.Name()))
	delete(c.byPrefix, obj.Prefix())
}

// Copy returns a catalog that can be altered while others read this one.
func (c *Catalog) Copy() *Catalog {
	return &Catalog{
		Objects: slices.Clone(c.Objects), byName: maps.Clone(c.byName), byPrefix: maps.Clone(c.byPrefix),
		Changed: c.Changed,
	}
}

// Renew gives an object other records to be born with, where there is one of
// its name.
func (c *Catalog) Renew(obj *Object) error {
	old, ok := c.Find(obj.Name())
	if !ok {
		return nil
	}
	next := *obj
	next.history = old.history
	return c.Put(&next)
}

// Touch moves the time of the schema on: by a second at least, since HTTP
// can't tell two changes within one apart.
func (c *Catalog) Touch(now time.Time) {
	c.Changed = c.Changed.Add(time.Second)
	if now = now.Truncate(time.Second); now.After(c.Changed) {
		c.Changed = now
	}
}
