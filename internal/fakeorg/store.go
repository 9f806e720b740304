package fakeorg

import "slices"

// A record is one version of a changed record. It is never altered: a change
// puts a new one on top, so that whoever read the older one may go on.
type record struct {
	values []string // by position; "" is null
	fate
}

// A fate is what befell a record as a whole.
type fate struct {
	deletedAt string // when it went to the recycle bin, or past it
	deletedBy string // the record that took it along
	purged    bool   // gone for good; only the delete log knows it
	hidden    bool   // from the user
}

// gone tells whether nobody sees the record any more.
func (f fate) gone() bool { return f.purged || f.hidden }

// absent stands for a record that a snapshot doesn't see: purged, or created
// after it.
var absent = &record{fate: fate{purged: true}}

// A version is a record as of a commit.
type version struct {
	commit uint64
	record *record
}

// A history holds what happened to an object's records since the beginning.
// Versions are kept for ever: only changed records have any, and pages of an
// old job may still want them.
type history struct {
	versions map[int][]version // by place, oldest first
	places   []int             // the keys of versions, in the order of their first change
	created  int               // records beyond the base
}

// put commits a new version of the record at place n.
func (h *history) put(commit uint64, n int, r *record) {
	if h.versions == nil {
		h.versions = map[int][]version{}
	}
	if h.versions[n] == nil {
		h.places = append(h.places, n)
	}
	h.versions[n] = append(h.versions[n], version{commit, r})
}

// at returns the version of record n that a commit sees: nil means the base.
func (h *history) at(commit uint64, n, base int) *record {
	versions := h.versions[n]
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].commit <= commit {
			return versions[i].record
		}
	}
	if n >= base {
		return absent
	}
	return nil
}

// A snapshot is the org as of one commit. It stays true whatever happens
// later, which is what keeps locators and pages stable.
type snapshot struct {
	org     *Org
	catalog *catalog
	commit  uint64
}

// now takes a snapshot of everything committed so far.
func (o *Org) now() snapshot {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return snapshot{o, o.catalog(), o.commit}
}

// size returns how many places of an object a snapshot has to look at.
func (s snapshot) size(obj *object) int {
	s.org.mu.RLock()
	defer s.org.mu.RUnlock()
	return obj.base.count() + obj.history.created
}

// fill writes the versions of the places from, from+1, ... into records.
func (s snapshot) fill(obj *object, from int, records []*record) {
	s.org.mu.RLock()
	defer s.org.mu.RUnlock()
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
	s.org.mu.RLock()
	places := slices.Clone(obj.history.places)
	s.org.mu.RUnlock()
	slices.Sort(places)
	return places
}

// find returns the row of an Id, or false where the snapshot has none.
func (s snapshot) find(obj *object, id string) (*row, bool) {
	s.org.mu.RLock()
	defer s.org.mu.RUnlock()
	n := obj.number(id)
	if n < 0 {
		return nil, false
	}
	r := &row{snap: s, obj: obj, place: n, record: obj.history.at(s.commit, n, obj.base.count())}
	return r, r.record == nil || !r.record.gone()
}
