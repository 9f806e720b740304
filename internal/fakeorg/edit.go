package fakeorg

import "net/http"

// An edit is a change that is being made. What it has written is locked for
// others, and seen by itself alone until it commits. The ledger is held while
// anything is done to it.
type edit struct {
	sight
	ledger *ledger
}

// commit makes what was written visible. What has to see the org without it is
// told first.
func (e *edit) commit() {
	l := e.ledger
	l.hooks.Committed()
	l.store.commit(e.writes)
	for _, w := range e.writes {
		if w.record.deletedAt != "" && !w.record.purged {
			l.aging = append(l.aging, binned{w.obj, w.key.place, w.record.deletedAt})
		}
	}
	e.release()
}

func (e *edit) release() {
	for _, w := range e.writes {
		delete(e.ledger.locks, w.key)
	}
	e.writes = nil
}

// try takes back what a change wrote where it fails half-way.
func (e *edit) try(change func(*edit) error) error {
	before := e.mark()
	err := change(e)
	if err == nil {
		return nil
	}
	for _, w := range e.undo(before) {
		delete(e.ledger.locks, w.key)
	}
	return err
}

// put writes the newest version of a record. A record that another edit has
// written is locked until that ends.
func (e *edit) put(obj *object, place int, r *record) error {
	key := obj.key(place)
	if owner := e.ledger.locks[key]; owner != nil && owner != e {
		return refuse(http.StatusBadRequest, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: %s", r.values[obj.sys.id])
	}
	e.ledger.locks[key] = e
	e.draft.put(write{key, obj, r})
	return nil
}

// turn writes what do makes of a record.
func (e *edit) turn(obj *object, id string, do func(old *row, next *record) error) error {
	old, err := e.find(obj, id)
	if err != nil {
		return err
	}
	return e.turnRow(old, func(r *record) error { return do(old, r) })
}

func (e *edit) turnRow(old *row, do func(*record) error) error {
	next := old.whole()
	if err := do(next); err != nil {
		return err
	}
	return e.put(old.obj, old.place, next)
}

// each does one thing to all records of a list.
func (e *edit) each(ids []string, do func(obj *object, id string) error) error {
	for _, id := range ids {
		obj, full, err := e.store.objectOf(id)
		if err != nil {
			return err
		}
		if err := do(obj, full); err != nil {
			return err
		}
	}
	return nil
}

// now is the stamp of what is written at this moment.
func (e *edit) now() string { return stamp(e.ledger.clock.Now()) }

// stamp says that the running user has changed a record now.
func (e *edit) stamp(obj *object, r *record) {
	r.set(obj.sys.modified, e.now())
	r.set(obj.sys.modifiedBy, runningUser())
	r.set(obj.sys.stamp, e.now())
}
