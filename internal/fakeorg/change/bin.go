package change

import (
	"errors"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Restore is Undelete for one record.
func (e *Edit) Restore(obj *store.Object, id string) error {
	old, err := e.find(obj, id)
	if refusal, ok := errors.AsType[*reply.Refusal](err); ok && refusal.Code == reply.EntityIsDeleted().Code {
		return notInBin()
	}
	switch {
	case err != nil:
		return err
	case !old.Deleted():
		return notInBin()
	case !obj.About.Undeletable:
		return reply.Bad("UNDELETE_FAILED", "entity type cannot be undeleted: %s", obj.Name())
	}
	if err := fires(e, onUndelete, old); err != nil {
		return err
	}
	return e.back(old, e.ledger.rules.QuietUndeletes)
}

func notInBin() error { return reply.Bad("UNDELETE_FAILED", "Entity is not in the recycle bin") }

// back takes a record out of the bin, and with it the children that went there
// because of it. It gets back the lookups that were emptied when it went.
func (e *Edit) back(old *store.Row, quiet bool) error {
	next := old.Whole()
	ties := next.Ties
	next.Fate = store.Fate{}
	if err := leaveParents(e, old, next); err != nil {
		return err
	}
	next.Set(old.Object.Sys.Deleted, "false")
	if !quiet {
		next.Set(old.Object.Sys.Stamp, e.now())
	}
	if err := e.put(old.Object, old.Place, next); err != nil {
		return err
	}
	id := old.Text(old.Object.Sys.ID)
	if err := retie(e, id, ties); err != nil {
		return err
	}
	return e.followers(old, func(child *store.Row) error {
		err := e.back(child, e.ledger.rules.QuietCascades)
		if refusal, ok := errors.AsType[*reply.Refusal](err); ok && refusal.Code == "UNDELETE_FAILED" {
			return nil // another parent of it has gone: a link to a document that was deleted meanwhile
		}
		return err
	})
}

// leaveParents empties the lookups of a record that comes back to parents that
// have gone meanwhile. Without one that it goes with it can't come back.
func leaveParents(e *Edit, old *store.Row, next *store.Record) error {
	catalog := e.store.Catalog()
	for at, s := range old.Object.Slots {
		if s.Deleted || s.Type != "reference" || s.Formula != nil || next.Values[at] == "" {
			continue
		}
		target, ok := catalog.Owner(next.Values[at])
		if !ok || target.Sys.Deleted < 0 {
			continue
		}
		if parent, err := e.find(target, next.Values[at]); err == nil && !parent.Deleted() {
			continue
		}
		for _, r := range catalog.Relations(target) {
			switch {
			case !r.Child.Same(old.Object) || r.Field != at:
			case r.Cascades:
				return reply.Bad("UNDELETE_FAILED", "the parent is deleted: undelete it first").On(s.Name)
			case clears(r):
				next.Values[at] = ""
			}
		}
	}
	return nil
}

// retie gives a record back the lookups that pointed to it, where nobody has
// filled them otherwise.
func retie(e *Edit, id string, ties []store.Tie) error {
	for _, t := range ties {
		obj, ok := e.store.Catalog().Find(t.Object)
		if !ok {
			continue
		}
		child := e.row(obj, t.Place)
		if child.Gone() || child.Deleted() || child.Text(t.Field) != "" {
			continue
		}
		err := e.turnRow(child, func(r *store.Record) error {
			r.Values[t.Field] = id
			e.clearStamp(obj, r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// followers calls do for the records that went to the bin because of another.
func (e *Edit) followers(parent *store.Row, do func(child *store.Row) error) error {
	id := parent.Text(parent.Object.Sys.ID)
	seen := map[store.Key]bool{}
	follow := func(child *store.Row) error {
		key := child.Object.Key(child.Place)
		if seen[key] || !child.Deleted() || child.Record.DeletedBy != id {
			return nil
		}
		seen[key] = true
		return do(child)
	}
	if contact, ok := personOf(e, parent); ok {
		if err := follow(contact); err != nil {
			return err
		}
	}
	return e.kin(parent.Object, id, func(child *store.Row, _ store.Relation) error { return follow(child) })
}

// Purge is Purge for one record: one that isn't in the bin goes there first.
func (e *Edit) Purge(obj *store.Object, id string) error {
	old, err := e.find(obj, id)
	if err != nil {
		return err
	}
	if !old.Deleted() {
		if err := e.Remove(obj, id); err != nil {
			return err
		}
		old = e.row(obj, old.Place)
	}
	return e.purge(old)
}

// purge takes a record out of the bin for good, and what went there with it.
func (e *Edit) purge(old *store.Row) error {
	if err := e.followers(old, e.purge); err != nil {
		return err
	}
	return e.turnRow(old, func(r *store.Record) error {
		r.Purged = true
		return nil
	})
}

// EmptyBin takes a record out of the bin for good, as its user does: one that
// went there with another goes when that does.
func (e *Edit) EmptyBin(obj *store.Object, id string) error {
	old, err := e.find(obj, id)
	switch {
	case err != nil:
		return err
	case !old.Deleted():
		return reply.Bad("DELETE_FAILED", "Entity is not in the recycle bin")
	case old.Record.DeletedBy != "":
		return reply.Bad("DELETE_FAILED", "the record was deleted with its parent and goes with it")
	}
	return e.purge(old)
}

// Bin lists the recycle bin: what a user put there, not what went along.
func (l *Ledger) Bin() []string {
	var ids []string
	snap := l.Store.Now()
	for _, obj := range snap.Catalog.Objects {
		for _, place := range snap.Changed(obj) {
			at := snap.Row(obj)
			at.Move(place)
			if at.Deleted() && !at.Gone() && at.Record.DeletedBy == "" {
				ids = append(ids, at.Text(obj.Sys.ID))
			}
		}
	}
	return ids
}
