package change

import (
	"time"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// binLife is how long a record stays in the recycle bin.
const binLife = 15 * 24 * time.Hour

// binned is a record that went to the recycle bin, and when.
type binned struct {
	obj       *store.Object
	place     int
	deletedAt string
}

// Remove is Delete for one record.
func (e *Edit) Remove(obj *store.Object, id string) error {
	return e.turn(obj, id, func(old *store.Row, r *store.Record) error {
		if r.DeletedAt != "" {
			return reply.EntityIsDeleted()
		}
		r.DeletedAt = e.now()
		r.Values[obj.Sys.Deleted] = "true"
		e.stamp(obj, r)
		return e.along(old, id, e.removeChild)
	})
}

// removeChild takes a record into the bin with its parent, and its own
// children with it.
func (e *Edit) removeChild(child *store.Row, by string) error {
	if child.Deleted() {
		return nil
	}
	id := child.Text(child.Object.Sys.ID)
	err := e.turnRow(child, func(r *store.Record) error {
		r.DeletedAt, r.DeletedBy = e.now(), by
		r.Set(child.Object.Sys.Deleted, "true")
		if !e.ledger.rules.QuietCascades {
			e.stamp(child.Object, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.along(child, id, e.removeChild)
}

// Restore is Undelete for one record.
func (e *Edit) Restore(obj *store.Object, id string) error {
	return e.turn(obj, id, func(old *store.Row, r *store.Record) error {
		if r.DeletedAt == "" {
			return reply.Bad("UNDELETE_FAILED", "Entity is not in the recycle bin")
		}
		return e.back(old, r, e.ledger.rules.QuietUndeletes)
	})
}

func (e *Edit) restoreChild(child *store.Row, by string) error {
	if !child.Deleted() || child.Record.DeletedBy != by {
		return nil
	}
	return e.turnRow(child, func(r *store.Record) error { return e.back(child, r, e.ledger.rules.QuietCascades) })
}

// back takes a record out of the bin, and its children with it.
func (e *Edit) back(old *store.Row, r *store.Record, quiet bool) error {
	r.Fate = store.Fate{}
	r.Set(old.Object.Sys.Deleted, "false")
	if !quiet {
		r.Set(old.Object.Sys.Stamp, e.now())
	}
	return e.along(old, old.Text(old.Object.Sys.ID), e.restoreChild)
}

// Purge is Purge for one record.
func (e *Edit) Purge(obj *store.Object, id string) error {
	return e.turn(obj, id, func(old *store.Row, r *store.Record) error {
		if r.DeletedAt == "" {
			r.DeletedAt = e.now()
			r.Values[obj.Sys.Deleted] = "true"
		}
		r.Purged = true
		return e.along(old, id, e.purgeChild)
	})
}

func (e *Edit) purgeChild(child *store.Row, by string) error {
	if child.Deleted() && child.Record.DeletedBy != by {
		return nil
	}
	id := child.Text(child.Object.Sys.ID)
	err := e.turnRow(child, func(r *store.Record) error {
		if r.DeletedAt == "" {
			r.DeletedAt = e.now()
			r.Set(child.Object.Sys.Deleted, "true")
		}
		r.Purged = true
		return nil
	})
	if err != nil {
		return err
	}
	return e.along(child, id, e.purgeChild)
}

// along does to the children that share their parent's fate what was done to
// the parent.
func (e *Edit) along(parent *store.Row, id string, do func(child *store.Row, by string) error) error {
	cascades := func(s store.Slot) bool { return s.CascadeDelete }
	if contact, ok := personOf(e, parent); ok {
		if err := do(contact, id); err != nil {
			return err
		}
	}
	return e.kin(parent.Object, id, cascades, func(child *store.Row, _ int) error { return do(child, id) })
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

// PurgeAged purges what has been in the recycle bin for too long. Nothing runs
// in the background: whoever asks something brings it about.
func (l *Ledger) PurgeAged() {
	l.writing.Lock()
	defer l.writing.Unlock()
	limit := orgtime.Stamp(l.Clock.Now().Add(-binLife))
	if len(l.aging) == 0 || l.aging[0].deletedAt > limit {
		return
	}
	e := l.newEdit()
	for len(l.aging) > 0 && l.aging[0].deletedAt <= limit {
		old := l.aging[0]
		l.aging = l.aging[1:]
		at := e.row(old.obj, old.place)
		if !at.Deleted() || at.Record.Purged || at.Record.DeletedAt != old.deletedAt {
			continue
		}
		next := at.Whole()
		next.Purged = true
		if e.put(old.obj, old.place, next) != nil {
			l.aging = append([]binned{old}, l.aging...) // a transaction is at it: later, then
			break
		}
	}
	e.commit()
}
