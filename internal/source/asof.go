package source

import (
	"strings"
	"time"

	"catchment/internal/flow"
)

// An AsOf says that something of a flow changes without a stamp. No window speaks of
// that, however proven it is: the flow is complete as of when it was last looked at.
type AsOf struct {
	Why     string    // in words
	By      string    // what looks at it
	At      time.Time // when it last did, by the org's clock; zero: never
	Planned bool      // it will again, by itself
	Hint    string    // what has it look; "" where it is planned
}

// AsOf lists what of a flow changes without a stamp: which records belong to it, and
// what they hold. swept and refreshed are when the one and the other was last looked
// at. An object that each run reads whole has nothing of that kind.
func (s *Source) AsOf(swept, refreshed time.Time) []AsOf {
	var all []AsOf
	if s.Cursor == "" {
		return nil
	}
	if ways := flow.SilentWays(s.Flow, s.Object); len(ways) > 0 {
		all = append(all, s.belonging(strings.Join(ways, " and "), swept))
	}
	var names []string
	for _, f := range flow.Unstamped(s.Flow, s.Object, s.Fields) {
		names = append(names, f.Name)
	}
	if len(names) == 0 {
		return all
	}
	held := AsOf{
		Why: "may hold old values of what changes without a stamp: " + strings.Join(names, ", "),
		By:  "refresh", At: refreshed, Planned: s.Flow.Refresh.Planned(),
	}
	if !held.Planned {
		held.Hint = "to have a run compare them once a day: refresh: 1d"
	}
	return append(all, held)
}

// belonging is about which records belong to a flow.
func (s *Source) belonging(how string, swept time.Time) AsOf {
	a := AsOf{
		Why: "its where " + how + ": records enter and leave it without a stamp",
		By:  "sweep", At: swept, Planned: s.Flow.Sweep.Planned() && s.Flow.Deletes != flow.Ignore,
	}
	switch {
	case a.Planned:
	case s.Flow.Deletes == flow.Ignore:
		a.By, a.Hint = "reading of everything", "deletes: ignore leaves sweeps out; to have them: deletes: flag"
	default:
		a.Hint = "to have a run look once a week: sweep: 7d"
	}
	return a
}

// String is what it says to a person.
func (a AsOf) String() string {
	at := "none yet"
	if !a.At.IsZero() {
		at = a.At.UTC().Format(time.RFC3339)
	}
	return a.Why + "; complete as of the last " + a.By + ", " + at
}
