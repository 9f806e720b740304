package change

import (
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// TrackHistory makes a schema one that keeps the history of an object's fields.
func TrackHistory(c *store.Catalog, name string, fields []string) error {
	obj, ok := c.Find(name)
	if !ok {
		return reply.NoObject(name)
	}
	for _, field := range fields {
		if obj.Slot(field) < 0 {
			return obj.NoColumn(field)
		}
	}
	log := newTrackLog(obj)
	if _, ok := c.Find(log.Name()); !ok {
		if err := c.Put(log); err != nil {
			return err
		}
	}
	return c.Put(obj.Altered(func(next *store.Object) { next.Tracked, next.TrackLog = fields, log.Name() }))
}

// newTrackLog describes the object that holds the history of another.
func newTrackLog(of *store.Object) *store.Object {
	name, parent := trackNames(of)
	lookup := describe.NewLookup(parent, of.Name()).Required()
	lookup.CascadeDelete = true
	fields := []*describe.Field{
		describe.NewID(name), describe.NewField("IsDeleted", "boolean", 0).ByOrg(), lookup,
		describe.NewLookup("CreatedById", "User").ByOrg(), describe.NewField("CreatedDate", "datetime", 0).ByOrg(),
		describe.NewField("Field", "picklist", 255), describe.NewField("DataType", "picklist", 40),
		describe.NewField("OldValue", "anyType", 0), describe.NewField("NewValue", "anyType", 0),
	}
	about := describe.NewReadOnly(name, "017", fields)
	if of.Name() != "Account" {
		prefix := "h" + of.Prefix()[1:] // no guide lists these prefixes; they are the org's own affair
		about.KeyPrefix = &prefix
	}
	about.Replicateable = true
	return store.NewObject(about, store.NewTable(about, nil, nil))
}

// trackNames are how the history of an object's fields is called, and its
// lookup to the object.
func trackNames(of *store.Object) (name, parent string) {
	if stem, custom := strings.CutSuffix(of.Name(), "__c"); custom {
		return stem + "__History", "ParentId"
	}
	return of.Name() + "History", of.Name() + "Id"
}

// track adds to the history of fields what differs between two versions.
func (e *Edit) track(old *store.Row, next *store.Record) error {
	obj := old.Object
	if obj.TrackLog == "" {
		return nil
	}
	log, ok := e.store.Catalog().Find(obj.TrackLog)
	if !ok {
		return nil
	}
	_, parent := trackNames(obj)
	for _, name := range obj.Tracked {
		at := obj.Slot(name)
		if at < 0 || old.Text(at) == next.Values[at] {
			continue
		}
		_, err := e.Insert(log, map[int]string{
			log.Slot(parent): old.Text(obj.Sys.ID), log.Slot("Field"): name, log.Slot("DataType"): obj.Slots[at].Type,
			log.Slot("OldValue"): old.Text(at), log.Slot("NewValue"): next.Values[at],
		})
		if err != nil {
			return err
		}
	}
	return nil
}
