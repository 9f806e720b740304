package pubsub

import (
	"maps"
	"slices"
	"strings"

	"catchment/internal/fakeorg/events"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/reply"
)

// A Rule makes a call go wrong, or the delivery of an event. Nth counts what it matches: 2 spoils the second, and with
// Times 3 the three from the second on; 0 spoils every one.
type Rule struct {
	Call   string `json:"call,omitempty"`   // Subscribe, GetTopic or GetSchema; empty: an event that is delivered
	Entity string `json:"entity,omitempty"` // of the event; empty: any
	Within bool   `json:"within,omitempty"` // only events before which others of their transaction went out
	Nth    int    `json:"nth,omitempty"`
	Times  int    `json:"times,omitempty"`

	// Do is what befalls an event: drop, double, delay (by Seconds), stall (nothing comes any more, and the stream
	// stays open), disconnect, error (with Code), bitmap (a changed field that the schema doesn't have), cut (half of
	// the payload), no-replay-id or no-schema-id. A call: error, stall, or schema (answers with Schema).
	Do      string  `json:"do"`
	Code    string  `json:"code,omitempty"` // subscription.limit.exceeded and such, with or without the prefix
	Seconds float64 `json:"seconds,omitempty"`
	Schema  string  `json:"schema,omitempty"`

	Seen int `json:"seen"` // how often it has matched
}

// check refuses a rule that can't be followed.
func (r *Rule) check() error {
	r.Code = strings.TrimPrefix(r.Code, prefix)
	may := []string{"drop", "double", "delay", "stall", "disconnect", "error", "bitmap", "cut", "no-replay-id",
		"no-schema-id"}
	if r.Call != "" {
		may = []string{"error", "stall", "schema", "disconnect"}
	}
	if !slices.Contains(may, r.Do) {
		return reply.Bad("INVALID_ARGUMENT_TYPE", "do must be one of %s, not %q", strings.Join(may, ", "), r.Do)
	}
	if _, known := statuses()[r.Code]; r.Do == "error" && !known {
		return reply.Bad("INVALID_ARGUMENT_TYPE", "no code %q; there are %s", r.Code,
			strings.Join(slices.Sorted(maps.Keys(statuses())), ", "))
	}
	return nil
}

// rules are those in force.
type rules struct{ faults.List[Rule] }

// add adds rules, unless one of them can't be followed.
func (f *rules) add(more ...Rule) error {
	for i := range more {
		if err := more[i].check(); err != nil {
			return err
		}
		more[i].Seen = 0
	}
	f.Add(more...)
	return nil
}

// of returns the rule for a call, or for an event, or one that does nothing.
func (f *rules) of(call string, e *events.Event) Rule {
	first := f.First(func(r *Rule) bool {
		if r.Call != call || e != nil && (r.Entity != "" && r.Entity != e.Entity || r.Within && e.First) {
			return false
		}
		r.Seen++
		return faults.Due(r.Nth, r.Times, r.Seen)
	})
	if first == nil {
		return Rule{}
	}
	return *first
}
