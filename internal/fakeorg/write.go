package fakeorg

import (
	"encoding/json"
	"net/http"
)

// create makes a record of what a client gives, once that is checked.
func (e *edit) create(obj *object, given map[string]json.RawMessage) (id string, err error) {
	if !obj.about.Createable {
		return "", refuse(http.StatusBadRequest, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: %s", obj.about.Label)
	}
	in := e.intake(obj)
	values, err := in.values(given, true)
	if err != nil {
		return "", err
	}
	if err := in.unique(values, ""); err != nil {
		return "", err
	}
	return e.insert(obj, values)
}

func (e *edit) intake(obj *object) intake {
	return intake{e.sight, obj, e.ledger.rules.SetAuditFields}
}

// insert creates a record from checked values and returns its Id.
func (e *edit) insert(obj *object, values map[int]string) (id string, err error) {
	id, place := e.store.reserve(obj)
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
	r.set(obj.sys.own, runningUser())
	e.stamp(obj, r)
	r.set(obj.sys.created, e.now())
	r.set(obj.sys.createdBy, runningUser())
	r.apply(obj, values)
	if err := bearPerson(e, obj, id, r); err != nil {
		return "", err
	}
	return id, e.put(obj, place, r)
}

// update gives a record what a client gives, once that is checked.
func (e *edit) update(obj *object, id string, given map[string]json.RawMessage) error {
	if !obj.about.Updateable {
		return refuse(http.StatusBadRequest, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be updated: %s", obj.about.Label)
	}
	in := e.intake(obj)
	values, err := in.values(given, false)
	if err != nil {
		return err
	}
	if err := in.unique(values, id); err != nil {
		return err
	}
	return e.change(obj, id, values)
}

// change gives a record new, checked values.
func (e *edit) change(obj *object, id string, values map[int]string) error {
	return e.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt != "" {
			return entityIsDeleted()
		}
		r.apply(obj, values)
		e.stamp(obj, r)
		if err := mirrorPerson(e, obj, r); err != nil {
			return err
		}
		return e.track(old, r)
	})
}

// upsert updates the record whose key has a value, or creates it.
func (e *edit) upsert(obj *object, key, value string, given map[string]json.RawMessage) (id string, created bool, err error) {
	at := obj.keyField(key)
	if at < 0 {
		return "", false, noKey(key)
	}
	ids := e.byKey(obj, at, value)
	switch {
	case len(ids) > 1:
		return "", false, ambiguous(key, ids)
	case len(ids) == 1:
		return ids[0], false, e.update(obj, ids[0], given)
	case at == obj.sys.id && value != "":
		return "", false, refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
	if at != obj.sys.id {
		given[obj.slots[at].Name] = asJSON(value)
	}
	id, err = e.create(obj, given)
	return id, true, err
}
