package store

import (
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/soql"
)

// A Row is one record as a snapshot sees it. Scans use one row again and again.
type Row struct {
	Snap   Snapshot
	Object *Object
	Place  int
	Record *Record // nil: as the base has it
	buf    []byte
}

// AppendValue writes the canonical text of the field at a position; nothing
// for null and for a field that the object lacks.
func (r *Row) AppendValue(dst []byte, field int) []byte {
	switch {
	case field < 0:
		return dst
	case r.Object.Slots[field].Formula != nil:
		return r.appendFormula(dst, r.Object.Slots[field].Formula)
	case r.Record != nil:
		return append(dst, r.Object.valueOf(r.Record, field)...)
	case field >= r.Object.born:
		return append(dst, r.Object.Blank(field)...)
	}
	return r.Object.Base.AppendValue(dst, r.Place, field)
}

// appendFormula writes what a formula shows: the value of a parent's field as
// it is now. Nothing in the record tells when it changes.
func (r *Row) appendFormula(dst []byte, path []string) []byte {
	at, last := r, len(path)-1
	for _, relationship := range path[:last] {
		next, ok := at.Parent(at.Object.LookupOf(relationship))
		if !ok {
			return dst
		}
		at = next
	}
	return at.AppendValue(dst, at.Object.Slot(path[last]))
}

// Text is AppendValue as a string.
func (r *Row) Text(field int) string {
	if field < 0 {
		return ""
	}
	if r.Record != nil && r.Object.Slots[field].Formula == nil {
		return r.Object.valueOf(r.Record, field)
	}
	r.buf = r.AppendValue(r.buf[:0], field)
	return string(r.buf)
}

// Move makes the row that of another place.
func (r *Row) Move(place int) {
	var one [1]*Record
	r.Snap.Fill(r.Object, place, one[:])
	r.Place, r.Record = place, one[0]
}

// Deleted tells whether the record is in the recycle bin.
func (r *Row) Deleted() bool { return r.Record != nil && r.Record.DeletedAt != "" }

// Gone tells whether nobody sees the record any more.
func (r *Row) Gone() bool { return r.Record != nil && r.Record.Gone() }

// Unborn tells whether the snapshot is older than the record.
func (r *Row) Unborn() bool { return r.Record == absent }

// Aside tells whether query leaves the record out and queryAll doesn't: it is
// in the recycle bin, or an archived activity.
func (r *Row) Aside() bool {
	return r.Record != nil &&
		(r.Record.DeletedAt != "" || r.Object.Sys.archived >= 0 && r.Text(r.Object.Sys.archived) == "true")
}

// Whole copies the record, so that it can be changed. Formulas hold nothing.
func (r *Row) Whole() *Record {
	values := make([]string, len(r.Object.Slots))
	for i := range values {
		if r.Object.Slots[i].Formula == nil {
			values[i] = r.Text(i)
		}
	}
	next := &Record{Values: values}
	if r.Record != nil {
		next.Fate = r.Record.Fate
	}
	return next
}

// Parent follows a lookup; false where it is empty or leads nowhere.
func (r *Row) Parent(field int) (*Row, bool) {
	id := r.Text(field)
	if len(id) != recordid.Long {
		return nil, false
	}
	target, ok := r.Snap.Catalog.Owner(id)
	if !ok {
		return nil, false
	}
	return r.Snap.Find(target, id)
}

// Value implements soql.Record.
func (r *Row) Value(p *soql.Path) string {
	at, common := r, false
	for _, hop := range p.Hops {
		next, ok := at.Parent(at.Object.Place(hop.Field.Name))
		if !ok {
			return ""
		}
		at, common = next, len(hop.Targets) > 1
	}
	if common {
		return string(at.AppendCommon(nil, p.Field.Name))
	}
	return at.Text(at.Object.Place(p.Field.Name))
}

// AppendCommon is AppendValue behind a polymorphic lookup: there, Type is the
// object that was found, and Name whatever field it is known by.
func (r *Row) AppendCommon(dst []byte, field string) []byte {
	switch field {
	case "Type":
		return append(dst, r.Object.Name()...)
	case "Name":
		return r.AppendValue(dst, r.Object.Sys.Shown)
	}
	return r.AppendValue(dst, r.Object.Place(field))
}
