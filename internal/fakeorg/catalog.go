package fakeorg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg/soql"
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

// catalog returns the schema of this moment.
func (o *Org) catalog() *catalog { return o.schema.Load() }

// find finds an object by its name in any case, hidden or not.
func (c *catalog) find(name string) (*object, bool) {
	obj, ok := c.byName[strings.ToLower(name)]
	return obj, ok
}

// shown lists the objects that the user sees.
func (c *catalog) shown() []*object {
	return slices.DeleteFunc(slices.Clone(c.objects), func(obj *object) bool { return obj.hidden })
}

// put adds an object, or takes the place of the one with its records.
func (c *catalog) put(obj *object) error {
	if other := c.byName[strings.ToLower(obj.name())]; other != nil && other.history != obj.history {
		return fmt.Errorf("add %s: the org has one already", obj.name())
	}
	if prefix := obj.prefix(); prefix != "" {
		if other := c.byPrefix[prefix]; other != nil && other.history != obj.history {
			return fmt.Errorf("add %s: key prefix %s is that of %s", obj.name(), prefix, other.name())
		}
		c.byPrefix[prefix] = obj
	}
	at := slices.IndexFunc(c.objects, func(other *object) bool { return other.history == obj.history })
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

// reform puts an altered copy of the schema in place, or none where do fails.
func (o *Org) reform(do func(*catalog) error) error {
	o.writing.Lock()
	defer o.writing.Unlock()
	old := o.catalog()
	next := &catalog{
		objects: slices.Clone(old.objects), byName: maps.Clone(old.byName), byPrefix: maps.Clone(old.byPrefix),
		changed: old.changed,
	}
	if err := do(next); err != nil {
		return err
	}
	if permissions, ok := next.find("ObjectPermissions"); ok {
		renewed := *o.objectPermissions(next)
		renewed.history = permissions.history
		if err := next.put(&renewed); err != nil {
			return err
		}
	}
	o.schema.Store(next)
	return nil
}

// add gives the org an object.
func (o *Org) add(obj *object) error {
	return o.reform(func(c *catalog) error { return c.put(obj) })
}

// object finds an object that the user sees by its name in any case.
func (o *Org) object(name string) (*object, bool) {
	obj, ok := o.catalog().find(name)
	if !ok || obj.hidden {
		return nil, false
	}
	return obj, true
}

// Entity implements soql.Schema.
func (o *Org) Entity(name string) (*soql.Entity, bool) {
	obj, ok := o.object(name)
	if !ok || !obj.about.Queryable {
		return nil, false
	}
	return obj.entity, true
}
