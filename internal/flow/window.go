package flow

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// A Window is a relative time frame: each run reads again what changed since
// the beginning of the day so many days ago. The zero Window reads what changed
// since the last run.
type Window struct {
	Last int            // calendar days before today; 0 for none
	Zone *time.Location // whose calendar; nil for the org's own
}

// Start is when the window begins, seen from now. Where the window isn't
// relative it is the zero time. zone is the org's, for a window that names none.
func (w Window) Start(now time.Time, zone *time.Location) time.Time {
	if w.Last == 0 {
		return time.Time{}
	}
	if w.Zone != nil {
		zone = w.Zone
	}
	y, m, d := now.In(zone).Date()
	return firstMoment(y, m, d-w.Last, zone).UTC()
}

// firstMoment is when a day begins: where the clock jumps over midnight, that
// is later than 0:00.
func firstMoment(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	wanted := time.Date(y, m, d, 12, 0, 0, 0, zone).Day()
	for t.Day() != wanted {
		t = t.Add(15 * time.Minute)
	}
	return t
}

func (r *reader) window(at string, n ast.Node, w *Window) {
	found := r.mapping(at, n, []key{
		{"last", parsed(&w.Last, parseDays)},
		{"zone", parsed(&w.Zone, parseZone)},
	})
	r.required(n, at, found, "last")
}

// parseDays reads 1d to 366d.
func parseDays(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
	if err != nil || n < 1 || n > 366 || !strings.HasSuffix(s, "d") {
		return 0, fmt.Errorf("%q is not a number of days from 1d to 366d", s)
	}
	return n, nil
}

// parseZone reads the name of a time zone.
func parseZone(s string) (*time.Location, error) {
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		return nil, fmt.Errorf("%q is not a time zone, as in Europe/Berlin, America/New_York or UTC", s)
	}
	return zone, nil
}

// parseSweep reads when the Ids of an object are compared: a length of time of a
// day or more, times that are a day apart, or off.
func parseSweep(s string) (Sweep, error) {
	if s == "off" {
		return Sweep{Every: Never}, nil
	}
	if strings.Contains(s, " ") {
		at, err := parseCron(s, 24*time.Hour)
		return Sweep{At: at}, err
	}
	d, err := parseDuration(s)
	if err != nil || d < 24*time.Hour {
		return Sweep{}, fmt.Errorf("%q is not a length of time of a day or more, as in 7d, nor times as in 0 3 * * SUN, nor off", s)
	}
	return Sweep{Every: d}, nil
}

// A Sweep is when all Ids of an object are read, to find the rows whose records
// are gone without a trace. The zero Sweep says nothing.
type Sweep struct {
	Every time.Duration // Never, or how long after the last time
	At    Cron          // at its times instead
}

// Off tells whether a flow is never swept.
func (s Sweep) Off() bool { return s.Every == Never }

// Due tells whether it is time for a sweep, seen from now. What was never swept
// is due. zone is the org's.
func (s Sweep) Due(last, now time.Time, zone *time.Location) bool {
	return s.Every > 0 && !now.Before(last.Add(s.Every)) || s.At.due(last, now, zone)
}
