package versions

import (
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// Rules are what an attempt does to records.
type Rules struct {
	Parts    []Part
	Policy   gone.Policy
	Complete bool        // the attempt read everything
	Override bool        // it is a rebuild
	Absent   gone.Reason // why what a complete reading lacks is gone
	ReadAt   Moment      // when it began to read whole records; now where it read none
	Now      Moment
	Tells    bool // the table has the column IsDeleted

	Tally
}

// A Tally is what was decided.
type Tally struct {
	Counts  warehouse.Counts // but for Unchanged and Rows
	Applied int64            // versions that changed something
	Sudden  int64            // deletes that count for the stop before a mass delete
	Grown   int64            // rows that the final table has gained
	Written int64            // rows in it that were stamped
	Living  int64            // live rows that it has gained
}

// Sweeps tells whether rows of records of which nothing is staged may be gone, too.
func (r *Rules) Sweeps() bool { return r.Policy != gone.Ignore && (r.Complete || r.swept()) }

// swept tells whether a job has read every Id.
func (r *Rules) swept() bool {
	for i := range r.Parts {
		if r.Parts[i].Op == warehouse.Seen {
			return true
		}
	}
	return false
}

// Decide tells what becomes of a record. The fate is f, whose room is used again.
func (r *Rules) Decide(record *Record, f *Fate) {
	*f = Fate{HasRow: record.HasRow, Row: record.Row, HasTomb: record.HasTomb, Tomb: record.Tomb,
		Layers: f.Layers[:0], Past: f.Past[:0]}
	was := record.HasRow && record.Row.live()
	rejected := record.rejected()
	for i := range r.Parts {
		p := &r.Parts[i]
		r.stage(p, i, record)
		switch p.Op {
		case warehouse.Patch:
			r.patch(p, i, record, f, rejected)
		case warehouse.Delete:
			r.lost(p, i, record, f)
		case warehouse.Seen:
			r.absent(p.Reason, p.ReadAt, false, f, rejected || record.Leaving || record.has(i))
		default:
			r.put(p, i, record, f, rejected)
		}
	}
	if r.Complete {
		r.absent(r.Absent, r.ReadAt, r.Override, f, rejected || record.Leaving || r.hasWhole(record))
	}
	r.keepOut(record, f)
	is := f.HasRow && f.Row.live()
	switch {
	case is && !was:
		r.Living++
	case was && !is:
		r.Living--
	}
}

// stage counts the versions of a part. What was only seen is no version of a record.
func (r *Rules) stage(p *Part, i int, record *Record) {
	if p.Op == warehouse.Seen {
		return
	}
	for k := range record.Staged {
		if record.Staged[k].Part == i {
			r.Counts.Staged++
		}
	}
}

// has tells whether a part has the record.
func (d *Record) has(part int) bool {
	for k := range d.Staged {
		if d.Staged[k].Part == part {
			return true
		}
	}
	return false
}

// hasWhole tells whether a whole version of the record is staged.
func (r *Rules) hasWhole(d *Record) bool {
	for k := range d.Staged {
		if r.Parts[d.Staged[k].Part].Op == warehouse.Put {
			return true
		}
	}
	return false
}

// newest picks the last version of a part, nil for none. Where deletes are ignored, a deleted version is none.
func (d *Record) newest(part int, live bool) *Version {
	var newest *Version
	for k := range d.Staged {
		v := &d.Staged[k]
		if v.Part == part && !(live && v.Deleted) && (newest == nil || v.later(newest)) {
			newest = v
		}
	}
	return newest
}

// put writes a whole version: not the torn one of a record that was kept out when it was read again as a whole.
func (r *Rules) put(p *Part, i int, record *Record, f *Fate, rejected bool) {
	v := record.newest(i, r.Policy == gone.Ignore)
	if v == nil || rejected || v.Deleted && record.Leaving || !replaces(p, v, f) {
		return
	}
	goes := r.Policy == gone.Remove && v.Deleted
	r.count(v, f, goes)
	if goes {
		f.bury(Tomb{At: v.At, ReadAt: v.ReadAt, Reason: went(v)})
		r.remove(f)
		return
	}
	f.unbury()
	if !f.HasRow {
		f.HasRow, f.Row = true, Row{Deleted: None, Rejected: None}
		r.Grown++
	}
	r.write(p, v, f)
}

// replaces tells whether a version wins over the row and the tombstone of its record, where there are any. A row
// that is kept is replaced by no version of a deleted record.
func replaces(p *Part, v *Version, f *Fate) bool {
	if f.HasRow {
		kept := v.Deleted && f.Row.Reason.Traits().Kept
		if kept || !wins(p.Override, v.At, v.ReadAt, f.Row.At, f.Row.ReadAt) {
			return false
		}
	}
	return !f.HasTomb || wins(p.Override, v.At, v.ReadAt, f.Tomb.At, f.Tomb.ReadAt)
}

// count counts what a version does to the row as it is.
func (r *Rules) count(v *Version, f *Fate, goes bool) {
	switch {
	case f.HasRow && f.Row.live() && v.Deleted:
		r.Counts.Deleted++
		r.Sudden++
	case goes:
		return // nobody saw the record before
	case !f.HasRow:
		r.Counts.Inserted++
	default:
		r.Counts.Updated++
	}
	r.Applied++
}

// write lays a version over what the row was. What it doesn't carry stays.
func (r *Rules) write(p *Part, v *Version, f *Fate) {
	f.lay(Layer{Put: true, Version: *v})
	if !p.TellsIt && !f.Row.live() { // it comes back
		r.tell(f, false)
	}
	since := f.Row.Deleted.Or(v.At).Or(r.Now)
	f.Row = Row{At: v.At, ReadAt: v.ReadAt, Deleted: None, Rejected: None}
	if v.Deleted {
		f.Row.Deleted, f.Row.Reason = since, went(v)
	}
	r.stamp(f)
}

// went says how a deleted record went: the loser of a merge names its winner.
func went(v *Version) gone.Reason {
	if v.Merged {
		return gone.Merged
	}
	return gone.Soft
}

// patch changes columns of a row that is there, where they differ. It moves no stamp, and is dropped where the row
// is newer.
func (r *Rules) patch(p *Part, i int, record *Record, f *Fate, rejected bool) {
	v := record.newest(i, false)
	if v == nil || !f.HasRow || rejected || record.Leaving || f.Row.Reason.Traits().Kept {
		return
	}
	late := v.At < f.Row.At || v.At == f.Row.At && v.ReadAt < f.Row.ReadAt
	if late && !p.Override || !record.Differs(f.Layers, *v) {
		return
	}
	f.lay(Layer{Patch: true, Version: *v})
	r.stamp(f)
	r.Counts.Updated++
	r.Counts.Patched++
	r.Applied++
}

// lost takes away a live row that Delete versions are newer than. A record that comes back need not have a later
// stamp: the row's stays as it is.
func (r *Rules) lost(p *Part, i int, record *Record, f *Fate) {
	at, readAt, any := None, None, false
	for k := range record.Staged {
		if v := &record.Staged[k]; v.Part == i {
			at, readAt, any = max(at, v.At), max(readAt, v.ReadAt), true
		}
	}
	newer := (at == None || at >= f.Row.At) && readAt > f.Row.ReadAt
	if p.Override {
		newer = wins(true, at, readAt, f.Row.At, f.Row.ReadAt)
	}
	if any && newer && !record.Leaving && r.Policy != gone.Ignore && r.goes(p.Reason, readAt, f) {
		r.Applied++
	}
}

// absent takes away a live row that a reading of every record lacks, and that was read before it began. What a
// rebuild lacks is gone whenever it was read.
func (r *Rules) absent(reason gone.Reason, readAt Moment, override bool, f *Fate, there bool) {
	earlier := f.Row.ReadAt < readAt || override && wins(true, None, readAt, f.Row.At, f.Row.ReadAt)
	if !there && earlier && r.Policy != gone.Ignore {
		r.goes(reason, readAt, f)
	}
}

// goes flags or removes a live row, and tells whether there was one.
func (r *Rules) goes(reason gone.Reason, readAt Moment, f *Fate) bool {
	if !f.HasRow || !f.Row.live() {
		return false
	}
	traits := reason.Traits()
	r.Counts.Deleted++
	if !traits.Approved {
		r.Sudden++
	}
	if traits.Under(r.Policy) == gone.Remove {
		f.bury(Tomb{At: f.Row.At, ReadAt: readAt, Reason: reason})
		r.remove(f)
		return true
	}
	f.Row.Deleted, f.Row.Reason, f.Row.ReadAt = r.Now, reason, readAt
	r.tell(f, true)
	r.stamp(f)
	return true
}

// tell says in a row's IsDeleted, where the object has that field, whether its record is gone.
func (r *Rules) tell(f *Fate, gone bool) {
	if r.Tells {
		f.lay(Layer{Told: true, Says: gone})
	}
}

// stamp has the row say that the merge wrote it.
func (r *Rules) stamp(f *Fate) {
	r.Written++
	f.Written, f.Changed = true, true
}

// remove takes the row away, if there is one.
func (r *Rules) remove(f *Fate) {
	if !f.HasRow {
		return
	}
	r.Grown--
	f.HasRow, f.Row, f.Layers = false, Row{}, f.Layers[:0]
	f.Anew, f.Changed, f.Written = true, true, false
}

func (f *Fate) lay(l Layer) { f.Layers = append(f.Layers, l) }

func (f *Fate) bury(t Tomb) { f.HasTomb, f.Tomb, f.Buried = true, t, true }

func (f *Fate) unbury() {
	if f.HasTomb {
		f.HasTomb, f.Tomb, f.Buried = false, Tomb{}, true
	}
}
