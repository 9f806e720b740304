package versions

import (
	"slices"

	"catchment/internal/warehouse"
)

// A Rejection is one version of a record, or one field of it, that was kept out.
type Rejection struct {
	Mine   bool   // the attempt itself kept it out
	Whole  bool   // a whole version; else a patch of Field
	Field  string // as the flow spells it, in lower case
	ReadAt Moment
	Stamp  Moment
}

// rejected tells whether the attempt kept out a whole version of the record.
func (d *Record) rejected() bool {
	for i := range d.Rejections {
		if d.Rejections[i].Mine && d.Rejections[i].Whole {
			return true
		}
	}
	return false
}

// keepOut finds which rejections of a record are past, since something newer is known of it, and has the row say
// whether one is left.
func (r *Rules) keepOut(record *Record, f *Fate) {
	if len(record.Rejections) == 0 {
		return
	}
	mark := None
	for i := range record.Rejections {
		x := &record.Rejections[i]
		if r.past(x, record, f) {
			f.Past = append(f.Past, i)
			continue
		}
		mark = max(mark, x.Stamp.Or(x.ReadAt))
	}
	if f.HasRow && f.Row.Rejected != mark {
		f.Row.Rejected, f.Changed = mark, true
	}
}

// past tells whether something newer is known of a record than its rejection.
func (r *Rules) past(x *Rejection, record *Record, f *Fate) bool {
	if f.HasRow && f.Row.ReadAt > x.ReadAt || f.HasTomb && f.Tomb.ReadAt > x.ReadAt {
		return true
	}
	newer := func(at Moment, known bool) bool { return known && (!x.Mine || x.ReadAt < at) }
	if newer(r.wholeAt(record)) || !x.Whole && newer(r.fieldAt(x.Field, record)) {
		return true
	}
	return !x.Mine && (r.Complete || r.swept() && len(record.Staged) == 0)
}

// wholeAt is when the attempt last read the record as a whole, as far as it did, what it kept out included.
func (r *Rules) wholeAt(record *Record) (at Moment, known bool) {
	at = None
	for i := range record.Staged {
		v := &record.Staged[i]
		op := r.Parts[v.Part].Op
		if op == warehouse.Patch || op == warehouse.Seen && !v.Deleted {
			continue
		}
		at, known = max(at, v.ReadAt), true
	}
	for i := range record.Rejections {
		if x := &record.Rejections[i]; x.Mine && x.Whole {
			at, known = max(at, x.ReadAt), true
		}
	}
	return at, known
}

// fieldAt is when the attempt last read a field of the record by a patch, as far as it did.
func (r *Rules) fieldAt(field string, record *Record) (at Moment, known bool) {
	at = None
	for i := range record.Staged {
		v := &record.Staged[i]
		p := &r.Parts[v.Part]
		if p.Op == warehouse.Patch && slices.Contains(p.fields, field) {
			at, known = max(at, v.ReadAt), true
		}
	}
	for i := range record.Rejections {
		if x := &record.Rejections[i]; x.Mine && !x.Whole && x.Field == field {
			at, known = max(at, x.ReadAt), true
		}
	}
	return at, known
}
