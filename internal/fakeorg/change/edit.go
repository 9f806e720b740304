package change

import (
	"cmp"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// An Edit is a change that is being made. What it has written is locked for
// others, and seen by itself alone until it commits. The ledger is held while
// anything is done to it.
type Edit struct {
	sight
	ledger *Ledger
	user   string // who makes it; empty: who every session belongs to
	origin string // by what it is made, the API and the client as change events name them; empty: by no API
	along  int    // records that went to the bin with others
}

// commit makes what was written visible. What has to see the org without it is
// told first.
func (e *Edit) commit() {
	l := e.ledger
	l.hooks.Committing()
	commit := Commit{Before: l.Store.Now(), Writes: e.writes, User: e.who(), Origin: e.origin}
	l.Store.Commit(e.writes)
	if l.hooks.Committed != nil {
		l.hooks.Committed(commit)
	}
	for _, w := range e.writes {
		if w.Record.DeletedAt != "" && !w.Record.Purged {
			l.aging = append(l.aging, binned{w.Object, w.Key.Place, w.Record.DeletedAt})
		}
	}
	e.release()
}

// whole makes a change, and what follows from it once all of it is made.
func whole(e *Edit, change func(*Edit) error) error {
	if err := change(e); err != nil {
		return err
	}
	return dropUnlinked(e)
}

func (e *Edit) release() {
	for _, w := range e.writes {
		delete(e.ledger.locks, w.Key)
	}
	e.writes = nil
}

// Try takes back what a change wrote where it fails half-way.
func (e *Edit) Try(change func(*Edit) error) error {
	before, along := e.mark(), e.along
	err := change(e)
	if err == nil {
		return nil
	}
	e.along = along
	for _, w := range e.undo(before) {
		delete(e.ledger.locks, w.Key)
	}
	return err
}

// put writes the newest version of a record. A record that another edit has
// written is locked until that ends.
func (e *Edit) put(obj *store.Object, place int, r *store.Record) error {
	key := obj.Key(place)
	if owner := e.ledger.locks[key]; owner != nil && owner != e {
		return reply.Bad("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: %s",
			r.Values[obj.Sys.ID])
	}
	e.ledger.locks[key] = e
	e.draft.put(store.Write{Key: key, Object: obj, Record: r})
	return nil
}

// turn writes what do makes of a record.
func (e *Edit) turn(obj *store.Object, id string, do func(old *store.Row, next *store.Record) error) error {
	old, err := e.find(obj, id)
	if err != nil {
		return err
	}
	return e.turnRow(old, func(r *store.Record) error { return do(old, r) })
}

func (e *Edit) turnRow(old *store.Row, do func(*store.Record) error) error {
	next := old.Whole()
	if err := do(next); err != nil {
		return err
	}
	return e.put(old.Object, old.Place, next)
}

// Each does one thing to all records of a list.
func (e *Edit) Each(ids []string, do func(obj *store.Object, id string) error) error {
	for _, id := range ids {
		obj, full, err := e.store.ObjectOf(id)
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
func (e *Edit) now() string { return orgtime.Stamp(e.ledger.Clock.Now()) }

// By says who makes the change.
func (e *Edit) By(user string) { e.user = user }

// who is the user who makes the change.
func (e *Edit) who() string { return cmp.Or(e.user, recordid.RunningUser()) }

// stamp says that a user has changed a record now.
func (e *Edit) stamp(obj *store.Object, r *store.Record) {
	r.Set(obj.Sys.Modified, e.now())
	r.Set(obj.Sys.ModifiedBy, e.who())
	r.Set(obj.Sys.Stamp, e.now())
}
