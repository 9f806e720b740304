package schedule

import (
	"fmt"
	"strings"
	"time"
)

// A Refresh says how often the fields are compared that change without leaving
// a stamp. The zero Refresh says nothing.
type Refresh struct {
	Every  time.Duration // Never, or how long after the last time
	At     Cron          // at its times instead
	Sample bool          // each run compares some records instead, and tells what it found
}

// ParseRefresh reads when the fields of an object are compared: a length of time
// of an hour or more, times that are an hour apart, off or sample.
func ParseRefresh(s string) (Refresh, error) {
	switch s {
	case "off":
		return Refresh{Every: Never}, nil
	case "sample":
		return Refresh{Sample: true}, nil
	}
	if strings.Contains(s, " ") {
		at, err := parseCron(s, time.Hour)
		return Refresh{At: at}, err
	}
	d, err := ParseDuration(s)
	if err != nil || d < time.Hour {
		return Refresh{}, fmt.Errorf("%q is not a length of time of an hour or more, as in 12h or 1d, "+
			"nor times as in 0 3 * * *, nor off or sample", s)
	}
	return Refresh{Every: d}, nil
}

func (r Refresh) String() string {
	switch {
	case r.Sample:
		return "sample"
	case r.At != "":
		return string(r.At)
	case r.Every <= 0:
		return "off"
	}
	return r.Every.String()
}

// Planned tells whether all records are compared from time to time.
func (r Refresh) Planned() bool { return r.Every > 0 || r.At != "" }

// Due tells whether it is time for a refresh, seen from now. zone is the org's.
func (r Refresh) Due(last, now time.Time, zone *time.Location) bool {
	return r.Every > 0 && !now.Before(last.Add(r.Every)) || r.At.due(last, now, zone)
}
