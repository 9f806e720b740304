package replicate_test

import (
	"slices"
	"sync"
	"time"

	"catchment/internal/rig"
)

// A history is what the test saw of an org after each thing that happened there.
// The org itself keeps only what is so now; a claim is about what was so then.
type history struct {
	mu   sync.Mutex
	past map[string]map[string]past // by object and Id
}

// A past is what befell one record, in the order in which others could see it. A
// record's stamps never go back: nobody writes one that an open transaction has.
type past []moment

// A moment is one state of a record, and since when it is in it: its
// SystemModstamp, or when it went, where it has none any more.
type moment struct {
	state state
	at    time.Time
	unfit bool // a value of it fits no column
}

// changedSince tells whether a record has a state that it came into at a moment or later.
func (p past) changedSince(at time.Time) bool { return len(p) > 0 && !p.last().at.Before(at) }

func (m moment) String() string {
	text := string(m.state) + " " + m.at.Format(time.DateTime)
	if m.unfit {
		text += ", unfit"
	}
	return text
}

// keptOut tells whether the record can't be copied in this state.
func (m moment) keptOut() bool { return m.state == alive && m.unfit }

// A state is where a record is.
type state string

const (
	alive    state = "alive"
	inBin    state = "in the bin"
	purged   state = "purged"
	outSight state = "out of the user's sight" // until it is stamped again
)

// changedSince tells whether a record has a state that it came into at a moment or later.
func (h *history) changedSince(object, id string, at time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.past[object][id].changedSince(at)
}

// note looks at all records of the objects that are copied. hidden are those that
// the user can't see at present, or can again with the stamps that they had.
func (h *history) note(r *rig.Rig, hidden []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.past == nil {
		h.past = map[string]map[string]past{}
	}
	now := r.Org.Clock().Now()
	for _, fl := range r.Flows {
		all := h.past[fl.Object]
		if all == nil {
			all = map[string]past{}
			h.past[fl.Object] = all
		}
		seen := momentsOf(r, fl.Object)
		for id := range seen {
			if all[id] == nil {
				all[id] = nil // so that the next loop comes by
			}
		}
		for id, p := range all {
			m, there := seen[id]
			switch {
			case slices.Contains(hidden, id):
				m = moment{state: outSight, at: now}
			case !there:
				m = moment{state: purged, at: p.wentAt(now)}
			}
			all[id] = p.and(m)
		}
	}
}

// momentsOf asks the org, without our own client, where each record of an object is.
func momentsOf(r *rig.Rig, object string) map[string]moment {
	all := map[string]moment{}
	for id, rec := range r.Truth(object, "") {
		m := moment{alive, momentOf(rec["systemmodstamp"]), len(r.Unfit(object, rec)) > 0}
		if rec["isdeleted"] == "true" {
			m.state = inBin
		}
		all[id] = m
	}
	return all
}

// momentOf reads a time as the org or a warehouse writes it.
func momentOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, rig.Plain("datetime", text))
	if err != nil {
		panic(err) // else a check would go by the zero time, and find nothing
	}
	return at
}

// and adds a moment, where it is another one than the last. What comes into sight
// again with the stamp that it had is as good as out of sight: no window tells of it.
func (p past) and(m moment) past {
	stamped := p.stamped()
	switch last := p.last(); {
	case last == m, last.state == m.state && (m.state == outSight || m.state == purged):
		return p
	case last.state == outSight && m.state == alive && !m.at.After(stamped):
		return p
	}
	return append(p, m)
}

// last is the present moment of a record.
func (p past) last() moment {
	if len(p) == 0 {
		return moment{}
	}
	return p[len(p)-1]
}

// stamped is the last stamp that the record was seen with.
func (p past) stamped() time.Time {
	for _, m := range slices.Backward(p) {
		if m.state == alive || m.state == inBin {
			return m.at
		}
	}
	return time.Time{}
}

// wentAt is when a record was deleted that nobody sees any more.
func (p past) wentAt(now time.Time) time.Time {
	if last := p.last(); last.state == inBin {
		return last.at
	}
	return now
}

// before is the last place in a past with a stamp before a moment, or -1.
func (p past) before(until time.Time) int {
	for i, m := range slices.Backward(p) {
		if (m.state == alive || m.state == inBin) && m.at.Before(until) {
			return i
		}
	}
	return -1
}

// since is the part of a past that may have been read by who read until a moment.
func (p past) since(until time.Time) past { return p[max(p.before(until), 0):] }

// keptOut tells whether a record couldn't be copied at some moment.
func (p past) keptOut() bool { return slices.ContainsFunc(p, moment.keptOut) }

// was tells whether the record was in a state at some moment.
func (p past) was(s state) bool {
	return slices.ContainsFunc(p, func(m moment) bool { return m.state == s })
}
