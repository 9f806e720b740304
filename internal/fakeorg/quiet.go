package fakeorg

import "net/http"

// What changes without the usual signs: the cases in which a copy that trusts
// SystemModstamp goes stale.

// drift gives a field another value and leaves every stamp alone.
func (e *edit) drift(id, field, value string) error {
	return e.quietly(id, func(obj *object, r *record) error {
		at := obj.slot(field)
		if at < 0 {
			return obj.noColumn(field)
		}
		r.values[at] = value
		return nil
	})
}

// touch moves SystemModstamp and nothing else.
func (e *edit) touch(obj *object, id string) error {
	return e.turn(obj, id, func(_ *row, r *record) error {
		r.set(obj.sys.stamp, e.now())
		return nil
	})
}

// veil takes a record out of the user's sight, or shows it again.
func (e *edit) veil(id string, hidden bool) error {
	return e.quietly(id, func(_ *object, r *record) error {
		r.hidden = hidden
		return nil
	})
}

// quietly changes a record, hidden or not, without a stamp.
func (e *edit) quietly(id string, do func(*object, *record) error) error {
	full, ok := fullID(id)
	if !ok {
		return refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", id)
	}
	obj, ok := e.store.catalog().owner(full)
	if !ok {
		return notFound()
	}
	place := e.store.placeOf(obj, full)
	if place < 0 {
		return notFound()
	}
	at := e.row(obj, place)
	if at.record != nil && at.record.purged {
		return entityIsDeleted()
	}
	return e.turnRow(at, func(r *record) error { return do(obj, r) })
}
