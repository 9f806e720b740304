package change

import (
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// What changes without the usual signs: the cases in which a copy that trusts
// SystemModstamp goes stale.

// Drift gives a field another value and leaves every stamp alone.
func (e *Edit) Drift(id, field, value string) error {
	return e.quietly(id, func(obj *store.Object, r *store.Record) error {
		at := obj.Slot(field)
		if at < 0 {
			return obj.NoColumn(field)
		}
		r.Values[at] = value
		return nil
	})
}

// Touch moves SystemModstamp and nothing else: that of both halves of a person account.
func (e *Edit) Touch(obj *store.Object, id string) error {
	return e.turn(obj, id, func(old *store.Row, r *store.Record) error {
		r.Set(obj.Sys.Stamp, e.now())
		other, ok := e.twinOf(old)
		if !ok {
			return nil
		}
		return e.turnRow(other.Row, func(next *store.Record) error {
			next.Set(other.Object.Sys.Stamp, e.now())
			return nil
		})
	})
}

// Veil takes a record out of the user's sight, or shows it again.
func (e *Edit) Veil(id string, hidden bool) error {
	return e.quietly(id, func(_ *store.Object, r *store.Record) error {
		r.Hidden = hidden
		return nil
	})
}

// Lock takes a record into an approval, where nobody changes or deletes it, or out of it.
func (e *Edit) Lock(id string, locked bool) error {
	return e.quietly(id, func(_ *store.Object, r *store.Record) error {
		r.Locked = locked
		return nil
	})
}

// quietly changes a record, hidden or not, without a stamp.
func (e *Edit) quietly(id string, do func(*store.Object, *store.Record) error) error {
	full, ok := recordid.Full(id)
	if !ok {
		return reply.Bad("MALFORMED_ID", "malformed id %s", id)
	}
	obj, ok := e.store.Catalog().Owner(full)
	if !ok {
		return reply.NotFound()
	}
	place := e.store.PlaceOf(obj, full)
	if place < 0 {
		return reply.NotFound()
	}
	at := e.row(obj, place)
	if at.Record != nil && at.Record.Purged {
		return reply.EntityIsDeleted()
	}
	return e.turnRow(at, func(r *store.Record) error { return do(obj, r) })
}
