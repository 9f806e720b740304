package fakeorg

import (
	"encoding/json"
	"net/http"
	"slices"
)

// keyField returns the position of a field that records can be found by: the
// Id, an external Id, or one that describe calls an idLookup; or -1.
func (o *object) keyField(name string) int {
	at := o.place(name)
	if at < 0 || !o.slots[at].ExternalId && !o.slots[at].IDLookup && at != o.sys.id {
		return -1
	}
	return at
}

// byKey returns the Ids of the records that aren't deleted whose field holds a
// value.
func (t *Transaction) byKey(obj *object, field int, value string) []string {
	if field == obj.sys.id {
		full, ok := fullID(value)
		if !ok {
			return nil
		}
		if r, err := t.find(obj, full); err != nil || r.deleted() {
			return nil
		}
		return []string{full}
	}
	var ids []string
	for _, place := range t.pointing(obj, field, value) {
		if r := t.row(obj, place); !r.deleted() {
			ids = append(ids, r.text(obj.sys.id))
		}
	}
	return ids
}

// upsert updates the record whose key has a value, or creates it.
func (t *Transaction) upsert(obj *object, key, value string, given map[string]json.RawMessage) (id string, created bool, err error) {
	at := obj.keyField(key)
	if at < 0 {
		return "", false, refuse(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", key)
	}
	ids := t.byKey(obj, at, value)
	switch {
	case len(ids) > 1:
		return "", false, ambiguous(key, ids)
	case len(ids) == 1:
		return ids[0], false, t.update(obj, ids[0], given)
	case at == obj.sys.id && value != "":
		return "", false, refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
	if at != obj.sys.id {
		given[obj.slots[at].Name] = asJSON(value)
	}
	id, err = t.create(obj, given)
	return id, true, err
}

// parentByKey follows a lookup that is given as {"Account": {"Key__c": "x"}}.
func (t *Transaction) parentByKey(lookup slot, raw json.RawMessage) (string, error) {
	var keys map[string]string
	if err := json.Unmarshal(raw, &keys); err != nil {
		return "", refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%s: %v", lookup.Name, err)
	}
	for name, value := range keys {
		for _, target := range lookup.ReferenceTo {
			obj, ok := t.org.object(target)
			if !ok || obj.keyField(name) < 0 {
				continue
			}
			if ids := t.byKey(obj, obj.keyField(name), value); len(ids) == 1 {
				return ids[0], nil
			}
			return "", refuse(http.StatusBadRequest, "INVALID_FIELD", "Foreign key external ID: %s not found for field %s in entity %s", value, name, target)
		}
	}
	return "", refuse(http.StatusBadRequest, "INVALID_FIELD", "no external ID leads to %s", lookup.Name).on(lookup.Name)
}

// unique refuses a value that another record has in a field where none may.
func (t *Transaction) unique(obj *object, values map[int]string, own string) error {
	for at, value := range values {
		if value == "" || !obj.slots[at].Unique {
			continue
		}
		others := slices.DeleteFunc(t.byKey(obj, at, value), func(id string) bool { return id == own })
		if len(others) > 0 {
			name := obj.slots[at].Name
			return refuse(http.StatusBadRequest, "DUPLICATE_VALUE", "duplicate value found: %s duplicates value on record with id: %s", name, others[0]).on(name)
		}
	}
	return nil
}
