package events

import (
	"cmp"
	"slices"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/store"
)

const (
	// longestEvent is how many bytes an event has at most; a gap event takes the place of a longer one.
	longestEvent = 1 << 20
	// alikeAtMost is how many records one event is about at most: as many as Salesforce writes at a time.
	alikeAtMost = 200
	// byHand is the origin of what no API changed.
	byHand = "com/salesforce/api/soap/68.0;client=SfdcInternalAPI/"
)

// A derivation makes the events of one transaction.
type derivation struct {
	bus    *Bus
	commit change.Commit
	key    string
	number int64

	sequence int // every change counts, that of an entity which isn't selected too
	changes  int
	events   []*Event
	alike    map[string]*Event
	overflow map[string]bool // entities that had more than the transaction may have
}

// change makes an event of a record's change, where it is one.
func (d *derivation) change(w store.Write) {
	old := d.commit.Before.Row(w.Object)
	old.Move(w.Key.Place)
	typ, ok := typeOf(old, w.Record)
	if !ok || !publishes(w.Object) {
		return
	}
	e := &Event{Header: d.header(w.Object, typ, stampOf(w, typ)), Schema: d.bus.schemaOf(w.Object)}
	e.RecordIDs = []string{w.Record.Values[w.Object.Sys.ID]}
	switch typ {
	case Create, Undelete:
		e.fill(w, d.holders(w, e.Schema))
	case Update:
		if e.compare(old, w, d.holders(w, e.Schema)); len(e.changed) == 0 {
			return
		}
	}
	d.sequence++
	e.SequenceNumber = d.sequence
	if !d.bus.selects(w.Object.Name()) {
		return
	}
	if d.changes += max(1, len(e.changed)); d.changes > d.bus.limits.TransactionChanges {
		d.overflows(w.Object)
		return
	}
	d.add(e)
}

// add takes an event in, or adds its record to an earlier one that says the same.
func (d *derivation) add(e *Event) {
	if e.Type != Create && e.Type != Undelete {
		key := e.alikeness()
		if first := d.alike[key]; first != nil && len(first.RecordIDs) < alikeAtMost {
			first.RecordIDs = append(first.RecordIDs, e.RecordIDs...)
			d.sequence--
			return
		}
		d.alike[key] = e
	}
	if len(e.Payload()) > longestEvent {
		e.Type, e.values, e.nulled, e.diffs, e.changed = e.Type.gap(), nil, nil, nil, nil
	}
	d.events = append(d.events, e)
}

// alikeness is all that an event says but for the record that it is about.
func (e *Event) alikeness() string {
	only := *e
	only.RecordIDs, only.SequenceNumber = nil, 0
	return string(only.Payload())
}

// overflows adds the one event that stands for all other changes of an entity.
func (d *derivation) overflows(obj *store.Object) {
	if d.overflow[obj.Name()] {
		return
	}
	d.overflow[obj.Name()] = true
	e := &Event{Header: d.header(obj, GapOverflow, d.bus.clock.Now().UnixMilli()), Schema: d.bus.schemaOf(obj)}
	e.RecordIDs, e.SequenceNumber = []string{noRecord}, d.sequence
	d.events = append(d.events, e)
}

func (d *derivation) header(obj *store.Object, typ Type, stamp int64) Header {
	return Header{
		Entity: obj.Name(), Type: typ, Origin: cmp.Or(d.commit.Origin, byHand), TransactionKey: d.key,
		CommitTimestamp: stamp, CommitNumber: d.number, CommitUser: d.commit.User,
	}
}

// publishes tells whether an object has change events at all. What Salesforce keeps beside records has none.
func publishes(obj *store.Object) bool {
	beside := []string{"History", "__History", "Share", "__Share", "Feed", "__Feed"}
	return obj.Sys.ID >= 0 && obj.Sys.Stamp >= 0 && obj.About.Triggerable &&
		!slices.ContainsFunc(beside, func(end string) bool { return strings.HasSuffix(obj.Name(), end) })
}

// typeOf tells what happened to a record between two versions of it; false where nothing did that an event tells of. A
// record that leaves the recycle bin for good is none.
func typeOf(old *store.Row, next *store.Record) (Type, bool) {
	gone := next.DeletedAt != "" || next.Purged
	switch {
	case old.Unborn():
		return Create, !gone
	case old.Record != nil && old.Record.Purged:
		return 0, false
	case gone:
		return Delete, !old.Deleted()
	case old.Deleted():
		return Undelete, true
	}
	return Update, true
}

// stampOf is when a record was written, which a commit may come long after.
func stampOf(w store.Write, typ Type) int64 {
	stamp := w.Record.Values[w.Object.Sys.Stamp]
	if typ == Delete && w.Record.DeletedAt != "" {
		stamp = w.Record.DeletedAt
	}
	at, _ := orgtime.Parse(stamp)
	return at.UnixMilli()
}

// fill puts into the event all that the record has, as far as the user sees it.
func (e *Event) fill(w store.Write, holders []holder) {
	for _, h := range holders {
		if stored := w.Record.Values[h.slot]; stored != "" {
			e.values = append(e.values, value{h.place, stored})
		}
	}
}

// compare puts into the event what differs from the version before.
func (e *Event) compare(old *store.Row, w store.Write, holders []holder) {
	for _, h := range holders {
		before, after := old.Text(h.slot), w.Record.Values[h.slot]
		if before == after {
			continue
		}
		e.changed = append(e.changed, h.place)
		if after == "" {
			e.nulled = append(e.nulled, h.place)
			continue
		}
		if diff, ok := difference(before, after); ok && w.Object.Slots[h.slot].Type == "textarea" {
			e.diffs = append(e.diffs, h.place)
			after = diff
		}
		e.values = append(e.values, value{h.place, after})
	}
}

// holders are those that a record fills and the user sees, in the order of the schema. The name of an Account is one
// text, and that of a person has parts. What is a person's Contact's is told where events of Contact are published.
func (d *derivation) holders(w store.Write, s *Schema) []holder {
	last := w.Object.Sys.Last
	person := last >= 0 && w.Record.Values[last] != ""
	var all []holder
	for _, h := range s.holders {
		f := s.fields[h.field]
		switch {
		case w.Object.Slots[h.slot].Hidden, h.contact && !d.bus.selects("Contact"):
		case f.parts != nil && f.slot >= 0 && person == (h.part < 0):
		default:
			all = append(all, h)
		}
	}
	return all
}
