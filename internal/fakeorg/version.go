package fakeorg

import "strings"

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

// set writes a field of a record that nobody else has seen yet.
func (r *record) set(field int, value string) {
	if field >= 0 {
		r.values[field] = value
	}
}

// apply writes values into a new version, and the name that is put together
// from its parts.
func (r *record) apply(obj *object, values map[int]string) {
	for at, value := range values {
		r.values[at] = value
	}
	sys := obj.sys
	if sys.name >= 0 && sys.first >= 0 && sys.last >= 0 && r.values[sys.last] != "" {
		r.values[sys.name] = strings.TrimSpace(r.values[sys.first] + " " + r.values[sys.last])
	}
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

// A rowKey names a record whatever becomes of its object's description.
type rowKey struct {
	history *history
	place   int
}

// key names the record at a place.
func (o *object) key(place int) rowKey { return rowKey{o.history, place} }

// same tells whether two descriptions are of one object: they share their records.
func (o *object) same(other *object) bool { return o.history == other.history }
