package fakeorg

import (
	"catchment/internal/fakeorg/soql"
)

// A row is one record as a snapshot sees it. Scans use one row again and again.
type row struct {
	snap   snapshot
	obj    *object
	place  int
	record *record // nil: as the base has it
	buf    []byte
}

// appendValue writes the canonical text of the field at a position; nothing
// for null and for a field that the object lacks.
func (r *row) appendValue(dst []byte, field int) []byte {
	switch {
	case field < 0:
		return dst
	case r.obj.slots[field].formula != nil:
		return r.appendFormula(dst, r.obj.slots[field].formula)
	case r.record != nil:
		return append(dst, r.obj.valueOf(r.record, field)...)
	case field >= r.obj.born:
		return append(dst, r.obj.blank(field)...)
	}
	return r.obj.base.appendValue(dst, r.place, field)
}

// appendFormula writes what a formula shows: the value of a parent's field as
// it is now. Nothing in the record tells when it changes.
func (r *row) appendFormula(dst []byte, path []string) []byte {
	at, last := r, len(path)-1
	for _, relationship := range path[:last] {
		next, ok := at.parent(at.obj.lookupOf(relationship))
		if !ok {
			return dst
		}
		at = next
	}
	return at.appendValue(dst, at.obj.slot(path[last]))
}

// text is appendValue as a string.
func (r *row) text(field int) string {
	if field < 0 {
		return ""
	}
	if r.record != nil && r.obj.slots[field].formula == nil {
		return r.obj.valueOf(r.record, field)
	}
	r.buf = r.appendValue(r.buf[:0], field)
	return string(r.buf)
}

// move makes the row that of another place.
func (r *row) move(place int) {
	var one [1]*record
	r.snap.fill(r.obj, place, one[:])
	r.place, r.record = place, one[0]
}

// deleted tells whether the record is in the recycle bin.
func (r *row) deleted() bool { return r.record != nil && r.record.deletedAt != "" }

// gone tells whether nobody sees the record any more.
func (r *row) gone() bool { return r.record != nil && r.record.gone() }

// unborn tells whether the snapshot is older than the record.
func (r *row) unborn() bool { return r.record == absent }

// aside tells whether query leaves the record out and queryAll doesn't: it is
// in the recycle bin, or an archived activity.
func (r *row) aside() bool {
	return r.record != nil && (r.record.deletedAt != "" || r.obj.sys.archived >= 0 && r.text(r.obj.sys.archived) == "true")
}

// whole copies the record, so that it can be changed. Formulas hold nothing.
func (r *row) whole() *record {
	values := make([]string, len(r.obj.slots))
	for i := range values {
		if r.obj.slots[i].formula == nil {
			values[i] = r.text(i)
		}
	}
	next := &record{values: values}
	if r.record != nil {
		next.fate = r.record.fate
	}
	return next
}

// parent follows a lookup; false where it is empty or leads nowhere.
func (r *row) parent(field int) (*row, bool) {
	id := r.text(field)
	if len(id) != longID {
		return nil, false
	}
	target, ok := r.snap.catalog.owner(id)
	if !ok {
		return nil, false
	}
	return r.snap.find(target, id)
}

// Value implements soql.Record.
func (r *row) Value(p *soql.Path) string {
	at, common := r, false
	for _, hop := range p.Hops {
		next, ok := at.parent(at.obj.place(hop.Field.Name))
		if !ok {
			return ""
		}
		at, common = next, len(hop.Targets) > 1
	}
	if common {
		return string(at.appendCommon(nil, p.Field.Name))
	}
	return at.text(at.obj.place(p.Field.Name))
}

// appendCommon is appendValue behind a polymorphic lookup: there, Type is the
// object that was found, and Name whatever field it is known by.
func (r *row) appendCommon(dst []byte, field string) []byte {
	switch field {
	case "Type":
		return append(dst, r.obj.name()...)
	case "Name":
		return r.appendValue(dst, r.obj.sys.shown)
	}
	return r.appendValue(dst, r.obj.place(field))
}
