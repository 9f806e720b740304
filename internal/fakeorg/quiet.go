package fakeorg

import "net/http"

// What changes without the usual signs: the cases in which a copy that trusts
// SystemModstamp goes stale.

// Drift gives a field another value and leaves every stamp alone, as formulas,
// roll-ups and some standard fields do.
func (o *Org) Drift(id, field, value string) error {
	return o.quietly(id, func(obj *object, r *record) error {
		at := obj.slot(field)
		if at < 0 {
			return noColumn(field, obj)
		}
		r.values[at] = value
		return nil
	})
}

// Touch moves SystemModstamp and nothing else, as processes of the system do.
func (o *Org) Touch(ids ...string) error {
	return o.write(func(t *Transaction) error {
		return t.each(ids, func(obj *object, id string) error {
			return t.turn(obj, id, func(_ *row, r *record) error {
				r.set(obj.sys.stamp, t.now())
				return nil
			})
		})
	})
}

// Archive archives activities: query leaves them out from then on, queryAll
// doesn't, and no stamp tells of it.
func (o *Org) Archive(ids ...string) error {
	for _, id := range ids {
		if err := o.Drift(id, "IsArchived", "true"); err != nil {
			return err
		}
	}
	return nil
}

// HideRecord takes records out of the user's sight, as a change of sharing
// does: they are gone everywhere, and no delete log has them.
func (o *Org) HideRecord(ids ...string) error { return o.veil(ids, true) }

// ShowRecord lets the user see hidden records again, with the stamps that
// they had.
func (o *Org) ShowRecord(ids ...string) error { return o.veil(ids, false) }

func (o *Org) veil(ids []string, hidden bool) error {
	for _, id := range ids {
		err := o.quietly(id, func(_ *object, r *record) error {
			r.hidden = hidden
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// quietly changes a record, hidden or not, without a stamp.
func (o *Org) quietly(id string, do func(*object, *record) error) error {
	return o.write(func(t *Transaction) error {
		full, ok := fullID(id)
		if !ok {
			return refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", id)
		}
		obj, ok := o.catalog().byPrefix[full[:3]]
		if !ok {
			return notFound()
		}
		o.mu.RLock()
		place := obj.number(full)
		o.mu.RUnlock()
		if place < 0 {
			return notFound()
		}
		at := t.row(obj, place)
		if at.record != nil && at.record.purged {
			return entityIsDeleted()
		}
		return t.turnRow(at, func(r *record) error { return do(obj, r) })
	})
}
