package fakeorg

import "slices"

// A draft is what an edit has written and nobody else sees.
type draft struct {
	writes   []write        // in the order of each record's first write
	at       map[rowKey]int // where in writes a record is
	replaced []write        // what was written before, and written over
}

func newDraft() *draft { return &draft{at: map[rowKey]int{}} }

// version returns the newest version of a record, or nil where the draft has none.
func (d *draft) version(key rowKey) *record {
	if at, ok := d.at[key]; ok {
		return d.writes[at].record
	}
	return nil
}

// put writes the newest version of a record.
func (d *draft) put(w write) {
	if at, ok := d.at[w.key]; ok {
		d.replaced = append(d.replaced, d.writes[at])
		d.writes[at].record = w.record
		return
	}
	d.at[w.key] = len(d.writes)
	d.writes = append(d.writes, w)
}

// A mark is how far a draft had come.
type mark struct{ made, replaced int }

func (d *draft) mark() mark { return mark{len(d.writes), len(d.replaced)} }

// undo takes back what was written since a mark, and returns the writes of
// records that the draft has no longer.
func (d *draft) undo(since mark) []write {
	for _, old := range slices.Backward(d.replaced[since.replaced:]) {
		d.writes[d.at[old.key]].record = old.record
	}
	gone := d.writes[since.made:]
	for _, w := range gone {
		delete(d.at, w.key)
	}
	d.writes, d.replaced = d.writes[:since.made], d.replaced[:since.replaced]
	return gone
}
