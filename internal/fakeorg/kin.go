package fakeorg

import (
	"net/http"
	"slices"
)

// kin calls do for every record that points to one with this Id through a
// lookup that counts. It looks at every record of the objects that may.
func (t *Transaction) kin(parent *object, id string, counts func(slot) bool, do func(child *row, field int) error) error {
	for _, obj := range t.org.catalog().objects {
		for field, s := range obj.slots {
			if s.deleted || !slices.Contains(s.ReferenceTo, parent.name()) || !counts(s) {
				continue
			}
			for _, place := range t.pointing(obj, field, id) {
				if err := do(t.row(obj, place), field); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pointing returns the places of the records that have a value in a field.
func (t *Transaction) pointing(obj *object, field int, value string) []int {
	var places []int
	snap := t.org.now()
	at := &row{snap: snap, obj: obj}
	var records [512]*record
	var buf []byte
	for from, size := 0, snap.size(obj); from < size; from += len(records) {
		part := records[:min(len(records), size-from)]
		snap.fill(obj, from, part)
		for i, changed := range part {
			at.place, at.record = from+i, changed
			if written, ok := t.at[rowKey{obj.history, at.place}]; ok {
				at.record = t.writes[written].record
			}
			if at.record != nil && at.record.gone() {
				continue
			}
			if buf = at.appendValue(buf[:0], field); string(buf) == value {
				places = append(places, at.place)
			}
		}
	}
	return places
}

// along does to the children that share their parent's fate what was done to
// the parent.
func (t *Transaction) along(parent *row, id string, do func(child *row, by string) error) error {
	cascades := func(s slot) bool { return s.CascadeDelete }
	if contact, ok := t.personOf(parent); ok {
		if err := do(contact, id); err != nil {
			return err
		}
	}
	return t.kin(parent.obj, id, cascades, func(child *row, _ int) error { return do(child, id) })
}

// Merge merges up to two records into a third: their children become the
// master's, and they go to the recycle bin with MasterRecordId set.
func (o *Org) Merge(master string, losers ...string) error {
	return o.write(func(t *Transaction) error { return t.merge(master, losers) })
}

func (t *Transaction) merge(master string, losers []string) error {
	obj, winner, err := t.org.objectOf(master)
	switch {
	case err != nil:
		return err
	case obj.sys.master < 0:
		return refuse(http.StatusBadRequest, "INVALID_TYPE", "entity type does not support merge: %s", obj.name())
	case len(losers) < 1 || len(losers) > 2:
		return refuse(http.StatusBadRequest, "INVALID_NUMBER_OF_RECORDS", "a merge takes one or two records besides the master")
	}
	err = t.each(losers, func(other *object, id string) error {
		if other.history != obj.history || id == winner {
			return refuse(http.StatusBadRequest, "INVALID_ID_FIELD", "can't be merged into %s: %s", winner, id)
		}
		return t.lose(obj, id, winner)
	})
	if err != nil {
		return err
	}
	return t.change(obj, winner, nil)
}

// lose moves a loser's children to the winner, and the loser to the bin.
func (t *Transaction) lose(obj *object, loser, winner string) error {
	every := func(slot) bool { return true }
	err := t.kin(obj, loser, every, func(child *row, field int) error {
		if child.deleted() {
			return nil
		}
		return t.turnRow(child, func(r *record) error {
			r.values[field] = winner
			if !t.org.options.QuietMerges {
				t.stamp(child.obj, r)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return t.turn(obj, loser, func(_ *row, r *record) error {
		if r.deletedAt != "" {
			return entityIsDeleted()
		}
		r.deletedAt = t.now()
		r.values[obj.sys.deleted], r.values[obj.sys.master] = "true", winner
		t.stamp(obj, r)
		return nil
	})
}
