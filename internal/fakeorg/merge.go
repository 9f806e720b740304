package fakeorg

import "net/http"

// merge merges up to two records into a third.
func (e *edit) merge(master string, losers []string) error {
	obj, winner, err := e.store.objectOf(master)
	switch {
	case err != nil:
		return err
	case obj.sys.master < 0:
		return refuse(http.StatusBadRequest, "INVALID_TYPE", "entity type does not support merge: %s", obj.name())
	case len(losers) < 1 || len(losers) > 2:
		return refuse(http.StatusBadRequest, "INVALID_NUMBER_OF_RECORDS", "a merge takes one or two records besides the master")
	}
	err = e.each(losers, func(other *object, id string) error {
		if !other.same(obj) || id == winner {
			return refuse(http.StatusBadRequest, "INVALID_ID_FIELD", "can't be merged into %s: %s", winner, id)
		}
		return e.lose(obj, id, winner)
	})
	if err != nil {
		return err
	}
	return e.change(obj, winner, nil)
}

// lose moves a loser's children to the winner, and the loser to the bin.
func (e *edit) lose(obj *object, loser, winner string) error {
	every := func(slot) bool { return true }
	err := e.kin(obj, loser, every, func(child *row, field int) error {
		if child.deleted() {
			return nil
		}
		return e.turnRow(child, func(r *record) error {
			r.values[field] = winner
			if !e.ledger.rules.QuietMerges {
				e.stamp(child.obj, r)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return e.turn(obj, loser, func(_ *row, r *record) error {
		if r.deletedAt != "" {
			return entityIsDeleted()
		}
		r.deletedAt = e.now()
		r.values[obj.sys.deleted], r.values[obj.sys.master] = "true", winner
		e.stamp(obj, r)
		return nil
	})
}
