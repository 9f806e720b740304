package change

import (
	"encoding/json"
	"fmt"
	"net/http"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Create makes a record of what a client gives, once that is checked.
func (e *Edit) Create(obj *store.Object, given map[string]json.RawMessage) (id string, err error) {
	in := e.intake(obj)
	in.audits = e.ledger.rules.SetAuditFields && auditable(obj)
	return create(e, in, given)
}

func create(e *Edit, in intake, given map[string]json.RawMessage) (id string, err error) {
	obj := in.obj
	if !obj.About.Createable {
		return "", reply.Bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
			"entity type cannot be inserted: %s", obj.About.Label)
	}
	values, err := in.values(given, true)
	if err != nil {
		return "", err
	}
	if err := in.unique(values, ""); err != nil {
		return "", err
	}
	if err := fires(e, onInsert, &store.Row{Object: obj}); err != nil {
		return "", err
	}
	return e.Insert(obj, values)
}

func (e *Edit) intake(obj *store.Object) intake {
	return intake{sight: e.sight, obj: obj, retire: e.ledger.rules.InactiveOwners, bodies: e.ledger.Bodies}
}

// Insert creates a record from checked values and returns its Id.
func (e *Edit) Insert(obj *store.Object, values map[int]string) (id string, err error) {
	id, place := e.store.Reserve(obj)
	r := &store.Record{Values: make([]string, len(obj.Slots))}
	for at, s := range obj.Slots {
		r.Values[at] = obj.Blank(at)
		if s.AutoNumber {
			r.Values[at] = string(orgtime.AppendPadded(nil, place+1, 8))
		}
		if value, ok := s.DefaultValue.(string); ok && s.DefaultedOnCreate {
			r.Values[at] = value
		}
	}
	r.Set(obj.Sys.ID, id)
	r.Set(obj.Sys.Own, e.who())
	e.stamp(obj, r)
	r.Set(obj.Sys.Created, e.now())
	r.Set(obj.Sys.CreatedBy, e.who())
	r.Apply(obj, values)
	if err := bearPerson(e, obj, id, r); err != nil {
		return "", err
	}
	if err := bearFile(e, obj, id, r); err != nil {
		return "", err
	}
	return id, e.put(obj, place, r)
}

// Update gives a record what a client gives, once that is checked.
func (e *Edit) Update(obj *store.Object, id string, given map[string]json.RawMessage) error {
	if !obj.About.Updateable {
		return reply.Bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be updated: %s", obj.About.Label)
	}
	in := e.intake(obj)
	values, err := in.values(given, false)
	if err != nil {
		return err
	}
	if err := in.unique(values, id); err != nil {
		return err
	}
	if err := fires(e, onUpdate, &store.Row{Object: obj}); err != nil {
		return err
	}
	return e.Change(obj, id, values)
}

// Change gives a record new, checked values.
func (e *Edit) Change(obj *store.Object, id string, values map[int]string) error {
	return e.turn(obj, id, func(old *store.Row, r *store.Record) error {
		if r.DeletedAt != "" {
			return reply.EntityIsDeleted()
		}
		if r.Locked {
			return locked()
		}
		r.Apply(obj, values)
		e.stamp(obj, r)
		if err := measure(obj, r); err != nil {
			return err
		}
		if err := e.mirror(old, r); err != nil {
			return err
		}
		return e.track(old, r)
	})
}

// Upsert updates the record whose key has a value, or creates it.
func (e *Edit) Upsert(
	obj *store.Object, key, value string, given map[string]json.RawMessage,
) (id string, created bool, err error) {
	at := obj.KeyField(key)
	if at < 0 {
		return "", false, noKey(key)
	}
	ids := e.byKey(obj, at, value)
	switch {
	case len(ids) > 1:
		return "", false, ambiguous(key, ids)
	case len(ids) == 1:
		return ids[0], false, e.Update(obj, ids[0], given)
	case at == obj.Sys.ID && value != "":
		return "", false, reply.Refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
	if at != obj.Sys.ID {
		given[obj.Slots[at].Name] = reply.Raw(value)
	}
	id, err = create(e, e.intake(obj), given)
	return id, true, err
}

// CreateNamed is Create for values as Go has them.
func (e *Edit) CreateNamed(object string, values map[string]any) (string, error) {
	obj, ok := e.store.Object(object)
	if !ok {
		return "", reply.NoObject(object)
	}
	given, err := raw(values)
	if err != nil {
		return "", err
	}
	return e.Create(obj, given)
}

// UpdateNamed is Update for values as Go has them.
func (e *Edit) UpdateNamed(id string, values map[string]any) error {
	obj, full, err := e.store.ObjectOf(id)
	if err != nil {
		return err
	}
	given, err := raw(values)
	if err != nil {
		return err
	}
	return e.Update(obj, full, given)
}

// raw brings values into the form in which a request has them.
func raw(values map[string]any) (map[string]json.RawMessage, error) {
	given := map[string]json.RawMessage{}
	for name, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		given[name] = text
	}
	return given, nil
}
