package change

import (
	"slices"

	"catchment/internal/fakeorg/store"
)

// A draft is what an edit has written and nobody else sees.
type draft struct {
	writes   []store.Write     // in the order of each record's first write
	at       map[store.Key]int // where in writes a record is
	replaced []store.Write     // what was written before, and written over
}

func newDraft() *draft { return &draft{at: map[store.Key]int{}} }

// version returns the newest version of a record, or nil where the draft has none.
func (d *draft) version(key store.Key) *store.Record {
	if at, ok := d.at[key]; ok {
		return d.writes[at].Record
	}
	return nil
}

// put writes the newest version of a record.
func (d *draft) put(w store.Write) {
	if at, ok := d.at[w.Key]; ok {
		d.replaced = append(d.replaced, d.writes[at])
		d.writes[at].Record = w.Record
		return
	}
	d.at[w.Key] = len(d.writes)
	d.writes = append(d.writes, w)
}

// A mark is how far a draft had come.
type mark struct{ made, replaced int }

func (d *draft) mark() mark { return mark{len(d.writes), len(d.replaced)} }

// undo takes back what was written since a mark, and returns the writes of
// records that the draft has no longer.
func (d *draft) undo(since mark) []store.Write {
	for _, old := range slices.Backward(d.replaced[since.replaced:]) {
		d.writes[d.at[old.Key]].Record = old.Record
	}
	gone := d.writes[since.made:]
	for _, w := range gone {
		delete(d.at, w.Key)
	}
	d.writes, d.replaced = d.writes[:since.made], d.replaced[:since.replaced]
	return gone
}
