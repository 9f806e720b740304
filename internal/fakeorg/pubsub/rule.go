package pubsub

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"catchment/internal/fakeorg/events"
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
type rules struct {
	mu  sync.Mutex
	all []*Rule
}

// add adds rules. Of several that match, the first is followed.
func (f *rules) add(more ...Rule) error {
	for i := range more {
		if err := more[i].check(); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range more {
		r.Seen = 0
		f.all = append(f.all, &r)
	}
	return nil
}

func (f *rules) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = nil
}

// list returns the rules in force, with how often each has matched.
func (f *rules) list() []Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []Rule{}
	for _, r := range f.all {
		all = append(all, *r)
	}
	return all
}

// of returns the rule for a call, or for an event, or one that does nothing.
func (f *rules) of(call string, e *events.Event) Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first *Rule
	for _, r := range f.all {
		if r.Call != call || e != nil && (r.Entity != "" && r.Entity != e.Entity || r.Within && e.First) {
			continue
		}
		r.Seen++
		due := r.Nth == 0 || r.Seen >= r.Nth && r.Seen < r.Nth+max(1, r.Times)
		if first == nil && due {
			first = r
		}
	}
	if first == nil {
		return Rule{}
	}
	return *first
}
