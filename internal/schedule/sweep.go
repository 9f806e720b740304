package schedule

import (
	"fmt"
	"strings"
	"time"
)

// A Sweep is when all Ids of an object are read, to find the rows whose records
// are gone without a trace. The zero Sweep says nothing.
type Sweep struct {
	Every time.Duration // Never, or how long after the last time
	At    Cron          // at its times instead
}

// ParseSweep reads when the Ids of an object are compared: a length of time of a
// day or more, times that are a day apart, or off.
func ParseSweep(s string) (Sweep, error) {
	if s == "off" {
		return Sweep{Every: Never}, nil
	}
	if strings.Contains(s, " ") {
		at, err := parseCron(s, 24*time.Hour)
		return Sweep{At: at}, err
	}
	d, err := ParseDuration(s)
	if err != nil || d < 24*time.Hour {
		return Sweep{}, fmt.Errorf("%q is not a length of time of a day or more, as in 7d, "+
			"nor times as in 0 3 * * SUN, nor off", s)
	}
	return Sweep{Every: d}, nil
}

// Off tells whether a flow is never swept.
func (s Sweep) Off() bool { return s.Every == Never }

// Planned tells whether all Ids are read from time to time.
func (s Sweep) Planned() bool { return s.Every > 0 || s.At != "" }

// Due tells whether it is time for a sweep, seen from now. What was never swept
// is due. zone is the org's.
func (s Sweep) Due(last, now time.Time, zone *time.Location) bool {
	return s.Every > 0 && !now.Before(last.Add(s.Every)) || s.At.due(last, now, zone)
}
