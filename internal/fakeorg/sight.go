package fakeorg

import (
	"net/http"
	"slices"
)

// A sight is the records as an edit sees them: what is committed, with its own
// draft laid over it.
type sight struct {
	store *store
	*draft
}

// row returns the record at a place.
func (v sight) row(obj *object, place int) *row {
	r := v.store.now().row(obj)
	r.move(place)
	if written := v.version(obj.key(place)); written != nil {
		r.record = written
	}
	return r
}

// find returns the record of an Id, or why there is none to be written.
func (v sight) find(obj *object, id string) (*row, error) {
	place := v.store.placeOf(obj, id)
	if place < 0 {
		return nil, notFound()
	}
	r := v.row(obj, place)
	switch {
	case !r.gone():
		return r, nil
	case r.record.hidden || r.unborn():
		return nil, notFound()
	}
	return nil, entityIsDeleted()
}

// kin calls do for every record that points to one with this Id through a
// lookup that counts. It looks at every record of the objects that may.
func (v sight) kin(parent *object, id string, counts func(slot) bool, do func(child *row, field int) error) error {
	for _, obj := range v.store.catalog().objects {
		for field, s := range obj.slots {
			if s.deleted || !slices.Contains(s.ReferenceTo, parent.name()) || !counts(s) {
				continue
			}
			for _, place := range v.pointing(obj, field, id) {
				if err := do(v.row(obj, place), field); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pointing returns the places of the records that have a value in a field.
func (v sight) pointing(obj *object, field int, value string) []int {
	var places []int
	snap := v.store.now()
	at := snap.row(obj)
	var records [512]*record
	var buf []byte
	for from, size := 0, snap.size(obj); from < size; from += len(records) {
		part := records[:min(len(records), size-from)]
		snap.fill(obj, from, part)
		for i, changed := range part {
			at.place, at.record = from+i, changed
			if written := v.version(obj.key(at.place)); written != nil {
				at.record = written
			}
			if at.gone() {
				continue
			}
			if buf = at.appendValue(buf[:0], field); string(buf) == value {
				places = append(places, at.place)
			}
		}
	}
	return places
}

// byKey returns the Ids of the records that aren't deleted whose field holds a
// value.
func (v sight) byKey(obj *object, field int, value string) []string {
	if field == obj.sys.id {
		full, ok := fullID(value)
		if !ok {
			return nil
		}
		if r, err := v.find(obj, full); err != nil || r.deleted() {
			return nil
		}
		return []string{full}
	}
	var ids []string
	for _, place := range v.pointing(obj, field, value) {
		if r := v.row(obj, place); !r.deleted() {
			ids = append(ids, r.text(obj.sys.id))
		}
	}
	return ids
}

// findByKey returns the one record whose key field has a value.
func (v sight) findByKey(obj *object, key, value string) (*row, error) {
	at := obj.keyField(key)
	if at < 0 {
		return nil, noKey(key)
	}
	ids := v.byKey(obj, at, value)
	switch {
	case len(ids) == 0:
		return nil, notFound()
	case len(ids) > 1:
		return nil, ambiguous(key, ids)
	}
	return v.find(obj, ids[0])
}

// findByKey returns the one committed record whose key field has a value.
func (l *ledger) findByKey(obj *object, key, value string) (*row, error) {
	return sight{l.store, newDraft()}.findByKey(obj, key, value)
}

// noKey refuses a field that records can't be found by.
func noKey(field string) error {
	return refuse(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", field)
}

// ambiguous refuses a key that several records have.
func ambiguous(key string, ids []string) error {
	return refuse(http.StatusMultipleChoices, "DUPLICATE_EXTERNAL_ID", "%s: more than one record found for external id field: %v", key, ids)
}
