package literal

import (
	"strings"
	"time"
)

// A unit is what a relative date counts in.
type unit string

const (
	unitDay     unit = "DAY"
	unitWeek    unit = "WEEK"
	unitMonth   unit = "MONTH"
	unitQuarter unit = "QUARTER"
	unitYear    unit = "YEAR"
)

// A Span is whole units around the current one: from 0 to 1 is the current
// unit, -1 to 0 the one before.
type Span struct {
	unit     unit
	from, to int
}

// Span gives the units that a Relative means.
func (l Literal) Span() Span {
	span, _, _ := relativeSpan(l.Text, l.N)
	return span
}

// relativeSpan reads the name of a relative date, in upper case; n is the
// number after its colon, where it is counted. The guide's Date Formats page
// lists the names: LAST_N_DAYS and LAST_90_DAYS hold today, the other LAST_N
// end before the current unit.
func relativeSpan(name string, n int) (span Span, counted, ok bool) {
	switch name {
	case "YESTERDAY":
		return Span{unitDay, -1, 0}, false, true
	case "TODAY":
		return Span{unitDay, 0, 1}, false, true
	case "TOMORROW":
		return Span{unitDay, 1, 2}, false, true
	case "LAST_90_DAYS":
		return Span{unitDay, -90, 1}, false, true
	case "NEXT_90_DAYS":
		return Span{unitDay, 1, 91}, false, true
	case "LAST_N_DAYS":
		return Span{unitDay, -n, 1}, true, true
	}
	shape, u, ok := cutUnit(name)
	if !ok {
		return Span{}, false, false
	}
	switch shape {
	case "LAST_*":
		return Span{u, -1, 0}, false, u != unitDay
	case "THIS_*":
		return Span{u, 0, 1}, false, u != unitDay
	case "NEXT_*":
		return Span{u, 1, 2}, false, u != unitDay
	case "LAST_N_*S":
		return Span{u, -n, 0}, true, true
	case "NEXT_N_*S":
		return Span{u, 1, n + 1}, true, true
	case "N_*S_AGO":
		return Span{u, -n, 1 - n}, true, true
	}
	return Span{}, false, false
}

// cutUnit finds the unit in a name, and gives the rest with a star in its
// place: LAST_N_* from LAST_N_FISCAL_YEARS.
func cutUnit(name string) (shape string, u unit, ok bool) {
	for _, u := range []unit{unitDay, unitWeek, unitMonth, unitQuarter, unitYear} {
		before, after, found := strings.Cut(name, string(u))
		if !found {
			continue
		}
		if plain, fiscal := strings.CutSuffix(before, "FISCAL_"); fiscal && (u == unitQuarter || u == unitYear) {
			before = plain
		}
		return before + "*" + after, u, true
	}
	return "", "", false
}

// Days gives the first day of the span and the day after its last one, as
// midnights of the zone of now.
func (s Span) Days(now time.Time) (from, to time.Time) {
	return startOfUnit(now, s.unit, s.from), startOfUnit(now, s.unit, s.to)
}

// startOfUnit gives the midnight at which the unit begins that lies n units
// after the one of now.
func startOfUnit(now time.Time, u unit, n int) time.Time {
	year, month, day := now.Date()
	switch u {
	case unitDay:
		day += n
	case unitWeek:
		day += 7*n - int(now.Weekday())
	case unitMonth:
		month, day = month+time.Month(n), 1
	case unitQuarter:
		month, day = month-(month-1)%3+time.Month(3*n), 1
	case unitYear:
		year, month, day = year+n, time.January, 1
	}
	return clamp(time.Date(year, month, day, 0, 0, 0, 0, now.Location()))
}

// clamp keeps a day within four-digit years, so that its text orders like it.
func clamp(t time.Time) time.Time {
	if t.Year() < 1 {
		return time.Date(1, time.January, 2, 0, 0, 0, 0, t.Location())
	}
	if t.Year() > 9998 {
		return time.Date(9999, time.January, 1, 0, 0, 0, 0, t.Location())
	}
	return t
}
