// Package versions is the rules of one record: what its staged versions make of its row and of its tombstone, and
// whether what was kept out of it is past. It knows neither files nor values; who has these is asked whether two
// differ.
//
// Rules.Decide is called for each record that an attempt may change, in any order. Rules counts what it decided.
//
// Files, from the top: stop.go, rules.go, rejections.go, parts.go, versions.go.
package versions

import (
	"math"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// A Moment is microseconds since 1970. None is before all others.
type Moment int64

// None is a moment that nobody has written down.
const None Moment = math.MinInt64

// At is a time as a moment; the zero time is None.
func At(t time.Time) Moment {
	if t.IsZero() {
		return None
	}
	return Moment(t.UnixMicro())
}

// Time is a moment as a time; None is the zero time.
func (m Moment) Time() time.Time {
	if m == None {
		return time.Time{}
	}
	return time.UnixMicro(int64(m)).UTC()
}

// Or is the first of two moments that is known.
func (m Moment) Or(other Moment) Moment {
	if m == None {
		return other
	}
	return m
}

// A Version is one staged version of a record.
type Version struct {
	Part    int // which of Rules.Parts it belongs to
	At      Moment
	ReadAt  Moment
	Seq     int64
	Deleted bool // its IsDeleted is true
	Merged  bool // its MasterRecordId names another record
	Place   int  // where its values are; for the caller
}

// Stamped gives a version its moment: what carries no stamp is as new as its reading, but for a Delete, which says
// nothing of the record but that it is gone.
func Stamped(op warehouse.Op, at, stamp, readAt Moment) Moment {
	at = at.Or(stamp)
	if op == warehouse.Delete {
		return at
	}
	return at.Or(readAt)
}

// later tells whether a version is newer than another of its part.
func (v *Version) later(than *Version) bool {
	switch {
	case v.At != than.At:
		return v.At > than.At
	case v.ReadAt != than.ReadAt:
		return v.ReadAt > than.ReadAt
	}
	return v.Seq > than.Seq
}

// A Row is what a final table says of a record beside its values.
type Row struct {
	At, ReadAt Moment
	Deleted    Moment // None for a live row
	Reason     gone.Reason
	Rejected   Moment
}

// live tells whether the row's record isn't deleted.
func (r *Row) live() bool { return r.Deleted == None }

// A Tomb is what is remembered of a row that was removed.
type Tomb struct {
	At, ReadAt Moment
	Reason     gone.Reason
}

// A Layer is laid over the values of a row: the last one that has a column decides what it holds.
type Layer struct {
	Put     bool // the columns of the part, and nothing where a field left its column behind
	Patch   bool // the columns of the part, but for those that only whole versions may move
	Told    bool // IsDeleted alone, which becomes Says
	Says    bool
	Version Version // of a Put and a Patch
}

// A Record is all that is known of one record.
type Record struct {
	Staged     []Version
	HasRow     bool
	Row        Row
	HasTomb    bool
	Tomb       Tomb
	Rejections []Rejection
	// Leaving says that an archive is about to take the record out of Salesforce, or has done it and not settled that
	// yet: what says that it is deleted is left alone.
	Leaving bool

	// Differs tells whether a patch says anything else than the row with the layers laid over it so far.
	Differs func(layers []Layer, patch Version) bool
}

// A Fate is what becomes of a record.
type Fate struct {
	HasRow  bool
	Row     Row
	Layers  []Layer // over what the row was; over nothing where there was none, or it went and came back
	Anew    bool    // the layers lie over nothing, though there was a row
	Written bool    // the row is to be stamped with the time of the merge
	Changed bool    // the row isn't what it was: it has to be written
	HasTomb bool
	Tomb    Tomb
	Buried  bool  // the tombstone isn't what it was
	Past    []int // the places of the rejections that are past
}
