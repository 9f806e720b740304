package fakeorg

import (
	"encoding/json"
	"net/http"
	"strings"
)

// create makes a record of what a client gives, once that is checked.
func (t *Transaction) create(obj *object, given map[string]json.RawMessage) (id string, err error) {
	if !obj.about.Createable {
		return "", refuse(http.StatusBadRequest, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: %s", obj.about.Label)
	}
	values, err := t.values(obj, given, true)
	if err != nil {
		return "", err
	}
	if err := t.unique(obj, values, ""); err != nil {
		return "", err
	}
	return t.insert(obj, values)
}

// insert creates a record from checked values and returns its Id.
func (t *Transaction) insert(obj *object, values map[int]string) (id string, err error) {
	t.org.mu.Lock()
	id, place := obj.nextID(), obj.base.count()+obj.history.created
	obj.history.created++
	t.org.mu.Unlock()
	r := &record{values: make([]string, len(obj.slots))}
	for at, s := range obj.slots {
		r.values[at] = obj.blank(at)
		if s.AutoNumber {
			r.values[at] = string(appendPadded(nil, place+1, 8))
		}
		if value, ok := s.DefaultValue.(string); ok && s.DefaultedOnCreate {
			r.values[at] = value
		}
	}
	r.set(obj.sys.id, id)
	r.set(obj.sys.own, t.org.runningUser())
	t.stamp(obj, r)
	r.set(obj.sys.created, t.now())
	r.set(obj.sys.createdBy, t.org.runningUser())
	r.apply(obj, values)
	if err := t.bearPerson(obj, id, r); err != nil {
		return "", err
	}
	return id, t.put(obj, place, r)
}

// now is the stamp of what is written at this moment.
func (t *Transaction) now() string { return stamp(t.org.clock.Now()) }

// set writes a field of a record that nobody else has seen yet.
func (r *record) set(field int, value string) {
	if field >= 0 {
		r.values[field] = value
	}
}

// apply writes values into a new version, and the name that is put together
// from its parts.
func (r *record) apply(obj *object, values map[int]string) {
	for at, value := range values {
		r.values[at] = value
	}
	sys := obj.sys
	if sys.name >= 0 && sys.first >= 0 && sys.last >= 0 && r.values[sys.last] != "" {
		r.values[sys.name] = strings.TrimSpace(r.values[sys.first] + " " + r.values[sys.last])
	}
}

// stamp says that the running user has changed a record now.
func (t *Transaction) stamp(obj *object, r *record) {
	r.set(obj.sys.modified, t.now())
	r.set(obj.sys.modifiedBy, t.org.runningUser())
	r.set(obj.sys.stamp, t.now())
}

// update gives a record what a client gives, once that is checked.
func (t *Transaction) update(obj *object, id string, given map[string]json.RawMessage) error {
	if !obj.about.Updateable {
		return refuse(http.StatusBadRequest, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be updated: %s", obj.about.Label)
	}
	values, err := t.values(obj, given, false)
	if err != nil {
		return err
	}
	if err := t.unique(obj, values, id); err != nil {
		return err
	}
	return t.change(obj, id, values)
}

// change gives a record new, checked values.
func (t *Transaction) change(obj *object, id string, values map[int]string) error {
	return t.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt != "" {
			return entityIsDeleted()
		}
		r.apply(obj, values)
		t.stamp(obj, r)
		if err := t.mirrorPerson(obj, r); err != nil {
			return err
		}
		return t.track(old, r)
	})
}

// turn writes what do makes of a record.
func (t *Transaction) turn(obj *object, id string, do func(old *row, next *record) error) error {
	old, err := t.find(obj, id)
	if err != nil {
		return err
	}
	return t.turnRow(old, func(r *record) error { return do(old, r) })
}

func (t *Transaction) turnRow(old *row, do func(*record) error) error {
	next := old.whole()
	if err := do(next); err != nil {
		return err
	}
	return t.put(old.obj, old.place, next)
}

// each does one thing to all records of a list.
func (t *Transaction) each(ids []string, do func(obj *object, id string) error) error {
	for _, id := range ids {
		obj, full, err := t.org.objectOf(id)
		if err != nil {
			return err
		}
		if err := do(obj, full); err != nil {
			return err
		}
	}
	return nil
}

// objectOf finds the object that an Id belongs to.
func (o *Org) objectOf(id string) (*object, string, error) {
	full, ok := fullID(id)
	if !ok {
		return nil, "", refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", id)
	}
	obj, ok := o.catalog().byPrefix[full[:3]]
	if !ok || obj.sys.deleted < 0 {
		return nil, "", notFound()
	}
	return obj, full, nil
}

func entityIsDeleted() *apiError {
	return refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
}
