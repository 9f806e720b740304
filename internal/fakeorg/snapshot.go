package fakeorg

import (
	"context"
	"slices"
)

// A snapshot is the org as of one commit. It stays true whatever happens
// later, which is what keeps locators and pages stable.
type snapshot struct {
	store   *store
	catalog *catalog
	commit  uint64
}

// size returns how many places of an object a snapshot has to look at.
func (s snapshot) size(obj *object) int {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	return obj.base.count() + obj.history.created
}

// fill writes the versions of the places from, from+1, ... into records.
func (s snapshot) fill(obj *object, from int, records []*record) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	base := obj.base.count()
	if len(obj.history.versions) == 0 {
		clear(records)
		return
	}
	for i := range records {
		records[i] = obj.history.at(s.commit, from+i, base)
	}
}

// changed returns the places of an object that have a version of their own, ascending.
func (s snapshot) changed(obj *object) []int {
	s.store.mu.RLock()
	places := slices.Clone(obj.history.places)
	s.store.mu.RUnlock()
	slices.Sort(places)
	return places
}

// row returns a row of an object, to be moved to one place after another.
func (s snapshot) row(obj *object) *row { return &row{snap: s, obj: obj} }

// find returns the row of an Id, or false where the snapshot has none.
func (s snapshot) find(obj *object, id string) (*row, bool) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	n := obj.number(id)
	if n < 0 {
		return nil, false
	}
	r := &row{snap: s, obj: obj, place: n, record: obj.history.at(s.commit, n, obj.base.count())}
	return r, !r.gone()
}

// scan calls do for the places from up to to, until do says that it has
// enough. Places that the snapshot doesn't see are left out.
func (s snapshot) scan(ctx context.Context, obj *object, from, to int, do func(*row) bool) error {
	at := s.row(obj)
	var records [512]*record
	for ; from < to; from += len(records) {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := records[:min(len(records), to-from)]
		s.fill(obj, from, part)
		for i, changed := range part {
			at.place, at.record = from+i, changed
			if !at.gone() && !do(at) {
				return nil
			}
		}
	}
	return nil
}

// visit is scan for single places.
func (s snapshot) visit(ctx context.Context, obj *object, places []int, do func(*row) bool) error {
	at := s.row(obj)
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return err
		}
		at.move(place)
		if !at.gone() && !do(at) {
			return nil
		}
	}
	return nil
}
