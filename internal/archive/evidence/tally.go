package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"

	"catchment/internal/warehouse/archived"
)

// A sum tells whether two sets of records are the same, whatever their order, and takes as
// much room for a million as for one: their number, and the digests of their names added up.
// A record that stands there twice is seen, too.
type sum struct {
	n      int64
	digest [4]uint64 // a number of 256 bits, that begins anew behind its largest
}

// add adds a record. What was erased has no Id; then only numbers can be compared.
func (s *sum) add(object, id string) {
	s.n++
	of := sha256.Sum256([]byte(object + " " + id))
	var carry uint64
	for i := range s.digest {
		s.digest[i], carry = bits.Add64(s.digest[i], binary.LittleEndian.Uint64(of[8*i:]), carry)
	}
}

// plus is the sum of both.
func (s sum) plus(t sum) sum {
	s.n += t.n
	var carry uint64
	for i := range s.digest {
		s.digest[i], carry = bits.Add64(s.digest[i], t.digest[i], carry)
	}
	return s
}

// tallies are the sums of records that ended, by how.
type tallies map[Count]sum

func (t tallies) add(s said, id string) {
	key := Count{Object: s.Object, Level: s.Level, Outcome: archived.State(s.As)}
	now := t[key]
	now.add(s.Object, id)
	t[key] = now
}

// counts lists them in order.
func (t tallies) counts() []Count {
	var all []Count
	for key, s := range t {
		key.Records = s.n
		all = append(all, key)
	}
	slices.SortFunc(all, compareCounts)
	return all
}

// byObject adds them up by object.
func (t tallies) byObject() map[string]sum {
	all := map[string]sum{}
	for key, s := range t {
		all[key.Object] = all[key.Object].plus(s)
	}
	return all
}
