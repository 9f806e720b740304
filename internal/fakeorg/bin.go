package fakeorg

import (
	"net/http"
	"time"
)

// binLife is how long a record stays in the recycle bin.
const binLife = 15 * 24 * time.Hour

// binned is a record that went to the recycle bin, and when.
type binned struct {
	obj       *object
	place     int
	deletedAt string
}

// remove is Delete for one record.
func (e *edit) remove(obj *object, id string) error {
	return e.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt != "" {
			return entityIsDeleted()
		}
		r.deletedAt = e.now()
		r.values[obj.sys.deleted] = "true"
		e.stamp(obj, r)
		return e.along(old, id, e.removeChild)
	})
}

// removeChild takes a record into the bin with its parent, and its own
// children with it.
func (e *edit) removeChild(child *row, by string) error {
	if child.deleted() {
		return nil
	}
	id := child.text(child.obj.sys.id)
	err := e.turnRow(child, func(r *record) error {
		r.deletedAt, r.deletedBy = e.now(), by
		r.set(child.obj.sys.deleted, "true")
		if !e.ledger.rules.QuietCascades {
			e.stamp(child.obj, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.along(child, id, e.removeChild)
}

// restore is Undelete for one record.
func (e *edit) restore(obj *object, id string) error {
	return e.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt == "" {
			return refuse(http.StatusBadRequest, "UNDELETE_FAILED", "Entity is not in the recycle bin")
		}
		return e.back(old, r, e.ledger.rules.QuietUndeletes)
	})
}

func (e *edit) restoreChild(child *row, by string) error {
	if !child.deleted() || child.record.deletedBy != by {
		return nil
	}
	return e.turnRow(child, func(r *record) error { return e.back(child, r, e.ledger.rules.QuietCascades) })
}

// back takes a record out of the bin, and its children with it.
func (e *edit) back(old *row, r *record, quiet bool) error {
	r.fate = fate{}
	r.set(old.obj.sys.deleted, "false")
	if !quiet {
		r.set(old.obj.sys.stamp, e.now())
	}
	return e.along(old, old.text(old.obj.sys.id), e.restoreChild)
}

// purge is Purge for one record.
func (e *edit) purge(obj *object, id string) error {
	return e.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt == "" {
			r.deletedAt = e.now()
			r.values[obj.sys.deleted] = "true"
		}
		r.purged = true
		return e.along(old, id, e.purgeChild)
	})
}

func (e *edit) purgeChild(child *row, by string) error {
	if child.deleted() && child.record.deletedBy != by {
		return nil
	}
	id := child.text(child.obj.sys.id)
	err := e.turnRow(child, func(r *record) error {
		if r.deletedAt == "" {
			r.deletedAt = e.now()
			r.set(child.obj.sys.deleted, "true")
		}
		r.purged = true
		return nil
	})
	if err != nil {
		return err
	}
	return e.along(child, id, e.purgeChild)
}

// along does to the children that share their parent's fate what was done to
// the parent.
func (e *edit) along(parent *row, id string, do func(child *row, by string) error) error {
	cascades := func(s slot) bool { return s.CascadeDelete }
	if contact, ok := personOf(e, parent); ok {
		if err := do(contact, id); err != nil {
			return err
		}
	}
	return e.kin(parent.obj, id, cascades, func(child *row, _ int) error { return do(child, id) })
}

// bin lists the recycle bin: what a user put there, not what went along.
func (l *ledger) bin() []string {
	var ids []string
	snap := l.store.now()
	for _, obj := range snap.catalog.objects {
		for _, place := range snap.changed(obj) {
			at := snap.row(obj)
			at.move(place)
			if at.deleted() && !at.gone() && at.record.deletedBy == "" {
				ids = append(ids, at.text(obj.sys.id))
			}
		}
	}
	return ids
}

// purgeAged purges what has been in the recycle bin for too long. Nothing runs
// in the background: whoever asks something brings it about.
func (l *ledger) purgeAged() {
	l.writing.Lock()
	defer l.writing.Unlock()
	limit := stamp(l.clock.Now().Add(-binLife))
	if len(l.aging) == 0 || l.aging[0].deletedAt > limit {
		return
	}
	e := l.newEdit()
	for len(l.aging) > 0 && l.aging[0].deletedAt <= limit {
		old := l.aging[0]
		l.aging = l.aging[1:]
		at := e.row(old.obj, old.place)
		if !at.deleted() || at.record.purged || at.record.deletedAt != old.deletedAt {
			continue
		}
		next := at.whole()
		next.purged = true
		if e.put(old.obj, old.place, next) != nil {
			l.aging = append([]binned{old}, l.aging...) // a transaction is at it: later, then
			break
		}
	}
	e.commit()
}
