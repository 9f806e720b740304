package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// A Cron says at which times something is due, in the five fields of cron. It
// may begin with a time zone, as TZ=Europe/Berlin; without one, the times are
// the org's own. "" is at no time.
type Cron string

// parseCron reads a Cron whose times are no closer than least.
func parseCron(s string, least time.Duration) (Cron, error) {
	c := Cron(s)
	schedule, err := c.schedule()
	if err != nil {
		return "", fmt.Errorf("%q is not five fields of cron, as in 0 3 * * SUN, or TZ=Europe/Berlin 0 3 * * SUN: %w",
			s, err)
	}
	if schedule.Next(time.Unix(0, 0)).IsZero() {
		return "", fmt.Errorf("%q is a time that never comes", s)
	}
	if closer(schedule, least) {
		return "", fmt.Errorf("%q comes more often than each %s", s, least)
	}
	return c, nil
}

// closer tells whether the times of a year are closer than least. A clock that
// is put back may bring one of them twice, so it looks at four at a time.
func closer(schedule cron.Schedule, least time.Duration) bool {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var last []time.Time
	for at := schedule.Next(start); !at.IsZero() && at.Before(start.AddDate(1, 0, 0)); at = schedule.Next(at) {
		if last = append(last, at); len(last) < 4 {
			continue
		}
		if at.Sub(last[0]) < least*9/5 {
			return true
		}
		last = last[1:]
	}
	return false
}

// schedule reads the fields. A day has to be either one of the week or one of
// the month where both are given, as cron itself has it. The parser takes THU for
// a use of H, but not thu.
func (c Cron) schedule() (cron.Schedule, error) {
	zone, fields := "", string(c)
	if !c.Own() {
		zone, fields, _ = strings.Cut(fields, " ")
	}
	text := strings.TrimSpace(zone + " " + strings.ToLower(fields))
	p, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom)
	if err != nil {
		return nil, err
	}
	return p.Parse(text)
}

// Own tells whether the times are those of the org's own zone.
func (c Cron) Own() bool {
	return c != "" && !strings.HasPrefix(string(c), "TZ=") && !strings.HasPrefix(string(c), "CRON_TZ=")
}

// due tells whether one of the times has come since last. zone is the org's.
func (c Cron) due(last, now time.Time, zone *time.Location) bool {
	if c == "" {
		return false
	}
	if last.IsZero() {
		return true
	}
	schedule, err := c.schedule()
	if err != nil {
		return false // parseCron has read it before
	}
	next := schedule.Next(last.In(zone))
	return !next.IsZero() && !now.Before(next)
}
