package change

import (
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Merge merges up to two records into a third.
func (e *Edit) Merge(master string, losers []string) error {
	obj, winner, err := e.store.ObjectOf(master)
	switch {
	case err != nil:
		return err
	case obj.Sys.Master < 0:
		return reply.Bad("INVALID_TYPE", "entity type does not support merge: %s", obj.Name())
	case len(losers) < 1 || len(losers) > 2:
		return reply.Bad("INVALID_NUMBER_OF_RECORDS", "a merge takes one or two records besides the master")
	}
	err = e.Each(losers, func(other *store.Object, id string) error {
		if !other.Same(obj) || id == winner {
			return reply.Bad("INVALID_ID_FIELD", "can't be merged into %s: %s", winner, id)
		}
		return e.lose(obj, id, winner)
	})
	if err != nil {
		return err
	}
	return e.Change(obj, winner, nil)
}

// loseTwin merges the Contacts of two person accounts as their Accounts are.
func (e *Edit) loseTwin(obj *store.Object, loser, winner string) error {
	from, err := e.find(obj, loser)
	if err != nil {
		return err
	}
	to, err := e.find(obj, winner)
	if err != nil {
		return err
	}
	contact, lost := personOf(e, from)
	into, won := personOf(e, to)
	if !lost || !won || contact.Object.Sys.Master < 0 {
		return nil
	}
	return e.lose(contact.Object, contact.Text(contact.Object.Sys.ID), into.Text(into.Object.Sys.ID))
}

// lose moves a loser's children to the winner, and the loser to the bin.
func (e *Edit) lose(obj *store.Object, loser, winner string) error {
	if err := e.loseTwin(obj, loser, winner); err != nil {
		return err
	}
	err := e.kin(obj, loser, func(child *store.Row, rel store.Relation) error {
		if child.Deleted() {
			return nil
		}
		return e.turnRow(child, func(r *store.Record) error {
			r.Values[rel.Field] = winner
			if !e.ledger.rules.QuietMerges {
				e.stamp(child.Object, r)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return e.turn(obj, loser, func(_ *store.Row, r *store.Record) error {
		if r.DeletedAt != "" {
			return reply.EntityIsDeleted()
		}
		r.DeletedAt = e.now()
		r.Values[obj.Sys.Deleted], r.Values[obj.Sys.Master] = "true", winner
		e.stamp(obj, r)
		return nil
	})
}
