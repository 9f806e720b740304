package change

import (
	"net/http"
	"slices"

	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// A sight is the records as an edit sees them: what is committed, with its own
// draft laid over it.
type sight struct {
	store *store.Store
	*draft
}

// row returns the record at a place.
func (v sight) row(obj *store.Object, place int) *store.Row {
	r := v.store.Now().Row(obj)
	r.Move(place)
	if written := v.version(obj.Key(place)); written != nil {
		r.Record = written
	}
	return r
}

// find returns the record of an Id, or why there is none to be written.
func (v sight) find(obj *store.Object, id string) (*store.Row, error) {
	place := v.store.PlaceOf(obj, id)
	if place < 0 {
		return nil, reply.NotFound()
	}
	r := v.row(obj, place)
	switch {
	case !r.Gone():
		return r, nil
	case r.Record.Hidden || r.Unborn():
		return nil, reply.NotFound()
	}
	return nil, reply.EntityIsDeleted()
}

// kin calls do for every record that points to one with this Id.
func (v sight) kin(parent *store.Object, id string, do func(child *store.Row, r store.Relation) error) error {
	for _, r := range v.store.Catalog().Relations(parent) {
		for _, place := range v.pointing(r.Child, r.Field, id) {
			if err := do(v.row(r.Child, place), r); err != nil {
				return err
			}
		}
	}
	return nil
}

// pointing returns the places of the records that have a value in a field,
// ascending. Without a value, and for formulas, it looks at every record.
func (v sight) pointing(obj *store.Object, field int, value string) []int {
	if value == "" || obj.Slots[field].Formula != nil {
		return v.holding(obj, field, value)
	}
	may := v.store.Pointing(obj, field, value)
	for _, w := range v.writes {
		if w.Object.Same(obj) {
			may = append(may, w.Key.Place)
		}
	}
	slices.Sort(may)
	return slices.DeleteFunc(slices.Compact(may), func(place int) bool {
		r := v.row(obj, place)
		return r.Gone() || r.Text(field) != value
	})
}

// holding is pointing by a look at every record.
func (v sight) holding(obj *store.Object, field int, value string) []int {
	var places []int
	snap := v.store.Now()
	at := snap.Row(obj)
	var records [512]*store.Record
	var buf []byte
	for from, size := 0, snap.Size(obj); from < size; from += len(records) {
		part := records[:min(len(records), size-from)]
		snap.Fill(obj, from, part)
		for i, changed := range part {
			at.Place, at.Record = from+i, changed
			if written := v.version(obj.Key(at.Place)); written != nil {
				at.Record = written
			}
			if at.Gone() {
				continue
			}
			if buf = at.AppendValue(buf[:0], field); string(buf) == value {
				places = append(places, at.Place)
			}
		}
	}
	return places
}

// byKey returns the Ids of the records that aren't deleted whose field holds a
// value.
func (v sight) byKey(obj *store.Object, field int, value string) []string {
	if field == obj.Sys.ID {
		full, ok := recordid.Full(value)
		if !ok {
			return nil
		}
		if r, err := v.find(obj, full); err != nil || r.Deleted() {
			return nil
		}
		return []string{full}
	}
	var ids []string
	for _, place := range v.pointing(obj, field, value) {
		if r := v.row(obj, place); !r.Deleted() {
			ids = append(ids, r.Text(obj.Sys.ID))
		}
	}
	return ids
}

// findByKey returns the one record whose key field has a value.
func (v sight) findByKey(obj *store.Object, key, value string) (*store.Row, error) {
	at := obj.KeyField(key)
	if at < 0 {
		return nil, noKey(key)
	}
	ids := v.byKey(obj, at, value)
	switch {
	case len(ids) == 0:
		return nil, reply.NotFound()
	case len(ids) > 1:
		return nil, ambiguous(key, ids)
	}
	return v.find(obj, ids[0])
}

// FindByKey returns the one committed record whose key field has a value.
func (l *Ledger) FindByKey(obj *store.Object, key, value string) (*store.Row, error) {
	return sight{l.Store, newDraft()}.findByKey(obj, key, value)
}

// noKey refuses a field that records can't be found by.
func noKey(field string) error {
	return reply.Refuse(http.StatusNotFound, "NOT_FOUND",
		"Provided external ID field does not exist or is not accessible: %s", field)
}

// ambiguous refuses a key that several records have.
func ambiguous(key string, ids []string) error {
	return reply.Refuse(http.StatusMultipleChoices, "DUPLICATE_EXTERNAL_ID",
		"%s: more than one record found for external id field: %v", key, ids)
}
