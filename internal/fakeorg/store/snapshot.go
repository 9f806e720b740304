package store

import (
	"context"
	"slices"
)

// A Snapshot is the org as of one commit. It stays true whatever happens
// later, which is what keeps locators and pages stable.
type Snapshot struct {
	store   *Store
	Catalog *Catalog
	commit  uint64
}

// Size returns how many places of an object a snapshot has to look at.
func (s Snapshot) Size(obj *Object) int {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	return obj.Base.Count() + obj.history.created
}

// Fill writes the versions of the places from, from+1, ... into records.
func (s Snapshot) Fill(obj *Object, from int, records []*Record) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	base := obj.Base.Count()
	if len(obj.history.versions) == 0 {
		clear(records)
		return
	}
	for i := range records {
		records[i] = obj.history.at(s.commit, from+i, base)
	}
}

// Changed returns the places of an object that have a version of their own, ascending.
func (s Snapshot) Changed(obj *Object) []int {
	s.store.mu.RLock()
	places := slices.Clone(obj.history.places)
	s.store.mu.RUnlock()
	slices.Sort(places)
	return places
}

// Row returns a row of an object, to be moved to one place after another.
func (s Snapshot) Row(obj *Object) *Row { return &Row{Snap: s, Object: obj} }

// Find returns the row of an Id, or false where the snapshot has none.
func (s Snapshot) Find(obj *Object, id string) (*Row, bool) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	n := obj.number(id)
	if n < 0 {
		return nil, false
	}
	r := &Row{Snap: s, Object: obj, Place: n, Record: obj.history.at(s.commit, n, obj.Base.Count())}
	return r, !r.Gone()
}

// Scan calls do for the places from up to to, until do says that it has
// enough. Places that the snapshot doesn't see are left out.
func (s Snapshot) Scan(ctx context.Context, obj *Object, from, to int, do func(*Row) bool) error {
	at := s.Row(obj)
	var records [512]*Record
	for ; from < to; from += len(records) {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := records[:min(len(records), to-from)]
		s.Fill(obj, from, part)
		for i, changed := range part {
			at.Place, at.Record = from+i, changed
			if !at.Gone() && !do(at) {
				return nil
			}
		}
	}
	return nil
}

// Visit is scan for single places.
func (s Snapshot) Visit(ctx context.Context, obj *Object, places []int, do func(*Row) bool) error {
	at := s.Row(obj)
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return err
		}
		at.Move(place)
		if !at.Gone() && !do(at) {
			return nil
		}
	}
	return nil
}
