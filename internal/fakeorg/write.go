package fakeorg

import (
	"net/http"
	"strings"
)

// commitChange makes one change visible, all at once. Jobs whose time has come
// before it read without it.
func (o *Org) commitChange(do func(commit uint64, now string) error) error {
	o.startJobs()
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := do(o.commit+1, stamp(o.clock.Now())); err != nil {
		return err
	}
	o.commit++
	return nil
}

// insert creates a record from checked values and returns its Id.
func (o *Org) insert(obj *object, values map[int]string) (id string, err error) {
	err = o.commitChange(func(commit uint64, now string) error {
		r := &record{values: make([]string, len(obj.about.Fields))}
		place := obj.base.count() + obj.history.created
		for at, f := range obj.about.Fields {
			switch {
			case f.Type == "boolean":
				r.values[at] = "false"
			case f.AutoNumber:
				r.values[at] = string(appendPadded(nil, place+1, 8))
			}
		}
		id = obj.nextID()
		r.set(obj.sys.id, id)
		r.set(obj.sys.own, o.runningUser())
		r.set(obj.sys.created, now)
		r.set(obj.sys.createdBy, o.runningUser())
		o.apply(obj, r, values, now)
		obj.history.put(commit, place, r)
		obj.history.created++
		return nil
	})
	return id, err
}

// set writes a field of a record that nobody else has seen yet.
func (r *record) set(field int, value string) {
	if field >= 0 {
		r.values[field] = value
	}
}

// apply writes values into a new version, and what follows from them.
func (o *Org) apply(obj *object, r *record, values map[int]string, now string) {
	for at, value := range values {
		r.values[at] = value
	}
	sys := obj.sys
	if sys.name >= 0 && sys.first >= 0 && sys.last >= 0 {
		r.values[sys.name] = strings.TrimSpace(r.values[sys.first] + " " + r.values[sys.last])
	}
	r.set(sys.modified, now)
	r.set(sys.modifiedBy, o.runningUser())
	r.set(sys.stamp, now)
}

// current returns the newest version of a record, as a copy to be changed.
// Org.mu is held.
func (o *Org) current(obj *object, id string, commit uint64) (int, *record, error) {
	place := obj.number(id)
	if place < 0 {
		return 0, nil, notFound()
	}
	r := obj.history.at(commit, place, obj.base.count())
	if r != nil && r.purged {
		return 0, nil, refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
	}
	return place, (&row{obj: obj, place: place, record: r}).whole(), nil
}

// change gives a record new values.
func (o *Org) change(obj *object, id string, values map[int]string) error {
	return o.commitChange(func(commit uint64, now string) error {
		place, r, err := o.current(obj, id, commit)
		if err != nil {
			return err
		}
		if r.deletedAt != "" {
			return refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
		}
		o.apply(obj, r, values, now)
		obj.history.put(commit, place, r)
		return nil
	})
}

// objectOf finds the object that an Id belongs to.
func (o *Org) objectOf(id string) (*object, string, error) {
	full, ok := fullID(id)
	if !ok {
		return nil, "", refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", id)
	}
	obj, ok := o.byPrefix[full[:3]]
	if !ok || obj.sys.deleted < 0 {
		return nil, "", notFound()
	}
	return obj, full, nil
}

// Delete puts a record into the recycle bin.
func (o *Org) Delete(id string) error {
	return o.turn(id, func(obj *object, r *record, now string) error {
		if r.deletedAt != "" {
			return refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
		}
		r.deletedAt = now
		r.values[obj.sys.deleted] = "true"
		o.apply(obj, r, nil, now)
		return nil
	})
}

// Undelete takes records out of the recycle bin again; only SystemModstamp
// tells of it.
func (o *Org) Undelete(ids ...string) error {
	for _, id := range ids {
		err := o.turn(id, func(obj *object, r *record, now string) error {
			if r.deletedAt == "" {
				return refuse(http.StatusBadRequest, "UNDELETE_FAILED", "Entity is not in the recycle bin")
			}
			r.deletedAt = ""
			r.values[obj.sys.deleted] = "false"
			r.set(obj.sys.stamp, now)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Purge removes records for good, whether they were in the recycle bin or not;
// without Ids it empties the bin. Only getDeleted still knows of them.
func (o *Org) Purge(ids ...string) error {
	if len(ids) == 0 {
		ids = o.bin()
	}
	for _, id := range ids {
		err := o.turn(id, func(obj *object, r *record, now string) error {
			if r.deletedAt == "" {
				r.deletedAt = now
				r.values[obj.sys.deleted] = "true"
			}
			r.purged = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// turn commits what do makes of a record.
func (o *Org) turn(id string, do func(obj *object, r *record, now string) error) error {
	obj, full, err := o.objectOf(id)
	if err != nil {
		return err
	}
	return o.commitChange(func(commit uint64, now string) error {
		place, r, err := o.current(obj, full, commit)
		if err != nil {
			return err
		}
		if err := do(obj, r, now); err != nil {
			return err
		}
		obj.history.put(commit, place, r)
		return nil
	})
}

// bin lists the recycle bin.
func (o *Org) bin() []string {
	var ids []string
	snap := o.now()
	for _, obj := range o.objects {
		for _, place := range snap.changed(obj) {
			at := &row{snap: snap, obj: obj}
			at.move(place)
			if at.deleted() && !at.record.purged {
				ids = append(ids, at.text(obj.sys.id))
			}
		}
	}
	return ids
}
