package store

import "strings"

// A Record is one version of a changed record. It is never altered: a change
// puts a new one on top, so that whoever read the older one may go on.
type Record struct {
	Values []string // by position; "" is null
	Fate
}

// A Fate is what befell a record as a whole.
type Fate struct {
	DeletedAt string // when it went to the recycle bin, or past it
	DeletedBy string // the record that took it along
	Ties      []Tie  // the lookups that were emptied because it went, where it gets them back
	Purged    bool   // gone for good; only the delete log knows it
	Hidden    bool   // from the user
	Locked    bool   // in an approval: nobody changes or deletes it
}

// A Tie is a lookup of a record that pointed to another.
type Tie struct {
	Object string
	Place  int
	Field  int
}

// Set writes a field of a record that nobody else has seen yet.
func (r *Record) Set(field int, value string) {
	if field >= 0 {
		r.Values[field] = value
	}
}

// Apply writes values into a new version, and the name that is put together
// from its parts.
func (r *Record) Apply(obj *Object, values map[int]string) {
	for at, value := range values {
		r.Values[at] = value
	}
	sys := obj.Sys
	if sys.name >= 0 && sys.First >= 0 && sys.Last >= 0 && r.Values[sys.Last] != "" {
		r.Values[sys.name] = strings.TrimSpace(r.Values[sys.First] + " " + r.Values[sys.Last])
	}
}

// Gone tells whether nobody sees the record any more.
func (f Fate) Gone() bool { return f.Purged || f.Hidden }

// absent stands for a record that a snapshot doesn't see: purged, or created
// after it.
var absent = &Record{Fate: Fate{Purged: true}}

// A version is a record as of a commit.
type version struct {
	commit uint64
	record *Record
}

// A history holds what happened to an object's records since the beginning.
// Versions are kept for ever: only changed records have any, and pages of an
// old job may still want them.
type history struct {
	versions map[int][]version // by place, oldest first
	places   []int             // the keys of versions, in the order of their first change
	created  int               // records beyond the base
	indexes  map[int]*index    // by field: those that somebody has looked for values in
}

// put commits a new version of the record at place n.
func (h *history) put(commit uint64, n int, r *Record) {
	if h.versions == nil {
		h.versions = map[int][]version{}
	}
	if h.versions[n] == nil {
		h.places = append(h.places, n)
	}
	h.versions[n] = append(h.versions[n], version{commit, r})
	for field, x := range h.indexes {
		if field < len(r.Values) {
			x.add(n, r.Values[field])
		}
	}
}

// at returns the version of record n that a commit sees: nil means the base.
func (h *history) at(commit uint64, n, base int) *Record {
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

// A Key names a record whatever becomes of its object's description.
type Key struct {
	history *history
	Place   int
}

// Key names the record at a place.
func (o *Object) Key(place int) Key { return Key{o.history, place} }

// Same tells whether two descriptions are of one object: they share their records.
func (o *Object) Same(other *Object) bool { return o.history == other.history }
