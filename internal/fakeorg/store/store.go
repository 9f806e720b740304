// Package store is what the org holds. The schema is a [Catalog], which a change
// replaces as a whole. An object's records are a base that never changes (a
// [Source]) with changed records laid over it; they are read from a [Snapshot] of
// both.
package store

import (
	"sync"
	"sync/atomic"
	"time"

	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
)

// A Store is what the org holds: its schema, and the objects' records under
// one lock. It is changed by a schema or by records that somebody else has made.
type Store struct {
	schema atomic.Pointer[Catalog]
	mu     sync.RWMutex // guards last and the histories of the objects
	last   uint64       // the newest commit
}

// New makes a store without objects.
func New(born time.Time) *Store {
	s := &Store{}
	s.schema.Store(&Catalog{byName: map[string]*Object{}, byPrefix: map[string]*Object{}, Changed: born})
	return s
}

// Catalog returns the schema of this moment.
func (s *Store) Catalog() *Catalog { return s.schema.Load() }

// Replace puts another schema in the place of the present one.
func (s *Store) Replace(next *Catalog) { s.schema.Store(next) }

// Object finds an object that the user sees by its name in any case.
func (s *Store) Object(name string) (*Object, bool) {
	obj, ok := s.Catalog().Find(name)
	if !ok || obj.Hidden {
		return nil, false
	}
	return obj, true
}

// ObjectOf finds the object that an Id belongs to, and the Id's 18 characters.
func (s *Store) ObjectOf(id string) (*Object, string, error) {
	full, ok := recordid.Full(id)
	if !ok {
		return nil, "", reply.Bad("MALFORMED_ID", "malformed id %s", id)
	}
	obj, ok := s.Catalog().Owner(full)
	if !ok || obj.Sys.Deleted < 0 {
		return nil, "", reply.NotFound()
	}
	return obj, full, nil
}

// Now takes a snapshot of everything committed so far.
func (s *Store) Now() Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Snapshot{s, s.Catalog(), s.last}
}

// PlaceOf returns the place of a record in its object, or -1.
func (s *Store) PlaceOf(obj *Object, id string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return obj.number(id)
}

// Reserve gives a record that is to be created its Id and its place.
func (s *Store) Reserve(obj *Object) (id string, place int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, place = obj.nextID(), obj.Base.Count()+obj.history.created
	obj.history.created++
	return id, place
}

// A Write is a new version of a record.
type Write struct {
	Key    Key
	Object *Object
	Record *Record
}

// Commit makes new versions visible at once.
func (s *Store) Commit(writes []Write) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	for _, w := range writes {
		w.Key.history.put(s.last, w.Key.Place, w.Record)
	}
}
