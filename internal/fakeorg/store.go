package fakeorg

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A store is what the org holds: its schema, and the objects' records under
// one lock. It is changed by a schema or by records that somebody else has made.
type store struct {
	schema atomic.Pointer[catalog]
	mu     sync.RWMutex // guards last and the histories of the objects
	last   uint64       // the newest commit
}

// newStore makes a store without objects.
func newStore(born time.Time) *store {
	s := &store{}
	s.schema.Store(&catalog{byName: map[string]*object{}, byPrefix: map[string]*object{}, changed: born})
	return s
}

// catalog returns the schema of this moment.
func (s *store) catalog() *catalog { return s.schema.Load() }

// replace puts another schema in the place of the present one.
func (s *store) replace(next *catalog) { s.schema.Store(next) }

// object finds an object that the user sees by its name in any case.
func (s *store) object(name string) (*object, bool) {
	obj, ok := s.catalog().find(name)
	if !ok || obj.hidden {
		return nil, false
	}
	return obj, true
}

// objectOf finds the object that an Id belongs to, and the Id's 18 characters.
func (s *store) objectOf(id string) (*object, string, error) {
	full, ok := fullID(id)
	if !ok {
		return nil, "", refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", id)
	}
	obj, ok := s.catalog().owner(full)
	if !ok || obj.sys.deleted < 0 {
		return nil, "", notFound()
	}
	return obj, full, nil
}

// now takes a snapshot of everything committed so far.
func (s *store) now() snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return snapshot{s, s.catalog(), s.last}
}

// placeOf returns the place of a record in its object, or -1.
func (s *store) placeOf(obj *object, id string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return obj.number(id)
}

// reserve gives a record that is to be created its Id and its place.
func (s *store) reserve(obj *object) (id string, place int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, place = obj.nextID(), obj.base.count()+obj.history.created
	obj.history.created++
	return id, place
}

// A write is a new version of a record.
type write struct {
	key    rowKey
	obj    *object
	record *record
}

// commit makes new versions visible at once.
func (s *store) commit(writes []write) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	for _, w := range writes {
		w.key.history.put(s.last, w.key.place, w.record)
	}
}
