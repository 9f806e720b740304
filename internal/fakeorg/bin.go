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

// Delete puts records into the recycle bin, and their children with them
// where the lookup cascades.
func (o *Org) Delete(ids ...string) error {
	return o.write(func(t *Transaction) error { return t.each(ids, t.remove) })
}

// Undelete takes records out of the recycle bin again, with the children that
// went there because of them; only SystemModstamp tells of it.
func (o *Org) Undelete(ids ...string) error {
	return o.write(func(t *Transaction) error { return t.each(ids, t.restore) })
}

// Purge removes records for good, whether they were in the recycle bin or not;
// without Ids it empties the bin. Only getDeleted still knows of them.
func (o *Org) Purge(ids ...string) error {
	if len(ids) == 0 {
		ids = o.bin()
	}
	return o.write(func(t *Transaction) error { return t.each(ids, t.purge) })
}

// remove is Delete for one record.
func (t *Transaction) remove(obj *object, id string) error {
	return t.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt != "" {
			return entityIsDeleted()
		}
		r.deletedAt = t.now()
		r.values[obj.sys.deleted] = "true"
		t.stamp(obj, r)
		return t.along(old, id, t.removeChild)
	})
}

// removeChild takes a record into the bin with its parent, and its own
// children with it.
func (t *Transaction) removeChild(child *row, by string) error {
	if child.deleted() {
		return nil
	}
	id := child.text(child.obj.sys.id)
	err := t.turnRow(child, func(r *record) error {
		r.deletedAt, r.deletedBy = t.now(), by
		r.set(child.obj.sys.deleted, "true")
		if !t.org.options.QuietCascades {
			t.stamp(child.obj, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.along(child, id, t.removeChild)
}

// restore is Undelete for one record.
func (t *Transaction) restore(obj *object, id string) error {
	return t.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt == "" {
			return refuse(http.StatusBadRequest, "UNDELETE_FAILED", "Entity is not in the recycle bin")
		}
		return t.back(old, r, t.org.options.QuietUndeletes)
	})
}

func (t *Transaction) restoreChild(child *row, by string) error {
	if !child.deleted() || child.record.deletedBy != by {
		return nil
	}
	return t.turnRow(child, func(r *record) error { return t.back(child, r, t.org.options.QuietCascades) })
}

// back takes a record out of the bin, and its children with it.
func (t *Transaction) back(old *row, r *record, quiet bool) error {
	r.fate = fate{}
	r.set(old.obj.sys.deleted, "false")
	if !quiet {
		r.set(old.obj.sys.stamp, t.now())
	}
	return t.along(old, old.text(old.obj.sys.id), t.restoreChild)
}

// purge is Purge for one record.
func (t *Transaction) purge(obj *object, id string) error {
	return t.turn(obj, id, func(old *row, r *record) error {
		if r.deletedAt == "" {
			r.deletedAt = t.now()
			r.values[obj.sys.deleted] = "true"
		}
		r.purged = true
		return t.along(old, id, t.purgeChild)
	})
}

func (t *Transaction) purgeChild(child *row, by string) error {
	if child.deleted() && child.record.deletedBy != by {
		return nil
	}
	id := child.text(child.obj.sys.id)
	err := t.turnRow(child, func(r *record) error {
		if r.deletedAt == "" {
			r.deletedAt = t.now()
			r.set(child.obj.sys.deleted, "true")
		}
		r.purged = true
		return nil
	})
	if err != nil {
		return err
	}
	return t.along(child, id, t.purgeChild)
}

// bin lists the recycle bin: what a user put there, not what went along.
func (o *Org) bin() []string {
	var ids []string
	snap := o.now()
	for _, obj := range snap.catalog.objects {
		for _, place := range snap.changed(obj) {
			at := &row{snap: snap, obj: obj}
			at.move(place)
			if at.deleted() && !at.record.gone() && at.record.deletedBy == "" {
				ids = append(ids, at.text(obj.sys.id))
			}
		}
	}
	return ids
}

// purgeAged purges what has been in the recycle bin for too long. Nothing runs
// in the background: whoever asks something brings it about.
func (o *Org) purgeAged() {
	o.writing.Lock()
	defer o.writing.Unlock()
	limit := stamp(o.clock.Now().Add(-binLife))
	if len(o.aging) == 0 || o.aging[0].deletedAt > limit {
		return
	}
	t := o.newTransaction()
	for len(o.aging) > 0 && o.aging[0].deletedAt <= limit {
		old := o.aging[0]
		o.aging = o.aging[1:]
		at := t.row(old.obj, old.place)
		if !at.deleted() || at.record.purged || at.record.deletedAt != old.deletedAt {
			continue
		}
		next := at.whole()
		next.purged = true
		if t.put(old.obj, old.place, next) != nil {
			o.aging = append([]binned{old}, o.aging...) // a transaction is at it: later, then
			break
		}
	}
	t.commit()
}
