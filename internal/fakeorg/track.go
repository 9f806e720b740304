package fakeorg

import "strings"

// trackHistory makes a schema one that keeps the history of an object's fields.
func trackHistory(c *catalog, name string, fields []string) error {
	obj, ok := c.find(name)
	if !ok {
		return noObject(name)
	}
	for _, field := range fields {
		if obj.slot(field) < 0 {
			return obj.noColumn(field)
		}
	}
	log := newTrackLog(obj)
	if _, ok := c.find(log.name()); !ok {
		if err := c.put(log); err != nil {
			return err
		}
	}
	return c.put(obj.altered(func(next *object) { next.tracked, next.trackLog = fields, log.name() }))
}

// newTrackLog describes the object that holds the history of another.
func newTrackLog(of *object) *object {
	name, parent := trackNames(of)
	lookup := newLookup(parent, of.name()).required()
	lookup.CascadeDelete = true
	fields := []*fieldDescribe{
		newID(name), newField("IsDeleted", "boolean", 0).byOrg(), lookup,
		newLookup("CreatedById", "User").byOrg(), newField("CreatedDate", "datetime", 0).byOrg(),
		newField("Field", "picklist", 255), newField("DataType", "picklist", 40),
		newField("OldValue", "anyType", 0), newField("NewValue", "anyType", 0),
	}
	about := newReadOnly(name, "017", fields)
	if of.name() != "Account" {
		prefix := "h" + of.prefix()[1:] // no guide lists these prefixes; they are the org's own affair
		about.KeyPrefix = &prefix
	}
	about.Replicateable = true
	return newObject(about, newTable(about, nil, nil))
}

// trackNames are how the history of an object's fields is called, and its
// lookup to the object.
func trackNames(of *object) (name, parent string) {
	if stem, custom := strings.CutSuffix(of.name(), "__c"); custom {
		return stem + "__History", "ParentId"
	}
	return of.name() + "History", of.name() + "Id"
}

// track adds to the history of fields what differs between two versions.
func (e *edit) track(old *row, next *record) error {
	obj := old.obj
	if obj.trackLog == "" {
		return nil
	}
	log, ok := e.store.catalog().find(obj.trackLog)
	if !ok {
		return nil
	}
	_, parent := trackNames(obj)
	for _, name := range obj.tracked {
		at := obj.slot(name)
		if at < 0 || old.text(at) == next.values[at] {
			continue
		}
		_, err := e.insert(log, map[int]string{
			log.slot(parent): old.text(obj.sys.id), log.slot("Field"): name, log.slot("DataType"): obj.slots[at].Type,
			log.slot("OldValue"): old.text(at), log.slot("NewValue"): next.values[at],
		})
		if err != nil {
			return err
		}
	}
	return nil
}
