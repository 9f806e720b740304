package store

import (
	"hash/maphash"
	"slices"
	"sort"
)

// An index finds the records of an object by the value of one field. It is made
// when somebody asks for the first time, and never forgets: a place stands in it
// under every value that it ever had, so whoever asks looks at the record again.
type index struct {
	of      Source
	seed    maphash.Seed
	base    []indexed        // of the base, which never changes, by hash
	changed map[uint64][]int // of versions that were committed since
}

// indexed is a place of the base and the hash of what a field holds there.
type indexed struct {
	hash  uint64
	place int
}

// newIndex looks at all that an object has. The store's mu is held.
func newIndex(o *Object, field int) *index {
	x := &index{of: o.Base, seed: maphash.MakeSeed(), changed: map[uint64][]int{}}
	if field < o.born {
		var buf []byte
		for place := range o.Base.Count() {
			if buf = o.Base.AppendValue(buf[:0], place, field); len(buf) > 0 {
				x.base = append(x.base, indexed{maphash.Bytes(x.seed, buf), place})
			}
		}
		slices.SortFunc(x.base, func(a, b indexed) int {
			switch {
			case a.hash < b.hash:
				return -1
			case a.hash > b.hash:
				return 1
			}
			return a.place - b.place
		})
	}
	for _, place := range o.history.places {
		for _, v := range o.history.versions[place] {
			x.add(place, o.valueOf(v.record, field))
		}
	}
	return x
}

// add notes that a place has had a value.
func (x *index) add(place int, value string) {
	if value == "" {
		return
	}
	hash := maphash.String(x.seed, value)
	if places := x.changed[hash]; len(places) == 0 || places[len(places)-1] != place {
		x.changed[hash] = append(places, place)
	}
}

// places are those that may have a value, ascending.
func (x *index) places(value string) []int {
	hash := maphash.String(x.seed, value)
	all := slices.Clone(x.changed[hash])
	from := sort.Search(len(x.base), func(i int) bool { return x.base[i].hash >= hash })
	for ; from < len(x.base) && x.base[from].hash == hash; from++ {
		all = append(all, x.base[from].place)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Pointing returns the places of an object whose record may have this value,
// which isn't empty, in a field now or may have had it; whoever asks looks.
// Formulas are no fields of this kind.
func (s *Store) Pointing(obj *Object, field int, value string) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := obj.history
	x := h.indexes[field]
	if x == nil || x.of != obj.Base {
		x = newIndex(obj, field)
		if h.indexes == nil {
			h.indexes = map[int]*index{}
		}
		h.indexes[field] = x
	}
	return x.places(value)
}
